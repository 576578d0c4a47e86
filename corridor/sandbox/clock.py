"""Simulated time: one clock for all participants, so that they tell of the same day on the same day."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from corridor.sandbox.shipments import START

KEPT_EVERY: Final = 1.0
"""Seconds between two notes of the time: what a kill takes back at most."""


class Clock:
    """Runs at so many simulated hours a second, from where it stopped in the same file.

    Args:
        file: keeps the time over restarts.
        speed: simulated hours per second.
    """

    def __init__(self, file: Path, speed: float) -> None:
        self._file, self._speed = file, speed
        self._began_at = datetime.fromisoformat(file.read_text()) if file.exists() else START
        self._began = time.monotonic()

    @property
    def now(self) -> datetime:
        """Simulated time."""
        return self._began_at + timedelta(hours=(time.monotonic() - self._began) * self._speed)

    async def until(self, at: datetime) -> None:
        """Wait for a simulated time."""
        left = (at - self.now) / timedelta(hours=1)
        await asyncio.sleep(max(0.0, left / self._speed))

    async def run(self) -> None:
        """Keep the time in the file until cancelled."""
        try:
            while True:
                await asyncio.to_thread(self._keep)
                await asyncio.sleep(KEPT_EVERY)
        finally:
            self._keep()

    def _keep(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(self.now.isoformat())
        fresh.replace(self._file)


class Pace:
    """Lets messages go when their simulated time has come, or at a rate whatever their time.

    Args:
        rate: messages per second; 0: all at once; None: by the clock.
        clock: of simulated time.
    """

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._rate, self._clock = rate, clock
        self._due = time.monotonic()

    async def due(self, at: datetime) -> None:
        """Wait until the next message may go, which belongs to a simulated time."""
        if self._rate is None:
            await self._clock.until(at)
        elif self._rate:
            self._due = max(self._due + 1 / self._rate, time.monotonic() - 1)
            await asyncio.sleep(self._due - time.monotonic())
