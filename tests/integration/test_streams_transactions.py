"""Writers of one partition against a real Kafka."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from schemas.errors import Transient
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writer, Writes

if TYPE_CHECKING:
    from tests.conftest import Kafka as RunningKafka


async def test_a_fenced_writer_says_so_once(kafka: RunningKafka) -> None:
    """The failure is raised to the caller, and nothing of it is left for the loop to complain about."""
    name, unread = f"fenced-{uuid4()}", list[dict[str, Any]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unread.append(context))
    settings, processing = Kafka(bootstrap=kafka.bootstrap), Processing(app=name)
    await topics.create(settings, [topics.Topic(name, 1, 1, {})])
    for offsets in ({}, {TopicPartition(name, 0): OffsetAndMetadata(1, "")}):
        writes = Writes(Sizes())
        writes.add(name, 0, b"key", b"value")
        writer = await Writer.open(settings, processing, name)
        successor = await Writer.open(settings, processing, name)
        with pytest.raises(Transient, match="Fenced"):
            await writer.commit(writes, name, offsets)
        await writer.close()
        await successor.close()
    del writer, successor
    gc.collect()
    assert unread == []
