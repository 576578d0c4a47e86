"""A partition that was revoked is left alone, however Kafka was when it happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata
from structlog.testing import capture_logs

from deploy.kafka import Node
from streams.delivery.track import Destination, Done, Track
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing, Topics
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writer, Writes
from streams.records.contracts import Contracts
from streams.records.envelope import Envelope, headers
from tests.support.kafka import produce, read
from tests.support.measured import until

pytestmark = pytest.mark.kafka


async def prepare(bootstrap: str) -> Destination:
    """Make the topics of a new participant, with one message for it."""
    participant = f"t{uuid4().hex[:10]}"
    wanted = {f"out.{participant}", f"state.deliver.{participant}", topics.DEAD, topics.RECEIPTS}
    kafka, contracts = Kafka(bootstrap=bootstrap, request_timeout=3.0), Contracts(None)
    listed = [topic for topic in topics.plan([participant], Topics(partitions=1)) if topic.name in wanted]
    await topics.create(kafka, listed)
    await contracts.start()
    row = b"s", b"value", headers("m", "o/m", ("o",), 1_700_000_000_000, subject="s")
    await produce(bootstrap, f"out.{participant}", [row])
    return Destination(
        participant, wait=False, kafka=kafka, processing=Processing(), contracts=contracts, sizes=Sizes()
    )


async def successor(to: Destination) -> Writer:
    """The writer of the next owner, which fences the one before."""
    return await Writer.open(to.kafka, to.processing, f"{to.stage}.0")


async def commit(writer: Writer, to: Destination) -> None:
    """Commit an offset as the next owner; fails when somebody fenced it."""
    await writer.commit(Writes(Sizes()), to.group, {TopicPartition(to.topic, 0): OffsetAndMetadata(1, "")})


async def test_a_partition_revoked_while_kafka_is_away_is_not_opened_again(
    private_kafka: Callable[[], Node],
) -> None:
    """Who waits for the progress of a closed track gets none, and the next owner is never fenced."""
    node = private_kafka()
    await node.start()
    to = await prepare(node.bootstrap)
    node.kill()
    with capture_logs() as logs:
        track = Track(to, 0)
        asking = asyncio.create_task(track.progress())
        await until(lambda: any(entry["event"] == "delivery state not read" for entry in logs))
        await track.close()
    await node.start()
    writer = await successor(to)
    assert await asyncio.wait_for(asking, 30) is None
    assert await track.progress() is None
    await commit(writer, to)
    await writer.close()


async def test_a_fenced_track_ends_without_fencing_back(kafka: Kafka) -> None:
    """What is finished but not committed when another owner has begun is left to that owner."""
    to = await prepare(kafka.bootstrap)
    (record,) = await read(kafka.bootstrap, to.topic, 1)
    track = Track(to._replace(processing=Processing(commit_interval=3600)), 0)
    progress = await track.progress()
    assert progress is not None
    assert progress.take(record.offset)
    writer = await successor(to)
    track.finish(Done(record, Envelope.of(record)))
    await track.close()
    await commit(writer, to)
    await writer.close()
