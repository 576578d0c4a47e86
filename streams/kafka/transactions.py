"""One transaction per batch and partition: outputs, state and offsets become visible together or not at all.

aiokafka speaks the first version of the transaction requests only. A request to end a transaction that
timed out and was sent again can arrive late and end the *next* one. So a writer whose transaction ended
slowly or in any doubt is never used again: its successor's new epoch fences whatever is still under way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Self

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, ProducerClosed
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import OffsetAndMetadata

from schemas.errors import CorridorError, Transient
from streams import metrics
from streams.kafka import clients, topics
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import LARGEST, OVERHEAD, Headers, Sizes, size_of

log = structlog.get_logger(__name__)

Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]

TRANSACTION_TIMEOUT = 60.0
"""Seconds after which the coordinator aborts a transaction whose owner died."""
CLOSE_TIMEOUT = 5.0
VERIFICATION_BACKOFF = 10
"""Milliseconds before a refused batch is sent again. Kafka refuses batches of the first transaction protocol
while it verifies the transaction (KIP-890); that takes milliseconds, aiokafka would wait for a hundred."""


class Writes:
    """What one transaction is going to write, per topic and partition in order.

    Args:
        sizes: what the topics take.
    """

    __slots__ = ("rows", "sizes")

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.rows: dict[tuple[str, int], list[Row]] = {}

    def add(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> None:
        """Put one record behind the others of its partition.

        Raises:
            Permanent: ``output-too-large``: the topic would never take it.
        """
        self.put(topic, partition, self.checked(topic, key, value, headers))

    def checked(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Row:
        """One record for a topic, to `put` there or not.

        Raises:
            Permanent: ``output-too-large``: the topic would never take it.
        """
        self.sizes.check(topic, key, value, headers)
        return key, value, headers if isinstance(headers, list) else list(headers)

    def put(self, topic: str, partition: int, row: Row) -> None:
        """Put one record that was checked behind the others of its partition."""
        rows = self.rows.get((topic, partition))
        if rows is None:
            rows = self.rows[topic, partition] = []
        rows.append(row)

    def join(self, others: Writes) -> None:
        """Put the records of another one behind these."""
        for place, rows in others.rows.items():
            if place in self.rows:
                self.rows[place] += rows
            else:
                self.rows[place] = rows

    def split(self, topic: str | None) -> Writes:
        """Take the records of one topic out."""
        taken = Writes(self.sizes)
        for place in [place for place in self.rows if place[0] == topic]:
            taken.rows[place] = self.rows.pop(place)
        return taken


class Writer:
    """A transactional producer of one partition's owner. Opening it fences whoever wrote there before."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        name: str,
        timeout: float,
        sizes: Sizes,
        kafka: Kafka | None = None,
    ) -> None:
        self.sizes, self._kafka = sizes, kafka
        self._producer = producer
        self._name = name
        self._timeout = timeout
        self.spent = False
        """True once it must not be used again: its last transaction ended slowly or in doubt."""

    @classmethod
    async def open(cls, kafka: Kafka, processing: Processing, name: str, sizes: Sizes | None = None) -> Self:
        """Start a producer under the transactional id ``<app>.<name>``.

        Args:
            kafka: connection.
            processing: limits.
            name: of the owner.
            sizes: what the topics take.

        Raises:
            Transient: ``kafka-unavailable``.
        """
        sizes = sizes or Sizes()
        producer = clients.producer(
            kafka,
            transactional_id=transactional_id(processing.app, name),
            transaction_timeout_ms=int(TRANSACTION_TIMEOUT * 1000),
            retry_backoff_ms=VERIFICATION_BACKOFF,
            max_batch_size=sizes.batch - OVERHEAD,
            max_request_size=topics.DEAD_FACTOR * max(sizes.of(topics.EVENTS), LARGEST),
            compression_type=None if processing.compression == "none" else processing.compression,
        )
        writer = cls(producer, name, kafka.request_timeout, sizes, kafka)
        metrics.openings.labels(name.rpartition(".")[0] or name).inc()
        try:
            async with asyncio.timeout(kafka.request_timeout):
                await producer.start()
        except AWAY as error:
            await writer.close()
            raise Transient("kafka-unavailable", f"no transactions for {name}: {error!r}") from error
        except BaseException:
            await writer.close()
            raise
        return writer

    async def partitions(self, topic: str) -> int:
        """Count the partitions of a topic.

        Raises:
            Transient: ``kafka-unavailable``, also when the topic does not exist (yet).
        """
        try:
            async with asyncio.timeout(self._timeout):
                return len(await self._producer.partitions_for(topic))
        except AWAY as error:
            raise Transient("kafka-unavailable", f"no partitions of {topic}: {error!r}") from error

    async def commit(
        self, writes: Writes, group: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> None:
        """Write everything and move the group's offsets, in one transaction.

        Raises:
            Transient: ``kafka-unavailable``: it was committed, or it was not; the writer is spent.
        """
        started = time.monotonic()
        self.spent = True
        try:
            async with asyncio.timeout(self._timeout * 2):
                await self._producer.begin_transaction()
                await self._send(writes, group, offsets)
                ending = time.monotonic()
                await self._producer.commit_transaction()
        except (*AWAY, AssertionError) as error:
            raise Transient("kafka-unavailable", f"transaction of {self._name}: {error!r}") from error
        ended = time.monotonic()
        metrics.transaction_seconds.labels(self._name.rpartition(".")[0]).observe(ended - started)
        self.spent = ended - ending > self._timeout
        if self.spent:
            log.warning("transaction ended slowly", writer=self._name, seconds=round(ended - ending, 3))

    async def _send(
        self, writes: Writes, group: str, offsets: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> None:
        """Send offsets, then all batches side by side; wait for all, so that no failure stays unread.

        Kafka refuses a batch while something else joins the transaction (it verifies the batch against a list
        that is just changing), and aiokafka then sends the whole batch again: so the group joins first.
        """
        if offsets:
            await self._producer.send_offsets_to_transaction(dict(offsets), group)
        sending = [self._send_rows(topic, part, rows) for (topic, part), rows in writes.rows.items()]
        outcomes = await asyncio.gather(*sending, return_exceptions=True)
        for (topic, _), outcome in zip(writes.rows, outcomes, strict=True):
            if isinstance(outcome, MessageSizeTooLargeError):
                await learn(self._kafka, topic, self.sizes)  # the same records come again, and are sized anew
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_rows(self, topic: str, partition: int, rows: Iterable[Row]) -> None:
        """Send rows in order in as many batches as they need."""
        sent: list[asyncio.Future[object]] = []
        try:
            for batch in self._batches(topic, rows):
                sent.append(await self._producer.send_batch(batch, topic, partition=partition))  # noqa: PERF401
            outcomes = await asyncio.gather(*sent, return_exceptions=True)
        finally:
            for future in sent:
                future.cancel()  # of no interest to anybody any more, whatever comes of it
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def _batches(self, topic: str, rows: Iterable[Row]) -> Iterator[BatchBuilder]:
        batch, size = self._producer.create_batch(), OVERHEAD
        most = self.sizes.batch_of(topic)
        for key, value, headers in rows:
            if most is not None:
                more = size_of(key, value, headers)
                if size > OVERHEAD and size + more > most:
                    yield batch
                    batch, size = self._producer.create_batch(), OVERHEAD
                size += more
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                yield batch
                batch = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        yield batch

    async def close(self) -> None:
        """Stop the producer within seconds, in whatever state. An open transaction is left to be fenced."""
        await stop_producer(self._producer)


def transactional_id(app: str, name: str) -> str:
    """The name under which an owner writes: that of its partition, so that a new owner fences the old."""
    return f"{app}.{name}"


async def learn(kafka: Kafka | None, topic: str, sizes: Sizes) -> None:
    """Note what a topic takes that refused what should have fitted: as Kafka says, or less and less."""
    known = sizes.of(topic)
    try:
        for name, limit in (await topics.limits(kafka, [topic])).items() if kafka is not None else ():
            sizes.learn(name, limit)
    except CorridorError as error:
        log.debug("limit of a topic not known", topic=topic, error=error.message)
    if sizes.of(topic) >= known:
        sizes.lower(topic)


async def stop_producer(producer: AIOKafkaProducer) -> None:
    """Stop a producer at once: what it still holds fails instead of being retried for ever.

    ``AIOKafkaProducer.stop`` waits until everything is sent, which is never while Kafka is away.
    """
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await producer.client.close()
            await producer._sender.close()  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - whoever closes it goes on with another
        log.debug("producer did not end by itself", error=repr(error))
    producer._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT):
            await producer.stop()
    except Exception as error:  # noqa: BLE001
        log.warning("producer did not stop", error=repr(error))
    _read_failures(producer)


def _read_failures(producer: AIOKafkaProducer) -> None:
    """Read what failed from futures that nobody waits for.

    aiokafka puts a failure there besides raising it, and each that is never read is logged when it is freed.
    """
    waiting = producer._message_accumulator._batches.values()  # noqa: SLF001
    futures = [batch._drain_waiter for batches in waiting for batch in batches]  # noqa: SLF001
    if transactions := producer._txn_manager:  # noqa: SLF001
        futures.append(transactions.wait_for_transaction_end())
    for future in futures:
        if future is not None and future.done() and not future.cancelled():
            future.exception()
