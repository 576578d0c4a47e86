"""Reads a topic once, from its first record to the last committed one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.access import unavailable
from streams.kafka.settings import Kafka

FETCH_BYTES = 4 * 1024 * 1024


async def scan(kafka: Kafka, topic: str) -> AsyncIterator[Any]:
    """Yield the committed records that a topic has now, each partition in order; none when it does not exist.

    Raises:
        Misconfigured: ``kafka-refused``.
        Transient: ``kafka-unavailable``, also when no progress is made within the request timeout.
    """
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        async with asyncio.timeout(kafka.request_timeout):
            await consumer.start()
            known = await consumer.topics()
            await consumer._client.set_topics([topic])  # noqa: SLF001 - else it knows no partitions of it
            numbers = (consumer.partitions_for_topic(topic) or set()) if topic in known else set()
            partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions) if partitions else {}
        for partition, end in ends.items():
            async for record in _one(consumer, partition, end, kafka.request_timeout):
                yield record
    except (KafkaError, TimeoutError, OSError) as error:
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
