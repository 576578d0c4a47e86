"""Which fields of two bodies differ, and what the old ones were."""

from __future__ import annotations

import json

from schemas.avro.codec import Codec
from schemas.avro.differing import Differing
from schemas.avro.schema import Datum, Schema

BORDER = {"type": "record", "name": "Border", "fields": [{"name": "seq", "type": "int"}]}
SEALS = {"name": "seals", "type": {"type": "array", "items": "string"}}
WAGON = {"type": "record", "name": "Wagon", "fields": [{"name": "id", "type": "string"}, SEALS]}


def maybe(kind: object) -> list[object]:
    """A type or null."""
    return ["null", kind]


def schema(**fields: object) -> Schema:
    """A schema with these fields."""
    listed = [{"name": name, "type": kind} for name, kind in fields.items()]
    return Schema.parse(json.dumps({"type": "record", "name": "Note", "fields": listed}))


NOTE = schema(
    number="string",
    version="int",
    borders=maybe({"type": "array", "items": BORDER}),
    wagons=maybe({"type": "array", "items": WAGON}),
    goods=maybe("string"),
    oil=maybe("string"),
)
CODEC, DIFFERING = Codec(NOTE), Differing(NOTE.record)
PLAIN = {"number": "30000003", "version": 1, "borders": [{"seq": 1}]}
LOADED = {**PLAIN, "wagons": [{"id": "9", "seals": []}], "goods": None, "oil": None}


def before(old: Datum, new: Datum) -> Datum:
    """What the old one says otherwise than the new one."""
    return DIFFERING.before(CODEC.encode(old), CODEC.encode(new))


def test_of_fields_that_differ_the_old_value_is_given() -> None:
    """However long the new ones are, and wherever they stand."""
    assert before(LOADED, {**LOADED, "version": 200, "borders": None}) == {
        "version": 1,
        "borders": [{"seq": 1}],
    }
    assert before(LOADED, {**LOADED, "wagons": [{"id": "8", "seals": ["1"]}], "oil": "crude"}) == {
        "wagons": [{"id": "9", "seals": []}],
        "oil": None,
    }


def test_the_same_body_differs_in_nothing() -> None:
    """Nothing is read of it."""
    assert before(LOADED, LOADED) == {}


def test_a_field_that_begins_alike_is_another() -> None:
    """Three nulls are also the last bytes of a list whose item has no seals, and of two nulls."""
    assert before(PLAIN, LOADED) == {"wagons": None}
    assert before(LOADED, PLAIN) == {"wagons": [{"id": "9", "seals": []}]}
    assert before({**PLAIN, "goods": "coals"}, {**PLAIN, "goods": "coal"}) == {"goods": "coals"}
    assert before({**PLAIN, "goods": "coal"}, {**PLAIN, "goods": "coals"}) == {"goods": "coal"}
