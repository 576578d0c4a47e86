"""Merging a partial document into a whole one: the one rule for DELTA messages and for assembled documents.

Absent (null in a datum) is unchanged, cleared is null. Arrays of records merge item by item where their field
names an ``itemKey``; an item that turns up under another parent moves there if the field says ``itemMoves``,
and takes the place of the old item as a whole if it says ``itemWhole``. Any other value replaces the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from schemas.avro.schema import Array, Field, Record, Type, bare

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
    node = bare(field.type)
    if old is None or new is None:
        return new
    if isinstance(node, Record):
        return _merge(node, old, new, cleared, at)
    key = field.properties.get("itemKey")
    if isinstance(node, Array) and isinstance(item := bare(node.items), Record) and isinstance(key, str):
        if field.properties.get("itemWhole"):
            said = {each.get(key): each for each in new}
            return [said.pop(each.get(key), each) for each in old] + list(said.values())
        return _items(item, key, _moved(item, key, old, new), new, cleared, at)
    return new


def _items(
    item: Record, key: str, old: list[Document], new: list[Document], cleared: frozenset[str], at: str
) -> list[Document]:
    """Old items in their order, merged where they are named again; then the new ones in theirs."""
    said: dict[Any, list[tuple[int, Document]]] = {}
    keyed = [each for each in old if each.get(key)]
    for index, each in enumerate(new):
        for one in _keyed(item, key, keyed, each):
            said.setdefault(one.get(key), []).append((index, one))
    merged = []
    for each in old:
        for index, partial in said.pop(each.get(key), ()):
            each = _merge(item, each, partial, cleared, f"{at}/{index}")
        merged.append(each)
    for (_, each), *more in said.values():
        for index, partial in more:
            each = _merge(item, each, partial, cleared, f"{at}/{index}")
        merged.append(each)
    return merged


def _moved(parent: Record, key: str, old: list[Document], new: list[Document]) -> list[Document]:
    """Old parents after their children have moved to the parents that now name them."""
    for field, child in moving(parent):
        home = {each[child]: said[key] for said in new if said.get(key) for each in _children(said, field)}
        gone = {
            each[child]: each
            for one in old
            for each in _children(one, field)
            if home.get(each[child], one.get(key)) != one.get(key)
        }
        if gone:
            old = [_rehomed(one, field, child, home, gone, one.get(key)) for one in old]
            old = [one for one in old if one.get(key) or _children(one, field)]
            known = {one.get(key) for one in old}
            arrivals: dict[Any, list[Document]] = {}
            for identity, each in gone.items():
                if home[identity] not in known:
                    arrivals.setdefault(home[identity], []).append(each)
            old += [_empty(parent, key, where, field, items) for where, items in arrivals.items()]
    return old


def _rehomed(
    one: Document,
    field: Field,
    child: str,
    home: dict[Any, Any],
    gone: dict[Any, Document],
    here: Any,  # noqa: ANN401 - an item key is any scalar
) -> Document:
    staying = [each for each in _children(one, field) if each[child] not in gone]
    arriving = [each for identity, each in gone.items() if home[identity] == here]
    return {**one, field.name: staying + arriving}


def _empty(parent: Record, key: str, where: Any, field: Field, items: list[Document]) -> Document:  # noqa: ANN401
    """A parent not known before, with nothing but its key and the children that moved to it."""
    return {**{each.name: None for each in parent.fields}, key: where, field.name: items}


def placed(record: Record, document: Document, partial: Document) -> Document:
    """A partial document that names each item once.

    Children of an item without a key, where an array of them says ``itemMoves``, are put under the item
    that has them in the document; those that none has stay under one without a key.
    """
    for field in record.fields:
        node, key = bare(field.type), field.properties.get("itemKey")
        items = partial.get(field.name)
        if not items or not isinstance(key, str) or not isinstance(node, Array):
            continue
        item = bare(node.items)
        if isinstance(item, Record):
            known = [each for each in document.get(field.name) or () if each.get(key)]
            once: list[Document] = []
            for each in items:
                for one in _keyed(item, key, known, each):
                    once = _items(item, key, once, [one], frozenset(), "")
            partial = {**partial, field.name: once}
    return partial


def _keyed(parent: Record, key: str, known: list[Document], item: Document) -> Iterable[Document]:
    """An item that has a key as it is; of one without, a part for each item that its children are of."""
    if item.get(key):
        return (item,)
    return (*_homes(parent, key, known, item), *_homeless(parent, known, item))


def _homes(parent: Record, key: str, known: list[Document], item: Document) -> Iterable[Document]:
    """One partial item for each known one that has children of this item."""
    for field, child in moving(parent):
        for one in known:
            here = {each[child] for each in _children(one, field)}
            if mine := [each for each in _children(item, field) if each[child] in here]:
                yield {key: one[key], field.name: mine}


def _homeless(parent: Record, known: list[Document], item: Document) -> Iterable[Document]:
    """What an item without a key says of children that no item with a key has, or of none."""
    for field, child in moving(parent):
        here = {each[child] for one in known for each in _children(one, field)}
        children = _children(item, field)
        alone = [each for each in children if each[child] not in here]
        if alone or not children:
            yield {**item, field.name: alone} if children else item


def moving(parent: Type) -> Iterable[tuple[Field, str]]:
    """Arrays whose items may move to another parent, with their key."""
    for field in parent.fields if isinstance(parent, Record) else ():
        child = field.properties.get("itemKey")
        if field.properties.get("itemMoves") and isinstance(child, str):
            yield field, child


def movable(record: Record) -> Iterator[tuple[str, str, Record]]:
    """Lists of a document whose items have items that may move: name, key of an item, type of an item."""
    for field in record.fields:
        node, key = bare(field.type), field.properties.get("itemKey")
        item = bare(node.items) if isinstance(node, Array) else None
        if isinstance(key, str) and isinstance(item, Record) and any(moving(item)):
            yield field.name, key, item


def read(document: Document, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - a datum
    """The value at a path of field names, None when anything on the way is."""
    value: Any = document
    for name in path:
        value = value.get(name) if value is not None else None
    return value


def without(document: Document, paths: Iterable[tuple[str, ...]]) -> Document:
    """A document without the values at these paths."""
    for path in paths:
        if isinstance(value := document.get(path[0]), dict) and len(path) > 1:
            document = {**document, path[0]: without(value, [path[1:]])}
        elif len(path) == 1 and value is not None:
            document = {name: kept for name, kept in document.items() if name != path[0]}
    return document


def _children(parent: Document, field: Field) -> Iterable[Document]:
    return parent.get(field.name) or ()


def named(record: Record, whole: Document, partial: Document) -> tuple[set[int], set[int]]:
    """The items of a whole document that a partial one names.

    Where it names none of a list it speaks of all of them, with all that is in them; where it names an
    item without anything inside, of all that is in it.

    Returns:
        ``id()`` of the items it speaks of, and of all items, both of ``whole``.
    """
    said: set[int] = set()
    items: set[int] = set()
    _name(record, whole, partial, said, items)
    return said, items


def _name(record: Record, whole: Document, partial: Document | None, said: set[int], items: set[int]) -> None:
    """``partial`` None: everything is spoken of."""
    for field in record.fields:
        node = bare(field.type)
        key = field.properties.get("itemKey")
        if not isinstance(node, Array) or not isinstance(item := bare(node.items), Record):
            continue
        if not isinstance(key, str):
            continue
        told = {} if partial is None else {each.get(key): each for each in partial.get(field.name) or ()}
        for each in whole.get(field.name) or ():
            items.add(id(each))
            inside = told.get(each.get(key))
            if not told or inside is not None:
                said.add(id(each))
                _name(item, each, inside, said, items)
            else:
                _name(item, each, {}, set(), items)
