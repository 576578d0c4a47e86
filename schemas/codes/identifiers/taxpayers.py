"""Taxpayer numbers of Kazakhstan and Azerbaijan."""

from __future__ import annotations

from typing import Final

from schemas.codes.identifiers.shape import digits, misshapen, sums, weighted, wrong_digit

_BIN_FIRST: Final = [sums(*map(weighted, weights)) for weights in ((1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11))]
_BIN_SECOND: Final = [
    sums(*map(weighted, weights)) for weights in ((3, 4, 5), (6, 7, 8), (9, 10, 11), (1, 2))
]
_VOEN: Final = [sums(*map(weighted, weights)) for weights in ((4, 1, 8), (6, 2, 7), (5, 3))]


def kz_bin(value: str) -> str | None:
    """Kazakhstan's BIN or IIN, 12 digits, the third and fourth a month.

    Weights 1 to 11 mod 11; when that is 10, weights 3 to 11, 1, 2; when that is 10 too, there is no such
    number.
    """
    runs = (value[:3], value[3:6], value[6:9], value[9:11])
    try:
        expected = sum([table[run] for table, run in zip(_BIN_FIRST, runs, strict=True)]) % 11
        if expected == 10:
            expected = sum([table[run] for table, run in zip(_BIN_SECOND, runs, strict=True)]) % 11
    except KeyError:
        return misshapen("BIN", "999999999999", value)
    if not digits(value, 12):
        return misshapen("BIN", "999999999999", value)
    if expected == 10:
        return "BIN check digit does not exist for these digits"
    if not "01" <= value[2:4] <= "12":
        return f"BIN digits 3 and 4 are a month, not {value[2:4]}"
    return wrong_digit("BIN", value[11], expected)


def az_voen(value: str) -> str | None:
    """Azerbaijan's VOEN, 10 digits: weights 4, 1, 8, 6, 2, 7, 5, 3 mod 11 give the ninth; 1 or 2 ends it."""
    try:
        expected = (_VOEN[0][value[:3]] + _VOEN[1][value[3:6]] + _VOEN[2][value[6:8]]) % 11
    except KeyError:
        return misshapen("VOEN", "9999999999", value)
    if not digits(value, 10):
        return misshapen("VOEN", "9999999999", value)
    if value[9] not in "12":
        return f"VOEN ends with 1 (legal person) or 2 (natural person), not {value[9]}"
    if expected == 10:
        return "VOEN check digit does not exist for these digits"
    return wrong_digit("VOEN", value[8], expected)
