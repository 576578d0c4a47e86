"""The JSON form of a schema."""

from __future__ import annotations

import json

import pytest
from msgspec import UNSET

from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema
from schemas.errors import Invalid

NOTE = json.dumps(
    {
        "type": "record",
        "name": "Note",
        "explicitNulls": "cleared",
        "fields": [
            {"name": "number", "type": "string"},
            {"name": "cleared", "type": {"type": "array", "items": "string"}, "default": []},
            {
                "name": "at",
                "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}],
                "default": None,
            },
            {"name": "on", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
            {
                "name": "mass",
                "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 3}],
                "default": None,
            },
            {
                "name": "kind",
                "type": {"type": "enum", "name": "Kind", "symbols": ["FULL", "EMPTY"]},
                "default": "FULL",
            },
            {"name": "seal", "type": ["null", "bytes"], "default": None},
            {"name": "count", "type": ["null", "long"], "default": None},
            {"name": "ratio", "type": ["null", "double"], "default": None},
            {"name": "ref", "type": ["null", {"type": "string", "logicalType": "uuid"}], "default": None},
            {
                "name": "wagons",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Wagon",
                        "fields": [
                            {"name": "number", "type": "string"},
                            {"name": "owner", "type": ["null", "string"], "default": None},
                        ],
                    },
                },
                "default": [],
            },
            {"name": "extra", "type": {"type": "map", "values": ["null", "Wagon"]}, "default": {}},
        ],
    }
)
SCHEMA = Schema.parse(NOTE)
FORM = JsonForm(SCHEMA)
CODEC = Codec(SCHEMA)
FULL = (
    '{"number":"é","at":"2026-01-12T08:30:00Z","on":"2026-01-12","mass":"-12.5","kind":"EMPTY","seal":"AP8=",'
    '"count":9007199254740991,"ratio":0.1,"ref":"00000000-0000-0000-0000-00000000000a",'
    '"wagons":[{"number":"1","owner":"KTZ"},{"number":"2"}],"extra":{"a":null,"b/c":{"number":"3"}}}'
).encode()


def test_the_form_is_as_documented() -> None:
    """Times, dates, decimals, enums, bytes and absent values have the form of the architecture, both ways."""
    datum = CODEC.decode(FORM.to_avro(FULL))
    assert (datum["at"], datum["on"], datum["seal"]) == (1768206600000, 20465, b"\x00\xff")
    assert FORM.from_datum(datum) == FULL


def test_defaults_fill_what_is_absent() -> None:
    """Absent is the default, or null."""
    datum = CODEC.decode(FORM.to_avro(b'{"number":"1"}'))
    assert (datum["kind"], datum["wagons"], datum["at"]) == ("FULL", [], None)
    assert FORM.from_datum({"number": "1"}) == b'{"number":"1","kind":"FULL","wagons":[],"extra":{}}'


@pytest.mark.parametrize(("text", "number"), [("1.0", 1), ("-0.0", 0), ("1e2", 100), ("7E+0", 7)])
def test_a_whole_number_may_be_written_with_a_fraction_of_zero(text: str, number: int) -> None:
    """It is an integer of JSON Schema (2020-12, section 6.1.1), and no finding is made of it."""
    body, findings = FORM.take(b'{"number":"1","count":%s}' % text.encode())
    assert (CODEC.decode(body)["count"], findings) == (number, ())


def test_absent_and_null_differ() -> None:
    """A struct knows what was left out; Avro gets the pointers of the explicit nulls, and gives them back."""
    body = (
        b'{"number":"1","at":null,"kind":"FULL","wagons":[{"number":"2","owner":null}],'
        b'"extra":{"~/":{"number":"3","owner":null}}}'
    )
    struct = FORM.decode(body)
    assert (struct.at, struct.on) == (None, UNSET)
    datum = CODEC.decode(FORM.to_avro(body))
    assert datum["cleared"] == ["/at", "/wagons/0/owner", "/extra/~0~1/owner"]
    assert FORM.from_datum(datum) == body


@pytest.mark.parametrize(
    "pointer", ["", "at", "/nowhere", "/wagons/7/owner", "/wagons/x/owner", "/number", "/number/x"]
)
def test_pointers_of_nulls_that_lead_nowhere_are_refused(pointer: str) -> None:
    """Only an absent nullable field can be an explicit null."""
    datum = CODEC.decode(FORM.to_avro(FULL)) | {"cleared": [pointer]}
    with pytest.raises(Invalid) as caught:
        FORM.from_datum(datum)
    assert (caught.value.pointer, caught.value.value) == ("/cleared/0", pointer)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-12T13:30:00.5+05:00", "2026-01-12T08:30:00.500Z"),
        ("2026-01-12t08:30:00.000z", "2026-01-12T08:30:00Z"),
        ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_taken_in_any_offset_and_given_in_utc(text: str, canonical: str) -> None:
    """RFC 3339 in, UTC with Z out, milliseconds only when not zero."""
    datum = CODEC.decode(FORM.to_avro(json.dumps({"number": "1", "at": text}).encode()))
    assert json.loads(FORM.from_datum(datum))["at"] == canonical


