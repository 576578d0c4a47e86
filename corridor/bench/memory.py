"""Resident memory of every role after ten thousand and after two hundred thousand messages, at full speed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from corridor.bench.broker import LOOK, accepted, broker, metrics, process
from corridor.bench.case import Figure, Tell
from corridor.supervisor.supervisor import Supervisor

FEW, MANY = 10_000, 200_000
ROLES = ("gateway", "stream", "deliver")
PER_ENTRY, PER_ID = 250, 220
"""Bytes that CPython needs around one entry of state (two objects, a place in the table and one in the order
of expiry), and for one id that the gateway remembers (two objects, a place in the table)."""
REMEMBERED = 100_000
"""Ids that a gateway remembers at most."""
LAST = 0.2
"""Share of the messages before a number during which memory is looked at, with everything at work."""
MEGABYTE = 2**20


@dataclass
class Reading:
    """What was seen around one number of messages.

    Attributes:
        messages: accepted in all.
        resident: largest resident bytes of each role in the last fifth before that number.
        explained: bytes that live subjects and remembered ids account for, by role.
    """

    messages: int
    resident: dict[str, int] = field(default_factory=dict)
    explained: dict[str, int] = field(default_factory=dict)

    def look(self, supervisor: Supervisor) -> None:
        """Keep the largest resident memory of each role."""
        for role in ROLES:
            self.resident[role] = max(self.resident.get(role, 0), process(supervisor, role).memory_info().rss)


def figures(share: float, tell: Tell) -> Iterator[Figure]:
    """Memory of each role at both numbers, what explains the difference, and what nothing explains."""
    few, many = asyncio.run(_measure(round(FEW * share), round(MANY * share), tell))
    for role in ROLES:
        for reading in (few, many):
            yield Figure(f"{role} after {reading.messages:,}", _mb(reading.resident[role]), "MB")
        explained = many.explained.get(role, 0) - few.explained.get(role, 0)
        grown = many.resident[role] - few.resident[role]
        yield Figure(f"{role}, grown by live subjects", _mb(explained), "MB")
        yield Figure(f"{role}, grown beyond", _mb(grown - explained), "MB", at_most=20)


async def _measure(few: int, many: int, tell: Tell) -> tuple[Reading, Reading]:
    """Send at full speed and look at the processes once a second."""
    play = {"RATE": "0", "LIMIT": str(many // 2 + few), "BATCH": "20", "LANES": "8"}
    async with broker(tell, play=play) as supervisor:
        readings = Reading(few), Reading(many)
        for reading in readings:
            while (count := accepted(await supervisor.status())) < reading.messages:
                tell(f"{count:,} of {many:,} messages")
                if count >= reading.messages * (1 - LAST):
                    reading.look(supervisor)
                await asyncio.sleep(LOOK)
            reading.look(supervisor)
            state = await metrics(supervisor, "stream")
            reading.explained["stream"] = round(
                state("corridor_state_bytes") + PER_ENTRY * state("corridor_state_entries")
            )
            ids = (await metrics(supervisor, "gateway"))("corridor_log_appended_total")
            reading.explained["gateway"] = round(min(ids, REMEMBERED) * PER_ID)
        return readings


def _mb(size: int) -> float:
    return round(size / MEGABYTE, 1)
