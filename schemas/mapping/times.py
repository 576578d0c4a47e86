"""Local times of the railway and UTC, by the pinned ``tzdata`` package, never by the machine's zones."""

from __future__ import annotations

import datetime
import importlib.resources
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_MINUTE = 60_000
_KEY = re.compile(r"[^/]*/([0-9]{4})-([0-9]{2})-([0-9]{2})/[^/]*")
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})")

BASES = {"AST": "Asia/Almaty", "MSK": "Europe/Moscow"}
"""Time bases that do not depend on the station.

Zones, not fixed offsets: Astana time was UTC+6 until the end of 29 February 2024 and is UTC+5 since then.
"""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The rules of an IANA zone.

    Raises:
        KeyError: ``tzdata`` has no such zone.
    """
    parts = name.split("/")
    if not all(part.replace("-", "").replace("_", "").replace("+", "").isalnum() for part in parts):
        raise KeyError(name)
    try:
        file = importlib.resources.files("tzdata").joinpath("zoneinfo", *parts)
        with file.open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError) as error:
        raise KeyError(name) from error


@lru_cache(maxsize=4096)
def read_local(text: str, name: str) -> tuple[int, bool] | None:
    """UTC milliseconds of ``dd.MM.yyyy HH:mm`` in a zone.

    Returns:
        The time and whether it was ambiguous; None when the text cannot be read. In a gap or fold the
        offset in force before the change counts.

    Raises:
        KeyError: unknown zone.
    """
    if len(text) != 16 or text[10] != " " or text[13] != ":":
        return None
    days = read_date(text[:10])
    clock = text[11:13] + text[14:]
    if days is None or not (clock.isascii() and clock.isdigit()):
        return None
    hour, minute = int(clock[:2]), int(clock[2:])
    if hour > 23 or minute > 59:
        return None
    naive = datetime.datetime.fromordinal(days + _EPOCH).replace(hour=hour, minute=minute)
    rules = zone(name)
    before = rules.utcoffset(naive.replace(tzinfo=rules))
    after = rules.utcoffset(naive.replace(tzinfo=rules, fold=1))
    shift = int(before.total_seconds() * 1000) if before is not None else 0
    return (days * 1440 + hour * 60 + minute) * _MINUTE - shift, before != after


def utc_millis(text: str, name: str) -> int | None:
    """``read_local`` for a time that is neither unreadable nor ambiguous, else None."""
    read = read_local(text, name)
    return None if read is None or read[1] else read[0]


@lru_cache(maxsize=4096)
def offset_minutes(millis: int, name: str) -> int:
    """Minutes that local time is ahead of UTC at an instant.

    Raises:
        KeyError: unknown zone.
    """
    moment = datetime.datetime.fromtimestamp(millis // 1000, datetime.UTC)
    shift = moment.astimezone(zone(name)).utcoffset()
    return int(shift.total_seconds() // 60) if shift is not None else 0


def plain_zone(millis: int, name: str) -> str | None:
    """The zone, where the local text of an instant means it alone; None in an hour that comes twice."""
    read = read_local(local_text(millis, name), name)
    return None if read is None or read[1] else name


def local_text(millis: int, name: str) -> str:
    """``dd.MM.yyyy HH:mm`` of an instant in a zone; seconds are cut off."""
    minutes = millis // _MINUTE + offset_minutes(millis, name)
    return f"{date_text(minutes // 1440)} {minutes % 1440 // 60:02d}:{minutes % 60:02d}"


@lru_cache(maxsize=4096)
def read_date(text: str) -> int | None:
    """Days since 1970-01-01 of ``dd.MM.yyyy``; None when it is no date."""
    digits = text[:2] + text[3:5] + text[6:]
    if len(text) != 10 or text[2] != "." or text[5] != "." or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return datetime.date(int(text[6:]), int(text[3:5]), int(text[:2])).toordinal() - _EPOCH
    except ValueError:
        return None


def contract_day(key: str) -> int | None:
    """Days since 1970-01-01 of the contract in the key of a note; None when there is none."""
    found = _KEY.fullmatch(key.strip())
    return None if found is None else read_date(".".join(found.groups()[::-1]))


def date_text(days: int) -> str:
    """``dd.MM.yyyy`` of days since 1970-01-01."""
    date = datetime.date.fromordinal(days + _EPOCH)
    return f"{date.day:02d}.{date.month:02d}.{date.year:04d}"


def instant_text(millis: int) -> str:
    """``2026-01-12T09:30:00Z`` of an instant, with milliseconds where it has some."""
    moment = datetime.datetime.fromtimestamp(millis // 1000, datetime.UTC)
    part = millis % 1000
    return f"{moment:%Y-%m-%dT%H:%M:%S}{f'.{part:03d}' if part else ''}Z"


def offset_text(minutes: int) -> str:
    """``+05:00`` of minutes ahead of UTC."""
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"{sign}{size // 60:02d}:{size % 60:02d}"


def offset_value(text: str) -> int | None:
    """Minutes ahead of UTC of ``+05:00`` or ``Z``; None when it is neither."""
    if text == "Z":
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None or int(match[2]) > 23 or int(match[3]) > 59:
        return None
    return (int(match[2]) * 60 + int(match[3])) * (-1 if match[1] == "-" else 1)
