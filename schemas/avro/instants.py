"""Times of RFC 3339 as partners write them: any number of digits of the second, cut to milliseconds."""

from __future__ import annotations

import datetime
import re
from typing import Final

from schemas.avro.forms import FIRST_YEAR, LAST_YEAR

_FORM: Final = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<clock>[0-9]{2}:[0-9]{2}:(?P<second>[0-9]{2}))"
    r"(?:\.(?P<fraction>[0-9]{1,50}))?(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
WANTED: Final = "expected a time with offset (RFC 3339), for example 2026-01-12T08:30:00Z"
SPAN: Final = f"expected a time from {FIRST_YEAR} to {LAST_YEAR}"
FIRST: Final = round(datetime.datetime(FIRST_YEAR, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000)
"""First millisecond of what counts as a time."""
LAST: Final = round(datetime.datetime(LAST_YEAR + 1, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000) - 1
"""Last millisecond of what counts as a time."""
LONG_FRACTION: Final = re.compile(rb":[0-9]{2}\.[0-9]{7}")
"""What msgspec would round, not cut."""


class Unreadable(ValueError):
    """A text that is no time; says why."""


def cut(text: str) -> tuple[str, bool]:
    """Return the time in whole milliseconds, and whether nothing was cut off.

    Raises:
        Unreadable: it is no time of RFC 3339, names a leap second, or a year that no message is about.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise Unreadable(WANTED)
    if found["second"] == "60":
        raise Unreadable("a leap second (:60) is not taken: send the second before or after it")
    fraction = found["fraction"] or ""
    shortened = (
        f"{found['date']}T{found['clock']}" + (f".{fraction[:3]}" if fraction else "") + found["offset"]
    )
    try:
        moment = datetime.datetime.fromisoformat(shortened.upper())
        milliseconds = round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Unreadable(WANTED) from error
    if not FIRST <= milliseconds <= LAST:
        raise Unreadable(SPAN)
    return shortened, not fraction[3:].strip("0")
