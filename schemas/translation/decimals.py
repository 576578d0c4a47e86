"""Brings decimals back from the text that msgpack makes of them, without a look at what has none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from schemas.avro.schema import Array, DecimalType, Map, Nullable, Record, Type

Restore = Callable[[Any], Any]
"""Gives a datum with its decimals; the one that it is given stays as it is."""


def restorer(node: Type) -> Restore | None:
    """Make the function for datums of a type; None when there are no decimals in it.

    The type is walked once here, not at every datum: a state holds hundreds of partial documents.
    """
    match node:
        case DecimalType():
            return Decimal
        case Nullable(inner=inner):
            return restorer(inner)
        case Array(items=inner):
            some = restorer(inner)
            return some and partial(_items, some)
        case Map(values=inner):
            some = restorer(inner)
            return some and partial(_values, some)
        case Record(fields=fields):
            named = {field.name: some for field in fields if (some := restorer(field.type)) is not None}
            return partial(_fields, named) if named else None
    return None


def _items(some: Restore, items: list[Any]) -> list[Any]:
    return [None if item is None else some(item) for item in items]


def _values(some: Restore, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if item is None else some(item) for name, item in values.items()}


def _fields(named: Mapping[str, Restore], record: dict[str, Any]) -> dict[str, Any]:
    return record | {name: some(record[name]) for name, some in named.items() if record.get(name) is not None}
