"""Normal forms: what people type, as the checks and the look-ups expect it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_LATIN: Final = dict(
    zip(
        "АВЕКМНОРСТУХІЈЅҮΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",  # noqa: RUF001 - what it is for
        "ABEKMHOPCTYXIJSYABEZHIKMNOPTYX",
        strict=True,
    )
)
_LOOK_ALIKE: Final = str.maketrans(_LATIN)
_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2212"
_SEPARATORS: Final = str.maketrans("", "", " -\u00a0./" + _DASHES)
_BLANKS: Final = str.maketrans("", "", " \u00a0")
_HYPHEN: Final = str.maketrans(dict.fromkeys(_DASHES, "-"))
_TRAIN_DIGITS: Final = 11
# Unicode decomposes none of these.
_UNMARKED: Final = str.maketrans({"ə": "a", "ı": "i", "ø": "o", "ł": "l", "ß": "ss"})  # noqa: RUF001


def letters(value: str) -> str:
    """Letters and digits: upper case, no separators, look-alikes and wide forms as Latin letters."""
    return unicodedata.normalize("NFKC", value).upper().translate(_SEPARATORS).translate(_LOOK_ALIKE)


def compact(value: str) -> str:
    """Digits with separators: the separators go, wide digits become plain ones, nothing else changes."""
    return unicodedata.normalize("NFKC", value).translate(_SEPARATORS)


def imo(value: str) -> str:
    """IMO ship number without the prefix that is often written before it."""
    return letters(value).removeprefix("IMO")


def un_number(value: str) -> str:
    """UN number with the prefix that railway documents leave out."""
    return f"UN{letters(value).removeprefix('UN')}"


def train_index(value: str) -> str:
    """Train index as ``NNNN-NNN-NNNN``, whatever stands between its parts."""
    digits = compact(value)
    if len(digits) != _TRAIN_DIGITS or not (digits.isascii() and digits.isdigit()):
        return value.strip(" ")
    return f"{digits[:4]}-{digits[4:7]}-{digits[7:]}"


def permit_id(value: str) -> str:
    """E-Permit id: upper case, no blanks, plain hyphens, look-alikes as Latin letters."""
    return value.upper().translate(_BLANKS).translate(_HYPHEN).translate(_LOOK_ALIKE)


def note_key(value: str) -> str:
    """Key of a consignment note without blanks around or in its parts."""
    return unicodedata.normalize("NFKC", value).translate(_BLANKS).translate(_HYPHEN)


def reference(value: str) -> str:
    """Any document number: no blanks around it; what is the key of a note has none in it either."""
    key = note_key(value)
    return key if _NOTE_KEY.fullmatch(key) else value.strip(" \u00a0")


def uuid(value: str) -> str:
    """UUID in lower case (RFC 9562, section 4), without blanks around it."""
    return value.strip(" \u00a0").lower()


def name(value: str) -> str:
    """Name of a place for look-up: lower case, no diacritics, single spaces: ``Ələt`` is ``alat``."""
    decomposed = unicodedata.normalize("NFKD", value.casefold().translate(_UNMARKED))
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.replace("-", " ").split())


def look_alike(value: str) -> str:
    """Name the first character that only looks like a Latin letter; empty when there is none.

    For example ``Cyrillic, U+0421, as C`` with the letter itself: by eye nobody can tell the two apart.
    """
    for character in value:
        if (capital := character.upper()) in _LATIN:
            return f"{shown(character)} as {_LATIN[capital]}"
    return ""


def foreign(value: str) -> str:
    """Say which character only looks like a Latin letter or a digit, or is of another script; else empty."""
    if alike := look_alike(value):
        return f"{alike.partition(' as ')[0]} is no Latin letter"
    other = next((one for one in value if one.isalnum() and not one.isascii()), "")
    return f"{shown(other)} is no Latin letter or digit" if other else ""


def shown(character: str) -> str:
    """Show a character so that it cannot be taken for another one."""
    if character == " ":
        return "a blank"
    if character.isascii():
        return repr(character)
    script = unicodedata.name(character, "").partition(" ")[0]
    visible = f"{character} " if character.isprintable() else ""
    return f"{script.title()} {visible}(U+{ord(character):04X})".lstrip()


_NOTE_KEY: Final = re.compile(r"[0-9]{6}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9]{1,16}")

NORMALISE: Final[dict[str, Callable[[str], str]]] = {
    "plate": letters,
    "plate_kz": letters,
    "plate_az": letters,
    "plate_ge": letters,
    "plate_tr": letters,
    "iso6346": letters,
    "unlocode": letters,
    "wagon": compact,
    "wagon8": compact,
    "uic12": compact,
    "esr": compact,
    "etsng": compact,
    "gng": compact,
    "hs": compact,
    "tn_ved": compact,
    "mmsi": compact,
    "gln": compact,
    "sscc": compact,
    "gtin": compact,
    "kz_bin": compact,
    "az_voen": compact,
    "imo": imo,
    "un_number": un_number,
    "train_index": train_index,
    "permit_id": permit_id,
    "note_key": note_key,
    "reference": reference,
    "uuid": uuid,
    "name": name,
}
"""Identifier name to the function that brings a value into its normal form; nothing is checked by it."""
