"""Finds the sender's personal data again where it stands in other fields, such as a remark.

What is *made* of a personal field is known from the mapping and is withheld whatever its value. Here it is
about the same words elsewhere; of those that are too short nobody can say whether they name anybody: a
country or a number of two digits is in every second text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property
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
        self._values: Final = values

    def within(self, body: bytes) -> bool:
        """Whether any of them is in the bytes of a record, in the sender's spelling."""
        return any(value in body for value in self._bytes)

    def told(self, text: str) -> bool:
        """Whether a text has any of them in it; blanks, hyphens and case do not matter."""
        said = _bare(text)
        return any(value in said for value in self._bare)

    @cached_property
    def _bare(self) -> list[str]:
        return [_bare(value)[:_BEGINNING] for value in self._values]


def said_of(record: Any, paths: Collection[Path]) -> frozenset[Path]:  # noqa: ANN401 - datum or struct
    """Those of the personal fields that a message has anything in."""
    return frozenset(path for path in paths if any(_values(record, path)))


def names_of(record: Any, paths: Collection[Path]) -> Names | None:  # noqa: ANN401 - datum or struct
    """The personal values of a message that are long enough, None where there is none.

    Args:
        record: the message.
        paths: of its personal fields.
    """
    found = {value for path in paths for value in _values(record, path) if _is_enough(value)}
    return Names(found) if found else None


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
