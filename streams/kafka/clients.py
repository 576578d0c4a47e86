"""Every client of Kafka is made here: who reads alone, who shares a topic with others, who asks and creates.

All read committed records only and none commits by itself: what a transaction took back was never there, and
a position moves with the work, not with the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

from streams.kafka.settings import Kafka, Processing


def reader(kafka: Kafka, fetch_bytes: int | None = None, **more: Any) -> AIOKafkaConsumer:  # noqa: ANN401
    """Make a consumer without a group, for whoever reads whole partitions by itself.

    Args:
        kafka: connection.
        fetch_bytes: most bytes of one partition in an answer; None: the client's own limit.
        more: what else the consumer is told, in the client's words.
    """
    if fetch_bytes is not None:
        more["max_partition_fetch_bytes"] = fetch_bytes
    return AIOKafkaConsumer(**kafka.client_options(), **_READING | more)


def member(kafka: Kafka, processing: Processing, group: str | None, **more: Any) -> AIOKafkaConsumer:  # noqa: ANN401
    """Make a consumer that shares partitions with the others of its group.

    Args:
        kafka: connection.
        processing: the session timeout: a silent member loses its partitions after it.
        group: its name; None: it takes no part, but reads as a member would.
        more: what else the consumer is told, in the client's words.
    """
    session = int(processing.session_timeout * 1000)
    asked: dict[str, Any] = {
        "partition_assignment_strategy": [RoundRobinPartitionAssignor],
        "session_timeout_ms": session,
        "heartbeat_interval_ms": session // 4,
    }
    return AIOKafkaConsumer(**kafka.client_options(), group_id=group, **_READING | asked | more)


_READING: dict[str, Any] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
}


def producer(kafka: Kafka, **more: Any) -> AIOKafkaProducer:  # noqa: ANN401
    """Make a producer, told ``more`` in the client's words; whoever starts it stops it, too."""
    return AIOKafkaProducer(**kafka.client_options(), **more)


@asynccontextmanager
async def admin(kafka: Kafka, timeout: float | None = None) -> AsyncIterator[AIOKafkaAdminClient]:
    """Give a client that asks and creates, for as long as the block and ``timeout`` last.

    Raises:
        KafkaError: as the client says.
        TimeoutError: the block took longer; by default than the request timeout.
        OSError: no connection.
    """
    client = AIOKafkaAdminClient(**kafka.client_options())
    try:
        async with asyncio.timeout(timeout or kafka.request_timeout):
            await client.start()
            yield client
    finally:
        await client.close()


async def partitions_of(consumer: AIOKafkaConsumer, topics: Collection[str]) -> list[TopicPartition]:
    """Tell the partitions of topics, in order; of a topic that is not there none.

    A consumer without a subscription knows the partitions of the topics that its client was told.
    """
    known = set(topics) & await consumer.topics()
    client = consumer._client  # noqa: SLF001 - there is no other way
    await client.set_topics(sorted(known))
    if not all(consumer.partitions_for_topic(topic) for topic in known):
        await client.force_metadata_update()  # another broker was asked, which had not heard of it yet
    return [
        TopicPartition(topic, number)
        for topic in sorted(known)
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
