"""Vessels: IMO ship number and MMSI."""

from __future__ import annotations

from typing import Final

from schemas.codes.identifiers.shape import digits, misshapen, sums, weighted, wrong_digit

_HIGH: Final = sums(weighted(7), weighted(6), weighted(5))
_LOW: Final = sums(weighted(4), weighted(3), weighted(2))


def imo(value: str) -> str | None:
    """IMO ship number, seven digits without the prefix; weights 7 to 2, the sum mod 10 is the last digit."""
    try:
        expected = (_HIGH[value[:3]] + _LOW[value[3:6]]) % 10
    except KeyError:
        return misshapen("IMO ship number", "9999999", value)
    if value[6:] == str(expected):
        return None
    return misshapen("IMO ship number", "9999999", value) or wrong_digit(
        "IMO ship number", value[6], expected
    )


def mmsi(value: str) -> str | None:
    """MMSI of a ship: nine digits that begin with a flag's identification digits, 201 to 775 (ITU M.585)."""
    if not digits(value, 9):
        return misshapen("MMSI", "999999999", value)
    return None if "201" <= value[:3] <= "775" else f"MMSI of a ship starts with 201 to 775, not {value[:3]}"
