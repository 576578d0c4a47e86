"""The laws of `connectors.ports.ReceiverLog`, for the one in memory and the one on Kafka."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from connectors.ports import Accepted, ReceiverLog
from connectors.receive.app import make_app, webhook_routes
from connectors.receive.endpoint import Endpoint
from connectors.receive.intake import Intake
from schemas.avro.schema import Schema
from schemas.errors import Permanent
from streams.edges.ingest import Ingest
from streams.kafka import topics
from streams.kafka.settings import Kafka, Topics
from streams.records.contracts import Contracts
from tests.support.edges import EVENT, TOKEN, MemoryLog, event_format, participant, serving
from tests.support.kafka import read


def message(name: str, number: int, text: bytes = b"") -> Accepted:
    """Build an accepted message."""
    body = event_format().read(json.dumps({"id": f"e-{number}", "n": number}).encode()).body
    digest = hashlib.sha256(text or body).digest()
    return Accepted(name, f"e-{number}", b"k", body, digest, 1000, f"00-{'a' * 32}-{'b' * 16}-01")


class LogContract:
    """What every log promises to the edges. Subclasses give the fixtures ``log`` and ``name``."""

    async def test_an_unknown_id_is_unknown(self, log: ReceiverLog, name: str) -> None:
        """An id that never came has no digest."""
        assert log.seen(name, "never") is None

    async def test_appended_is_seen(self, log: ReceiverLog, name: str) -> None:
        """Once ``append`` returned, every id of it is known with its digest, under its participant only."""
        messages = [message(name, number) for number in range(50)]
        await log.append(messages)
        assert [log.seen(name, m.id) for m in messages] == [m.digest for m in messages]
        assert log.seen("other", "e-1") is None

    async def test_one_id_is_written_once(self, log: ReceiverLog, name: str) -> None:
        """Through the intake, an id that comes many times at once is appended once; no other body."""
        intake = Intake(log)
        counts = await asyncio.gather(*(intake.take([message(name, 1)]) for _ in range(20)))
        assert sum(counts) == 1
        with pytest.raises(Permanent):
            await intake.take([message(name, 2), message(name, 1, b"other")])
        assert log.seen(name, "e-2") is None

    async def test_appends_side_by_side(self, log: ReceiverLog, name: str) -> None:
        """Appends that run at the same time do not wait for each other's acknowledgement to be seen."""
        await asyncio.gather(*(log.append([message(name, number)]) for number in range(100)))
        assert all(log.seen(name, f"e-{number}") for number in range(100))


class TestMemoryLog(LogContract):
    @pytest.fixture
    def name(self) -> str:
        """Give the participant's name."""
        return "p"

    @pytest.fixture
    def log(self) -> MemoryLog:
        """Give an empty log."""
        return MemoryLog()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that has no event of its own, for 30 s at most."""
    async with asyncio.timeout(120):
        while not holds():  # noqa: ASYNC110 - there is no event to await
            await asyncio.sleep(0.01)


@asynccontextmanager
async def ingest(bootstrap: str, name: str) -> AsyncIterator[Ingest]:
    """Run the log on Kafka until it is ready."""
    made = Ingest(Kafka(bootstrap=bootstrap), Contracts(None), {name: Schema.parse(json.dumps(EVENT))})
    stop = asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    try:
        await until(lambda: made.ready or running.done())
        assert not running.done(), running
        yield made
    finally:
        stop.set()
        await running


async def topic_for(bootstrap: str) -> str:
    """Make the topic of a new participant and give its name."""
    name = f"t{uuid4().hex[:10]}"
    listed = topics.plan([name], Topics(partitions=2))
    await topics.create(Kafka(bootstrap=bootstrap), [t for t in listed if t.name == topics.incoming(name)])
    return name


@pytest.mark.kafka
class TestKafkaLog(LogContract):
    @pytest.fixture
    async def name(self, kafka: Kafka) -> str:
        """Give the name of a new participant."""
        return await topic_for(kafka.bootstrap)

    @pytest.fixture
    async def log(self, kafka: Kafka, name: str) -> AsyncIterator[Ingest]:
        """Run the log on Kafka."""
        async with ingest(kafka.bootstrap, name) as made:
            yield made

    async def test_another_gateway_and_a_restart_know_it(self, kafka: Kafka, name: str) -> None:
        """What one process appended is known to a second one that runs, and to one that starts later."""
        async with ingest(kafka.bootstrap, name) as first, ingest(kafka.bootstrap, name) as second:
            await first.append([message(name, 1)])
            await until(lambda: second.seen(name, "e-1") is not None)
        async with ingest(kafka.bootstrap, name) as later:
            assert later.seen(name, "e-1") == message(name, 1).digest

    async def test_webhook_to_topic(self, kafka: Kafka, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a webhook answered 202 lies in the topic once, with its headers; what it refused does not."""
        monkeypatch.setenv("P_TOKEN", TOKEN)
        sender = participant(name=name, webhook={"bearer": ["env:P_TOKEN"]})
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        bodies = [b'{"id":"e-%d","n":%d}' % (n, n) for n in range(20)]
        async with ingest(kafka.bootstrap, name) as log:
            app = make_app(webhook_routes([Endpoint(sender, event_format(), log)]))
            async with (
                serving(app) as url,
                httpx.AsyncClient(headers=headers, trust_env=False, timeout=60) as client,
            ):
                posts = [client.post(f"{url}/webhooks/{name}", content=body) for body in bodies * 3]
                answers = await asyncio.gather(*posts)
                bad = await client.post(f"{url}/webhooks/{name}", content=b'{"id":"e-99","n":"x"}')
        assert [answer.status_code for answer in answers] == [202] * 60
        assert bad.status_code == 422
        records = await read(kafka.bootstrap, topics.incoming(name), 20)
        found = {dict(record.headers)["id"]: record for record in records}
        assert sorted(found) == sorted(f"e-{n}".encode() for n in range(20))
        assert len(records) == 20
        assert dict(found[b"e-1"].headers)["digest"].decode() == hashlib.sha256(bodies[1]).hexdigest()
        assert dict(found[b"e-1"].headers)["origin"].decode() == f"{name}/e-1"
