"""How long to wait before a message is tried again: full jitter, pure."""

from __future__ import annotations

from connectors.pauses import bound
from connectors.settings import Backoff


def backoff(settings: Backoff, attempt: int, chance: float, least: float | None = None) -> float:
    """Give the seconds to wait after an attempt that failed.

    Args:
        settings: first and longest bound.
        attempt: attempts made so far, from 1.
        chance: a random number from [0, 1).
        least: what the partner asked for; the jitter comes on top, so that not all return at once.

    Returns:
        A time below ``first * 2**(attempt - 1)`` and below ``longest``, on top of ``least``.
    """
    most = bound(settings.first, settings.longest, attempt)
    if least is None:
        return most * chance
    return least + min(most, settings.first) * chance


def gives_up(settings: Backoff, age: float) -> bool:
    """Tell whether a message of this age is tried no longer (``retries-exhausted``)."""
    return age > settings.give_up
