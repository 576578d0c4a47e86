"""Railway identifiers: wagons, stations, trains, consignment notes, railway goods codes."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from schemas.codes.identifiers.shape import doubled, misshapen, sums, weighted, wrong_digit

_DOUBLED, _PLAIN = doubled(), weighted(1)
_LUHN_EVEN: Final = sums(_DOUBLED, _PLAIN, _DOUBLED)  # a run that starts at a doubled digit
_LUHN_ODD: Final = sums(_PLAIN, _DOUBLED, _PLAIN)
_LUHN_TAIL: Final = sums(_DOUBLED, _PLAIN)

_FIRST_HIGH: Final = sums(weighted(1), weighted(2), weighted(3))
_FIRST_LOW: Final = sums(weighted(4), weighted(5))
_SECOND_HIGH: Final = sums(weighted(3), weighted(4), weighted(5))
_SECOND_LOW: Final = sums(weighted(6), weighted(7))

_TRAIN_INDEX: Final = re.compile(r"[0-9]{4}-(?!000)[0-9]{3}-[0-9]{4}", re.ASCII)
_STATION: Final = re.compile(r"[0-9]{6}", re.ASCII)
_NOTE_NUMBER: Final = re.compile(r"[0-9]{6,10}", re.ASCII)
_NOTE_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def wagon8(value: str) -> str | None:
    """Eight-digit freight wagon number of the 1520 mm network; Luhn over all digits.

    The first digit is the kind of wagon; 0 (coaches) and 1 (traction) are no freight wagons.
    """
    try:
        total = _LUHN_EVEN[value[:3]] + _LUHN_ODD[value[3:6]] + _LUHN_TAIL[value[6:]]
    except KeyError:
        return misshapen("wagon number", "99999999", value)
    if total % 10:
        return wrong_digit("wagon number", value[7], (int(value[7]) - total) % 10)
    return f"wagon number starts with {value[0]}, which is no freight wagon" if value[0] in "01" else None


def uic12(value: str) -> str | None:
    """Twelve-digit wagon number (UIC, European Vehicle Number); Luhn over all digits."""
    try:
        total = _LUHN_EVEN[value[:3]] + _LUHN_ODD[value[3:6]] + _LUHN_EVEN[value[6:9]] + _LUHN_ODD[value[9:]]
    except KeyError:
        return misshapen("UIC wagon number", "999999999999", value)
    return wrong_digit("UIC wagon number", value[11], (int(value[11]) - total) % 10) if total % 10 else None


def wagon(value: str) -> str | None:
    """Wagon number of either kind, told apart by its length."""
    if len(value) == 12:
        return uic12(value)
    if len(value) == 8:
        return wagon8(value)
    return f"wagon number has 8 or 12 digits, not {len(value)}"


def esr(value: str) -> str | None:
    """Six-digit station code of the Unified Network Marking (ESR).

    Weights 1 to 5 over the first five digits, mod 11; when that is 10, weights 3 to 7; when that is 10
    too, the check digit is 0.
    """
    return _mod11("ESR station code", value)


def etsng(value: str) -> str | None:
    """Six-digit railway goods code (ETSNG), check digit as in ``esr``."""
    return _mod11("ETSNG goods code", value)


def _mod11(name: str, value: str) -> str | None:
    high, low = value[:3], value[3:5]
    try:
        expected = (_FIRST_HIGH[high] + _FIRST_LOW[low]) % 11
    except KeyError:
        return misshapen(name, "999999", value)
    if expected == 10:
        expected = (_SECOND_HIGH[high] + _SECOND_LOW[low]) % 11 % 10
    if value[5:] == str(expected):
        return None
    return misshapen(name, "999999", value) or wrong_digit(name, value[5], expected)


def train_index(value: str) -> str | None:
    """Train index ``NNNN-NNN-NNNN``: ESR of the forming station, serial from 001, ESR of the destination."""
    if _TRAIN_INDEX.fullmatch(value):
        return None
    return (
        misshapen("train index", "9999-999-9999", value) or "train index serial is 000, expected 001 to 999"
    )


def train_number(value: str) -> str | None:
    """Number of a container block train: four digits."""
    return misshapen("train number", "9999", value)


def note_key(value: str) -> str | None:
    """Key of a consignment note, ``<departure ESR>/<contract date yyyy-MM-dd>/<note number>``.

    A note number alone repeats between carriers and years; with station and date it does not. The number has
    6 to 10 digits (box 29).
    """
    return note_form(value) or esr(value.partition("/")[0])


def note_form(value: str) -> str | None:
    """The form of a note's key: one that fails the check digit only is a key all the same, others know it."""
    parts = value.split("/")
    if len(parts) != 3:
        return "note key is departure station, contract date and note number, joined by /"
    station, day, number = parts
    return (
        (None if _STATION.fullmatch(station) else esr(station))
        or _note_date(day)
        or (None if _NOTE_NUMBER.fullmatch(number) else "note number has 6 to 10 digits")
    )


def _note_date(value: str) -> str | None:
    if not _NOTE_DATE.fullmatch(value):
        return f"contract date is written yyyy-MM-dd, not {value!r}"
    try:
        date.fromisoformat(value)
    except ValueError:
        return f"contract date {value} is not in the calendar"
    return None
