"""Encoding and decoding by one schema."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from schemas.avro.codec import MAX_BODY, Codec
from schemas.avro.emit import Emitter, fold, varint
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Primitive, Schema
from schemas.errors import Invalid, Permanent


def codec(*types: object, **more: object) -> Codec:
    """Make a codec for a record with fields a, b, c, … of these types."""
    fields = [{"name": "abcdefgh"[index], "type": kind, **more} for index, kind in enumerate(types)]
    return Codec(Schema.parse(json.dumps({"type": "record", "name": "R", "fields": fields})))


DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}
ENUM = {"type": "enum", "name": "E", "symbols": ["X", "Y"]}
STRINGS = {"type": "array", "items": "string"}

BAD = [
    ("string", 5, "/a", "expected string"),
    ("string", "\ud800", "/a", "expected Unicode text"),
    ("int", 2**31, "/a", "expected an integer of 32 bits"),
    ("int", "1", "/a", "expected int"),
    ("long", -(2**63) - 1, "/a", "expected an integer of 64 bits"),
    ("boolean", "true", "/a", "expected boolean"),
    ("double", "1", "/a", "expected double"),
    ("float", 1e39, "/a", "expected a float of 32 bits"),
    ("bytes", "text", "/a", "expected bytes"),
    (ENUM, "Z", "/a", "expected one of X, Y"),
    ({"type": "fixed", "name": "F", "size": 2}, b"abc", "/a", "expected 2 bytes"),
    (DECIMAL, Decimal("0.001"), "/a", "at most 2 digits after the point"),
    (DECIMAL, Decimal(1000), "/a", "at most 3 digits before the point"),
    (DECIMAL, Decimal("1E+999999"), "/a", "at most 3 digits before the point"),
    (DECIMAL, Decimal("NaN"), "/a", "expected a finite decimal"),
    (DECIMAL, "1.5", "/a", "expected a decimal"),
    (STRINGS, "text", "/a", "expected an array"),
    (STRINGS, ["x", 5], "/a/1", "expected string"),
    ({"type": "map", "values": "int"}, {"k/~": "x"}, "/a/k~1~0", "expected int"),
    ({"type": "map", "values": "int"}, ["k"], "/a", "expected a map"),
    (
        ["null", {"type": "record", "name": "I", "fields": [{"name": "x", "type": "int"}]}],
        {},
        "/a/x",
        "is required",
    ),
    (
        ["null", {"type": "record", "name": "I", "fields": [{"name": "x", "type": "int"}]}],
        5,
        "/a",
        "expected a record",
    ),
]


@pytest.mark.parametrize(("kind", "value", "pointer", "rule"), BAD)
def test_a_value_that_does_not_fit_is_named(kind: object, value: object, pointer: str, rule: str) -> None:
    """The error has the pointer of the value, the rule and the value."""
    with pytest.raises(Invalid) as caught:
        codec(kind).encode({"a": value})
    assert (caught.value.code, caught.value.pointer) == ("schema-violation", pointer)
    assert rule in caught.value.rule


def test_the_first_bad_field_in_schema_order_is_named() -> None:
    """What comes before it in the schema is right."""
    with pytest.raises(Invalid) as caught:
        codec("string", "string", "string").encode({"a": "x", "b": 1, "c": 2})
    assert (caught.value.pointer, caught.value.value) == ("/b", "int 1")


def test_absent_fields_take_their_default() -> None:
    """Nullable fields are null when absent, others take the default of the schema."""
    assert codec(["null", "int"], {"type": "array", "items": "int"}).schema
    with_default = codec("int", "int", default=7)
    assert with_default.decode(with_default.encode({"b": 1})) == {"a": 7, "b": 1}
    nullable = codec(["null", "string"], "string")
    assert nullable.decode(nullable.encode({"b": "x"})) == {"a": None, "b": "x"}


@pytest.mark.parametrize(
    ("value", "unscaled"),
    [("0", "00"), ("1.27", "7f"), ("1.28", "0080"), ("-1.28", "ff80"), ("-1.29", "ff7f"), ("5", "01f4")],
)
def test_decimals_are_twos_complement(value: str, unscaled: str) -> None:
    """As fastavro writes them (one byte more than need be for -128), whatever the exponent of the decimal."""
    body = codec(DECIMAL).encode({"a": Decimal(value)})
    assert body[1:].hex() == unscaled
    assert codec(DECIMAL).encode({"a": Decimal(value).normalize()}) == body


HOSTILE = {
    "empty": ("string", b""),
    "cut short": ("string", b"\x06ab"),
    "bytes left over": ("string", b"\x02a\x00"),
    "length of 2**62": ("string", varint(2**62)),
    "negative length": ("string", b"\x01a"),
    "no UTF-8": ("string", b"\x02\xff"),
    "enum index -1": (ENUM, b"\x01"),
    "enum index too high": (ENUM, b"\x04"),
    "union index -1": (["null", "int"], b"\x01"),
    "union index too high": (["null", "int"], b"\x04\x00"),
    "boolean 2": ("boolean", b"\x02"),
    "number longer than need be": ("int", b"\x80\x00"),
    "2**40 fixed items": (
        {"type": "array", "items": {"type": "fixed", "name": "F", "size": 2}},
        varint(2**40) + b"xx",
    ),
    "2**70 items": (STRINGS, b"\x80" * 10 + b"\x01"),
    "fixed cut short": ({"type": "fixed", "name": "F", "size": 2}, b"x"),
    "double cut short": ("double", b"x"),
    "endless number": ("long", b"\xff" * 100_000),
    "int beyond 32 bits": ("int", varint(2**31)),
    "2**40 items": (STRINGS, varint(2**40)),
    "block of negative count": (STRINGS, b"\x01\x04\x02a\x00"),
    "two blocks": (STRINGS, b"\x02\x02a\x02\x02b\x00"),
    "block without an end": (STRINGS, b"\x02\x02a\x02"),
    "decimal with leading zero": (DECIMAL, b"\x04\x00\x01"),
    "decimal of no bytes": (DECIMAL, b"\x00"),
    "decimal beyond its precision": (DECIMAL, b"\x06\x7f\xff\xff"),
    "key twice": ({"type": "map", "values": "int"}, b"\x04\x02k\x02\x02k\x04\x00"),
    "too large": ("bytes", varint(MAX_BODY) + b"x" * MAX_BODY),
}


@pytest.mark.parametrize(("kind", "body"), HOSTILE.values(), ids=HOSTILE)
def test_bytes_that_no_encoder_writes_are_refused(kind: object, body: bytes) -> None:
    """Everything but the one canonical encoding is avro-malformed."""
    with pytest.raises(Permanent) as caught:
        codec(kind).decode(body)
    assert caught.value.code == "avro-malformed"


@pytest.mark.parametrize(
    "name", ["cut short", "bytes left over", "length of 2**62", "block without an end", "2**40 items"]
)
def test_trusted_bytes_are_bounded_too(name: str) -> None:
    """Without the canonical check, bytes that end early or go on still raise."""
    kind, body = HOSTILE[name]
    with pytest.raises(Permanent) as caught:
        codec(kind).decode_trusted(body)
    assert caught.value.code == "avro-malformed"


def test_timestamps_stay_integers_and_decimals_are_decimals() -> None:
    """Datums are as the architecture says, at both ends of what a timestamp can hold."""
    both = codec({"type": "long", "logicalType": "timestamp-millis"}, DECIMAL)
    for at in (-(2**63), -1, 0, 2**27 - 1, 2**27, 1768206600123, 2**41 - 1, 2**41, 2**63 - 1):
        datum = {"a": at, "b": Decimal("12.30")}
        assert both.decode(both.encode(datum)) == datum


def test_generated_lines_evaluate_their_expression_once() -> None:
    """An expression with an effect or of low precedence may stand for any value."""
    emitter = Emitter()
    seen: list[str] = []
    lines = emitter.encode(Primitive("string"), "seen.append('x') or 'a' if True else 'b'")
    emitter.bindings["seen"] = seen
    run = emitter.compile("run", (), ["b = bytearray()", *lines, "return bytes(b)"])
    assert (run(), seen) == (b"\x02a", ["x"])


def test_constants_merge_into_one_literal() -> None:
    """Literals in a row of the same block become one; blocks stay apart."""
    emitter = Emitter()
    lines = [
        *emitter.constant(Primitive("string"), "'\"\n"),
        *emitter.constant(Primitive("int"), 1),
        "if x:",
        "    b += b'1'",
    ]
    assert fold([*lines, "    b += b'2'", "b += b'3'"]) == [
        "b += b'\\x06\\'\"\\n\\x02'",
        "if x:",
        "    b += b'12'",
        "b += b'3'",
    ]
    with pytest.raises(Invalid, match="expected int"):
        emitter.constant(Primitive("int"), "1")


def test_the_deepest_schema_that_the_lint_allows_works() -> None:
    """Generated code stays within CPython's limits on loops and indentation."""
    kind: object = "int"
    value: object = 5
    for _ in range(16):
        kind, value = ["null", {"type": "array", "items": kind}], [value]
    for level in range(14):
        inner = {"name": "x", "type": kind}
        kind, value = ["null", {"type": "record", "name": f"N{level}", "fields": [inner]}], {"x": value}
    deepest = codec(kind)
    form = JsonForm(deepest.schema)
    body = deepest.encode({"a": value})
    assert deepest.decode(body) == {"a": value}
    assert form.to_avro(form.from_datum({"a": value})) == body
