"""The declared forms of values: what ``pattern``, ``minimum``, ``maximum`` and ``identifier`` mean.

They are properties of a field in a profile's schema. ``pattern`` is a regular expression for the whole text,
or one of the calendar forms below; ``identifier`` (or ``normal``, where nothing is to be checked) says how to
bring another spelling into that form; ``minimum`` and ``maximum`` bound a number; with ``unreadable`` of
``absent`` a text of another form is read as absent, with a finding, where others refuse the message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from schemas.errors import Invalid

_LEAP: Final = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_DAY: Final = (
    r"(?:(?:0[1-9]|1[0-9]|2[0-8])\.(?:0[1-9]|1[0-2])|(?:29|30)\.(?:0[13-9]|1[0-2])|31\.(?:0[13578]|1[02]))"
    r"\.(?:19|20|21)[0-9]{2}"
    rf"|29\.02\.(?=19|20|21){_LEAP}"
)
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
LOCAL_TIME: Final = "dd.MM.yyyy HH:mm"
"""A time on the clock of the railway, without a zone."""
CALENDAR: Final[dict[str, tuple[str, str]]] = {
    "dd.MM.yyyy": (_DAY, "a date of the calendar as dd.MM.yyyy, 1900 to 2199"),
    LOCAL_TIME: (
        f"(?:{_DAY}) {_CLOCK}",
        "a time as dd.MM.yyyy HH:mm, 24 hours, on a date of the calendar, 1900 to 2199",
    ),
}
"""Named forms: expression and words. 31.02. has no day, 29.02. only a leap year's."""
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
"""Years that a time of a message lies in: others are errors of unit or of typing, not plans."""
MAX_PATTERN: Final = 500
"""Characters of an expression."""
_NESTED: Final = re.compile(r"\([^()]*(?<!\\)[*+][^()]*\)[*+{]")


def expression(pattern: object) -> str:
    r"""Return the anchored regular expression of a ``pattern``.

    Its end is ``\Z``: Python's ``$`` lets a line feed through.

    Raises:
        Invalid: ``schema-unsafe``: it is no expression, too long, or repeats what repeats, which can take
            for ever.
    """
    text = CALENDAR[pattern][0] if isinstance(pattern, str) and pattern in CALENDAR else pattern
    if not isinstance(text, str) or len(text) > MAX_PATTERN or _NESTED.search(text):
        rule = f"pattern is a text of at most {MAX_PATTERN} characters that repeats no repetition"
        raise Invalid("schema-unsafe", "", rule, pattern)
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        rule = f"pattern is a regular expression: {error}"
        raise Invalid("schema-unsafe", "", rule, pattern) from error
    return rf"^(?:{text})\Z"


@cache
def matcher(pattern: str) -> re.Pattern[str]:
    """Return the compiled expression of a ``pattern``."""
    return re.compile(expression(pattern))


def words(properties: Mapping[str, Any]) -> str:
    """Say which form a text field wants."""
    pattern = str(properties.get("pattern", ""))
    if pattern in CALENDAR:
        return f"expected {CALENDAR[pattern][1]}"
    return f"expected the form {pattern}"


def bounds(properties: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return ``minimum`` and ``maximum``, None where there is none."""
    low, high = properties.get("minimum"), properties.get("maximum")
    return (low if type(low) is int else None), (high if type(high) is int else None)
