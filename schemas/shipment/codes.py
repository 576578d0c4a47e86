"""What the view takes from the code lists: stations, places, meanings and sizes.

They are those of the process (`schemas.codes.brought`).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from schemas.codes.brought import brought, of_the_lists


@of_the_lists
@cache
def stations() -> dict[str, tuple[str | None, str, str]]:
    """Railway stations by ESR code: UN/LOCODE, name, country."""
    return {
        esr: (_text(row["unlocode"]), str(row["name"]), str(row["country"]))
        for esr, row in brought().rows("stations")
    }


@of_the_lists
@cache
def places() -> dict[str, tuple[str, str]]:
    """UN/LOCODE entries: name, country in which the place lies."""
    return {
        code: (str(row["name"]), str(row["located"] or row["country"]))
        for code, row in brought().rows("places")
    }


@of_the_lists
@cache
def meanings() -> dict[str, str]:
    """Codes of the corridor, ``TYPE/CODE``, in words."""
    listed = brought().rows("corridor-codes")
    return {f"{row['event_type']}/{row['event_code']}": str(row["meaning"]) for _, row in listed}


@of_the_lists
@cache
def sizes() -> dict[str, Decimal]:
    """TEU of containers by size and type."""
    return {name: Decimal(str(row["teu"])) for name, row in brought().rows("container-types")}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
