"""Merging a partial document into a whole one: the one rule for DELTA messages and for assembled documents.

Absent (null in a datum) is unchanged, cleared is null. Arrays of records merge item by item where their field
names an ``itemKey``; an item that turns up under another parent moves there if the field says ``itemMoves``.
Any other value replaces the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from schemas.avro.schema import Array, Field, Nullable, Record, Type

Document = dict[str, Any]


def merge(record: Record, document: Document, partial: Document, cleared: Collection[str] = ()) -> Document:
    """Return a new document; neither argument is changed.

    Args:
        record: type of both.
        document: the whole as known so far.
        partial: what is newly said.
        cleared: JSON pointers into ``partial`` that were explicitly null.
    """
    return _merge(record, document, partial, frozenset(cleared), "")


def _merge(record: Record, old: Document, new: Document, cleared: frozenset[str], at: str) -> Document:
    merged = dict(old)
    for field in record.fields:
        pointer = f"{at}/{field.name}"
        value = new.get(field.name)
        if pointer in cleared:
            merged[field.name] = None
        elif value is not None:
            merged[field.name] = _value(field, old.get(field.name), value, cleared, pointer)
    return merged


def _value(field: Field, old: Any, new: Any, cleared: frozenset[str], at: str) -> Any:  # noqa: ANN401 - datums
    node = _inner(field.type)
    if old is None or new is None:
        return new
    if isinstance(node, Record):
        return _merge(node, old, new, cleared, at)
    key = field.properties.get("itemKey")
    if isinstance(node, Array) and isinstance(item := _inner(node.items), Record) and isinstance(key, str):
        return _items(item, key, _moved(item, key, old, new), new, cleared, at)
    return new


def _items(
    item: Record, key: str, old: list[Document], new: list[Document], cleared: frozenset[str], at: str
) -> list[Document]:
    """Old items in their order, merged where they are named again; then the new ones in theirs."""
    said = {each[key]: (index, each) for index, each in enumerate(new)}
    merged = []
    for each in old:
        index, partial = said.pop(each[key], (-1, None))
        merged.append(each if partial is None else _merge(item, each, partial, cleared, f"{at}/{index}"))
    return merged + [each for _, each in said.values()]


def _moved(parent: Record, key: str, old: list[Document], new: list[Document]) -> list[Document]:
    """Old parents after their children have moved to the parents that now name them."""
    for field in parent.fields:
        child = field.properties.get("itemKey")
        if not field.properties.get("itemMoves") or not isinstance(child, str):
            continue
        home = {each[child]: said[key] for said in new for each in _children(said, field)}
        moving = {
            each[child]: each
            for one in old
            for each in _children(one, field)
            if home.get(each[child], one[key]) != one[key]
        }
        if moving:
            old = [_rehomed(one, field, child, home, moving, one[key]) for one in old]
            known = {one[key] for one in old}
            arrivals: dict[Any, list[Document]] = {}
            for identity, each in moving.items():
                if home[identity] not in known:
                    arrivals.setdefault(home[identity], []).append(each)
            old += [_empty(parent, key, where, field, items) for where, items in arrivals.items()]
    return old


def _rehomed(
    one: Document,
    field: Field,
    child: str,
    home: dict[Any, Any],
    moving: dict[Any, Document],
    here: Any,  # noqa: ANN401 - an item key is any scalar
) -> Document:
    staying = [each for each in _children(one, field) if each[child] not in moving]
    arriving = [each for identity, each in moving.items() if home[identity] == here]
    return {**one, field.name: staying + arriving}


def _empty(parent: Record, key: str, where: Any, field: Field, items: list[Document]) -> Document:  # noqa: ANN401
    """A parent not known before, with nothing but its key and the children that moved to it."""
    return {**{each.name: None for each in parent.fields}, key: where, field.name: items}


def _children(parent: Document, field: Field) -> Iterable[Document]:
    return parent.get(field.name) or ()


def _inner(node: Type) -> Type:
    return node.inner if isinstance(node, Nullable) else node
