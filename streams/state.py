"""What a partition's owner finds when it starts: the committed position and the state in the changelog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from schemas.errors import Transient
from streams.settings import Kafka

FETCH_BYTES = 4 * 1024 * 1024


async def restore(
    kafka: Kafka,
    group: str,
    source: TopicPartition,
    changelog: str | None,
    load: Callable[[bytes, bytes | None], None],
) -> OffsetAndMetadata:
    """Read what the group committed for a partition, and its state from the changelog.

    To be called after the transactional writer of the partition was opened: only then is nothing pending.

    Args:
        kafka: connection.
        group: consumer group of the processor.
        source: partition of the input topic.
        changelog: topic with the state, or None when there is none.
        load: is given every key and value (None: deleted) in order.

    Returns:
        the offset of the first record that is not committed (0 when nothing is), and the commit's metadata.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    try:
        committed = await _committed(kafka, group, source)
        if changelog is not None:
            await read_partition(kafka, TopicPartition(changelog, source.partition), load)
    except (KafkaError, TimeoutError, OSError) as error:
        raise Transient("kafka-unavailable", f"state of {source}: {error!r}") from error
    return committed


async def _committed(kafka: Kafka, group: str, partition: TopicPartition) -> OffsetAndMetadata:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    try:
        async with asyncio.timeout(kafka.request_timeout):
            await admin.start()
            found = await admin.list_consumer_group_offsets(group, partitions=[partition])
    finally:
        await admin.close()
    committed = found[partition]
    return committed if committed.offset >= 0 else OffsetAndMetadata(0, "")


async def read_partition(
    kafka: Kafka, partition: TopicPartition, load: Callable[[bytes, bytes | None], None]
) -> None:
    """Give every committed record of a partition to ``load``, up to its end now.

    Raises:
        TimeoutError: no progress within the request timeout.
        KafkaError: as the client says.
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
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            await consumer.seek_to_beginning(partition)
            position = await consumer.position(partition)
        while position < end:
            async with asyncio.timeout(kafka.request_timeout):
                position = await _advance(consumer, partition, position, load)
    finally:
        await consumer.stop()


async def _advance(
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    before: int,
    load: Callable[[bytes, bytes | None], None],
) -> int:
    position = before
    while position == before:
        for records in (await consumer.getmany(partition, timeout_ms=500)).values():
            for record in records:
                load(record.key, record.value)
        position = await consumer.position(partition)
    return int(position)
