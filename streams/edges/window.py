"""Message ids that are in the log: a bounded window, followed from the topics by gateways and pollers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from connectors.pauses import Pauses
from streams import metrics
from streams.kafka import clients
from streams.kafka.away import persist
from streams.kafka.settings import Kafka

log = structlog.get_logger(__name__)

FETCH_BYTES: Final = 262_144
LOOK: Final = 2.0
"""Seconds between two looks for a topic that is missing."""
GRACE: Final = 2.0
"""Seconds that a topic is waited for at the start before it is taken to be missing."""


class Window:
    """Reads the headers of topics and remembers the newest ids with their digests.

    Args:
        role: whose: ``gateway`` or ``deliver``.
        kafka: connection.
        topics: ``in.<participant>`` of all participants.
        window: ids that are remembered, of all topics together.
        missing: is told of a participant whose topic is missing, and with None that it is there and read.
    """

    def __init__(
        self,
        role: str,
        kafka: Kafka,
        topics: Sequence[str],
        window: int,
        missing: Callable[[str, str | None], None] = lambda *_: None,
    ) -> None:
        self._tell, self._lacking = missing, set[str]()
        self._kafka, self._topics, self._window = kafka, topics, window
        self._digests: dict[bytes, bytes] = {}
        metrics.remembered_ids.labels(role).set_function(lambda: len(self._digests))
        self._asked = asyncio.Event()
        self.caught_up = asyncio.Event()
        """Set while everything that was in the log at the last look is known."""

    def seen(self, participant: str, message_id: str) -> bytes | None:
        """Give the digest of an id."""
        return self._digests.get(_key(participant, message_id))

    def note(self, participant: str, message_id: str, digest: bytes) -> None:
        """Remember an id; the oldest one is forgotten when the window is full."""
        self._digests[_key(participant, message_id)] = digest
        if len(self._digests) > self._window:
            del self._digests[next(iter(self._digests))]

    def lacks(self, participant: str) -> bool:
        """Tell whether the topic of a participant is missing, or its ids are not known yet."""
        return any(_participant(topic) == participant for topic in self._lacking)

    async def catch_up(self) -> None:
        """Return when everything that is in the log now is known."""
        self.caught_up.clear()
        self._asked.set()
        await self.caught_up.wait()

    async def run(self) -> None:
        """Follow for ever; a Kafka that is away is waited for."""
        await persist(self._follow, "following")

    async def _follow(self, pauses: Pauses) -> None:
        consumer = clients.reader(self._kafka, FETCH_BYTES, fetch_max_bytes=FETCH_BYTES * 8)
        try:
            await consumer.start()
            partitions = await self._partitions(consumer)
            consumer.assign(partitions)
            targets = await consumer.end_offsets(partitions) if partitions else {}
            await self._seek(consumer, targets)
            self._mark(set(self._topics) - {one.topic for one in partitions})
            looked, fresh = time.monotonic(), dict[TopicPartition, int]()
            while True:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    for record in records:
                        self._take(record)
                if self._asked.is_set():
                    self._asked.clear()
                    targets = await consumer.end_offsets(partitions) if partitions else {}
                if not self.caught_up.is_set() and await _reached(consumer, targets):
                    self.caught_up.set()
                    pauses.reset()
                if fresh and await _reached(consumer, fresh):
                    self._mark(self._lacking - {one.topic for one in fresh})
                    fresh = {}
                if self._lacking and not fresh and time.monotonic() > looked + LOOK:
                    looked = time.monotonic()
                    fresh = await self._include(consumer, partitions)
                    partitions += list(fresh)
        finally:
            await consumer.stop()

    def _mark(self, lacking: set[str]) -> None:
        """Note which topics are missing, and tell what has changed."""
        before, self._lacking = self._lacking, lacking
        for topic in sorted(lacking - before):
            self._tell(_participant(topic), topic)
        for topic in sorted(before - lacking):
            self._tell(_participant(topic), None)

    async def _partitions(self, consumer: AIOKafkaConsumer) -> list[TopicPartition]:
        """The partitions of all topics that are there; one that is missing is one participant's alone."""
        until = time.monotonic() + GRACE
        while True:
            found = await clients.partitions_of(consumer, self._topics)
            if not set(self._topics) - {one.topic for one in found} or time.monotonic() > until:
                return found
            await asyncio.sleep(GRACE / 8)

    async def _include(
        self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
    ) -> dict[TopicPartition, int]:
        """Follow topics as well that were missing; gives how far they are to be read."""
        found = await clients.partitions_of(consumer, self._topics)
        fresh = [one for one in found if one.topic in self._lacking]
        if not fresh:
            return {}
        ends = await consumer.end_offsets(fresh)
        at = {one: await consumer.position(one) for one in partitions}
        consumer.assign([*partitions, *fresh])
        for partition, position in at.items():
            consumer.seek(partition, position)
        await self._seek(consumer, ends)
        return dict(ends)

    async def _seek(self, consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> None:
        """Begin so far back that the window fills even if keys are spread unevenly."""
        share = 2 * self._window // max(1, len(ends))
        begins = await consumer.beginning_offsets(list(ends))
        for partition, end in ends.items():
            consumer.seek(partition, max(begins[partition], end - share))

    def _take(self, record: Any) -> None:  # noqa: ANN401
        """Remember the id of one record. Headers that only a foreign writer can have made are passed over."""
        found = dict(record.headers)
        try:
            identity, digest = found["id"].decode(), bytes.fromhex(found["digest"].decode())
        except (KeyError, AttributeError, ValueError):
            log.debug("a record without id and digest", topic=record.topic, offset=record.offset)
            return
        self.note(_participant(record.topic), identity, digest)


def _participant(topic: str) -> str:
    return topic.partition(".")[2]


async def _reached(consumer: AIOKafkaConsumer, targets: dict[TopicPartition, int]) -> bool:
    for partition, end in targets.items():
        if await consumer.position(partition) < end:
            return False
    return True


def _key(participant: str, message_id: str) -> bytes:
    return blake2b(f"{participant}/{message_id}".encode(), digest_size=16).digest()
