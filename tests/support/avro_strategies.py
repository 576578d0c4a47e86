"""Hypothesis strategies: Avro schemas that the broker translates with, and datums that match them."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any

from hypothesis import strategies as st

from schemas.avro.schema import (
    Array,
    DecimalType,
    Enum,
    Fixed,
    Map,
    Nullable,
    Primitive,
    Record,
    Schema,
    Type,
)

_SAFE = 2**53 - 1
_FIRST = int(datetime.datetime(1, 1, 1, tzinfo=datetime.UTC).timestamp()) * 1000
_LAST = int(datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC).timestamp()) * 1000
_SHOWN = st.characters(
    codec="utf-8",
    exclude_categories=["Cc"],
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
)
"""What a text of a JSON document may have: no control characters, no marks of direction."""
_PRIMITIVES = ["boolean", "int", "long", "float", "double", "bytes", "string"]
_LOGICAL = [("long", "timestamp-millis"), ("int", "date"), ("string", "uuid"), ("long", "timestamp-micros")]


class _Names:
    """Gives every named type of one schema another name."""

    def __init__(self) -> None:
        self.count = 0

    def next(self) -> str:
        self.count += 1
        return f"corridor.N{self.count}"


@st.composite
def _decimals(draw: st.DrawFn) -> dict[str, Any]:
    precision = draw(st.integers(1, 20))
    return {
        "type": "bytes",
        "logicalType": "decimal",
        "precision": precision,
        "scale": draw(st.integers(0, precision)),
    }


@st.composite
def _types(draw: st.DrawFn, names: _Names, depth: int) -> Any:  # noqa: ANN401 - JSON
    kinds = ["primitive", "logical", "decimal", "enum", "fixed", "fixed decimal"]
    kind = draw(st.sampled_from(kinds + (["array", "map", "record"] if depth else [])))
    if kind == "primitive":
        return draw(st.sampled_from(_PRIMITIVES))
    if kind == "logical":
        name, logical = draw(st.sampled_from(_LOGICAL))
        return {"type": name, "logicalType": logical}
    if kind == "decimal":
        return draw(_decimals())
    if kind == "enum":
        symbols = [f"S{n}" for n in range(draw(st.integers(1, 3)))]
        return {"type": "enum", "name": names.next(), "symbols": symbols}
    if kind == "fixed":
        return {"type": "fixed", "name": names.next(), "size": draw(st.integers(1, 4))}
    if kind == "fixed decimal":
        return {**draw(_decimals()), "type": "fixed", "name": names.next(), "size": 10}
    if kind == "record":
        return draw(_records(names, depth - 1))
    inner = draw(_optional(names, depth - 1))
    return {"type": "array", "items": inner} if kind == "array" else {"type": "map", "values": inner}


@st.composite
def _optional(draw: st.DrawFn, names: _Names, depth: int) -> Any:  # noqa: ANN401 - JSON
    inner = draw(_types(names, depth))
    return ["null", inner] if draw(st.booleans()) else inner


@st.composite
def _records(draw: st.DrawFn, names: _Names, depth: int) -> dict[str, Any]:
    fields = [
        {"name": name, "type": draw(_optional(names, depth)), "doc": "What it is."}
        for name in draw(
            st.lists(st.sampled_from(["id", "class", "_x", "at", "V2"]), min_size=1, unique=True)
        )
    ]
    return {"type": "record", "name": names.next(), "fields": fields}


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Make a schema whose root is a record."""
    return Schema.parse(json.dumps(draw(_records(_Names(), 2))))


def datums(node: Type, *, portable: bool = False) -> st.SearchStrategy[Any]:
    """Make datums of a type; ``portable`` ones have a JSON form."""
    match node:
        case Nullable():
            return st.none() | datums(node.inner, portable=portable)
        case Record():
            return st.fixed_dictionaries({f.name: datums(f.type, portable=portable) for f in node.fields})
        case Array():
            return st.lists(datums(node.items, portable=portable), max_size=4)
        case Map():
            keys = st.text(_SHOWN if portable else st.characters(codec="utf-8"), max_size=4)
            return st.dictionaries(keys, datums(node.values, portable=portable), max_size=3)
        case Enum():
            return st.sampled_from(node.symbols)
        case Fixed():
            return st.binary(min_size=node.size, max_size=node.size)
        case DecimalType():
            most = 10**node.precision - 1
            return st.integers(-most, most).map(
                lambda n: decimal.Decimal(n).scaleb(-node.scale, decimal.Context(prec=60))
            )
        case Primitive():
            return _primitive(node, portable)


def _primitive(node: Primitive, portable: bool) -> st.SearchStrategy[Any]:
    if node.logical == "uuid":
        return st.uuids().map(str)
    if portable and node.logical == "timestamp-millis":
        return st.integers(_FIRST, _LAST)
    if portable and node.logical == "date":
        return st.integers(-719162, 2932896)
    width = _SAFE if portable else 2**63 - 1
    alphabet = _SHOWN if portable else st.characters(codec="utf-8")
    return {
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-width, width) | st.integers(1_600_000_000_000, 2_300_000_000_000),
        "float": st.floats(width=32, allow_nan=False, allow_infinity=not portable),
        "double": st.floats(allow_nan=False, allow_infinity=not portable),
        "bytes": st.binary(max_size=9),
        "string": st.text(alphabet, max_size=9) | st.text(alphabet, min_size=60, max_size=90),
    }[node.name]
