"""The ``Retry-After`` header (RFC 9110, section 10.2.3) as others really send it."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Final

SHORTEST: Final = 1.0
LONGEST: Final = 900.0
_SECONDS: Final = re.compile(r"-?[0-9]+(\.[0-9]*)?", re.ASCII)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Give the wait in seconds that a ``Retry-After`` asks for, from `SHORTEST` to `LONGEST`.

    Args:
        value: the header, in seconds or as an HTTP date.
        now: UTC seconds, to turn a date into a wait.

    Returns:
        The clamped wait, or None when there is no header or it cannot be read.
    """
    text = (value or "").strip()
    if not text or len(text) > 64:
        return None
    if _SECONDS.fullmatch(text):
        wait = float(text)
    else:
        try:
            wait = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(wait, SHORTEST), LONGEST)
