"""GS1 keys: GTIN, GLN, SSCC. One check: weights 3 and 1 from the right, mod 10."""

from __future__ import annotations

from typing import Final

from schemas.codes.identifiers.shape import misshapen, sums, weighted, wrong_digit

_PAIR: Final = sums(weighted(3), weighted(1))


def gln(value: str) -> str | None:
    """Global Location Number, 13 digits."""
    return _check("GLN", value, 13)


def sscc(value: str) -> str | None:
    """Serial Shipping Container Code, 18 digits."""
    return _check("SSCC", value, 18)


def gtin(value: str) -> str | None:
    """Global Trade Item Number of 8, 12, 13 or 14 digits."""
    if len(value) not in {8, 12, 13, 14}:
        return f"GTIN has 8, 12, 13 or 14 digits, not {len(value)}"
    return _check("GTIN", value, len(value))


def _check(name: str, value: str, length: int) -> str | None:
    digits = value if len(value) % 2 == 0 else "0" + value
    try:
        total = sum([_PAIR[digits[start : start + 2]] for start in range(0, len(digits), 2)])
    except KeyError:
        return misshapen(name, "9" * length, value)
    if len(value) != length:
        return misshapen(name, "9" * length, value)
    return wrong_digit(name, value[-1], (int(value[-1]) - total) % 10) if total % 10 else None
