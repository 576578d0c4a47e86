"""Every version can be read: bodies of an earlier or later compatible schema, with their logical types."""

from __future__ import annotations

import datetime
import io
import json
import uuid
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from schemas import profiles
from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.resolve import resolver
from schemas.avro.schema import Schema
from schemas.errors import Permanent
from schemas.records import RECORDS

SHIPPED = {name: profiles.load(name).schema.text for name in profiles.names()} | {
    name: codec.schema.text for name, codec in RECORDS.items()
}


def grown(text: str) -> str:
    """The schema with one more optional field."""
    schema = json.loads(text)
    schema["fields"].append(
        {"name": "added_later", "type": ["null", "string"], "default": None, "doc": "New."}
    )
    return json.dumps(schema)


def redocumented(text: str) -> str:
    """The schema with another word in a doc."""
    schema = json.loads(text)
    schema["fields"][0]["doc"] = "Said in other words."
    return json.dumps(schema)


@pytest.mark.parametrize("name", profiles.names())
@pytest.mark.parametrize("change", [grown, redocumented])
def test_every_example_is_read_across_a_compatible_change(name: str, change: Any) -> None:  # noqa: ANN401
    """An upgrade reads what was written before it, a rollback what was written after it; nothing is lost."""
    profile = profiles.load(name)
    before, after = Codec(profile.schema), Codec(Schema.parse(change(profile.schema.text)))
    form = JsonForm(profile.schema)
    upgrade = resolver(before.schema.text, after)
    rollback = resolver(after.schema.text, before)
    assert profile.examples or name == profiles.CANONICAL
    for example in profile.examples.values():
        body = form.to_avro(json.dumps(example).encode())
        assert rollback(upgrade(body)) == body
        assert after.decode(upgrade(body)).items() >= before.decode(body).items()


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_schema_of_ours_reads_its_own_growth(name: str) -> None:
    """The broker's own records and the corridor event as well: a datum with every kind of value survives."""
    before = Codec(Schema.parse(SHIPPED[name]))
    after = Codec(Schema.parse(grown(SHIPPED[name])))
    body = before.encode(sample(json.loads(SHIPPED[name]), {}))
    upgraded = after.decode(resolver(before.schema.text, after)(body))
    assert upgraded == {**before.decode(body), "added_later": None}
    newer = after.encode({**upgraded, "added_later": "x"})
    assert resolver(after.schema.text, before)(newer) == body


def sample(raw: Any, known: dict[str, Any]) -> Any:  # noqa: ANN401 - a datum
    """A datum of a schema in which every field has a value."""
    if isinstance(raw, list):
        return sample(next(branch for branch in raw if branch != "null"), known)
    if isinstance(raw, str):
        plain = {
            "string": "text",
            "int": 7,
            "long": 7,
            "boolean": True,
            "bytes": b"b",
            "double": 1.5,
            "float": 1.5,
        }
        return plain[raw] if raw in plain else sample(known[raw], known)
    kind = raw["type"]
    if kind in ("record", "enum", "fixed"):
        known[raw["name"]] = raw
    if kind == "record":
        return {field["name"]: sample(field["type"], known) for field in raw["fields"]}
    if kind == "enum":
        return raw["symbols"][-1]
    if kind == "array":
        return [sample(raw["items"], known)]
    if kind == "map":
        return {"k": sample(raw["values"], known)}
    logical = raw.get("logicalType")
    if logical == "decimal":
        return Decimal(5).scaleb(-raw.get("scale", 0))
    if logical == "uuid":
        return "0b0f2f54-41a0-5c53-8f0a-000000000101"
    return sample(kind, known)


def one(kind: Any) -> str:  # noqa: ANN401
    """A schema with one field."""
    return json.dumps({"type": "record", "name": "R", "fields": [{"name": "x", "type": kind}]})


def logical(base: str, name: str, **more: object) -> dict[str, object]:
    """A logical type."""
    return {"type": base, "logicalType": name, **more}


MILLIS, MICROS = logical("long", "timestamp-millis"), logical("long", "timestamp-micros")
DATE, TIME = logical("int", "date"), logical("int", "time-millis")
AT = datetime.datetime(2026, 1, 12, 4, 30, 0, 116428, tzinfo=datetime.UTC)
MS = 1_768_192_200_116


@pytest.mark.parametrize(
    ("writer", "value", "reader", "expected"),
    [
        (MILLIS, AT, MILLIS, MS),
        (MICROS, AT, MILLIS, MS),
        (MICROS, AT, MICROS, MS * 1000 + 428),
        (MILLIS, AT, MICROS, MS * 1000),
        (DATE, AT.date(), DATE, 20_465),
        (logical("string", "uuid"), uuid.UUID(int=7), "string", str(uuid.UUID(int=7))),
        (logical("string", "uuid"), uuid.UUID(int=7), logical("string", "uuid"), str(uuid.UUID(int=7))),
        (TIME, datetime.time(9, 10), TIME, 33_000_000),
        ("int", 7, "long", 7),
        (
            logical("bytes", "decimal", precision=9, scale=2),
            Decimal("1.50"),
            logical("bytes", "decimal", precision=9, scale=2),
            Decimal("1.50"),
        ),
    ],
)
def test_logical_types_are_read_in_their_unit(writer: Any, value: Any, reader: Any, expected: Any) -> None:  # noqa: ANN401
    """Microseconds are not taken for milliseconds: 20,465 days and 04:30:00.116 UTC by hand."""
    codec = Codec(Schema.parse(one(reader)))
    assert codec.decode(resolver(one(writer), codec)(written(writer, value))) == {"x": expected}


@pytest.mark.parametrize(
    ("writer", "value", "reader"),
    [
        (DATE, AT.date(), "int"),
        (MILLIS, AT, "long"),
        (DATE, AT.date(), MILLIS),
        (TIME, datetime.time(9, 10), "int"),
        (logical("string", "uuid"), uuid.UUID(int=7), "bytes"),
    ],
)
def test_a_change_of_meaning_is_refused(writer: Any, value: Any, reader: Any) -> None:  # noqa: ANN401
    """A date is no number and no instant: the value alone is refused, it is never misread."""
    resolve = resolver(one(writer), Codec(Schema.parse(one(reader))))
    with pytest.raises(Permanent) as refused:
        resolve(written(writer, value))
    assert refused.value.code == "avro-malformed"


def test_a_unit_that_cannot_be_told_is_refused() -> None:
    """Nanoseconds come as a plain number: nobody may take them for milliseconds."""
    with pytest.raises(Permanent):
        resolver(one(logical("long", "timestamp-nanos")), Codec(Schema.parse(one(MILLIS))))


def written(kind: Any, value: Any) -> bytes:  # noqa: ANN401
    """A body of a schema with one field, written by fastavro."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(one(kind))), {"x": value})
    return out.getvalue()
