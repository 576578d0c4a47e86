import asyncio
import json
import os
import random
import uuid
from collections import defaultdict
from typing import NamedTuple

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.ports import free_port
from schemas.registry.records import SchemaValue, decode
from streams.kafka.settings import Kafka
from streams.logs.registry_log import RegistryLog
from tests.support.registry_process import RegistryProcess

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(3600)]

WRITERS = 4
SEED = int(os.environ.get("CORRIDOR_SEED", "1"))


class Campaign(NamedTuple):
    """How long it goes."""

    kills: int
    schemas: int


CAMPAIGN = Campaign(100, 2000) if os.environ.get("CORRIDOR_SOAK") else Campaign(6, 120)


class Answered(NamedTuple):
    """A registration that the registry has confirmed."""

    subject: str
    text: str
    id: int


class Progress:
    """Counts answers, so that the kills are spread over all of them."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def step(self) -> None:
        """Count one more."""
        self._count += 1
        for count, future in self._waiting:
            if self._count >= count and not future.done():
                future.set_result(None)

    async def reach(self, count: int) -> None:
        """Wait for a number of answers."""
        if self._count < count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((count, future))
            await future


def schema(writer: int, number: int) -> tuple[str, str]:
    """Give subject and schema of a registration; four versions per subject, each readable by the next."""
    subject = f"w{writer}-s{number // 4}"
    fields = [{"name": f"f{n}", "type": "long", "default": n} for n in range(number % 4 + 1)]
    record = {"type": "record", "name": f"W{writer}S{number // 4}", "fields": fields}
    return subject, json.dumps(record, separators=(",", ":"))


async def register(
    client: httpx.AsyncClient, urls: list[str], subject: str, text: str, chance: random.Random
) -> int:
    """Send one registration until it is answered, to any gateway, as a client with retries does."""
    while True:
        try:
            url = chance.choice(urls)
            response = await client.post(f"{url}/subjects/{subject}/versions", json={"schema": text})
        except httpx.HTTPError:
            await asyncio.sleep(0.05)
            continue
        if response.status_code == 200:
            return int(response.json()["id"])
        assert response.status_code >= 500, response.text
        await asyncio.sleep(0.05)


async def test_killed_registry_loses_and_changes_nothing(kafka: Kafka) -> None:
    """While gateways are killed with -9, no id is given twice and what was answered stays as it was."""
    chance = random.Random(SEED)
    topic = f"_schemas-{uuid.uuid4().hex[:8]}"
    processes = [RegistryProcess(kafka.bootstrap, topic, free_port()) for _ in range(2)]
    await asyncio.gather(*(process.start() for process in processes))
    urls = [process.url for process in processes]
    answered: list[Answered] = []
    moved = Progress()

    async def write(writer: int) -> None:
        own = random.Random(SEED + writer)
        async with httpx.AsyncClient(timeout=40) as client:
            for number in range(CAMPAIGN.schemas // WRITERS):
                subject, text = schema(writer, number)
                answered.append(Answered(subject, text, await register(client, urls, subject, text, own)))
                moved.step()

    async def kill() -> None:
        for number in range(CAMPAIGN.kills):
            await moved.reach(CAMPAIGN.schemas * number // CAMPAIGN.kills)
            await asyncio.sleep(chance.uniform(0.0, 0.2))  # any moment of the writes under way
            victim = chance.choice(processes)
            await victim.kill()
            await victim.start()

    try:
        await asyncio.gather(kill(), *(write(writer) for writer in range(WRITERS)))
    finally:
        await asyncio.gather(*(process.kill() for process in processes))
    assert len(answered) == CAMPAIGN.schemas // WRITERS * WRITERS
    await compare(kafka, topic, answered)


async def compare(kafka: Kafka, topic: str, answered: list[Answered]) -> None:
    """Hold what was answered against the log and against a registry that starts on it."""
    registry = RegistryLog(Kafka(bootstrap=kafka.bootstrap), topic=topic)
    await registry.start()
    await registry.close()
    assert not registry.state.conflicts
    for subject, text, schema_id in answered:
        versions = {v.schema: v.id for v in registry.state.versions(subject)}
        assert versions[text] == schema_id, subject
    assert len({a.id for a in answered}) == len({a.text for a in answered}) == len(answered)
    assert len(list(registry.state.all())) == len(answered), "something is there that nobody registered"
    texts = defaultdict(set)
    for value in await schemas_in_log(kafka, topic):
        texts[value.id].add(value.schema)
    assert all(len(found) == 1 for found in texts.values())


async def schemas_in_log(kafka: Kafka, topic: str) -> list[SchemaValue]:
    """Read all committed schema records, those that compaction would remove too."""
    found = []
    async with AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    ) as consumer:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                entries = (decode(r.key, r.value) for r in records)
                found += [e.value for e in entries if e is not None and isinstance(e.value, SchemaValue)]
    return found
