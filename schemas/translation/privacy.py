"""Finds the sender's personal data again in what a later translation says, in whatever spelling."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from schemas.avro.schema import Datum
from schemas.mapping.report import plain

_ENOUGH = 4
"""Characters from which a value names somebody: a shorter one is in every second text."""
_BEGINNING = 40
"""Characters that are compared: a report shortens long values."""


def tells(record: Datum, personal: Collection[str], text: str) -> bool:
    """Whether a text has a value of a personal field in it.

    Args:
        record: the sender's message.
        personal: pointers, without indexes, of its fields with personal data.
        text: what is to be told; blanks, hyphens and case do not matter, as plates are written in many ways.
    """
    bare = _bare(text)
    named = (_bare(value)[:_BEGINNING] for pointer, value in _texts(record, "") if plain(pointer) in personal)
    return any(len(value) >= _ENOUGH and value in bare for value in named)


def _texts(value: Datum, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, f"{pointer}/{name}")
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, pointer)
    elif isinstance(value, str):
        yield pointer, value


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()
