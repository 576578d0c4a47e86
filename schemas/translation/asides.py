"""What a document says of single items beside what it says of all of them.

A field of the document, an array with ``itemKey``, names items by their own keys. Its other fields have the
names of fields of the document, and say of the item what those say of the whole: the last operation of one
container of a note, where it took place and when.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from schemas.avro.schema import Array, Record, bare
from schemas.translation.merge import Document


class Aside(NamedTuple):
    """What is said of items in the same words.

    Attributes:
        pointer: of the first of them in the message.
        words: the fields of the document that are others for them.
        items: ``id()`` of the items, and of all that is in them.
        said: each of them as it stands in the document, by its pointer.
    """

    pointer: str
    words: Document
    items: set[int]
    said: dict[str, Document]


class SaidOfItems(NamedTuple):
    """What a version says of single items.

    Attributes:
        same: items of which it says what it says of the whole; where there are any, of no others.
        others: what it says else.
        unknown: items that are not in the document, by their pointers.
    """

    same: set[int]
    others: list[Aside]
    unknown: dict[str, Document]

    def allows(self, item: int) -> bool:
        """Whether what is said of the whole is said of an item."""
        return item in self.same if self.same else not any(item in one.items for one in self.others)


class Asides:
    """Reads what versions say of single items.

    Args:
        record: type of the document.
        field: name of the array.
        comes_with: fields that come with what is said of the whole, and are not what it is.

    Attributes:
        field: name of the array, and ``key`` the field that names an item.
        shared: names of the fields that say of an item what those of the document say of the whole.
    """

    def __init__(self, record: Record, field: str, comes_with: Collection[str] = ()) -> None:
        self.field = field
        self._nulls = str(record.properties.get("explicitNulls", ""))
        self._comes_with = comes_with
        self._record = record
        self.key = str(record.field(field).properties["itemKey"])
        array = bare(record.field(field).type)
        item = bare(array.items) if isinstance(array, Array) else record
        names = {each.name for each in record.fields}
        self.shared = [
            each.name for each in (item.fields if isinstance(item, Record) else ()) if each.name in names
        ]

    def moved(self, partial: Document, whole: Document) -> bool:
        """Whether a partial document says something else of the whole: of that it names the items itself."""
        return any(
            partial.get(name) not in (None, whole.get(name))
            for name in self.shared
            if name not in self._comes_with
        )

    def all_of_it(self, partial: Document, kind: str) -> bool:
        """Whether a version that names no items says that there are none, and is not only silent."""
        return kind == "SNAPSHOT" or f"/{self.field}" in (partial.get(self._nulls) or ())

    def of(self, partial: Document, whole: Document) -> SaidOfItems:
        """What a version says of single items.

        Args:
            partial: its own record.
            whole: the document with it, whose items are named.
        """
        said = SaidOfItems(set(), [], {})
        groups: dict[tuple[Any, ...], Aside] = {}
        own = {one[self.key] for one in partial.get(self.field) or ()}
        for index, one in enumerate(whole.get(self.field) or ()):
            pointer = f"/{self.field}/{index}"
            items = set(self._items(self._record, whole, _plain(one[self.key])))
            words = {shared: one.get(shared) for shared in self.shared}
            if not items:
                if one[self.key] in own:
                    said.unknown[pointer] = one
            elif all(value is None or value == whole.get(shared) for shared, value in words.items()):
                said.same.update(items)
            else:
                group = groups.setdefault(tuple(words.values()), Aside(pointer, words, set(), {}))
                group.items.update(items)
                group.said[pointer] = one
        said.others.extend(groups.values())
        return said

    def _items(self, record: Record, document: Document, name: str) -> Iterator[int]:
        for array, key, item in self._arrays(record):
            for one in document.get(array) or ():
                if _plain(one.get(key)) == name:
                    yield from self._inside(item, one)
                else:
                    yield from self._items(item, one, name)

    def _inside(self, record: Record, item: Document) -> Iterator[int]:
        yield id(item)
        for array, _, inner in self._arrays(record):
            for one in item.get(array) or ():
                yield from self._inside(inner, one)

    def _arrays(self, record: Record) -> Iterable[tuple[str, str, Record]]:
        for field in record.fields:
            node, key = bare(field.type), field.properties.get("itemKey")
            item = bare(node.items) if isinstance(node, Array) else None
            if isinstance(key, str) and isinstance(item, Record) and field.name != self.field:
                yield field.name, key, item


def _plain(name: object) -> str:
    return "".join(filter(str.isalnum, str(name or ""))).upper()
