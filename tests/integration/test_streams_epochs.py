"""A transactional id that is opened for the 40,000th time: Kafka's epochs are used up, and it goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.producer.transaction_manager import TransactionManager
from prometheus_client import REGISTRY

from schemas.errors import Transient
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writer, Writes

if TYPE_CHECKING:
    from tests.conftest import Kafka as RunningKafka

SOAK = bool(os.environ.get("CORRIDOR_SOAK"))
RESTARTS = 40_000 if SOAK else 150
"""An epoch is a short: after 32,766 of them the coordinator gives another producer id, and begins again."""

# with `make soak` it is one of the long campaigns
pytestmark = [pytest.mark.timeout(1800 if SOAK else 900), *([pytest.mark.faults] if SOAK else [])]


async def open_often(kafka: Kafka, processing: Processing, name: str, times: int) -> set[int]:
    """Do what the start of a writer does at Kafka, again and again; give the producer ids that came."""
    producer = AIOKafkaProducer(
        **kafka.client_options(), transactional_id=f"{processing.app}.{name}", transaction_timeout_ms=60_000
    )
    await producer.client.bootstrap()  # not started: its sender would ask for epochs beside us
    sender, ids = producer._sender, set[int]()
    try:
        for _ in range(times):
            sender._txn_manager = TransactionManager(f"{processing.app}.{name}", 60_000)
            await sender._maybe_wait_for_pid()
            ids.add(sender._txn_manager.producer_id)
    finally:
        await producer.client.close()
        producer._closed = True
    return ids


async def test_a_writer_is_opened_as_often_as_it_takes(kafka: RunningKafka) -> None:
    """What is committed before, in between and after is there once; who was fenced stays fenced."""
    name = f"epochs-{uuid4()}"
    settings, processing = Kafka(bootstrap=kafka.bootstrap), Processing(app=name)
    await topics.create(settings, [topics.Topic(name, 1, 1, {})])

    async def write(value: bytes, writer: Writer | None = None) -> Writer:
        writer = writer or await Writer.open(settings, processing, "lane.0")
        writes = Writes(Sizes())
        writes.add(name, 0, b"key", value)
        await writer.commit(writes, name, {})
        return writer

    first = await write(b"first")
    ids = await open_often(settings, processing, "lane.0", RESTARTS)
    assert len(ids) == (2 if SOAK else 1)
    with pytest.raises(Transient, match=r"Fenced|InvalidProducerEpoch"):
        await write(b"zombie", first)
    last = await write(b"last")
    await write(b"and on", last)
    for writer in (first, last):
        await writer.close()
    opened = REGISTRY.get_sample_value("corridor_writer_openings_total", {"writer": "lane"})
    assert opened is not None
    assert opened >= 2
    assert await read(settings, name) == [b"first", b"last", b"and on"]


async def read(kafka: Kafka, topic: str) -> list[bytes]:
    """All committed values of a topic."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(), isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    place = TopicPartition(topic, 0)
    consumer.assign([place])
    values: list[bytes] = []
    try:
        end = (await consumer.end_offsets([place]))[place]
        await consumer.seek_to_beginning(place)
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                values += [record.value for record in records]
    finally:
        await consumer.stop()
    return values
