"""What a partition's owner finds when it starts: the committed position and the state in the changelog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from schemas.errors import Transient
from streams.kafka import clients
from streams.kafka.away import AWAY
from streams.kafka.settings import Kafka

FETCH_BYTES = 4 * 1024 * 1024

Load = Callable[[bytes, bytes | None], None]
"""Is given every key and value (None: deleted) of a changelog, in order."""


async def restore(
    kafka: Kafka, group: str, sources: Collection[TopicPartition], changelogs: Mapping[TopicPartition, Load]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """Read what the group committed for partitions, and state from changelogs.

    To be called after the transactional writer of the partitions was opened: only then is nothing pending.

    Args:
        kafka: connection.
        group: consumer group of the processors.
        sources: partitions of input topics.
        changelogs: partitions with state, and who takes it.

    Returns:
        per source the offset of the first record that is not committed (0 when nothing is), and the commit's
        metadata.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    try:
        committed = await _committed(kafka, group, sources)
        await read_partitions(kafka, changelogs)
    except AWAY as error:
        names = ", ".join(f"{tp.topic}/{tp.partition}" for tp in sources)
        raise Transient("kafka-unavailable", f"state of {names}: {error!r}") from error
    return committed


async def _committed(
    kafka: Kafka, group: str, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    async with clients.admin(kafka) as admin:
        found = await admin.list_consumer_group_offsets(group, partitions=list(partitions))
    missing = [tp for tp in partitions if tp not in found]
    if missing:  # what a broker answers that does not coordinate the group any more, instead of an error
        raise Transient("kafka-unavailable", f"no answer about the offsets of {group} in {missing[0].topic}")
    nothing = OffsetAndMetadata(0, "")
    return {tp: found[tp] if found[tp].offset >= 0 else nothing for tp in partitions}


async def read_partitions(kafka: Kafka, loads: Mapping[TopicPartition, Load]) -> None:
    """Give every committed record of partitions to whoever takes it, up to their ends now.

    Raises:
        TimeoutError: no progress within the request timeout.
        KafkaError: as the client says.
    """
    if not loads:
        return
    consumer = clients.reader(kafka, FETCH_BYTES)
    try:
        async with asyncio.timeout(kafka.request_timeout):
            await consumer.start()
            consumer.assign(list(loads))
            ends = await consumer.end_offsets(list(loads))
            await consumer.seek_to_beginning(*loads)
        for tp, end in ends.items():
            while await _position(kafka, consumer, tp) < end:
                async with asyncio.timeout(kafka.request_timeout):
                    await _progress(consumer, tp, loads)
    finally:
        await consumer.stop()


async def _position(kafka: Kafka, consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    async with asyncio.timeout(kafka.request_timeout):
        return int(await consumer.position(partition))


async def _progress(
    consumer: AIOKafkaConsumer, partition: TopicPartition, loads: Mapping[TopicPartition, Load]
) -> None:
    """Read until one partition got further; what comes of the others meanwhile is taken, too."""
    before = after = await consumer.position(partition)
    while after == before:
        fetched: dict[TopicPartition, list[Any]] = await consumer.getmany(timeout_ms=500)
        for tp, records in fetched.items():
            for record in records:
                loads[tp](record.key, record.value)
        after = await consumer.position(partition)
