"""Messages of a participant in the order of simulated time: endless, seeded, the same at every run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Final

from corridor.sandbox.events import events_of
from corridor.sandbox.message import PlayedMessage
from corridor.sandbox.notes import notes_of
from corridor.sandbox.ports import ports_of
from corridor.sandbox.shipments import Train
from corridor.sandbox.terminals import terminals_of
from corridor.sandbox.vessels import vessels_of

MAKERS: Final[dict[str, Callable[[Train], Iterator[PlayedMessage]]]] = {
    "dtc": notes_of,
    "dlp": events_of,
    "port": ports_of,
    "vessel": vessels_of,
    "oil": terminals_of,
}
"""Participant to what makes its messages about one train."""


def messages(participant: str, seed: int = 0) -> Iterator[PlayedMessage]:
    """Yield what a participant sends, in order of time, without end.

    Args:
        participant: a key of ``MAKERS``.
        seed: another seed is another timetable.
    """
    waiting: list[tuple[datetime, int, PlayedMessage]] = []
    order = count()
    for index in count():
        train = Train(seed, index)
        while waiting and waiting[0][0] < train.start:
            yield heapq.heappop(waiting)[2]
        for message in MAKERS[participant](train):
            heapq.heappush(waiting, (message.at, next(order), message))
