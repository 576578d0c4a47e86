"""What the view takes from the code lists: stations, places, meanings and sizes.

The shipped lists hold unless a process brings others at its start: an integrator lays his own over them, and
what the translation knows of a station the view must know as well.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Final

from schemas.codes.lists import CodeLists

_brought: Final[list[CodeLists]] = []


def bring(lists: CodeLists) -> None:
    """Take these lists from now on; a process does that once, before it reads or shows anything."""
    _brought[:] = [lists]
    for table in (stations, places, meanings, sizes):
        table.cache_clear()


@cache
def stations() -> dict[str, tuple[str | None, str, str]]:
    """Railway stations by ESR code: UN/LOCODE, name, country."""
    return {
        esr: (_text(row["unlocode"]), str(row["name"]), str(row["country"]))
        for esr, row in _lists().rows("stations")
    }


@cache
def places() -> dict[str, tuple[str, str]]:
    """UN/LOCODE entries: name, country in which the place lies."""
    return {
        code: (str(row["name"]), str(row["located"] or row["country"]))
        for code, row in _lists().rows("places")
    }


@cache
def meanings() -> dict[str, str]:
    """Codes of the corridor, ``TYPE/CODE``, in words."""
    listed = _lists().rows("corridor-codes")
    return {f"{row['event_type']}/{row['event_code']}": str(row["meaning"]) for _, row in listed}


@cache
def sizes() -> dict[str, Decimal]:
    """TEU of containers by size and type."""
    return {name: Decimal(str(row["teu"])) for name, row in _lists().rows("container-types")}


def _lists() -> CodeLists:
    if not _brought:
        _brought.append(CodeLists.load())
    return _brought[0]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
