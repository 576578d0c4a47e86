"""Freight containers, ISO 6346, and swap bodies and trailers of combined transport, EN 13044-1 (ILU code)."""

from __future__ import annotations

from typing import Final

from schemas.codes.identifiers.shape import DIGITS, LETTERS, misshapen, sums, weighted, wrong_digit

_LETTER_VALUES: Final = dict(
    zip(LETTERS, (value for value in range(10, 39) if value % 11), strict=True)
)  # 11, 22 and 33 are skipped: they would be 0 mod 11


def _lettered(weight: int, letters: str = LETTERS) -> dict[str, int]:
    return {letter: _LETTER_VALUES[letter] * weight for letter in letters}


ILU: Final = "ABDEK"
"""Fourth letters of ILU codes (EN 13044-1): ISO 6346 has none of them."""
_OWNER: Final = sums(_lettered(1), _lettered(2))
_CATEGORY: Final = sums(_lettered(4), _lettered(8, "UJZR" + ILU))
_SERIAL_HIGH: Final = sums(weighted(16), weighted(32), weighted(64))
_SERIAL_LOW: Final = sums(weighted(128), weighted(256), weighted(512))


def iso6346(value: str) -> str | None:
    """Container number: three letters of the owner, category U, J, Z or R, six digits, check digit.

    A fourth letter A, B, D, E or K makes it the ILU code of a swap body or semi-trailer (EN 13044-1), which
    is usual on rail and has the same check digit.

    ISO 6346: letters count 10 to 38 without the multiples of 11, position i weighs 2**i, the sum mod 11
    mod 10 is the check digit. Remainders 0 and 10 share the digit 0: an error between them goes unseen.

    Args:
        value: eleven characters without spaces, for example ``CSQU3054383``.

    Returns:
        None when it holds, else the broken rule.
    """
    try:
        total = (
            _OWNER[value[:2]] + _CATEGORY[value[2:4]] + _SERIAL_HIGH[value[4:7]] + _SERIAL_LOW[value[7:10]]
        )
    except KeyError:
        return misshapen("ISO 6346 container number", "AAAU9999999", value)
    digit = total % 11 % 10
    if value[10:] == DIGITS[digit]:
        return None
    return misshapen("ISO 6346 container number", "AAAU9999999", value) or wrong_digit(
        "ILU code" if value[3] in ILU else "ISO 6346", value[10], digit
    )
