"""Every field of the source is read or dropped by name: nothing is lost without a word."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from schemas.mapping.document import Document
from schemas.mapping.source import Problems
from schemas.mapping.types import Type


def uncovered(
    source: Type,
    reads: Collection[tuple[str, ...]],
    document: Document,
    problems: Problems,
    properties: Mapping[str, Any],
) -> None:
    """Add a problem for each leaf of the source that no expression reads and no drop names.

    Args:
        source: the input's record.
        reads: paths that expressions read.
        document: the mapping.
        problems: where they go.
        properties: of the source's root record: the list of explicit nulls needs no reader.
    """
    dropped = {
        tuple(path.split(".")) for path in (*document.drops, *(scalar.text for scalar in document.ignores))
    }
    for scalar in document.ignores:
        if not _exists(source, scalar.text.split(".")):
            problems.add(scalar, f"no field `{scalar.text}` in {source.name}")
    nulls = properties.get("explicitNulls")
    for path in leaves(source, ()):
        if path in reads or path == (nulls,):
            continue
        if not any(path[: len(prefix)] == prefix for prefix in dropped):
            problems.add(
                document.source, f"`{'.'.join(path)}` is neither read nor under `drops` or `ignores`"
            )


def leaves(kind: Type, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths of all fields that are no records or lists of records, in schema order."""
    while kind.kind in {"list", "map"} and kind.item is not None:
        kind = kind.item
    if kind.kind != "record":
        yield path
        return
    for name, found in kind.fields.items():
        yield from leaves(found.type, (*path, name))


def _exists(kind: Type, path: list[str]) -> bool:
    for name in path:
        while kind.kind in {"list", "map"} and kind.item is not None:
            kind = kind.item
        if name not in kind.fields:
            return False
        kind = kind.fields[name].type
    return True
