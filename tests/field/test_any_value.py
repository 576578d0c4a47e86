"""No value of any field, in any profile and direction, ends a run or is a defect: law 7 of the promises."""

from __future__ import annotations

import copy
import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.schema import Array, DecimalType, Enum, Map, Nullable, Primitive, Record, Type
from tests.support.field import told

NAMES = profiles.names()
TEXTS: tuple[Any, ...] = (
    "", " ", "\u0000", "A" * 5000, "\u0421\u0423", "\u202e", "٣٤٥", "31.02.2026", "01.01.1900 00:00",
    "31.12.2199 23:59", "2026-01-12", "-1", "0", "99999999999", "NaN", "a/b/c", "//", "~1", "{}",
    "700007/2026-01-12/0044001", "é" * 50, "00000000000", "AAAU0000000", "UN0000", "000000", "7077-000-0000",
    "+99:99", "-23:59", "XXX", None, 5, True, [], {},
)  # fmt: skip
"""What comes where text belongs."""
TIMES: tuple[Any, ...] = (
    "0001-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "2199-12-31T23:59:59.999Z", "9999-12-31T23:59:59Z",
    "1899-12-31T23:59:59+00:01", "2026-01-12T00:00:00.9999999+23:59", "2026-01-12T00:00:00-23:59", "",
    None, 0,
)  # fmt: skip
NUMBERS: tuple[Any, ...] = (0, 1, -1, 2**31 - 1, -(2**31), 2**53 - 1, 2**53, 10**30, 1.5, "1", None, True)
DECIMALS: tuple[Any, ...] = ("0", "-0", "-1", "0.000001", "9" * 18, "9" * 40, "1e5", "", None, 1.5)


def extremes(node: Type) -> tuple[Any, ...]:
    """Values of every size and shape for a leaf of this type."""
    match node:
        case Nullable(inner=inner):
            return extremes(inner)
        case Primitive(logical="timestamp-millis"):
            return TIMES
        case Primitive(name="string"):
            return TEXTS
        case Primitive(name="int" | "long"):
            return NUMBERS
        case DecimalType():
            return DECIMALS
        case Enum(symbols=symbols):
            return (*symbols, "", None)
        case _:
            return (None, [], {}, "x", True)


def places(node: Type, value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Type]]:  # noqa: ANN401 - JSON
    """The way to every leaf that a document has or could have."""
    match node:
        case Nullable(inner=inner):
            yield from places(inner, value, way)
        case Record(fields=fields):
            for field in fields:
                inside = value.get(field.name) if isinstance(value, dict) else None
                yield from places(field.type, inside, (*way, field.name))
        case Array(items=items):
            yield way, node
            if isinstance(value, list) and value:
                yield from places(items, value[0], (*way, 0))
        case Map():
            yield way, node
        case _:
            yield way, node


def planted(document: Any, way: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - JSON
    """A copy of a document with another value at a place; None where nothing leads there."""
    made = copy.deepcopy(document)
    here = made
    for step in way[:-1]:
        if isinstance(here, dict):
            here = here.setdefault(step, {})
        elif isinstance(here, list) and len(here) > step:
            here = here[step]
        if here is None:
            return None
    if not isinstance(here, dict | list):
        return None
    here[way[-1]] = value
    return made


def alone(document: Any, what: str) -> Any:  # noqa: ANN401 - JSON
    """The same message about something that no other message is about."""
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, what))
    made = copy.deepcopy(document)
    for holder in (made, made.get("envelope", {})):
        for name in ("messageId", "eventID", "eventId", "event_id"):
            if name in holder:
                holder[name] = identity
    if "noteNumber" in made:
        made["noteNumber"] = str(int(identity[:8], 16))[:8].zfill(8)
    if "consignment_id" in made:
        made["consignment_id"] = identity
    return made


def documents(name: str) -> list[Any]:
    """Every field of a profile with every extreme, each in an example."""
    profile = profiles.load(name)
    examples = [json.loads(one) if isinstance(one, str | bytes) else one for one in profile.examples.values()]
    hidden = profile.schema.record.properties.get("explicitNulls")
    dice = random.Random(name)
    return [
        made
        for example in [max(examples, key=lambda one: len(json.dumps(one))), *dice.sample(examples, 2)]
        for way, node in places(profile.schema.root, example)
        if way and way[0] != hidden
        for value in extremes(node)
        if (made := planted(alone(example, f"{way} {value}"), way, value)) is not None
    ]


@pytest.mark.parametrize("source", NAMES)
def test_no_value_ends_a_run_or_is_a_defect(source: str) -> None:
    """Each message gives outputs or one dead letter that names a place, and the next one goes on."""
    given = documents(source)
    dice = random.Random(source)
    for target in NAMES:
        if target == source:
            continue
        found = told(source, target, *dice.sample(given, min(len(given), 60)))
        letters = found.of("dead-letter")
        assert [one for one in letters if one["code"] == "internal" or one["stage"] == "write"] == []
        assert [one for one in letters if not one["pointer"] and one["code"] != "json-malformed"] == []
