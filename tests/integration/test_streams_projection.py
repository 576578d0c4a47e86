"""A projection over a real Kafka takes every record, whatever processes come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any
from uuid import uuid4

import pytest

from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.logs.projection import Moved, Place, Projection
from tests.support.kafka import members, produce

pytestmark = pytest.mark.kafka

ROUNDS, RECORDS = 6, 300


class Store:
    """Keeps which records it was given, with the offsets; processes share it as they would a database."""

    def __init__(self) -> None:
        self.taken: set[bytes] = set()
        self._next: dict[Place, int] = {}
        self._lock = Lock()

    async def learn(self, records: Sequence[Any]) -> None:
        """Nothing needs to be known."""

    def positions(self) -> dict[Place, int]:
        """The next offset of every partition."""
        with self._lock:
            return dict(self._next)

    def take(
        self, records: Sequence[Any], before: Mapping[Place, int | None], after: Mapping[Place, int]
    ) -> None:
        """Take records, unless somebody else has written on."""
        with self._lock:
            if any(self._next.get(place) != offset for place, offset in before.items()):
                raise Moved
            self._next.update(after)
            self.taken.update(record.value for record in records)


async def test_processes_that_come_and_go_leave_no_record_out(kafka: Kafka) -> None:
    """While records come in a second process joins and leaves: no partition that moves is stepped over."""
    topic, name, store = f"projected-{uuid4().hex}", uuid4().hex, Store()
    settings, processing = Kafka(bootstrap=kafka.bootstrap), Processing(session_timeout=6.0)
    await topics.create(settings, [topics.Topic(topic, 4, 1, {})])

    async def process(stop: asyncio.Event) -> None:
        await Projection(name, store, [topic], settings, processing).run(stop)

    async def write(number: int) -> None:
        for part in range(0, RECORDS, 10):
            rows = [(b"%d" % n, b"%d-%d" % (number, n), ()) for n in range(part, part + 10)]
            await produce(kafka.bootstrap, topic, rows)

    stop = asyncio.Event()
    staying = asyncio.create_task(process(stop))
    for number in range(ROUNDS):
        writing, going = asyncio.create_task(write(number)), asyncio.Event()
        joined = asyncio.create_task(process(going))
        await members(kafka.bootstrap, f"{processing.app}.{name}", 2)
        going.set()
        await joined
        await writing
    async with asyncio.timeout(60):
        while sum(store.positions().values()) < ROUNDS * RECORDS:  # noqa: ASYNC110 - taken in a thread
            await asyncio.sleep(0.1)
    stop.set()
    await staying
    assert {b"%d-%d" % (number, n) for number in range(ROUNDS) for n in range(RECORDS)} == store.taken
