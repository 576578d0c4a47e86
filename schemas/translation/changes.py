"""What a DELTA message says: the difference of two documents, with what the event itself names.

The counterpart of ``merge``: a receiver that merges the result into the old document has the new one. Only
that an item is gone from an array cannot be told: the receiver may know more of its items than we do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from schemas.avro.schema import Array, Field, Nullable, Record, bare
from schemas.mapping.document import FieldGroup
from schemas.translation.merge import Document, moving, read


class Changes(NamedTuple):
    """A partial document, the pointers of its fields that are explicitly null, and the groups it leaves out.

    ``hidden`` are names of fields that the event says and that are those of a newer event.
    """

    partial: Document
    nulls: list[str]
    hidden: set[str]


def changes(
    record: Record, old: Document, new: Document, said: Document, groups: Sequence[FieldGroup]
) -> Changes:
    """Tell what is new in a document.

    Args:
        record: type of the documents.
        old: what the receiver knows.
        new: what he is to know.
        said: what the event says; it is repeated where it holds, so that the message can be read alone.
        groups: fields that are told all together, what is not known of them as null, or, where they are those
            of a newer event, not at all.
    """
    together: Document = {}
    hidden: set[str] = set()
    for group in groups:
        before, now, mine = ([read(one, path) for path in group.compared] for one in (old, new, said))
        here = read(said, group.key[0]) is not None
        moved = before != now if here else before[: len(group.key)] != now[: len(group.key)]
        names = [path[0] for path in group.fields if len(path) == 1]
        if moved or (here and now == mine):
            together |= {name: new.get(name) for name in names}
        elif here:
            hidden.update(names)
    said = {name: value for name, value in said.items() if name not in hidden} | together
    nulls: list[str] = []
    return Changes(_record(record, old, new, said, "", nulls), nulls, hidden)


def unnamed(record: Record, partial: Document, said: Document) -> Document:
    """A partial document that names no more than the event does.

    What an event says of the child of an item that it does not name, such as a container on a wagon, is known
    of the item that has the child in the document. That may be over by now, so the item is left without its
    key: whoever reads it knows where he has the child.

    Args:
        record: type of the documents.
        partial: what is told.
        said: what the event says, with items without a key.
    """
    for field in record.fields:
        key, node = field.properties.get("itemKey"), bare(field.type)
        if not isinstance(key, str) or not isinstance(node, Array) or not partial.get(field.name):
            continue
        items = said.get(field.name) or ()
        named = {item[key] for item in items if item.get(key)}
        alone = [item for item in items if not item.get(key)]
        for inner, child in moving(bare(node.items)) if alone else ():
            mine = {one[child] for item in alone for one in item.get(inner.name) or ()}
            told = [
                {inner.name: item[inner.name]}
                if item.get(key) not in named
                and item.keys() == {key, inner.name}
                and mine.issuperset(one[child] for one in item[inner.name])
                else item
                for item in partial[field.name]
            ]
            partial = {**partial, field.name: told}
    return partial


def _record(
    record: Record, old: Document, new: Document, said: Document, at: str, nulls: list[str]
) -> Document:
    made: Document = {}
    for field in record.fields:
        value, before = new.get(field.name), old.get(field.name)
        node, pointer = bare(field.type), f"{at}/{field.name}"
        if value is None or value == []:
            listed = "itemKey" in field.properties and not field.properties.get("itemWhole")
            gone = before is not None and before != [] and not listed
            if (gone or (field.name in said and said[field.name] is None)) and isinstance(
                field.type, Nullable
            ):
                nulls.append(pointer)
            continue
        named = said.get(field.name)
        if isinstance(node, Record):
            if value != before or named is not None:
                made[field.name] = _needed(node, value) | _record(
                    node, before or {}, value, named or {}, pointer, nulls
                )
        elif isinstance(key := field.properties.get("itemKey"), str) and isinstance(node, Array):
            items = _items(field, node, key, before or [], value, named or [], pointer, nulls)
            if items:
                made[field.name] = items
        elif value != before or named == value:
            made[field.name] = value
    return made


def _items(
    field: Field,
    array: Array,
    key: str,
    old: list[Document],
    new: list[Document],
    said: list[Document],
    at: str,
    nulls: list[str],
) -> list[Document]:
    """Items that changed or that the event names."""
    record = bare(array.items)
    assert isinstance(record, Record)  # noqa: S101 - only arrays of records have keys
    before = {item.get(key): item for item in old}
    named = {item.get(key): item for item in said}
    made: list[Document] = []
    for item in new:
        known, mentioned = before.get(item.get(key), {}), named.get(item.get(key))
        if item == known and mentioned is None:
            continue
        if field.properties.get("itemWhole"):
            made.append(item)
            continue
        cleared: list[str] = []
        named_by = _needed(record, item) | ({key: item[key]} if item.get(key) else {})
        told = named_by | _record(
            record, _staying(record, key, known, new), item, mentioned or {}, f"{at}/{len(made)}", cleared
        )
        if told.keys() > named_by.keys() or cleared or mentioned is not None or not known:
            made.append(told)
            nulls += cleared
    return made


def _staying(record: Record, key: str, known: Document, new: list[Document]) -> Document:
    """An old item without the children that are with another one now: naming them there moves them."""
    for field in record.fields:
        child = field.properties.get("itemKey")
        if not field.properties.get("itemMoves") or not isinstance(child, str) or not known.get(field.name):
            continue
        others = (item for item in new if item.get(key) != known.get(key))
        moved = {one[child] for item in others for one in item.get(field.name) or ()}
        known = {**known, field.name: [one for one in known[field.name] if one[child] not in moved]}
    return known


def _needed(record: Record, value: Document) -> Document:
    """The fields that a record cannot be without."""
    return {
        field.name: value[field.name]
        for field in record.fields
        if not isinstance(field.type, Nullable) and value.get(field.name) not in (None, [])
    }


def untold(record: Record, new: Document, said: Document, at: str = "") -> Iterator[str]:
    """What an event says and what a document does not: pointers of fields, with ``*`` for indexes."""
    for field in record.fields:
        value, here = said.get(field.name), new.get(field.name)
        if value is None or value == [] or value == here:
            continue
        node, pointer, key = bare(field.type), f"{at}/{field.name}", field.properties.get("itemKey")
        if isinstance(node, Record):
            yield from untold(node, here or {}, value, pointer)
        elif (
            isinstance(node, Array) and isinstance(item := bare(node.items), Record) and isinstance(key, str)
        ):
            found = {one.get(key): one for one in here or ()}
            for one in value:
                if not field.properties.get("itemWhole"):
                    yield from untold(item, found.get(one.get(key), {}), one, f"{pointer}/*")
                elif found.get(one.get(key)) != one:
                    yield pointer
        else:
            yield pointer


def identity(record: Record, fields: dict[str, Any]) -> Document:
    """The fields of a document's root that name it or the message: those that cannot be null or a list."""
    return {
        field.name: fields[field.name]
        for field in record.fields
        if field.name in fields and not isinstance(field.type, Nullable | Array)
    }
