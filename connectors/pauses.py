"""How long to wait before something is tried again: one law for Kafka, the registry, partners, processes."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from typing import Any, Final

CHANCE: Final[Callable[[], float]] = random.random
"""Gives a number from [0, 1)."""


def bound(first: float, longest: float, attempt: int) -> float:
    """Give the longest wait after an attempt that failed: it doubles with every one.

    Args:
        first: seconds after the first.
        longest: seconds that it never passes.
        attempt: attempts that failed so far, from 1.
    """
    return min(first * 2.0 ** min(attempt - 1, 60), longest)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Do something, or leave it as soon as ``stop`` is set.

    Returns:
        True when it was done.
    """
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
            return True
        return False
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.wait({working, stopping})


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait some seconds, but not longer than until ``stop`` is set."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Pauses:
    """The waits of one thing that is tried again until it succeeds: between half of the bound and the bound.

    Args:
        first: longest wait after the first failure, in seconds.
        longest: longest wait of all.
        chance: gives a number from [0, 1), so that not all come back at the same moment.
    """

    def __init__(self, first: float, longest: float, chance: Callable[[], float] = CHANCE) -> None:
        self._first, self._longest, self._chance = first, longest, chance
        self.failures = 0

    def next(self, least: float = 0.0) -> float:
        """Count a failure and give the seconds to wait after it, ``least`` or more."""
        self.failures += 1
        most = bound(self._first, self._longest, self.failures)
        return max(least, most * (0.5 + self._chance() / 2))

    def reset(self) -> None:
        """Count from the beginning: it succeeded."""
        self.failures = 0

    async def rest(self, stop: asyncio.Event | None = None, least: float = 0.0) -> None:
        """Wait after a failure, but not longer than until ``stop`` is set."""
        seconds = self.next(least)
        if stop is None:
            await asyncio.sleep(seconds)
        else:
            await pause(stop, seconds)
