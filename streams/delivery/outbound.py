"""Delivery: messages of ``out.<participant>`` to the partner, in order per subject, each finished once.

One consumer group per participant. Subjects run side by side, messages of one subject one after the other.
Receipts, dead letters and offsets of what is finished are committed together, partition by partition, in
`streams.delivery.track`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from connectors.deliver.backoff import backoff, gives_up
from connectors.pauses import Pauses
from connectors.ports import Delivered, Outcome, OutgoingMessage, Park, Partner, Retry
from connectors.settings import Deliver
from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.broken import broken
from schemas.errors import CorridorError, Permanent
from streams import metrics
from streams.delivery.track import Destination, Done, Track
from streams.kafka import clients
from streams.kafka.away import persist
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.records.contracts import Contracts, ValueReader
from streams.records.envelope import Envelope

log = structlog.get_logger(__name__)

POLL_MS: Final = 200
MOST_IN_HAND: Final = 5_000
AROUND: Final = 2_500
"""Bytes of the objects around a message in hand: its record and headers, envelope, queue."""
MEASURE_EVERY: Final = 5.0
"""Seconds between two measurements of consumer lag."""


@dataclass(eq=False)
class Item:
    """A message in hand."""

    record: Any
    envelope: Envelope
    track: Track
    size: int
    delivery: OutgoingMessage
    attempts: int = 0
    first_attempt: float = 0.0
    busy: bool = False


class Outbound:
    """Delivers to one participant. Any number of processes share the work by the consumer group.

    Args:
        participant: name.
        partner: makes the attempts.
        settings: order, retry, batch and dead-letter policy.
        form: JSON form of the profile.
        codec: of the profile's schema.
        kafka: connection.
        processing: limits.
        contracts: schemas.
        sizes: what the topics take.
    """

    def __init__(
        self,
        participant: str,
        partner: Partner,
        settings: Deliver,
        form: JsonForm,
        codec: Codec,
        kafka: Kafka,
        processing: Processing,
        contracts: Contracts,
        sizes: Sizes | None = None,
    ) -> None:
        self.name, self.settings = participant, settings
        self._to = Destination(
            participant, settings.on_dead == "wait", kafka, processing, contracts, sizes or Sizes()
        )
        self._partner, self._form, self._codec = partner, form, codec
        self._reader: ValueReader | None = None
        self.ready = False
        """Partitions were assigned, or there are none for this process."""
        self._tracks: dict[int, Track] = {}
        self._queues: dict[tuple[int, str], deque[Item]] = {}
        self._ready: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self._in_hand = self._bytes = 0
        self._resume_at = self._measured = 0.0

    @property
    def oldest(self) -> float:
        """Seconds since the oldest message in hand was accepted, 0 when there is none."""
        heads = [queue[0].envelope.accepted for queue in self._queues.values() if queue]
        return max(0.0, time.time() - min(heads) / 1000) if heads else 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set, then commit what is finished. A Kafka that is away is waited for.

        Raises:
            ExceptionGroup: a defect ended a worker: better to start anew than to go on with one less.
        """
        frame = await self._to.contracts.frame(self._to.topic, self._codec.schema)
        self._reader = ValueReader(self._to.contracts, self._codec, frame)
        self._watch()
        try:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work()) for _ in range(self.settings.concurrency)]
                await persist(partial(self._consume, stop), "delivery", stop, participant=self.name)
                for worker in workers:
                    worker.cancel()
        finally:
            await self._partner.close()

    async def _consume(self, stop: asyncio.Event, pauses: Pauses) -> None:
        consumer = clients.member(
            *(self._to.kafka, self._to.processing, self._to.group),
            max_partition_fetch_bytes=self._to.processing.batch_bytes,
            fetch_max_bytes=self._to.processing.fetch_bytes,
        )
        consumer.subscribe([self._to.topic], listener=_Listener(self))
        try:
            await consumer.start()
            while not stop.is_set():
                self._throttle(consumer)
                fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=500)
                for partition, records in fetched.items():
                    await self._take(partition.partition, records)
                await self._measure_lag(consumer)
                pauses.reset()
        finally:
            self.ready = False
            await self.release(list(self._tracks))
            await consumer.stop()

    def _throttle(self, consumer: AIOKafkaConsumer) -> None:
        """Read no further while enough is in hand: a partner that is down costs no memory."""
        assigned = consumer.assignment()
        most = self._to.processing.prefetch_bytes - self._to.processing.fetch_bytes
        full = self._bytes > most or self._in_hand > MOST_IN_HAND
        if full:
            consumer.pause(*assigned)
        elif paused := consumer.paused():
            consumer.resume(*(paused & assigned))

    def _watch(self) -> None:
        """Show how things stand whenever the metrics are asked for, also while Kafka is away."""
        metrics.undelivered.labels(self.name).set_function(lambda: self._in_hand)
        metrics.oldest_undelivered.labels(self.name).set_function(lambda: self.oldest)
        metrics.delivery_paused.labels(self.name).set_function(lambda: time.monotonic() < self._resume_at)

    async def _measure_lag(self, consumer: AIOKafkaConsumer) -> None:
        """Measure how much of each partition is not finished, now and then."""
        now = time.monotonic()
        if now < self._measured + MEASURE_EVERY:
            return
        self._measured = now
        for tp in consumer.assignment():
            track, end = self._tracks.get(tp.partition), consumer.highwater(tp)
            if track is None or end is None:
                continue
            position = track.position
            if position is None:
                position = await consumer.position(tp)
            metrics.behind(self._to.stage, tp.partition, end - position)

    async def assign(self, partitions: Iterable[int]) -> None:
        """Begin with partitions that are ours from now on."""
        for partition in partitions:
            self._tracks[partition] = Track(self._to, partition)
        self.ready = True

    async def release(self, partitions: Iterable[int]) -> None:
        """Let partitions go: what is finished is committed, the next owner delivers the rest."""
        tracks = [self._tracks.pop(partition) for partition in partitions if partition in self._tracks]
        gone = {track.partition for track in tracks}
        for partition in gone:
            metrics.lag.remove(self._to.stage, partition)
        for key in [key for key in self._queues if key[0] in gone]:
            for item in self._queues.pop(key):
                self._forget(item)
        await asyncio.gather(*(track.close() for track in tracks))

    async def _take(self, partition: int, records: list[Any]) -> None:
        assert self._reader is not None  # noqa: S101 - set before anything is read
        track = self._tracks.get(partition)
        if track is None:
            return
        await self._reader.learn(record.value for record in records)
        progress = await track.progress()
        if progress is None:
            return  # revoked meanwhile
        for record in records:
            if self._tracks.get(partition) is track and progress.take(record.offset):
                self._enqueue(track, record)

    def _enqueue(self, track: Track, record: Any) -> None:  # noqa: ANN401
        envelope = Envelope.of(record)
        meant_for = envelope.replay.partition(" ")[0]
        if meant_for and meant_for != self._to.stage:
            track.finish(Done(record, envelope))
            return
        if meant_for and envelope.discard:
            refusal = track.refusal(record, envelope)
            track.finish(Done(record, envelope, refusal, given_up=refusal is None))
            return
        try:
            body = self._json(record)
        except Permanent as error:
            track.finish(Done(record, envelope, error))
            return
        delivery = OutgoingMessage(envelope.id, envelope.subject, body, envelope.traceparent)
        size = len(record.value) + len(body) + AROUND
        item = Item(record, envelope, track, size, delivery)
        self._in_hand += 1
        self._bytes += size
        unit = envelope.subject if self.settings.order == "subject" else str(record.offset)
        queue = self._queues.setdefault((track.partition, unit), deque())
        queue.append(item)
        if len(queue) == 1:
            self._ready.put_nowait((track.partition, unit))

    def _json(self, record: Any) -> bytes:  # noqa: ANN401
        assert self._reader is not None  # noqa: S101
        if record.value is None:
            raise Permanent("wire-format", "the record has no value")
        try:
            return self._form.from_datum(self._codec.decode_trusted(self._reader(record.value)))
        except CorridorError:
            raise
        except Exception as error:
            log.exception(
                "no JSON form", participant=self.name, partition=record.partition, offset=record.offset
            )
            raise Permanent("internal", f"{type(error).__name__} in the JSON form") from error

    async def _work(self) -> None:
        """Deliver heads of queues, one batch at a time."""
        while True:
            keys = [await self._ready.get()]
            await self._until_resumed()
            most = self.settings.max_batch if self.settings.batch != "none" else 1
            while len(keys) < most and not self._ready.empty():
                keys.append(self._ready.get_nowait())
            items = [item for key in keys if (item := self._head(key)) is not None]
            if items:
                await self._attempt(items)

    def _head(self, key: tuple[int, str]) -> Item | None:
        """First message of a queue that may be sent; those behind a dead letter end here."""
        queue = self._queues.get(key)
        while queue:
            item = queue[0]
            if item.busy and not broken("head-sent-twice"):
                return None
            refusal = item.track.refusal(item.record, item.envelope)
            if refusal is None:
                item.busy = True  # its key may stand among the ready ones twice, after a rebalance
                return item
            item.track.finish(Done(item.record, item.envelope, refusal))
            self._forget(queue.popleft())
        self._queues.pop(key, None)
        return None

    async def _attempt(self, items: list[Item]) -> None:
        for item in items:
            item.attempts += 1
            item.first_attempt = item.first_attempt or time.monotonic()
        try:
            outcomes = await self._partner.deliver([item.delivery for item in items])
        except Exception as error:
            log.exception("delivery attempt failed", participant=self.name)
            outcomes = [Retry(None, "internal", type(error).__name__)] * len(items)
        for item, outcome in zip(items, outcomes, strict=True):
            self._settle(item, outcome)

    def _settle(self, item: Item, outcome: Outcome) -> None:
        item.busy = False
        key = (item.track.partition, self._unit(item))
        queue = self._queues.get(key)
        if not queue or queue[0] is not item:
            return  # its partition went to another owner meanwhile, who delivers it again under the same key
        match outcome:
            case Retry() if not self._exhausted(item, outcome):
                metrics.deliveries.labels(self.name, "retry", outcome.code).inc()
                self._again(item, outcome, key)
                return
            case Retry():
                tried = f"not accepted in {self.settings.backoff.give_up:.0f} s"
                detail = f"{tried}: {outcome.code}: {outcome.detail}".rstrip(": ")
                outcome = Park("retries-exhausted", detail, outcome.status)
        self._end(item, outcome)
        queue.popleft()
        self._forget(item)
        if queue:
            self._ready.put_nowait(key)
        else:
            del self._queues[key]

    def _end(self, item: Item, outcome: Delivered | Park) -> None:
        error: CorridorError | None = None
        if isinstance(outcome, Park):
            error = Permanent(outcome.code, outcome.detail)
            metrics.deliveries.labels(self.name, "parked", outcome.code).inc()
        else:
            metrics.deliveries.labels(self.name, "delivered", "").inc()
            metrics.end_to_end.labels(self.name).observe(
                max(0.0, time.time() - item.envelope.accepted / 1000)
            )
        body = item.delivery.body
        item.track.finish(Done(item.record, item.envelope, error, item.attempts, body, outcome.status))

    def _exhausted(self, item: Item, outcome: Retry) -> bool:
        """Only refusals of the message itself count, and from the first attempt in this process."""
        age = time.monotonic() - item.first_attempt
        return not outcome.paused and gives_up(self.settings.backoff, age)

    def _again(self, item: Item, outcome: Retry, key: tuple[int, str]) -> None:
        now = time.monotonic()
        if outcome.paused:
            item.attempts -= 1
            if item.attempts == 0:
                item.first_attempt = 0.0
            self._resume_at = max(self._resume_at, now + (outcome.after or 1.0))
            self._ready.put_nowait(key)
            return
        delay = backoff(self.settings.backoff, item.attempts, random.random(), outcome.after)  # noqa: S311
        asyncio.get_running_loop().call_later(delay, self._ready.put_nowait, key)

    async def _until_resumed(self) -> None:
        while (wait := self._resume_at - time.monotonic()) > 0:  # noqa: ASYNC110 - another may move it on
            await asyncio.sleep(wait)

    def _unit(self, item: Item) -> str:
        return item.envelope.subject if self.settings.order == "subject" else str(item.record.offset)

    def _forget(self, item: Item) -> None:
        self._in_hand -= 1
        self._bytes -= item.size


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._outbound.release([partition.partition for partition in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._outbound.assign([partition.partition for partition in assigned])
