"""Projects topics into a store outside of Kafka that keeps the offsets itself, with what they led to.

Offsets and content change in one transaction of the store, so a kill at any moment neither loses nor doubles.
A process that lost its partitions without knowing it is refused by the store, because the offset is no longer
the one that it began at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from connectors.pauses import Pauses
from schemas.errors import Transient
from streams import metrics
from streams.kafka import clients
from streams.kafka.away import AWAY, persist
from streams.kafka.settings import Kafka, Processing

log = structlog.get_logger(__name__)

POLL_MS: Final = 200
GATHERED: Final = 131_072
"""Bytes that Kafka waits for, at most ``POLL_MS``: few transactions of many records leave the machine to the
processors, whose messages are more urgent."""
MOST: Final = 2_000
"""Records in one transaction: what follows from them is computed once for all, so many cost less time, and
more memory."""
MOST_AGAIN: Final = 10_000
"""The same when a store is built anew."""
FAR: Final = 1_000
"""Records behind the log from which on larger transactions are worth waiting for."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Place = tuple[str, int]
"""Topic and partition."""


class Moved(Exception):
    """Another process has written on from an offset, or the store was emptied: read its offsets again."""


class ProjectionStore(Protocol):
    """What the records go into. ``positions`` and ``take`` may block: they run in a thread."""

    async def learn(self, records: Sequence[Any]) -> None:
        """Look up what is needed to read the records; raises ``Transient``."""

    def positions(self) -> dict[Place, int]:
        """Give the next offset of every partition that was read before."""

    def take(
        self, records: Sequence[Any], before: Mapping[Place, int | None], after: Mapping[Place, int]
    ) -> None:
        """Write what the records say and the offsets behind them, in one transaction.

        Raises:
            Moved: the stored offsets are not those of ``before``.
            Transient: not now.
        """


