"""Normal forms: what people type, as the checks and the look-ups expect it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

_LOOK_ALIKE: Final = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")  # noqa: RUF001 - what it is for
_SEPARATORS: Final = str.maketrans("", "", " -\u00a0\u2010\u2011\u2012\u2013./")
# Unicode decomposes none of these.
_UNMARKED: Final = str.maketrans({"ə": "a", "ı": "i", "ø": "o", "ł": "l", "ß": "ss"})  # noqa: RUF001


def plate(value: str) -> str:
    """Number plate or container number: upper case, no separators, Cyrillic look-alikes as Latin letters."""
    return value.upper().translate(_SEPARATORS).translate(_LOOK_ALIKE)


def compact(value: str) -> str:
    """Digits with separators: the separators go, nothing else changes."""
    return value.translate(_SEPARATORS)


def imo(value: str) -> str:
    """IMO ship number without the prefix that is often written before it."""
    return compact(value.upper()).removeprefix("IMO")


def un_number(value: str) -> str:
    """UN number with the prefix that railway documents leave out."""
    digits = compact(value.upper()).removeprefix("UN")
    return f"UN{digits}"


def name(value: str) -> str:
    """Name of a place for look-up: lower case, no diacritics, single spaces: ``Ələt`` is ``alat``."""
    decomposed = unicodedata.normalize("NFKD", value.casefold().translate(_UNMARKED))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.replace("-", " ").split())


NORMALISE: Final[dict[str, Callable[[str], str]]] = {
    "plate": plate,
    "plate_kz": plate,
    "plate_az": plate,
    "plate_ge": plate,
    "plate_tr": plate,
    "iso6346": plate,
    "wagon": compact,
    "wagon8": compact,
    "uic12": compact,
    "imo": imo,
    "un_number": un_number,
    "name": name,
}
"""Identifier name to the function that brings a value into its normal form; nothing is checked by it."""
