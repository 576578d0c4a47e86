"""Reads a topic once: from its first record to the last committed one, or the records at some places."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka import clients
from streams.kafka.access import unavailable
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka

FETCH_BYTES: Final = 1024 * 1024
PICK_BYTES: Final = 256 * 1024
"""Bytes that are fetched for one record among many."""
COLLECT_BYTES: Final = 4 * 1024 * 1024
"""Bytes that seeks have thrown away, by what each fetches at least, after which they are collected."""
NEAR: Final = 16
"""Records that are read over rather than looked up anew."""


async def scan(kafka: Kafka, topic: str) -> AsyncIterator[Any]:
    """Yield the committed records that a topic has now, each partition in order; none when it does not exist.

    Raises:
        Misconfigured: ``kafka-refused``.
        Transient: ``kafka-unavailable``, also when no progress is made within the request timeout.
    """
    async with _reading(kafka, topic, FETCH_BYTES) as (consumer, ends):
        for partition, end in ends.items():
            async for record in _one(consumer, partition, end, kafka.request_timeout):
                yield record


async def pick(kafka: Kafka, topic: str, places: Iterable[tuple[int, int]]) -> AsyncGenerator[Any, None]:
    """Yield the record at each of these places in their order, None where there is none any more.

    One record is held at a time, and what was fetched with it. What a seek throws away is held by a cycle in
    the client until it is collected, so that is done whenever some of it has come together.

    Args:
        kafka: connection.
        topic: name.
        places: partitions and offsets.

    Raises:
        Misconfigured: ``kafka-refused``.
        Transient: ``kafka-unavailable``.
    """
    async with _reading(kafka, topic, PICK_BYTES) as (consumer, ends):
        consumer.pause(*ends)
        following: dict[TopicPartition, int] = {}
        thrown_away = 0
        for number, offset in places:
            partition = TopicPartition(topic, number)
            if offset >= ends.get(partition, 0):
                yield None
                continue
            if not 0 <= offset - following.get(partition, -1) <= NEAR:
                consumer.seek(partition, offset)
                thrown_away += PICK_BYTES
            if thrown_away > COLLECT_BYTES:
                gc.collect()
                thrown_away = 0
            consumer.resume(partition)
            async with asyncio.timeout(kafka.request_timeout):
                record = await consumer.getone(partition)
                while record.offset < offset:
                    record = await consumer.getone(partition)
            consumer.pause(partition)
            following[partition] = record.offset + 1
            yield record if record.offset == offset else None


@asynccontextmanager
async def _reading(
    kafka: Kafka, topic: str, fetch: int
) -> AsyncIterator[tuple[AIOKafkaConsumer, dict[TopicPartition, int]]]:
    """Give a consumer of all partitions of a topic, and where each ends now."""
    consumer = clients.reader(kafka, fetch)
    try:
        async with asyncio.timeout(kafka.request_timeout):
            await consumer.start()
            partitions = await clients.partitions_of(consumer, [topic])
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions) if partitions else {}
        yield consumer, ends
    except AWAY as error:
        message = f"{topic} cannot be read: {error!r}"
        raise await unavailable(kafka, "kafka-unavailable", message) from error
    finally:
        await consumer.stop()


async def _one(
    consumer: AIOKafkaConsumer, partition: TopicPartition, end: int, timeout: float
) -> AsyncIterator[Any]:
    """Read one partition while the others are paused; markers of transactions move the position, too."""
    consumer.pause(*consumer.assignment())
    consumer.resume(partition)
    await consumer.seek_to_beginning(partition)
    async with asyncio.timeout(timeout):
        position = await consumer.position(partition)
    while position < end:
        before = position
        async with asyncio.timeout(timeout):
            while position == before:
                fetched = await consumer.getmany(partition, timeout_ms=200)
                records = [record for batch in fetched.values() for record in batch if record.offset < end]
                position = await consumer.position(partition)
                if records:
                    break
        for record in records:
            yield record
