"""Ingest and polling over a real Kafka."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from prometheus_client import REGISTRY

from connectors.http.problems import status_of
from connectors.ports import Accepted, PolledPage, Rejected
from deploy.kafka import Node
from schemas.errors import Invalid, Permanent, Transient
from schemas.records import DEAD
from streams.edges.ingest import Ingest
from streams.edges.polling import Polled, Polling
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.records.contracts import Contracts
from tests.support.counting import CODEC, SCHEMA, plan
from tests.support.kafka import members, read

pytestmark = pytest.mark.kafka


def accepted(participant: str, number: int, body: int = 0) -> Accepted:
    """A message as an edge hands it over."""
    encoded = CODEC.encode({"n": body or number})
    return Accepted(participant, f"m{number}", b"key", encoded, hashlib.sha256(encoded).digest(), 1_000, "")


async def prepare(kafka: str) -> str:
    """Make the topics of a new participant."""
    participant = f"t{uuid4().hex[:10]}"
    await topics.create(Kafka(bootstrap=kafka), plan(participant, 2))
    return participant


@asynccontextmanager
async def ingesting(
    kafka: str, participant: str, patience: float = 10.0, others: tuple[str, ...] = ()
) -> AsyncIterator[Ingest]:
    """A gateway's log, once it is ready."""
    ingest = Ingest(
        Kafka(bootstrap=kafka, request_timeout=5.0),
        Contracts(None),
        {participant: SCHEMA} | dict.fromkeys(others, SCHEMA),
        patience=patience,
    )
    stop = asyncio.Event()
    task = asyncio.create_task(ingest.run(stop))
    try:
        await ready(ingest)
        yield ingest
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def ready(ingest: Ingest) -> None:
    """Wait until messages are taken."""
    async with asyncio.timeout(60):
        while not ingest.ready:  # noqa: ASYNC110 - readiness is asked for, as `/readyz` does
            await asyncio.sleep(0.05)


async def test_what_was_acknowledged_is_in_the_log_with_its_headers(kafka: Kafka) -> None:
    """After ``append`` returns, the messages are in the log, once, in order, under their headers."""
    participant = await prepare(kafka.bootstrap)
    messages = [accepted(participant, n) for n in range(50)]
    async with ingesting(kafka.bootstrap, participant) as log:
        await log.append(messages)
        await asyncio.gather(*(log.append(messages[:10]) for _ in range(3)))
        assert log.seen(participant, "m7") == messages[7].digest
        assert REGISTRY.get_sample_value("corridor_remembered_ids", {"role": "gateway"}) == len(messages)
        records = await read(kafka.bootstrap, f"in.{participant}", 50)
    assert [CODEC.decode(record.value[5:])["n"] for record in records] == list(range(50))
    assert dict(records[7].headers) == {
        "id": b"m7", "origin": f"{participant}/m7".encode(), "hops": participant.encode(),
        "accepted": b"1000", "digest": messages[7].digest.hex().encode(),
    }  # fmt: skip


async def test_a_gateway_knows_what_others_took_and_what_was_there_before_it(kafka: Kafka) -> None:
    """Ids taken by another gateway or before a start are known; another body under one is refused."""
    participant = await prepare(kafka.bootstrap)
    async with ingesting(kafka.bootstrap, participant) as first:
        await first.append([accepted(participant, 1)])
        async with ingesting(kafka.bootstrap, participant) as second:
            assert second.seen(participant, "m1") == accepted(participant, 1).digest
            await second.append([accepted(participant, 1), accepted(participant, 2)])
            with pytest.raises(Permanent) as refused:
                await second.append([accepted(participant, 2, body=9)])
            assert refused.value.code == "id-reused"
    records = await read(kafka.bootstrap, f"in.{participant}", 2)
    assert [dict(record.headers)["id"] for record in records] == [b"m1", b"m2"]


async def test_concurrent_repeats_are_written_once(kafka: Kafka) -> None:
    """The same message many times at the same instant is one record."""
    participant = await prepare(kafka.bootstrap)
    async with ingesting(kafka.bootstrap, participant) as log:
        await asyncio.gather(*(log.append([accepted(participant, 1)]) for _ in range(20)))
        await log.append([accepted(participant, 2)])
    records = await read(kafka.bootstrap, f"in.{participant}", 2)
    assert [dict(record.headers)["id"] for record in records] == [b"m1", b"m2"]


async def test_while_kafka_is_away_nothing_is_acknowledged(private_kafka: Callable[[], Node]) -> None:
    """Without Kafka an append is refused in time; the same message again, with Kafka back, is one record."""
    node = private_kafka()
    await node.start()
    participant = await prepare(node.bootstrap)
    async with ingesting(node.bootstrap, participant, patience=1.0) as log:
        await log.append([accepted(participant, 1)])
        node.kill()
        with pytest.raises(Transient) as refused:
            await log.append([accepted(participant, 2)])
        assert refused.value.code == "log-unavailable"
        await node.start()
        async with asyncio.timeout(60):
            while True:
                try:
                    await log.append([accepted(participant, 2), accepted(participant, 3)])
                    break
                except Transient:
                    await asyncio.sleep(0.2)
        records = await read(node.bootstrap, f"in.{participant}", 3)
    assert [dict(record.headers)["id"] for record in records] == [b"m1", b"m2", b"m3"]


