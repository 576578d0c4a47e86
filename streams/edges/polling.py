"""Polling: pages of a participant into ``in.<participant>``, the cursor in the same transaction.

One poller per participant over any number of processes: the processes share the partitions of
``corridor.cursors`` as a consumer group, and a participant is polled by the owner of its cursor's
partition. Its transactional id is its own, so that a poller who lost the partition without knowing it
cannot write any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from connectors.pauses import Pauses
from connectors.ports import Accepted, PolledPage, Rejected, Source
from schemas.avro.schema import Schema
from schemas.errors import CorridorError, Permanent, Transient
from schemas.records import Cursor, DeadLetter, violations_of
from streams import metrics
from streams.edges.window import Window
from streams.kafka import clients, topics
from streams.kafka.away import persist
from streams.kafka.partitioning import partition_of
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writer, Writes
from streams.partition.state import read_partitions
from streams.records.contracts import Contracts, OwnReader
from streams.records.envelope import headers, letter_id, short
from streams.records.fitting import fitted
from streams.records.frames import Aside, Frames
from streams.records.letters import DETAIL, announce

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a participant whose poll failed is polled again."""


class Polled:
    """A participant that is polled.

    Args:
        source: reads pages.
        schema: of the participant's messages.
        interval: seconds between polls once everything is read.
    """

    def __init__(self, source: Source, schema: Schema, interval: float) -> None:
        self.source, self.schema, self.interval = source, schema, interval


