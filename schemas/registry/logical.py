"""Changes of logical types, which Avro's rules do not see: the bytes are read, and mean something else.

Under the ``LOGICAL`` policy of a subject they are refused, otherwise they are a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.registry.model import Array, Map, Node, Record, Union
from schemas.registry.reasons import Place, sources

_ATTRIBUTES: Final = {"decimal": ("precision", "scale")}
_CARRIERS: Final = {
    "decimal": {"bytes", "fixed"},
    "big-decimal": {"bytes"},
    "uuid": {"string", "fixed"},
    "date": {"int"},
    "time-millis": {"int"},
    "time-micros": {"long"},
    "duration": {"fixed"},
} | {
    f"{prefix}timestamp-{unit}": {"long"}
    for prefix in ("", "local-")
    for unit in ("millis", "micros", "nanos")
}


def logical_changes(reader: Node, writer: Node) -> list[tuple[str, str]]:
    """Give the places where values would change their meaning, each with what changes.

    Args:
        reader: the schema that reads.
        writer: the schema that wrote.

    Returns:
        Pairs of a JSON pointer into the reader's schema and a sentence.
    """
    return [("/" + "/".join(place), change) for place, change in _walk(reader, writer, (), set())]


def _walk(
    reader: Node, writer: Node, place: Place, seen: set[tuple[int, int]]
) -> Iterator[tuple[Place, str]]:
    pair = (id(reader), id(writer))
    if pair in seen:
        return
    seen.add(pair)
    match reader, writer:
        case Union(), _:
            yield from _union(reader, writer, place, seen)
        case _, Union():
            for branch in writer.branches:
                yield from _walk(reader, branch, place, seen)
        case Array(), Array():
            yield from _walk(reader.items, writer.items, (*place, "items"), seen)
        case Map(), Map():
            yield from _walk(reader.values, writer.values, (*place, "values"), seen)
        case Record(), Record():
            filled = zip(reader.fields, sources(reader, writer), strict=True)
            for index, (item, source) in enumerate(filled):
                if source is not None:
                    here = (*place, "fields", str(index), "type")
                    yield from _walk(item.type, source.type, here, seen)
        case _ if reader.type == writer.type and meaning(reader) != meaning(writer):
            yield place, f"{meaning(writer)} would be read as {meaning(reader)}"


def _union(
    reader: Union, writer: Node, place: Place, seen: set[tuple[int, int]]
) -> Iterator[tuple[Place, str]]:
    """Compare each branch of the writer with the reader's branch of the same type."""
    for branch in writer.branches if isinstance(writer, Union) else [writer]:
        for index, own in enumerate(reader.branches):
            if own.type == branch.type and getattr(own, "name", "") == getattr(branch, "name", ""):
                yield from _walk(own, branch, (*place, str(index)), seen)


def meaning(node: Node) -> str:
    """Name what the values of a type mean: its logical type with its parameters, else the type itself."""
    logical = node.props.get("logicalType")
    if not isinstance(logical, str) or node.type not in _CARRIERS.get(logical, ()):
        return node.type
    values = [node.props.get(name, 0) for name in _ATTRIBUTES.get(logical, ())]
    return f"{logical}({','.join(map(str, values))})" if values else logical
