"""Fixed shapes and weighted sums, the two things identifiers are made of.

A check runs once or more per message, so its good path is a few dictionary look-ups: the sum of a run of
characters comes from a table made when the module is imported. A character outside the alphabet is a missing
key, and only then is the reason worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Final

from schemas.codes.identifiers.normal import shown

DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_KINDS: Final[dict[str, tuple[str, str]]] = {
    "9": (DIGITS, "a digit"),
    "A": (LETTERS, "a letter A-Z"),
    "U": ("UJZRABDEK", "one of U, J, Z, R (or A, B, D, E, K of an ILU code)"),
    "X": (LETTERS + "23456789", "a letter A-Z or a digit 2-9"),
    "-": ("-", "a hyphen"),
}


def weighted(weight: int) -> dict[str, int]:
    """Digit to digit times weight."""
    return {digit: value * weight for value, digit in enumerate(DIGITS)}


def doubled() -> dict[str, int]:
    """Digit to the digit sum of its double, as in the Luhn check."""
    return {digit: sum(divmod(value * 2, 10)) for value, digit in enumerate(DIGITS)}


def sums(*positions: Mapping[str, int]) -> dict[str, int]:
    """Every word over the positions' alphabets to the sum of its characters' values."""
    return {
        "".join(character for character, _ in word): sum(value for _, value in word)
        for word in product(*(position.items() for position in positions))
    }


def digits(value: str, length: int) -> bool:
    """Whether a value is so many ASCII digits."""
    return len(value) == length and value.isascii() and value.isdigit()


def misshapen(name: str, shape: str, value: str) -> str | None:
    """Say which character breaks a fixed shape.

    Args:
        name: how the identifier is called in the sentence.
        shape: one character per position: ``9`` digit, ``A`` letter, ``U`` container category or letter of
            an ILU code, ``X`` letter or 2-9, ``-`` itself.
        value: what came.

    Returns:
        The broken rule, or None when every character fits.
    """
    if len(value) != len(shape):
        return f"{name} has {len(shape)} characters, not {len(value)}"
    for position, (kind, character) in enumerate(zip(shape, value, strict=True), 1):
        alphabet, words = _KINDS[kind]
        if character not in alphabet:
            return f"{name} needs {words} at position {position}, not {shown(character)}"
    return None


def wrong_digit(name: str, digit: str, expected: int) -> str | None:
    """Compare a check digit with the computed one; None when they agree."""
    return None if digit == DIGITS[expected] else f"{name} check digit is {digit}, expected {expected}"