class Polling:
    """Polls participants, each in one of all the processes that run this.

    Args:
        polled: by participant.
        known: ids that are in the log, to drop what comes again; somebody runs it.
        kafka: connection.
        processing: limits.
        contracts: schemas.
        sizes: what the topics take.
        aside: is told of a participant whose schema the registry refuses, and with None that it does not.
    """

    def __init__(
        self,
        polled: Mapping[str, Polled],
        known: Window,
        kafka: Kafka,
        processing: Processing,
        contracts: Contracts,
        sizes: Sizes | None = None,
        aside: Aside = lambda *_: None,
    ) -> None:
        self._polled, self._known, self._sizes = polled, known, sizes or Sizes()
        self._kafka, self._processing, self._contracts = kafka, processing, contracts
        self._frames = Frames(contracts, {name: one.schema for name, one in polled.items()}, aside)
        self._pollers: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until ``stop`` is set. A Kafka that is away is waited for."""
        try:
            await persist(partial(self._follow_assignment, stop), "polling", stop)
        finally:
            await asyncio.gather(*(polled.source.close() for polled in self._polled.values()))

    async def _follow_assignment(self, stop: asyncio.Event, pauses: Pauses) -> None:
        group = f"{self._processing.app}.poll"
        consumer = clients.member(self._kafka, self._processing, group, auto_offset_reset="latest")
        consumer.subscribe([topics.CURSORS], listener=_Listener(self, consumer))
        try:
            await consumer.start()
            while not stop.is_set():
                await consumer.getmany(timeout_ms=200)
                pauses.reset()
        finally:
            await self.release()
            await consumer.stop()

    async def assign(self, assigned: Iterable[int], partitions: int) -> None:
        """Poll the participants whose cursors are in these partitions."""
        mine = set(assigned)
        for name in self._polled:
            if partition_of(name.encode(), partitions) in mine:
                self._pollers[name] = asyncio.create_task(self._poll(name, partitions), name=f"poll {name}")

    async def release(self) -> None:
        """Stop polling: others will."""
        pollers, self._pollers = self._pollers, {}
        for poller in pollers.values():
            poller.cancel()
        await asyncio.gather(*pollers.values(), return_exceptions=True)

    async def _poll(self, name: str, partitions: int) -> None:
        """Poll one participant for ever; after any doubt, begin again from the cursor in Kafka."""
        await self._frames.get(name)
        pauses = Pauses(FIRST_PAUSE, LONGEST_PAUSE)
        while True:
            writer: Writer | None = None
            try:
                writer = await Writer.open(self._kafka, self._processing, f"poll.{name}", self._sizes)
                cursor = await self._cursor(name, partition_of(name.encode(), partitions))
                await self._known.catch_up()
                while not writer.spent:
                    cursor = await self._turn(name, cursor, writer)
                    pauses.reset()
            except Transient as error:
                log.warning("poll again", participant=name, code=error.code, error=error.message)
                await pauses.rest(least=error.retry_after or 0.0)
            except Exception as error:
                code = error.code if isinstance(error, CorridorError) else "internal"
                log.exception("poll failed", participant=name, code=code, error=repr(error))
                await pauses.rest(least=self._polled[name].interval)
            finally:
                if writer is not None:
                    await writer.close()

    async def _turn(self, name: str, cursor: Cursor, writer: Writer) -> Cursor:
        """Take over one page, and wait for the next interval after the last one."""
        polled = self._polled[name]
        page = await polled.source.poll(cursor.cursor or "")
        if page.messages or page.rejected or page.cursor != (cursor.cursor or ""):
            cursor = Cursor(
                participant=name, cursor=page.cursor, sequence=cursor.sequence + 1,
                updated=time.time_ns() // 1_000_000,
            )  # fmt: skip
            fresh = self._fresh(name, page)
            letters = [_letter(name, rejected) for rejected in page.rejected]
            writes = await self._writes(name, fresh, letters, cursor, writer)
            await writer.commit(writes, self._processing.app, {})
            for message in page.messages:
                self._known.note(name, message.id, message.digest)
            for letter in letters:
                announce(letter)
            metrics.polled.labels(name).inc(len(fresh))
        if not page.more:
            await asyncio.sleep(polled.interval)
        return cursor

    def _fresh(self, name: str, page: PolledPage) -> list[Accepted]:
        """Messages of a page that are not in the log yet, each once."""
        found: dict[str, Accepted] = {}
        for message in page.messages:
            if self._known.seen(name, message.id) != message.digest:
                found.setdefault(message.id, message)
        return list(found.values())

    async def _writes(
        self,
        name: str,
        fresh: Sequence[Accepted],
        letters: list[DeadLetter],
        cursor: Cursor,
        writer: Writer,
    ) -> Writes:
        writes = Writes(self._sizes)
        topic = topics.incoming(name)
        count, dead = await writer.partitions(topic), await writer.partitions(topics.DEAD)
        for message in fresh:
            listed = headers(
                message.id, f"{name}/{message.id}", (name,), message.accepted,
                traceparent=message.traceparent, digest=message.digest.hex(), findings=message.findings,
            )  # fmt: skip
            value = self._frames.had[name] + message.body
            try:
                writes.add(topic, partition_of(message.key, count), message.key, value, listed)
            except Permanent as error:
                letters.append(_letter(name, _refused(message, error)))
        for letter in letters:
            key, listed = letter.id.encode(), list(letter.headers.items())
            _, row = fitted(self._contracts, topics.DEAD, letter, self._sizes.of(topics.DEAD), key, listed)
            writes.put(topics.DEAD, partition_of(key, dead), row)
        key = name.encode()
        value = self._contracts.encode(topics.CURSORS, cursor)
        writes.add(topics.CURSORS, partition_of(key, await writer.partitions(topics.CURSORS)), key, value)
        return writes

    async def _cursor(self, name: str, partition: int) -> Cursor:
        """Read the participant's last cursor."""
        last: list[bytes] = []

        def keep(key: bytes, value: bytes | None) -> None:
            if key == name.encode() and value is not None:
                last[:] = [value]

        await read_partitions(self._kafka, {TopicPartition(topics.CURSORS, partition): keep})
        if not last:
            return Cursor(participant=name)
        read = OwnReader(self._contracts)
        await read.learn(topics.CURSORS, last)
        found: Cursor = read(topics.CURSORS, last[0])
        return found


def _refused(message: Accepted, error: Permanent) -> Rejected:
    """A message that was read, and cannot be written."""
    return Rejected(
        message.participant, message.id, message.body, error, message.accepted, message.traceparent
    )


def _letter(name: str, rejected: Rejected) -> DeadLetter:
    """Keep an item that cannot be read as a dead letter; the same item again is the same letter."""
    stage, error = f"poll.{name}", rejected.error
    identity = short(rejected.id)
    origin = short(f"{name}/{identity}")
    listed = headers(identity, origin, (name,), rejected.accepted, traceparent=rejected.traceparent)
    return DeadLetter(
        id=letter_id(stage, rejected.id), participant=name, stage=stage, code=error.code,
        detail=short(error.message, DETAIL), pointer=getattr(error, "pointer", None),
        rule=getattr(error, "rule", None), value=getattr(error, "value", None),
        topic=topics.incoming(name), partition=-1, offset=-1, body=rejected.body, headers=dict(listed),
        origin=origin, accepted=rejected.accepted, violations=violations_of(error),
    )  # fmt: skip


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, polling: Polling, consumer: AIOKafkaConsumer) -> None:
        self._polling, self._consumer = polling, consumer

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:  # noqa: ARG002
        await self._polling.release()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        known = self._consumer.partitions_for_topic(topics.CURSORS) or ()
        await self._polling.assign([partition.partition for partition in assigned], len(known))
