"""Days and months of UTC, as the view names them: padded, so that their order as texts is that of time."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

DAY: Final = 86_400_000
"""Milliseconds of a day."""
_EPOCH: Final = date(1970, 1, 1).toordinal()
_FIRST: Final = date.min.toordinal() - _EPOCH
_LAST: Final = date.max.toordinal() - _EPOCH


def day_of(at: int) -> str:
    """Day of a time in UTC milliseconds, as ``YYYY-MM-DD``; beyond the calendar its first or last day."""
    return _day(min(max(at // DAY, _FIRST), _LAST))


def month_of(at: int) -> str:
    """Month of a time in UTC milliseconds, as ``YYYY-MM``."""
    return day_of(at)[:7]


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    """Name a day by its number since 1970."""
    return date.fromordinal(_EPOCH + number).isoformat()