class Projection:
    """Keeps a store up to the log. Any number of processes share the partitions.

    Args:
        name: of the processor; also ends the consumer group's name.
        target: the store.
        topics: what is read; they exist.
        kafka: connection.
        processing: limits.
    """

    def __init__(
        self, name: str, target: ProjectionStore, topics: Sequence[str], kafka: Kafka, processing: Processing
    ) -> None:
        self.name, self._target, self._topics = name, target, list(topics)
        self._kafka, self._processing = kafka, processing
        self._next: dict[TopicPartition, int | None] = {}
        self._owed: set[TopicPartition] = set()
        """Partitions of which the store could not take the last records."""
        # One thread for all work of the store: malloc keeps an arena for each, as large as its largest batch.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.running = False

    async def run(self, stop: asyncio.Event) -> None:
        """Project until ``stop`` is set. A Kafka or a store that is away is waited for."""
        await persist(partial(self._follow, stop), "projection", stop, processor=self.name)

    async def catch_up(self, progress: Callable[[int, int], None]) -> int:
        """Project all partitions up to what is in them now, and return how many records that were.

        Args:
            progress: told how many records are done, and how many there are.

        Raises:
            Transient: ``kafka-unavailable``, ``registry-unavailable`` or the store's own.
        """
        consumer = self._consumer(group=None)
        try:
            await consumer.start()
            partitions = await clients.partitions_of(consumer, self._topics)
            consumer.assign(partitions)
            await self.assign(consumer, partitions)
            ends = await consumer.end_offsets(partitions)
            total = left = await _left(consumer, ends)
            done = 0
            while left:
                done += await self._step(consumer, MOST_AGAIN)
                left = await _left(consumer, ends)
                progress(total - left, total)
        except AWAY as error:
            raise Transient("kafka-unavailable", f"the log cannot be read: {error!r}") from error
        else:
            return done
        finally:
            await consumer.stop()

    def _consumer(self, group: str | None) -> AIOKafkaConsumer:
        return clients.member(
            *(self._kafka, self._processing, group),
            max_partition_fetch_bytes=self._processing.batch_bytes,
            fetch_max_bytes=self._processing.fetch_bytes,
            fetch_min_bytes=GATHERED,
            fetch_max_wait_ms=POLL_MS,
        )

    async def _follow(self, stop: asyncio.Event, pauses: Pauses) -> None:
        consumer = self._consumer(group=f"{self._processing.app}.{self.name}")
        consumer.subscribe(self._topics, listener=_Listener(self, consumer))
        try:
            await consumer.start()
            while not stop.is_set():
                await self._step(consumer, MOST)
                self.running = not self._owed
                pauses.reset()
        finally:
            self.running = False
            await consumer.stop()

    async def assign(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        """Begin with partitions where the store says."""
        positions = await self._in_thread(self._target.positions)
        self._next = {tp: positions.get((tp.topic, tp.partition)) for tp in partitions}
        self._owed &= self._next.keys()
        for tp, offset in self._next.items():
            if offset is None:
                await consumer.seek_to_beginning(tp)
            else:
                consumer.seek(tp, offset)

    def _in_thread(self, work: Callable[[*Ts], T], *args: *Ts) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def _step(self, consumer: AIOKafkaConsumer, most: int) -> int:
        """Take one poll over into the store; return how many records it had."""
        batch = await self._poll(consumer, most)
        records = [record for listed in batch.values() for record in listed]
        if records:
            before = {(tp.topic, tp.partition): self._next[tp] for tp in batch}
            after = {(tp.topic, tp.partition): listed[-1].offset + 1 for tp, listed in batch.items()}
            self._owed |= batch.keys()
            try:
                await self._target.learn(records)
                await self._in_thread(self._target.take, records, before, after)
            except Moved:
                log.info("the store is elsewhere: reading its offsets again", processor=self.name)
                self._owed -= batch.keys()
                await self.assign(consumer, consumer.assignment())
                return 0
            self._owed -= batch.keys()
            for tp in batch:
                if tp in self._next:
                    self._next[tp] = after[(tp.topic, tp.partition)]
            metrics.records_in.labels(self.name).inc(len(records))
            metrics.batch_records.labels(self.name).observe(len(records))
            delay = time.time() - min(record.timestamp for record in records) / 1000
            metrics.projection_delay.labels(self.name).observe(max(0.0, delay))
        await self._measure(consumer)
        return len(records)

    async def _poll(self, consumer: AIOKafkaConsumer, most: int) -> dict[TopicPartition, list[Any]]:
        """Take what has come at once; only when far behind, wait for as much as goes into one transaction."""
        batch: dict[TopicPartition, list[Any]] = {}
        assigned, taken, far = self._next, 0, True
        while far and taken < most:
            fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=most - taken)
            if self._next is not assigned:
                # What was fetched may be from before the rebalance or after, and its place is behind us.
                await self.assign(consumer, consumer.assignment())
                return {}
            for tp, records in fetched.items():
                if records and tp in assigned:
                    batch.setdefault(tp, []).extend(records)
                    taken += len(records)
            far = bool(fetched) and await self._waiting(consumer) > FAR
        return batch

    async def _waiting(self, consumer: AIOKafkaConsumer) -> int:
        """Committed records that are in the log behind what was fetched, as far as is known."""
        ends = {tp: consumer.last_stable_offset(tp) for tp in consumer.assignment()}
        return await _left(consumer, {tp: end for tp, end in ends.items() if end is not None})

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        for tp in consumer.assignment():
            end = consumer.highwater(tp)
            if end is not None:
                place = f"{tp.topic}/{tp.partition}"
                metrics.behind(self.name, place, end - await consumer.position(tp))


async def _left(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> int:
    return sum([max(0, end - await consumer.position(tp)) for tp, end in ends.items()])


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Begins where the store says after every rebalance."""

    def __init__(self, projection: Projection, consumer: AIOKafkaConsumer) -> None:
        self._projection, self._consumer = projection, consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing is open: every poll is written before the next."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Go to the stored offsets."""
        await self._projection.assign(self._consumer, assigned)