class Feed:
    """A participant that is polled: pages of five under a cursor that counts; one item is no message."""

    def __init__(self, participant: str, items: int) -> None:
        self.participant, self.items = participant, items
        self.polls: list[str] = []

    async def poll(self, cursor: str) -> PolledPage:
        """Give the page at a cursor; each page repeats the last item of the one before."""
        self.polls.append(cursor)
        start = int(cursor or 0)
        end = min(start + 5, self.items)
        messages = [accepted(self.participant, n) for n in range(max(0, start - 1), end) if n != 3]
        error = Invalid("schema-violation", "/n", "must be a number", "x")
        bad = [Rejected(self.participant, "m3", b"{}", error, 1_000, "")] if start <= 3 < end else []
        return PolledPage(messages, bad, str(end), end < self.items)

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def polling(kafka: str, feed: Feed, log: Ingest) -> AsyncIterator[None]:
    """Poll a feed."""
    contracts = Contracts(None)
    await contracts.start()
    polled = {feed.participant: Polled(feed, SCHEMA, 0.1)}
    processing = Processing(app=f"test-{feed.participant}", session_timeout=6.0)
    stop = asyncio.Event()
    task = asyncio.create_task(
        Polling(polled, log.follower, Kafka(bootstrap=kafka), processing, contracts).run(stop)
    )
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def test_polled_items_are_in_the_log_once_over_restarts(kafka: Kafka) -> None:
    """Items of all pages are taken once though pages overlap; a restart goes on at the cursor in Kafka."""
    participant = await prepare(kafka.bootstrap)
    feed = Feed(participant, 12)
    async with ingesting(kafka.bootstrap, participant) as log:
        async with polling(kafka.bootstrap, feed, log):
            await read(kafka.bootstrap, f"in.{participant}", 11)
        again = Feed(participant, 20)
        async with polling(kafka.bootstrap, again, log):
            records = await read(kafka.bootstrap, f"in.{participant}", 19)
    assert [dict(record.headers)["id"].decode() for record in records] == [
        f"m{n}" for n in range(20) if n != 3
    ]
    assert again.polls[0] == "12"
    letters = await read(
        kafka.bootstrap, topics.DEAD, 1, keep=lambda r: r.value and participant.encode() in r.value
    )
    letter = DEAD.decode(letters[0].value[5:])
    assert (letter.stage, letter.pointer, letter.body) == (f"poll.{participant}", "/n", b"{}")


async def test_one_of_two_processes_polls(kafka: Kafka) -> None:
    """Of two processes only one polls a participant, and the other takes over when it ends."""
    participant = await prepare(kafka.bootstrap)
    first, second = Feed(participant, 5), Feed(participant, 10)
    async with ingesting(kafka.bootstrap, participant) as log, polling(kafka.bootstrap, second, log):
        async with polling(kafka.bootstrap, first, log):
            await members(kafka.bootstrap, f"test-{participant}.poll", 2)
        await members(kafka.bootstrap, f"test-{participant}.poll", 1)
        records = await read(kafka.bootstrap, f"in.{participant}", 9)
    assert [dict(record.headers)["id"].decode() for record in records] == [
        f"m{n}" for n in range(10) if n != 3
    ]


@pytest.mark.parametrize("known", [True, False])
async def test_a_topic_that_takes_less_than_the_settings_say_costs_its_own_message(
    kafka: Node, known: bool
) -> None:
    """413 for what it does not take, each time; its small messages and everyone else's are taken.

    The limit was there when the gateway came, or somebody makes it smaller later.
    """
    small, other = await prepare(kafka.bootstrap), await prepare(kafka.bootstrap)
    if known:
        await shrink(kafka.bootstrap, topics.incoming(small), 20_000)
    async with ingesting(kafka.bootstrap, small, others=(other,)) as ingest:
        await ingest.append([accepted(small, 1), accepted(other, 1)])
        if not known:
            await shrink(kafka.bootstrap, topics.incoming(small), 20_000)
        for number in (2, 3, 4):
            large = Accepted(small, f"m{number}", b"key", b"x" * 50_000, bytes(32), 1_000, "")
            with pytest.raises(Permanent) as refused:
                await ingest.append([large])
            assert refused.value.code == "output-too-large"
            assert status_of(refused.value) == 413
            await ready(ingest)
            await ingest.append([accepted(small, number * 10), accepted(other, number * 10)])
        await asyncio.gather(*(ingest.append([accepted(small, 1000 + n, body=n)]) for n in range(400)))


async def shrink(bootstrap: str, topic: str, limit: int) -> None:
    """Let a topic take less from now on."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs={"max.message.bytes": str(limit)})]
        )
        async with asyncio.timeout(30):
            while (await topics.limits(Kafka(bootstrap=bootstrap), [topic]))[topic] != limit:  # noqa: ASYNC110  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        await admin.close()
