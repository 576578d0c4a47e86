"""Resident memory of every role after ten thousand and after two hundred thousand messages, at full speed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.broker import LOOK, broker, metrics, process
from bench.case import BenchFigure, Tell
from corridor.supervisor.supervisor import Supervisor

FEW, MANY = 10_000, 200_000
HANDLED: Final[Mapping[str, str]] = {
    "gateway": "corridor_log_appended_total",
    "stream": "corridor_records_in_total",
    "deliver": "corridor_deliveries_total",
    "view": "corridor_records_in_total",
}
"""Role to the counter of the messages that it handled."""
PER_ENTRY, PER_ID = 250, 220
"""Bytes that CPython needs around one entry of state (two objects, a place in the table and one in the order
of expiry), and for one remembered id (two objects, a place in the table)."""
SPARE = 1.1
"""Messages that each platform of the sandbox has, as a multiple of those that a role has to handle."""
BEFORE = 0.25
"""Share of the messages before a number during which memory is looked at, with everything at work."""
MEGABYTE = 2**20


@dataclass
class MemoryReading:
    """What a role took around one number of messages.

    Attributes:
        messages: that it has handled.
        resident: largest resident bytes in the looks before that.
        explained: bytes that live subjects and remembered ids account for.
    """

    messages: int
    resident: int = 0
    explained: int = 0
    done: bool = False


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """Memory of each role at both numbers, what explains the difference, and what nothing explains."""
    found = asyncio.run(_measure(round(FEW * share), round(MANY * share), tell))
    for role, (few, many) in found.items():
        for reading in (few, many):
            yield BenchFigure(f"{role} after {reading.messages:,}", _mb(reading.resident), "MB")
        explained, grown = many.explained - few.explained, many.resident - few.resident
        yield BenchFigure(f"{role}, grown by live subjects", _mb(explained), "MB")
        yield BenchFigure(f"{role}, grown beyond", _mb(grown - explained), "MB", at_most=20)


async def _measure(few: int, many: int, tell: Tell) -> dict[str, tuple[MemoryReading, MemoryReading]]:
    """Send at full speed, and look at every role until it has handled enough.

    The sandbox ends when the gateway has had enough: what the others have not had by then waits in Kafka, and
    they get the whole machine for it.
    """
    limit = str(round(many * SPARE))
    play = {"RATE": "0", "BATCH": "20", "LANES": "8", "LIMIT": limit}
    found = {role: (MemoryReading(few), MemoryReading(many)) for role in HANDLED}
    async with broker(tell, play=play) as supervisor:
        while not all(reading.done for readings in found.values() for reading in readings):
            tell(", ".join([await _look(supervisor, role, readings) for role, readings in found.items()]))
            await asyncio.sleep(LOOK)
    return found


async def _look(supervisor: Supervisor, role: str, readings: tuple[MemoryReading, MemoryReading]) -> str:
    """Keep what a role takes now, in the reading that it is near to; return it in words."""
    series = await metrics(supervisor, role)
    handled, resident = series(HANDLED[role]), process(supervisor, role).memory_info().rss
    for reading in readings:
        if not reading.done and handled >= reading.messages * (1 - BEFORE):
            reading.resident = max(reading.resident, resident)
            reading.explained = round(
                series("corridor_state_bytes")
                + PER_ENTRY * series("corridor_state_entries")
                + PER_ID * series("corridor_remembered_ids")
            )
            reading.done = handled >= reading.messages
    return f"{role} {handled:,.0f} in {_mb(resident):.0f} MB"


def _mb(size: int) -> float:
    return round(size / MEGABYTE, 1)
