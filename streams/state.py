"""What a partition's owner finds when it starts: the committed position and the state in the changelog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.errors import Transient
from streams.settings import Kafka

FETCH_BYTES = 4 * 1024 * 1024


async def restore(
    kafka: Kafka,
    group: str,
    source: TopicPartition,
    changelog: str | None,
    load: Callable[[bytes, bytes | None], None],
) -> int:
    """Read the group's committed offset of a partition, and its state from the changelog partition of the same number.

    To be called after the transactional writer of the partition was opened: only then is nothing pending.

    Args:
        kafka: connection.
        group: consumer group of the processor.
        source: partition of the input topic.
        changelog: topic with the state, or None when there is none.
        load: is given every key and value (None: deleted) in order.

    Returns:
        the offset of the first record that is not committed; 0 when nothing is.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        group_id=group,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        async with asyncio.timeout(kafka.request_timeout):
            await consumer.start()
            committed = await consumer.committed(source)
        if changelog is not None:
            await _replay(consumer, TopicPartition(changelog, source.partition), load, kafka.request_timeout)
    except (KafkaError, TimeoutError, OSError) as error:
        raise Transient("kafka-unavailable", f"state of {source}: {error!r}") from error
    finally:
        await consumer.stop()
    return committed or 0


async def _replay(
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    load: Callable[[bytes, bytes | None], None],
    timeout: float,
) -> None:
    """Load the whole changelog partition; every step must make progress within ``timeout`` seconds."""
    consumer.assign([partition])
    async with asyncio.timeout(timeout):
        end = (await consumer.end_offsets([partition]))[partition]
        await consumer.seek_to_beginning(partition)
        position = await consumer.position(partition)
    while position < end:
        async with asyncio.timeout(timeout):
            before = position
            while position == before:
                for records in (await consumer.getmany(partition, timeout_ms=500)).values():
                    for record in records:
                        load(record.key, record.value)
                position = await consumer.position(partition)
