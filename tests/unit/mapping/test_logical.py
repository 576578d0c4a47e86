"""Logical types in the compiler: each pair of a source's and a target's is a conversion or an error."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.errors import Invalid, Misconfigured
from schemas.mapping.compile import load
from schemas.translation import Context, Record, Result, Translator

INSTANT = 1_768_206_600_123_456
"""2026-01-12T08:30:00.123456Z in microseconds."""
UUID = "0b0cc1da-7f25-5e92-ab48-a32bdf1c325f"

Json = Any


def logical(kind: str, name: str, **more: Json) -> Json:
    """An Avro type with a logical one."""
    return {"type": kind, "logicalType": name, **more}


def number(scale: int) -> Json:
    """A decimal with so many places."""
    return logical("bytes", "decimal", precision=12, scale=scale)


LONGS = [logical("long", name) for name in ("timestamp-millis", "timestamp-micros", "local-timestamp-millis")]


def schema(name: str, kind: Json, *, optional: bool = True) -> Schema:
    """A record with one field."""
    field = (
        {"name": "x", "type": ["null", kind], "default": None} if optional else {"name": "x", "type": kind}
    )
    return Schema.parse(json.dumps({"type": "record", "name": name, "fields": [field]}))


def translator(source: Json, target: Json, expression: str = "x", *, optional: bool = True) -> Translator:
    """A mapping of the one field to the other."""
    schemas = {"s": schema("s", source), "t": schema("t", target, optional=optional)}
    text = f'mapping: m\nfrom: s\nto: t\nrules:\n  - rule: r\n    set: {{x: "{expression}"}}\n'
    return Translator(load(text, "m.yaml", schemas.__getitem__, CodeLists.load()))


def run(one: Translator, value: object) -> Result:
    """What becomes of a value."""
    body = Codec(one.mapping.source).encode({"x": value})
    return one.translate(Record(b"k", body, Context("i", "p/i", "p", 0, 0, ())), lambda _: None)


def told(source: Json, target: Json, value: object, expression: str = "x") -> object:
    """The value that comes out."""
    one = translator(source, target, expression)
    (output,) = run(one, value).outputs
    datum: Any = Codec(one.mapping.target).decode(output.body)
    return datum["x"]


def refusal(source: Json, target: Json, expression: str = "x") -> str:
    """Why a mapping does not compile."""
    with pytest.raises(Misconfigured) as error:
        translator(source, target, expression)
    return error.value.message


MILLIS, MICROS, LOCAL = LONGS
DATE, TIME = logical("int", "date"), logical("int", "time-millis")
TIME_MICROS, ID = logical("long", "time-micros"), logical("string", "uuid")


def test_microseconds_become_milliseconds_and_the_other_way_round() -> None:
    """Never the number as it is: 2026 in microseconds, taken for milliseconds, is the year 57,988."""
    assert told(MICROS, MILLIS, INSTANT) == INSTANT // 1000
    assert told(MILLIS, MICROS, INSTANT // 1000) == INSTANT // 1000 * 1000
    assert told(TIME_MICROS, TIME, 30_600_123_456) == 30_600_123
    assert told(TIME, TIME_MICROS, 30_600_123) == 30_600_123_000
    assert told(MICROS, MILLIS, None) is None


@pytest.mark.parametrize("expression", ["first(x, x)", "x if x is not None else None", "[x for y in [1]][0]"])
def test_the_unit_is_known_through_expressions(expression: str) -> None:
    """A choice, a default, an item of a list: still microseconds."""
    assert told(MICROS, MILLIS, INSTANT, expression) == INSTANT // 1000


@pytest.mark.parametrize(
    ("source", "target", "hint"),
    [
        (DATE, MILLIS, "a day is no instant: `x * 86400000`"),
        (DATE, MICROS, "a day is no instant"),
        (MILLIS, DATE, "an instant is no day"),
        (MICROS, DATE, "an instant is no day"),
        (LOCAL, MILLIS, "needs a zone"),
        (MILLIS, LOCAL, "needs a zone"),
        (TIME, MILLIS, "there is no conversion"),
        (DATE, TIME, "there is no conversion"),
    ],
)
def test_what_counts_something_else_does_not_compile(source: Json, target: Json, hint: str) -> None:
    """A date, an instant, a local time and a time of day are four things; the error says what to write."""
    said = refusal(source, target)
    assert hint in said
    assert said.startswith("m.yaml:6")


def test_what_is_computed_is_taken_as_it_is_wanted() -> None:
    """Whoever computes says the unit: the midnight of a day, the hour of an instant."""
    assert told(DATE, MILLIS, 20_465, "x * 86400000") == 20_465 * 86_400_000
    assert told(MILLIS, "long", INSTANT // 1000) == INSTANT // 1000


@pytest.mark.parametrize("word", ["==", "<", "-", "+"])
def test_two_units_do_not_meet_in_an_expression(word: str) -> None:
    """`message.accepted` is in milliseconds; microseconds are not compared with it, nor added."""
    expression = f"x {word} message.accepted"
    expression = expression if word in "-+" else f"x if {expression} else None"
    assert "timestamp-micros" in refusal(MICROS, MICROS, expression)


def test_functions_of_instants_and_days_take_nothing_else() -> None:
    """Microseconds are converted for a function of instants; a day is refused, an instant as a day, too."""
    assert told(MICROS, "string", INSTANT, "instant_text(x)") == told(
        MILLIS, "string", INSTANT // 1000, "instant_text(x)"
    )
    assert "a day is no instant" in refusal(DATE, "string", "instant_text(x)")
    assert "an instant is no day" in refusal(MILLIS, "string", "date_text(x)")


def test_a_text_is_a_uuid_or_is_left_out_with_a_loss() -> None:
    """Nothing goes into a UUID unchecked; what is one already is not checked again."""
    one = translator("string", ID)
    assert told("string", ID, UUID) == UUID
    said = run(one, "NOT-A-UUID")
    assert [(loss.pointer, loss.reason) for loss in said.losses] == [("/x", "form")]
    assert told(ID, ID, UUID) == UUID
    assert told("string", ID, "any", "uuid5(x)") == told("string", "string", "any", "uuid5(x)")


def test_a_text_that_is_no_uuid_is_refused_where_the_field_must_be_there() -> None:
    """The message becomes a dead letter that names the rule."""
    with pytest.raises(Invalid, match="expected a UUID"):
        run(translator("string", ID, "first(x, '')", optional=False), "NOT-A-UUID")


def test_a_part_of_a_uuid_and_a_literal_are_text_like_any_other() -> None:
    """A slice is checked; a literal that is none does not compile."""
    assert [loss.reason for loss in run(translator(ID, ID, "x[0:8]"), UUID).losses] == ["form"]
    assert "no UUID" in refusal("string", ID, "'nobody'")


def test_decimal_places_that_the_target_has_not_are_rounded_with_a_loss() -> None:
    """Half to even; what loses nothing is no loss."""
    one = translator(number(4), number(2))
    lost = run(one, Decimal("1.2350"))
    assert [(loss.pointer, loss.reason, loss.value) for loss in lost.losses] == [("/x", "precision", "1.235")]
    assert told(number(4), number(2), Decimal("1.2350")) == Decimal("1.24")
    assert run(one, Decimal("1.2300")).losses == []
    assert run(translator(number(2), number(4)), Decimal("1.23")).losses == []


@pytest.mark.parametrize(
    ("source", "target"), [(MICROS, MILLIS), (DATE, MILLIS), ("string", ID), (number(4), number(2))]
)
@pytest.mark.parametrize("shape", [{"type": "array", "key": "items"}, {"type": "map", "key": "values"}])
def test_lists_and_maps_of_another_type_do_not_compile(shape: Json, source: Json, target: Json) -> None:
    """They would be copied as they are."""
    one, other = ({"type": shape["type"], shape["key"]: kind} for kind in (source, target))
    assert "use `each`" in refusal(one, other)
