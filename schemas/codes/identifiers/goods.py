"""Goods and places: HS, GNG, UN number, UN/LOCODE."""

from __future__ import annotations

import re
from typing import Final

from schemas.codes.identifiers.shape import digits, misshapen

_UNLOCODE: Final = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")


def hs(value: str) -> str | None:
    """Subheading of the Harmonized System, six digits, chapters 01 to 97."""
    return _chapter("HS code", value, 6, "97")


def gng(value: str) -> str | None:
    """Railway goods code GNG or NHM, eight digits of which six are the HS; chapters 98 and 99 are its own."""
    return _chapter("GNG code", value, 8, "99")


def tn_ved(value: str) -> str | None:
    """Commodity code of the Eurasian Economic Union, ten digits of which six are the HS."""
    return _chapter("TN VED code", value, 10, "97")


def _chapter(name: str, value: str, length: int, last: str) -> str | None:
    if not digits(value, length):
        return misshapen(name, "9" * length, value)
    return None if "01" <= value[:2] <= last else f"{name} chapter is {value[:2]}, expected 01 to {last}"


def un_number(value: str) -> str | None:
    """UN number of dangerous goods, ``UN`` and four digits, for example ``UN1267``."""
    if value[:2] == "UN" and digits(value[2:], 4):
        return None if value != "UN0000" else "UN number 0000 does not exist"
    return "UN number is UN and four digits"


def unlocode(value: str) -> str | None:
    """Form of a UN/LOCODE: two letters of the country, three letters or digits 2-9.

    There is no check digit; whether the place exists is a question for the code list.
    """
    return None if _UNLOCODE.fullmatch(value) else misshapen("UN/LOCODE", "AAXXX", value)
