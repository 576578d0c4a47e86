"""From a place in a whole document to the same place in the partial one that was sent of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from schemas.avro.schema import Array, Record, bare

Document = dict[str, Any]


def own(record: Record, whole: Document, partial: Document, pointer: str) -> str | None:
    """The pointer into a partial document of what stands at a pointer into the whole one.

    Items of lists are found by their keys; one without a key stands for those that have its children.

    Args:
        record: type of both.
        whole: the document with the partial one.
        partial: what was sent.
        pointer: into the whole.

    Returns:
        None where the partial document says nothing.
    """
    return _own(record, whole, partial, pointer.split("/")[1:], "")


def _own(node: Record, whole: Document, partial: Document, steps: Sequence[str], at: str) -> str | None:
    name, *rest = steps
    field = next((one for one in node.fields if one.name == name), None)
    said, kept = partial.get(name), whole.get(name)
    if field is None or said is None or said == []:
        return None
    here, inner = f"{at}/{name}", bare(field.type)
    if not rest:
        return here
    if isinstance(inner, Record):
        return _own(inner, kept or {}, said, rest, here)
    item = bare(inner.items) if isinstance(inner, Array) else None
    if not isinstance(item, Record):
        return f"{here}/{'/'.join(rest)}"
    index, rest = int(rest[0]), rest[1:]
    key, items = field.properties.get("itemKey"), kept or []
    known: Document = items[index] if index < len(items) else {}
    if not isinstance(key, str) or not known or (index < len(said) and said[index] == known):
        places = [index] if index < len(said) else []
    else:
        places = [place for place, one in enumerate(said) if one.get(key) == known.get(key)]
        places = places or [place for place, one in enumerate(said) if not one.get(key)]
    found = (
        _own(item, known, said[place], rest, f"{here}/{place}") if rest else f"{here}/{place}"
        for place in places
    )
    return next((one for one in found if one is not None), None)
