"""Asks Apache Avro Java and writes down its answers: compatibility of pairs of schemas, and schemas as text.

Needs a JDK and Maven: ``python -m tests.support.avro_java.record``. To be run when the pairs or Avro's own
version change.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from schemas.avro.lint import Json
from tests.support.avro_evolution import RULES
from tests.support.avro_pairs import PAIRS, Maker

VERSION = "1.12.0"
GOLDEN = Path(__file__).parents[2] / "golden" / "avro_java.txt"
TEXTS = GOLDEN.with_name("avro_text.jsonl")
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>corridor</groupId><artifactId>oracle</artifactId><version>1</version><dependencies><dependency>
<groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>{version}</version>
</dependency></dependencies></project>"""


def digest(reasons: list[list[str]]) -> str:
    """Shorten the reasons of one pair: ``-`` when there are none, else a few digits of their hash."""
    return hashlib.sha256(json.dumps(reasons).encode()).hexdigest()[:6] if reasons else "-"


def ask(questions: Iterable[dict[str, str]]) -> list[dict[str, Json]]:
    """Give Avro Java's answer to each question: ``{"reader", "writer"}`` or ``{"schema"}``."""
    lines = "\n".join(json.dumps(question) for question in questions)
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "pom.xml").write_text(_POM.format(version=VERSION))
        copy = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
        subprocess.run(copy, cwd=directory, check=True)
        java = ["java", "-cp", f"{directory}/lib/*", str(Path(__file__).with_name("Oracle.java"))]
        answered = subprocess.run(java, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in answered.stdout.decode().splitlines()]


def record_verdicts() -> None:
    """Write two answers per rule (new reads old, old reads new), then one per random pair; ``!`` for none."""
    pairs = [pair for _, old, new in RULES for pair in ((new, old), (old, new))]
    pairs += [Maker(number).pair() for number in range(PAIRS)]
    found = ask({"reader": reader, "writer": writer} for reader, writer in pairs)
    answers = ["!" if "error" in answer else digest(answer["reasons"]) for answer in found]
    lines = [" ".join(answers[start : start + 16]) for start in range(0, len(answers), 16)]
    head = f"# Apache Avro Java {VERSION}: see tests/support/avro_java/record.py\n"
    GOLDEN.write_text(head + "\n".join(lines) + "\n")


def record_texts() -> None:
    """Write Avro Java's text, null for a schema that it refuses, beside each schema of the file."""
    schemas = [json.loads(line)["schema"] for line in TEXTS.read_text().splitlines()]
    found = ask({"schema": schema} for schema in schemas)
    lines = [
        json.dumps({"schema": schema, "text": answer.get("text")}, ensure_ascii=False)
        for schema, answer in zip(schemas, found, strict=True)
    ]
    TEXTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    record_verdicts()
    record_texts()
