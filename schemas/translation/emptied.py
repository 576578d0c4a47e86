"""Items of a document whose own items have all moved to others: nothing is told of such an item alone.

A part of a note that names a container on its new wagon leaves the old wagon in the note, with no containers.
It is no unit of the note any more, unlike a wagon of which the sender himself lists none. Only the way of the
change tells the two apart, so it is remembered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from schemas.avro.schema import Record
from schemas.translation.merge import Document, movable, moving


def emptied(record: Record, before: Document | None, whole: Document, known: Collection[str]) -> list[str]:
    """Keys of the items that carry nothing any more.

    Args:
        record: type of the documents.
        before: the document before a part was merged into it.
        whole: the document with the part.
        known: the keys as of the document before.
    """
    found: list[str] = []
    for name, key, item in movable(record):
        full = {each[key] for each in whole.get(name) or () if any(_inside(item, each))}
        here = {one for each in whole.get(name) or () for one in _inside(item, each)}
        left = {
            each[key]
            for each in (before or {}).get(name) or ()
            if any(one in here for one in _inside(item, each))
        }
        found += [
            each[key]
            for each in whole.get(name) or ()
            if each[key] and each[key] not in full and (each[key] in left or each[key] in known)
        ]
    return found


def told_of(record: Record, partial: Document, keys: list[str]) -> list[str]:
    """Keys of those items of which a part of the document does not tell.

    One that names such items and no others tells of them all the same.

    Args:
        record: type of the document.
        partial: what came.
        keys: of the items that carry nothing any more.
    """
    named = {each[key] for name, key, _ in movable(record) for each in partial.get(name) or ()}
    return [] if named and named.issubset(keys) else keys


def _inside(item: Record, one: Document) -> Iterator[tuple[str, Any]]:
    """List and key of each item that is in one."""
    for field, child in moving(item):
        yield from ((field.name, each[child]) for each in one.get(field.name) or ())
