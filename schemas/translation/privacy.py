"""Finds the sender's personal data again where it stands in other fields, such as a remark.

What is *made* of a personal field is known from the mapping and is withheld whatever its value. Here it is
about the same words elsewhere; of those that are too short nobody can say whether they name anybody: a
country or a number of two digits is in every second text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

from schemas.avro.structs import member

Path = tuple[str, ...]
ENOUGH: Final = 4
"""Letters and digits from which a value names somebody: a plate has at least so many."""
_OTHERS: Final = re.compile(r"[\W_]+")
"""What is neither letter nor digit, of any script."""
_BEGINNING: Final = 40
"""Letters and digits that are compared: a report shortens long values."""


class Names:
    """Personal values of one message.

    Args:
        values: as they were written.
    """

    def __init__(self, values: Collection[str]) -> None:
        self._bytes: Final = [value.encode() for value in values]
        self._bare: Final = [_bare(value)[:_BEGINNING] for value in values]
        self._least: Final = min(map(len, self._bare))

    def within(self, body: bytes) -> bool:
        """Whether any of them is in the bytes of a record, in the sender's spelling."""
        return any(value in body for value in self._bytes)

    def told(self, text: str) -> bool:
        """Whether a text has any of them in it; blanks, hyphens and case do not matter."""
        if len(text) < self._least and text.isascii():  # no letter of it becomes two
            return False
        said = _bare(text)
        return any(value in said for value in self._bare)


class PersonalFields:
    """What one message says of people.

    Args:
        values: of its personal fields, by path; none is empty.
    """

    def __init__(self, values: Mapping[Path, list[str]]) -> None:
        self.paths: Final = frozenset(values)
        self._values: Final = values

    @cached_property
    def names(self) -> Names | None:
        """The values that are long enough to name somebody, None where there is none."""
        found = {value for values in self._values.values() for value in values if _is_enough(value)}
        return Names(found) if found else None


class People:
    """Reads the personal fields of messages.

    Args:
        pointers: of the fields, without indexes.
    """

    def __init__(self, pointers: Collection[str]) -> None:
        roots: dict[str, list[tuple[Path, Path]]] = {}
        for pointer in pointers:
            path = tuple(pointer[1:].split("/"))
            roots.setdefault(path[0], []).append((path, path[1:]))
        self._roots: Final = list(roots.items())

    def said(self, record: Any) -> PersonalFields:  # noqa: ANN401 - datum or struct
        """What a message says of them."""
        found: dict[Path, list[str]] = {}
        for root, fields in self._roots:
            here = record.get(root) if isinstance(record, dict) else member(record, root)
            if not here:
                continue
            for path, rest in fields:
                values = [value for value in _values(here, rest) if value]
                if values:
                    found[path] = values
        return PersonalFields(found)


@lru_cache(maxsize=256)
def people(pointers: frozenset[str]) -> People:
    """The reader of these fields: a mapping's own, or with those that an event marks beside them."""
    return People(pointers)


def texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a datum
    """Every text of a record with its JSON pointer."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, f"{pointer}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, f"{pointer}/{index}")
    elif isinstance(value, str):
        yield pointer, value


def _values(here: Any, path: Path) -> Iterator[str]:  # noqa: ANN401 - a datum or struct
    if isinstance(here, list):
        for item in here:
            yield from _values(item, path)
    elif path and here is not None:
        yield from _values(here.get(path[0]) if isinstance(here, dict) else member(here, path[0]), path[1:])
    elif isinstance(here, str):
        yield here


def _is_enough(value: str) -> bool:
    """Whether a value names somebody; most begin with a word that is long enough."""
    return (value[:ENOUGH].isalnum() and len(value) >= ENOUGH) or len(_bare(value)) >= ENOUGH


def _bare(text: str) -> str:
    return _OTHERS.sub("", text).upper()
