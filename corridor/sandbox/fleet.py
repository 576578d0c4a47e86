"""Numbers of containers, wagons and vessels that do not exist but pass every check."""

from __future__ import annotations

from functools import cache
from typing import Final

from schemas.codes.identifiers import CHECKS

OWNERS: Final = ("TITU", "KZTU", "ADYU", "GRLU", "CXDU")
EACH: Final = 24
"""Vessels of each kind, enough that none is on two voyages at once."""
FEEDERS, FERRIES, TANKERS = 0, EACH, 2 * EACH
"""Where each kind begins: of trains, of trucks, of oil."""
VESSELS: Final = ("Barys", "Turkestan", "Beket Ata", "Merkuri", "Qarabag", "Zengezur")


def with_check_digit(identifier: str, body: str) -> str:
    """Append the digit that makes the identifier hold."""
    check = CHECKS[identifier]
    return next(body + digit for digit in "0123456789" if check(body + digit) is None)


@cache
def container(index: int) -> str:
    """Container number by index; ISO 6346."""
    return with_check_digit("iso6346", f"{OWNERS[index % len(OWNERS)]}{100000 + index:06d}")


@cache
def platform(index: int) -> str:
    """Wagon number of a container platform (94…) by index; 8 digits."""
    return with_check_digit("wagon8", f"94{20000 + index:05d}")


@cache
def tank(index: int) -> str:
    """Wagon number of a tank wagon (7…) by index; 8 digits."""
    return with_check_digit("wagon8", f"75{10000 + index % 9000:05d}")


@cache
def vessel(kind: int, voyage: int) -> tuple[str, str]:
    """Name and IMO number of the vessel that takes a voyage, by kind and number of it."""
    index = kind + voyage % EACH
    name, again = VESSELS[index % len(VESSELS)], index // len(VESSELS)
    return f"{name} {again + 1}" if again else name, with_check_digit("imo", f"{950100 + index}")
