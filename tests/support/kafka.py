"""Writing to and reading from Kafka in tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError

Row = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]


async def produce(bootstrap: str, topic: str, rows: Iterable[Row]) -> int:
    """Write rows of key, value and headers; return how many."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=262_144
    )
    await producer.start()
    try:
        futures = [
            await producer.send(topic, value, key=key, headers=list(headers)) for key, value, headers in rows
        ]
        await asyncio.gather(*futures)
        return len(futures)
    finally:
        await producer.stop()


@asynccontextmanager
async def committed(bootstrap: str, *topics: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A ``read_committed`` reader of whole topics, from their beginning."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = []
        for topic in topics:
            found = await consumer._client._wait_on_metadata(topic)
            partitions += [TopicPartition(topic, partition) for partition in found]
        consumer.assign(partitions)
        yield consumer
    finally:
        await consumer.stop()


async def read(
    bootstrap: str,
    topic: str,
    enough: int | Callable[[list[Any]], bool],
    *,
    keep: Callable[[Any], bool] = lambda _: True,
    timeout: float = 60.0,
) -> list[Any]:
    """Read committed records of a topic until there are enough, or fail after ``timeout`` seconds."""
    records: list[Any] = []

    def done() -> bool:
        return enough(records) if callable(enough) else len(records) >= enough

    async with asyncio.timeout(timeout), committed(bootstrap, topic) as consumer:
        while not done():
            for fetched in (await consumer.getmany(timeout_ms=200)).values():
                records += [record for record in fetched if keep(record)]
    return records


async def members(bootstrap: str, group: str, wanted: int, timeout: float = 60.0) -> None:
    """Return when a consumer group is stable with this many members."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(timeout):
            while True:
                with suppress(GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError):
                    described = (await admin.describe_consumer_groups([group]))[0].groups[0]
                    _, name, state, _, _, found, *_ = described
                    assert name == group
                    if state == "Stable" and len(found) == wanted:
                        return
                await asyncio.sleep(0.1)  # the first group of a new Kafka has no coordinator for a moment
    finally:
        await admin.close()
