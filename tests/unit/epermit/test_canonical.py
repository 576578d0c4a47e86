"""The text that proofs are made over is Gson's, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.epermit.body import read_object
from schemas.epermit.canonical import canonical, java_double
from schemas.errors import Invalid
from tests.support.permits import CREATED, QUOTA, event

pytestmark = pytest.mark.system("epermit")

GOLDEN = Path(__file__).parents[2] / "golden" / "gson.jsonl"


def test_every_recorded_answer_of_gson_is_ours() -> None:
    """HTML escapes, nulls, nested claims, numbers and non-ASCII: 411 objects, as Gson itself wrote them."""
    rows = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    assert len(rows) > 400
    for question, answer in rows:
        assert canonical(read_object(question.encode())) == answer


def test_own_fields_stand_before_the_envelope() -> None:
    """An event is signed in the order of the reference implementation's classes, however it was sent."""
    backwards = dict(reversed(QUOTA.items()))
    assert event(backwards).canonical == (
        '{"permit_issuer":"AZ","permit_issued_for":"KZ","permit_year":2026,"permit_type":2,"quantity":500,'
        '"event_producer":"KZ","event_consumer":"AZ","event_timestamp":1767600000,'
        '"event_type":"QUOTA_CREATED","event_id":"6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0001",'
        '"previous_event_id":"0"}'
    )


def test_absent_fields_are_left_out_and_claims_keep_their_order() -> None:
    """Null is absent, unknown fields are dropped as the reference implementation does, text is escaped."""
    claims = {"z": 1, "a": {"n": None, "d": 2.0, "e": "a=b & 'c'"}}
    made = event(CREATED, plate_number2=None, other_claims=claims, unknown="x")
    assert '"plate_number":"10AA123","company_name":"Xəzər Trans MMC"' in made.canonical
    assert '"qr_code":"\\u003cheader\\u003e.\\u003cclaims\\u003e.\\u003csig\\u003e"' in made.canonical
    assert '"other_claims":{"z":1,"a":{"d":2.0,"e":"a\\u003db \\u0026 \\u0027c\\u0027"}}' in made.canonical
    assert "unknown" not in made.canonical


@pytest.mark.parametrize(
    ("value", "text"),
    [(5e-324, "4.9E-324"), (1e23, "1.0E23"), (1e7, "1.0E7"), (9999999.5, "9999999.5"), (0.001, "0.001")],
)
def test_doubles_are_those_of_java(value: float, text: str) -> None:
    """Where Java and Python differ: exponents from 1e7 on and below 1e-3, two digits at least."""
    assert java_double(value) == text


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"1", b"{", b'{"a":NaN}', b'{"a":1e999}', b'{"a":1,"a":2}', b'{"a":"\\ud800"}',
        b'{"\\udc00":1}', b"\xff", b'{"a":' + b"[" * 70 + b"]" * 70 + b"}", b'{"a":"' + b"x" * 70_000 + b'"}',
        b'{"a":' * 20_000, b'{"a":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
def test_what_two_readers_could_understand_differently_is_refused(body: bytes) -> None:
    """Doubled keys, NaN, numbers beyond a double, half surrogates, depth and size never reach the ledger."""
    with pytest.raises(Invalid) as refused:
        read_object(body)
    assert refused.value.code == "json-malformed"
