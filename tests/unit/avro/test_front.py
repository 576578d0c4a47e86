"""The front of a body: what is before the long fields, and whether the rest is the same."""

from __future__ import annotations

import json

from schemas.avro.codec import Codec
from schemas.avro.front import Front
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
CODEC, FRONT = Codec(NOTE), Front(NOTE.record)
PLAIN = {"number": "30000003", "version": 1, "borders": [{"seq": 1}]}
LOADED = {**PLAIN, "wagons": [{"id": "9", "seals": []}]}


def before(old: Datum, new: Datum) -> Datum | None:
    """What the front gives of the old one."""
    return FRONT.before(CODEC.encode(old), CODEC.encode(new))


def test_the_front_ends_before_the_first_list_with_lists_in_it() -> None:
    """A list of plain records is short."""
    assert FRONT.names == ("number", "version", "borders")


def test_where_only_the_front_differs_its_old_fields_are_given() -> None:
    """However long the new ones are."""
    assert before(LOADED, {**LOADED, "version": 200, "borders": None}) == PLAIN


def test_a_difference_behind_the_front_is_none() -> None:
    """Then all of both has to be read."""
    assert before(LOADED, {**LOADED, "goods": "coal"}) is None
    assert before(LOADED, {**LOADED, "wagons": [{"id": "8", "seals": []}]}) is None


def test_a_rest_that_only_ends_alike_is_not_the_same() -> None:
    """Three nulls are also the last bytes of a list whose item has no seals, and of two nulls."""
    assert before(PLAIN, LOADED) is None
    assert before(LOADED, PLAIN) is None


def test_without_a_long_field_all_of_it_is_front() -> None:
    """Nothing is left that could differ."""
    short = schema(id="string")
    codec = Codec(short)
    assert Front(short.record).before(codec.encode({"id": "x"}), codec.encode({"id": "y"})) == {"id": "x"}
