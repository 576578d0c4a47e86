"""Walks the leaves of a datum or of its struct: the slow path, for whatever needs a JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from msgspec import UNSET

from schemas.avro.schema import Array, Field, Map, Nullable, Record, Type
from schemas.avro.structs import attribute
from schemas.avro.violation import step


class AvroLeaf(NamedTuple):
    """A value that has no further values inside, or a null, with its JSON pointer and type.

    ``is_field`` tells a field of a record from an item of an array or a value of a map.
    """

    pointer: str
    type: Type
    value: Any
    is_field: bool


def leaves(node: Type, value: object, pointer: str = "", is_field: bool = False) -> Iterator[AvroLeaf]:
    """Yield the leaves in schema order; ``value`` must match the schema. Absent fields are left out."""
    node = node.inner if isinstance(node, Nullable) else node
    if isinstance(node, Record) and value is not None:
        for field in node.fields:
            inner = _member(value, field)
            if inner is not UNSET:
                yield from leaves(field.type, inner, step(pointer, field.name), is_field=True)
    elif isinstance(node, Array) and isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(node.items, item, step(pointer, index))
    elif isinstance(node, Map) and isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(node.values, item, step(pointer, key))
    else:
        yield AvroLeaf(pointer, node, value, is_field)


def _member(holder: object, field: Field) -> Any:  # noqa: ANN401 - any value of the struct or datum
    if isinstance(holder, dict):
        return holder.get(field.name, UNSET)
    return getattr(holder, attribute(field.name), UNSET)
