"""Items that a target was told of and that a document has no more.

That an item is gone from a list cannot be told: the target keeps it, with all that it was told of it. When
the item comes back into the document the target has to be told what does not hold of it any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schemas.avro.schema import Record
from schemas.translation.merge import Document, movable, moving

Gone = dict[str, dict[str, Document]]
"""By path of the list and key of the item what it was told to be."""

MAX_GONE = 256
"""Items of one list that are remembered; beyond them those that went first are forgotten."""


def renew(record: Record, gone: Gone, before: Document, now: Document) -> Gone:
    """Items that are gone after a change.

    Args:
        record: type of the documents.
        gone: before the change.
        before: what the target knew.
        now: what it knows.
    """
    if before is now:
        return gone
    here = {(path, key) for path, key, _ in _items(record, now)}
    made = {path: dict(items) for path, items in gone.items()}
    for path, key, item in _items(record, before):
        made.setdefault(path, {})[key] = item
    kept = {
        path: [(key, item) for key, item in items.items() if (path, key) not in here]
        for path, items in made.items()
    }
    return {path: dict(items[-MAX_GONE:]) for path, items in kept.items() if items}


def remembered(record: Record, gone: Gone, old: Document, new: Document) -> Document:
    """What the target knows, with what it was told of items that come back and does not hold any more.

    Args:
        record: type of the documents.
        gone: what it was told of items that were gone.
        old: what it knows of all others.
        new: what it is to know.
    """
    known = {(path, key) for path, key, _ in _items(record, old)}
    for name, key, item in movable(record) if gone else ():
        added: list[Document] = []
        for one in new.get(name) or ():
            more = {} if (name, one.get(key)) in known else _over(gone.get(name, {}), one.get(key), one)
            for inner, child in moving(item):
                path = f"{name}/{inner.name}"
                back = [
                    {child: each[child], **over}
                    for each in one.get(inner.name) or ()
                    if (path, each[child]) not in known
                    and (over := _over(gone.get(path, {}), each[child], each))
                ]
                more |= {inner.name: back} if back else {}
            if more:
                added.append({**({key: one[key]} if one.get(key) else {}), **more})
        if added:
            old = {**old, name: _joined(old.get(name) or [], key, item, added)}
    return old


def _joined(old: list[Document], key: str, item: Record, added: list[Document]) -> list[Document]:
    by = {one.get(key): one for one in added}
    made: list[Document] = []
    for one in old:
        more = by.pop(one.get(key), {})
        lists = {
            inner.name: [*(one.get(inner.name) or ()), *more[inner.name]]
            for inner, _ in moving(item)
            if inner.name in more
        }
        made.append({**one, **more, **lists})
    return made + list(by.values())


def _over(gone: dict[str, Document], key: Any, now: Document) -> Document:  # noqa: ANN401 - a key
    """What was told of an item and is not said of it now."""
    return {name: value for name, value in gone.get(key, {}).items() if now.get(name) in (None, [])}


def _items(record: Record, document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path of the list, key and facts of each item, and of each that is in one and may move."""
    for name, key, item in movable(record):
        lists = [(inner.name, child) for inner, child in moving(item)]
        inside = {key, *(inner for inner, _ in lists)}
        for one in document.get(name) or ():
            if one.get(key):
                yield name, one[key], {n: v for n, v in one.items() if n not in inside}
            for inner, child in lists:
                for each in one.get(inner) or ():
                    yield f"{name}/{inner}", each[child], {n: v for n, v in each.items() if n != child}
