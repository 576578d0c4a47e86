"""Requests and pages that are made to cost far more than they weigh, edge by edge."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from tests.support.partner import Reply

MIB: Final = 1 << 20
Bomb = Callable[[], bytes]


def request(
    method: str, path: str, body: bytes = b"", token: str = "", kind: str = "application/json", **fields: str
) -> bytes:
    """A whole request."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if body else []
    head += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*head, "", ""]).encode() + body


@cache
def zeros(mebibytes: int) -> bytes:
    """So many MiB of zeros as gzip, a thousandth of that."""
    packing = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    return b"".join(packing.compress(bytes(MIB)) for _ in range(mebibytes)) + packing.flush()


def record(**fields: object) -> str:
    """The text of a schema of one field."""
    return json.dumps({"type": "record", "name": "R", "fields": [{"name": "a", **fields}]})


def doubling(levels: int) -> str:
    """Each record has the one before it twice."""
    types: list[object] = [{"type": "record", "name": "R0", "fields": [{"name": "a", "type": "int"}]}]
    for level in range(1, levels):
        fields = [{"name": name, "type": f"R{level - 1}"} for name in "ab"]
        types.append({"type": "record", "name": f"R{level}", "fields": fields})
    return json.dumps(types)


BODIES: Final[Mapping[str, Bomb]] = {
    "deep": lambda: b"[" * 500_000,
    "deep objects": lambda: b'{"a":' * 150_000,
    "a million items": lambda: b"[" + b"{}," * 340_000 + b"{}]",
    "many keys": lambda: b"{" + b",".join(b'"%d":0' % n for n in range(90_000)) + b"}",
    "one key many times": lambda: b"{" + b'"a":0,' * 150_000 + b'"a":0}',
    "a long number": lambda: b'{"totalUnits":' + b"9" * 900_000 + b"}",
    "a long fraction": lambda: b'{"totalUnits":0.' + b"1" * 900_000 + b"}",
    "a long text": lambda: b'{"remark":"' + b"a" * 1_000_000 + b'"}',
    "escapes": lambda: b'{"remark":"' + b"\\u0061" * 170_000 + b'"}',
    "marks that turn the line": ('{"remark":"' + "\u202e" * 300_000 + '"}').encode,
    "many wrong items": lambda: b"[" + b",".join([b'{"eventID":"' + b"x" * 900 + b'"}'] * 500) + b"]",
    "not UTF-8": lambda: b'{"remark":"' + b"\xff" * 1_000_000 + b'"}',
    "nothing": lambda: b" " * MIB,
    "ten MiB": lambda: b'{"remark":"' + b"a" * 10 * MIB,
}
"""JSON that a reader must not follow for long."""
TEXTS: Final = tuple(text * 100_000 for text in ("00", "AA", "  ", "--", "1e", "(("))
"""Words that a regular expression with a choice would try in every way."""


def webhooks(token: str) -> dict[str, Bomb]:
    """Bombs for a webhook of ``dlp.event.v1``."""
    path = "/webhooks/dlp"

    def post(body: Bomb, kind: str = "application/json", **fields: str) -> Bomb:
        return lambda: request("POST", path, body(), token, kind, **fields)

    fields = ("eventID", "equipmentReference", "eventDateTime", "vesselIMO", "truckPlate", "eventCode")
    words = {
        f"{name} of {text[:2]!r}": post(lambda name=name, text=text: json.dumps({name: text}).encode())
        for name in fields
        for text in TEXTS
    }
    return {
        **{name: post(body) for name, body in BODIES.items()},
        **words,
        "a gzip bomb": post(lambda: zeros(200), Content_Encoding="gzip"),
        "a gzip bomb under the ratio": post(lambda: gzip.compress(b"[" * 5 * MIB), Content_Encoding="gzip"),
        "gzip in gzip": post(lambda: gzip.compress(zeros(200)), Content_Encoding="gzip, gzip"),
        "many lines": post(lambda: b"1\n" * 500_000, "application/x-ndjson"),
        "empty lines": post(lambda: b"\n" * MIB, "application/x-ndjson"),
        "many fields": post(lambda: b"{}", **{f"X-{n}": "a" for n in range(250)}),
        "a large field": post(lambda: b"{}", X="a" * 60_000),
        "a large token": lambda: request("POST", path, b"{}", "a" * 60_000),
        "a long path": lambda: request("POST", path + "/" + "%2e" * 20_000, b"{}", token),
    }  # fmt: skip