@pytest.mark.parametrize(
    ("text", "canonical"), [("1.500", "1.5"), ("-0", "0"), ("999.999", "999.999"), ("-0.010", "-0.01")]
)
def test_decimals_are_given_plainly(text: str, canonical: str) -> None:
    """No exponent, no zeros at the end."""
    datum = CODEC.decode(FORM.to_avro(json.dumps({"number": "1", "mass": text}).encode()))
    assert json.loads(FORM.from_datum(datum))["mass"] == canonical


REFUSED = [
    ({"at": "2026-01-12T08:30:00"}, "/at", "expected a time with offset", "2026-01-12T08:30:00"),
    ({"at": "2026-01-12T09:41:39+1:00"}, "/at", "expected a time", "2026-01-12T09:41:39+1:00"),
    ({"at": "2026-06-30T23:59:60Z"}, "/at", "leap second", "2026-06-30T23:59:60Z"),
    ({"at": "9999-12-31T23:59:59Z"}, "/at", "from 1900 to 2199", "9999-12-31T23:59:59Z"),
    ({"at": 5}, "/at", "expected a time", "5"),
    ({"on": "12.01.2026"}, "/on", "YYYY-MM-DD", "12.01.2026"),
    ({"mass": "1e2"}, "/mass", "at most 3 digits before and 3 after", "1e2"),
    ({"mass": "1000"}, "/mass", "at most 3 digits before and 3 after", "1000"),
    ({"mass": "0.0001"}, "/mass", "at most 3 digits before and 3 after", "0.0001"),
    ({"mass": 1.5}, "/mass", "a number came, text is wanted: expected a decimal as text", "1.5"),
    ({"kind": "HALF"}, "/kind", "expected one of FULL, EMPTY", "HALF"),
    ({"kind": None}, "/kind", "expected one of FULL, EMPTY", "null"),
    ({"seal": "?"}, "/seal", "base64", "?"),
    ({"count": 2**53}, "/count", "to 9007199254740991", str(2**53)),
    ({"count": 1.5}, "/count", "expected an integer", "1.5"),
    ({"count": True}, "/count", "expected an integer", "true"),
    ({"ref": "X"}, "/ref", "expected a UUID", "X"),
    ({"number": None}, "/number", "expected text", "null"),
    ({"wagons": {}}, "/wagons", "expected a list, an object came", "{}"),
    ({"wagons": [{"number": "1"}, {}]}, "/wagons/1/number", "is required", ""),
    ({"wagons": [{"number": "1", "ownr": "x"}]}, "/wagons/0/ownr", "did you mean owner?", "***"),
    ({"extra": {"a": None, "b/": {"number": 5}}}, "/extra/b~1/number", "a number came, text is wanted", "5"),
    ({"cleared": ["/at"]}, "/cleared", "no such field", "***"),
    ({"a/b": 1}, "/a~1b", "no such field", "***"),
    ({"number": "x" * 262_145}, "/number", "262144", "x" * 200),
]


@pytest.mark.parametrize(("change", "pointer", "rule", "value"), REFUSED)
def test_what_does_not_match_is_named(change: dict[str, object], pointer: str, rule: str, value: str) -> None:
    """The error has the RFC 6901 pointer, the rule in words and the value as sent."""
    with pytest.raises(Invalid) as caught:
        FORM.to_avro(json.dumps({"number": "1", **change}).encode())
    error = caught.value
    assert (error.code, error.pointer, error.value) == ("schema-violation", pointer, value)
    assert rule in error.rule


