"""Simulated time goes on where it stopped, and lets messages go when theirs has come."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from corridor.sandbox.clock import Clock, Pace
from corridor.sandbox.shipments import START

FAST = 1e6
"""Simulated hours a second, so that nobody waits."""


async def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """The file has the time at the end, and the next clock begins there, not at the beginning."""
    file = tmp_path / "everyone" / "clock"
    first = Clock(file, FAST)
    assert first.now >= START
    running = asyncio.create_task(first.run())
    await first.until(START + timedelta(days=10))
    running.cancel()
    await asyncio.wait({running})
    kept = datetime.fromisoformat(file.read_text())
    assert kept >= START + timedelta(days=10)
    assert Clock(file, 1e-9).now >= kept


async def test_a_pace_without_a_rate_is_the_clock_s(tmp_path: Path) -> None:
    """Nothing goes before its simulated time; what is late goes at once."""
    clock = Clock(tmp_path / "clock", FAST)
    pace = Pace(None, clock)
    for at in (START + timedelta(days=400), START):
        await pace.due(at)
        assert clock.now >= at


async def test_a_rate_asks_no_clock(tmp_path: Path) -> None:
    """With a rate a message goes whatever its time, also one of the far future; a rate of 0 waits never."""
    clock = Clock(tmp_path / "clock", 1e-9)
    for rate in (0.0, 1000.0):
        await Pace(rate, clock).due(START + timedelta(days=4000))
    assert clock.now < START + timedelta(days=1)