def registry(token: str) -> dict[str, Bomb]:
    """Bombs for the registry."""

    def post(place: str, body: Callable[[], object]) -> Bomb:
        return lambda: request("POST", place, json.dumps(body()).encode(), token)

    def handed_in(place: str, text: Callable[[], str]) -> Bomb:
        return post(place, lambda: {"schema": text()})

    texts: dict[str, Callable[[], str]] = {
        "recursive": lambda: record(type=["null", "R"]),
        "nested arrays": lambda: '{"type":"array","items":' * 20_000 + '"int"' + "}" * 20_000,
        "doubling": lambda: doubling(40),
        "three thousand types": lambda: json.dumps(
            [{"type": "record", "name": f"R{n}", "fields": []} for n in range(3000)]
        ),
        "items of no width": lambda: record(type={"type": "array", "items": "null"}),
        "a large default": lambda: record(type="string", default="x" * 100_000),
        "a default of many digits": lambda: (
            '{"type":"record","name":"R","fields":[{"name":"a","type":"long",'
            f'"default":{"9" * 100_000}}}]}}'
        ),
        "a large text": lambda: record(type="string", doc="x" * 900_000),
        "a wide record": lambda: json.dumps(
            {"type": "record", "name": "W", "fields": [{"name": f"f{n}", "type": "int"} for n in range(3000)]}
        ),
        "brackets": lambda: "[" * 900_000,
    }
    place = "/subjects/bombs/versions"
    check = "/compatibility/subjects/bombs/versions?verbose=true"
    return {
        **{f"register {name}": handed_in(place, text) for name, text in texts.items()},
        **{f"check {name}": handed_in(check, text) for name, text in texts.items()},
        **{name: (lambda body=body: request("POST", place, body(), token)) for name, body in BODIES.items()},
        "ten thousand references": post(
            place,
            lambda: {"schema": '"R"', "references": [{"name": "R", "subject": "r", "version": 1}] * 10_000},
        ),
        "much metadata": post(
            check,
            lambda: {"schema": '"int"', "metadata": {"properties": {f"p{n}": "" for n in range(60_000)}}},
        ),
        "a gzip bomb": lambda: request("POST", place, zeros(200), token, Content_Encoding="gzip"),
        "many prefixes": lambda: request("GET", "/subjects?" + "subjectPrefix=a&" * 3500, token=token),
        "many tags": lambda: request("GET", "/schemas/ids/1?" + "findTags=a&" * 4500, token=token),
        "a long subject": lambda: request("GET", "/subjects/" + "%41" * 19_000 + "/versions", token=token),
        "a long number": lambda: request("GET", "/schemas/ids/" + "9" * 50_000, token=token),
        "many media types": lambda: request("GET", "/subjects", token=token, Accept="a/b;q=0.1," * 5000),
    }  # fmt: skip


def permits(token: str) -> dict[str, Bomb]:
    """Bombs for the APIs of an e-Permit authority."""
    events, dots = "/permits/events/permit-created", "a." * 25_000

    def post(place: str, body: Bomb, token: str) -> Bomb:
        return lambda: request("POST", place, body(), token)

    return {
        **{f"event: {name}": post(events, body, "a.b.c") for name, body in BODIES.items()},
        **{f"act: {name}": post("/permits/internal/permits", body, token) for name, body in BODIES.items()},
        "a proof of dots": lambda: request("POST", events, b"{}", dots),
        "an identity of dots": lambda: request("GET", "/permits/healthcheck", token=dots),
        "a large identity": lambda: request("GET", "/permits/healthcheck", token="ey" * 28_000 + ".e30.a"),
        "a long code": lambda: request("GET", "/permits/verify/" + "a." * 25_000),
        "a gzip bomb": lambda: request("POST", events, zeros(200), "a.b.c", Content_Encoding="gzip"),
    }  # fmt: skip


