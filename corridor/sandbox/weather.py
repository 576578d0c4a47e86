"""Storms that close Kuryk, drawn from the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Final

from corridor.sandbox.shipments import START

STORMS_EVERY: Final = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Storm:
    """A closure of Kuryk: from, until, and until when the port expected it at first."""

    begins: datetime
    ends: datetime
    expected: datetime


def storms(seed: int, until: datetime) -> Iterator[Storm]:
    """Closures of Kuryk that begin before a time, in order."""
    for number in count():
        dice = Random(f"{seed}/storm/{number}")  # noqa: S311 - a simulation
        begins = START + number * STORMS_EVERY + timedelta(hours=dice.randint(72, 108))
        if begins >= until:
            return
        expected = begins + timedelta(hours=dice.randint(18, 30))
        yield Storm(begins, expected + timedelta(hours=dice.randint(4, 20)), expected)


def storm_over(seed: int, begins: datetime, ends: datetime) -> Storm | None:
    """The storm that keeps a ferry from loading and sailing in a span of time, if there is one."""
    return next((storm for storm in storms(seed, ends) if begins < storm.ends), None)
