"""A token bucket: the rate limit in both directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectors.settings import Rate

SLOWEST: Final = 1 / 64
"""Part of the rate that is left, however often it was halved."""
RECOVERY: Final = 60.0
"""Seconds in which a halved rate grows back to the whole."""


class Bucket:
    """Tokens that refill at a steady rate, up to a burst.

    Args:
        rate: tokens per second and burst; None lets everything pass.
        now: monotonic seconds.
    """

    def __init__(self, rate: Rate | None, now: Callable[[], float]) -> None:
        self._rate = rate
        self._now = now
        self._tokens = float(rate.burst) if rate else 0.0
        self._at = now()
        self._slow = 0.0

    def take(self, count: int = 1) -> float:
        """Take tokens if there are enough; more than the burst pass when the bucket is full.

        Returns:
            0.0 when taken, else the seconds until they are there; then nothing was taken.
        """
        if self._rate is None:
            return 0.0
        self._refill(self._rate)
        need = min(count, self._rate.burst)
        if self._tokens >= need:
            self._tokens -= count
            return 0.0
        return (need - self._tokens) / self._speed(self._rate)

    def reserve(self, count: int = 1) -> float:
        """Take tokens whether they are there or not, and say how many seconds to wait before using them."""
        if self._rate is None:
            return 0.0
        self._refill(self._rate)
        self._tokens -= count
        return max(0.0, -self._tokens / self._speed(self._rate))

    def slow_down(self) -> None:
        """Halve the rate, after the other side said it was too much; it grows back within `RECOVERY`."""
        if self._rate is not None:
            self._refill(self._rate)
            self._slow = min((1.0 + self._slow) / 2, 1.0 - SLOWEST)

    def _speed(self, rate: Rate) -> float:
        return rate.per_second * (1.0 - self._slow)

    def _refill(self, rate: Rate) -> None:
        now = self._now()
        elapsed, self._at = now - self._at, now
        self._tokens = min(float(rate.burst), self._tokens + elapsed * self._speed(rate))
        self._slow = max(0.0, self._slow - elapsed / RECOVERY)