def view(token: str) -> dict[str, Bomb]:
    """Bombs for the read API."""

    def get(path: str) -> Bomb:
        return lambda: request("GET", path, token=token)

    return {
        **{f"container of {text[:2]!r}": get("/shipments?container=" + text[:50_000]) for text in TEXTS},
        **{f"cursor of {text[:2]!r}": get("/shipments?cursor=" + text[:50_000]) for text in TEXTS},
        **{f"after {text[:2]!r}": get("/shipments?after=" + text[:50_000]) for text in TEXTS},
        "a long reference": get("/shipments/" + "a" * 60_000),
        "many parameters": get("/shipments?" + "&".join(f"p{n}=1" for n in range(6000))),
        "one parameter many times": get("/shipments?" + "place=a&" * 7000),
        "a long limit": get("/shipments?limit=" + "9" * 50_000),
        "the largest page": get("/shipments?limit=200"),
        "wild cards": get("/shipments?container=" + "%25" * 15_000),
        "all figures by day": get("/kpis?daily=true"),
        "a body": lambda: request("GET", "/shipments", b"a" * 10 * MIB, token),
        "a gzip bomb": lambda: request("GET", "/shipments", zeros(200), token, Content_Encoding="gzip"),
    }  # fmt: skip


def answers(status: int = 200) -> dict[str, Reply]:
    """Bombs of whoever answers us, whatever was asked."""
    inflated = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n" % status
    endless = head + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b"a" * MIB + b"\r\n"
    objects = b'["' + noise() + b'",' + b"{}," * 1_400_000 + b"{}]"
    many = b"{" + b",".join(b'"%d":{}' % n for n in range(300_000)) + b"}"
    return {
        **{name: Reply(status, body()) for name, body in BODIES.items()},
        "a gzip bomb": Reply(status, zeros(200), inflated),
        "gzip in gzip": Reply(status, gzip.compress(zeros(200)), {"Content-Encoding": "gzip, gzip"}),
        "gzip that is none": Reply(status, b"\x1f\x8b" + b"a" * 1000, inflated),
        "gzip that ends too early": Reply(status, gzip.compress(bytes(1000))[:-9], inflated),
        "many members under the ratio": Reply(status, gzip.compress(many), inflated),
        "many objects under the ratio": Reply(status, gzip.compress(objects), inflated),
        "another coding": Reply(status, b"a", {"Content-Encoding": "br"}),
        "a body without end": Reply(raw=endless + chunk * 60),
        "a body in single bytes": Reply(raw=endless + b"1\r\na\r\n" * 200_000),
        "extensions of chunks": Reply(raw=endless + (b"1;" + b"a" * 15_000 + b"\r\na\r\n") * 500),
        "trailers without end": Reply(raw=endless + b"0\r\n" + b"X: a\r\n" * 500_000),
        "a length that is not true": Reply(raw=head + b"Content-Length: 999999999999\r\n\r\n{}"),
        "a length that is none": Reply(raw=head + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}"),
        "two lengths": Reply(raw=head + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}}"),
        "silence": Reply(hang=True),
        "half a head": Reply(raw=head),
        "a head without end": Reply(raw=head + b"X: " + b"a" * 10 * MIB),
        "fields without end": Reply(raw=head + b"X: a\r\n" * 1_000_000),
        "folded fields": Reply(raw=head + b"X: a\r\n" + b" a\r\n" * 500_000),
        "only that it goes on": Reply(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 300_000),
        "other protocols": Reply(raw=b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + bytes(MIB)),
        "cookies": Reply(status, b"{}", {"Set-Cookie": "a=" + "b" * 60_000}),
        "a wait without end": Reply(503, b"", {"Retry-After": "9" * 60}),
        "a wait that is no number": Reply(503, b"", {"Retry-After": "\xb2"}),
        "a redirect": Reply(302, b"", {"Location": "http://127.0.0.1:1/"}),
        "no HTTP": Reply(raw=b"\x00" * MIB),
    }  # fmt: skip


@cache
def noise() -> bytes:
    """Text that hardly can be packed: what stands behind it may be packed all the more."""
    return base64.b64encode(random.Random(1).randbytes(300_000))