MALFORMED = {
    "empty": b"",
    "cut short": b'{"number":"1"',
    "more behind": b'{"number":"1"} {}',
    "NaN": b'{"number":"1","ratio":NaN}',
    "no UTF-8": b'{"number":"\xff"}',
    "half a surrogate pair": b'{"number":"\\ud800"}',
    "key twice": b'{"number":"1","number":"1"}',
    "key twice, escaped": b'{"number":"1","n\\u0075mber":"1"}',
    "key twice, hidden by escapes": b'{"number":"1","number":"\\u0022\\u0022\\u0022\\u0022"}',
    "key twice in an array": b'{"number":"1","wagons":[{"number":"1","number":"2"}]}',
    "key twice in a map": b'{"number":"1","extra":{"a":null,"a":null}}',
    "key twice, first one null": b'{"number" : "1", "at" : null, "at" : "2026-01-12T08:30:00Z"}',
    "too many values": b'{"number":"1","wagons":[' + b",".join([b'{"number":"1"}'] * 6000) + b"]}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_clean_json_is_refused(body: bytes) -> None:
    """Broken text, NaN, keys that come twice and too many values are json-malformed."""
    with pytest.raises(Invalid) as caught:
        FORM.to_avro(body)
    assert caught.value.code == "json-malformed"


def test_a_byte_order_mark_is_passed_over() -> None:
    """RFC 8259, section 8.1: a reader may pass over it, and Windows writes it."""
    assert CODEC.decode(FORM.to_avro(b'\xef\xbb\xbf{"number":"1"}'))["number"] == "1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named(encoding: str) -> None:
    """Who sends UTF-16 is told so, not of a character at byte 0."""
    with pytest.raises(Invalid, match=encoding[:6].upper()) as caught:
        FORM.to_avro('{"number":"1"}'.encode(encoding))
    assert (caught.value.code, "UTF-8 is wanted" in caught.value.rule) == ("json-malformed", True)


@pytest.mark.parametrize(
    ("number", "shown"),
    [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1" * 5000, "1" * 200), ("1e999", "1e999")],
)
def test_a_number_that_nothing_carries_is_named(number: str, shown: str) -> None:
    """The field and what came are said, however large it is."""
    with pytest.raises(Invalid) as caught:
        FORM.to_avro(f'{{"number":"1","ratio":{number}}}'.encode())
    assert (caught.value.pointer, caught.value.value) == ("/ratio", shown)


@pytest.mark.parametrize("digits", ["219736", "2190000", "2199999", "219736123"])
def test_times_are_cut_to_milliseconds_with_a_finding(digits: str) -> None:
    """Clocks of .NET, Java and Go write 6 to 9 digits: cut, never rounded, and what was sent is kept."""
    text = f"2024-10-11T15:22:11.{digits}Z"
    taken = FORM.take(json.dumps({"number": "1", "at": text}).encode())
    assert json.loads(FORM.from_datum(CODEC.decode(taken.body)))["at"] == "2024-10-11T15:22:11.219Z"
    said = [(one.pointer, one.rule, one.value) for one in taken.findings]
    assert said == ([] if digits == "2190000" else [("/at", "time-truncated", text)])


def test_all_that_is_wrong_is_told() -> None:
    """One refusal names every place, the first one in the fields of the error."""
    with pytest.raises(Invalid) as caught:
        FORM.to_avro(b'{"number":1,"count":1.5,"kind":"HALF","wagons":[{}]}')
    assert [one.pointer for one in caught.value.violations] == [
        "/number",
        "/count",
        "/kind",
        "/wagons/0/number",
    ]
    assert caught.value.pointer == "/number"


def test_the_pointer_of_a_double_key_is_named() -> None:
    """The place is the key's, in the object where it comes twice."""
    with pytest.raises(Invalid) as caught:
        FORM.decode(MALFORMED["key twice in an array"])
    assert (caught.value.pointer, caught.value.value) == ("/wagons/0/number", "number")


def test_a_large_document_within_the_limit_is_taken() -> None:
    """Commas and brackets inside strings are no values."""
    body = json.dumps({"number": ",[{" * 10_000}).encode()
    assert CODEC.decode(FORM.to_avro(body))["number"] == ",[{" * 10_000


@pytest.mark.parametrize(
    ("change", "pointer"),
    [({"count": 2**53}, "/count"), ({"ratio": float("nan")}, "/ratio"), ({"at": 2**60}, "/at")],
)
def test_a_datum_without_json_form_is_named(change: dict[str, object], pointer: str) -> None:
    """JSON has no NaN, no integers beyond 2**53 and no year 10000."""
    datum = CODEC.decode(FORM.to_avro(FULL)) | change
    with pytest.raises(Invalid) as caught:
        FORM.from_datum(datum)
    assert (caught.value.code, caught.value.pointer) == ("schema-violation", pointer)


def test_the_field_for_explicit_nulls_must_hold_pointers() -> None:
    """A schema that names a field of another type is refused."""
    wrong = NOTE.replace('"explicitNulls": "cleared"', '"explicitNulls": "number"')
    with pytest.raises(Invalid) as caught:
        JsonForm(Schema.parse(wrong))
    assert caught.value.code == "schema-unsafe"


def test_hints_are_looked_for_no_more_often_than_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of unknown fields a few are said to be spelt nearly like one: comparing words is dear."""
    looked: list[str] = []
    monkeypatch.setattr("schemas.avro.inspection.hint", lambda name, _: looked.append(name) or "")
    document = {f"x{number}": 0 for number in range(9_000)} | {"number": "1"}
    with pytest.raises(Invalid) as refused:
        FORM.take(json.dumps(document).encode())
    assert len(looked) == len(refused.value.violations) < 1_000


def test_a_document_of_too_many_values_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """That it has too many is all that is said."""
    monkeypatch.setattr("schemas.avro.inspection.hint", lambda *_: pytest.fail("it was looked at"))
    document = {f"x{number}": 0 for number in range(20_000)}
    with pytest.raises(Invalid, match="at most 10000 values"):
        FORM.take(json.dumps(document).encode())