def outcomes() -> dict[str, Reply]:
    """Bombs of a partner to whom a batch of two was delivered, where it tells of each message."""
    texts = {
        "a status beyond all": '[{"status":200},{"status":99999999999}]',
        "a status without end": '[{"status":200},{"status":' + "9" * 900_000 + "}]",
        "a status as text without end": '[{"status":200},{"status":"' + "9" * 900_000 + '"}]',
        "a status below all": '[{"status":200},{"status":-1}]',
        "a status with a fraction": '[{"status":200},{"status":503.5}]',
        "words without end": '[{"status":200},{"status":503,"message":"' + "\u202e" * 300_000 + '"}]',
        "more than were sent": "[" + '{"status":200},' * 60_000 + '{"status":200}]',
        "members without end": '[{"status":200},{' + ",".join(f'"{n}":0' for n in range(90_000)) + "}]",
        "depth": '[{"status":200},{"status":503,"message":' + "[" * 500_000,
    }
    return {name: Reply(207, text.encode()) for name, text in texts.items()}


def tokens() -> dict[str, Reply]:
    """Bombs of a token endpoint."""
    texts = {
        "a token without end": '{"token_type":"bearer","access_token":"' + "a" * 900_000 + '"}',
        "a token of two lines": '{"token_type":"bearer","access_token":"a\\r\\nHost: evil"}',
        "a token of another kind": '{"token_type":"' + "a" * 900_000 + '","access_token":"a"}',
        "a token that is a list": '{"token_type":"bearer","access_token":[' + "{}," * 300_000 + "{}]}",
        "no token": "{}",
    }
    lives = ("nan", "1e999", "-1", "9" * 900_000, "1e", "[]", '"' + "9" * 900_000 + '"', '"nan"', '"1_0"')
    for life in lives:
        texts[f"a life of {life[:9]}"] = f'{{"token_type":"bearer","access_token":"a","expires_in":{life}}}'
    return {name: Reply(200, text.encode()) for name, text in texts.items()}


def schemas() -> dict[str, Reply]:
    """Bombs of a registry that is asked for a schema."""
    texts = {
        "a schema without end": {"schema": "a" * 900_000},
        "a schema of brackets": {"schema": "[" * 900_000},
        "a schema that is a list": {"schema": [{}] * 200_000},
        "references to itself": {"schema": '"R"', "references": [{"subject": "r", "version": 1}]},
        "references without end": {
            "schema": '"R"', "references": [{"subject": f"r{n}", "version": n} for n in range(10_000)],
        },
        "a reference that is none": {"schema": '"R"', "references": [{"subject": 7}]},
        "references that are none": {"schema": '"R"', "references": 7},
        "many other members": {"schema": "x", **{f"m{n}": {} for n in range(90_000)}},
        "a list": [{}] * 300_000,
        "a number": 7,
        "nothing at all": None,
    }  # fmt: skip
    return {name: Reply(200, json.dumps(text).encode()) for name, text in texts.items()}


def pages() -> dict[str, Reply]:
    """Bombs of a partner who is polled."""
    inflated = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    chunk = b"100000\r\n" + b"a" * MIB + b"\r\n"
    return {
        **{name: Reply(200, b'{"items":' + body() + b"}") for name, body in BODIES.items()},
        "a gzip bomb": Reply(200, zeros(200), inflated),
        "gzip in gzip": Reply(200, gzip.compress(zeros(200)), {"Content-Encoding": "gzip, gzip"}),
        "a gzip bomb under the ratio": Reply(200, gzip.compress(b"[" * 5 * MIB), inflated),
        "a body without end": Reply(raw=endless + chunk * 60),
        "many fields": Reply(200, b"{}", {f"X-{n}": "a" for n in range(1000)}),
        "a large field": Reply(200, b"{}", {"X": "a" * MIB}),
        "a long tag": Reply(200, b'{"items":[]}', {"ETag": '"' + "a" * 60_000 + '"'}),
        "a long cursor": Reply(200, b'{"items":[],"cursor":"' + b"a" * 900_000 + b'"}'),
        "a redirect": Reply(302, b"", {"Location": "http://127.0.0.1:1/"}),
        "no HTTP": Reply(raw=b"\x00" * MIB),
    }  # fmt: skip
