import asyncio
import uuid

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import Misconfigured
from streams.kafka.settings import Kafka
from streams.logs.registry_log import RegistryLog
from tests.support.golden import replay
from tests.support.registry_gateway import gateway

pytestmark = pytest.mark.kafka


def record(name: str) -> dict[str, str]:
    """A request to register a record of this name."""
    return {"schema": f'{{"type":"record","name":"{name}","fields":[]}}'}


@pytest.fixture
def topic() -> str:
    """A registry of the test's own on the shared Kafka."""
    return f"_schemas-{uuid.uuid4().hex[:8]}"


async def test_answers_on_kafka_are_those_of_a_real_confluent_registry(kafka: Kafka, topic: str) -> None:
    """The 100 recorded requests, over HTTP and with the log in Kafka."""
    async with gateway(kafka.bootstrap, topic) as (_, client):
        assert await replay(client) == 100


async def test_restart_finds_everything_again(kafka: Kafka, topic: str) -> None:
    """What was answered is there after a restart, and ids go on where they were, after a hard delete too."""
    async with gateway(kafka.bootstrap, topic) as (_, client):
        for name in ("A", "B", "C"):
            assert (await client.post(f"/subjects/{name}/versions", json=record(name))).status_code == 200
        await client.put("/config/A", json={"compatibility": "FULL"})
        await client.delete("/subjects/C")
        await client.delete("/subjects/C?permanent=true")
    async with gateway(kafka.bootstrap, topic) as (_, client):
        assert (await client.get("/subjects")).json() == ["A", "B"]
        assert (await client.get("/config/A")).json() == {"compatibilityLevel": "FULL"}
        assert (await client.get("/schemas/ids/3")).status_code == 404
        assert (await client.post("/subjects/D/versions", json=record("D"))).json()["id"] == 4


async def test_two_gateways_are_one_registry(kafka: Kafka, topic: str) -> None:
    """Writes through either gateway never give an id twice; each answer is readable where it was given."""
    async with (
        gateway(kafka.bootstrap, topic) as (_, left),
        gateway(kafka.bootstrap, topic) as (_, right),
    ):

        async def register(number: int) -> int:
            client = (left, right)[number % 2]
            answer = (await client.post(f"/subjects/s{number}/versions", json=record(f"R{number}"))).json()
            read = await client.get(f"/schemas/ids/{answer['id']}")
            assert read.json()["schema"] == answer["schema"]
            return int(answer["id"])

        ids = await asyncio.gather(*(register(number) for number in range(24)))
    assert sorted(ids) == list(range(1, 25))


async def test_writer_that_went_away_is_replaced(kafka: Kafka, topic: str) -> None:
    """When the writer's address does not answer any more, the gateway that was asked becomes the writer."""
    async with gateway(kafka.bootstrap, topic) as (_, right):
        async with gateway(kafka.bootstrap, topic) as (_, left):
            assert (await left.post("/subjects/a/versions", json=record("A"))).json()["id"] == 1
            assert (await right.post("/subjects/b/versions", json=record("B"))).json()["id"] == 2
        assert (await right.post("/subjects/c/versions", json=record("C"))).json()["id"] == 3


async def test_fenced_writer_loses_nothing(kafka: Kafka, topic: str) -> None:
    """A writer that does not know that it was replaced cannot write, and its client is still answered."""
    async with (
        gateway(kafka.bootstrap, topic) as (old, left),
        gateway(kafka.bootstrap, topic) as (_, right),
    ):
        assert (await left.post("/subjects/a/versions", json=record("A"))).json()["id"] == 1
        taken = await right.post("/subjects/b/versions", json=record("B"), headers={"X-Forward": "false"})
        assert taken.json()["id"] == 2
        old._displaced = False  # as if the record that says so had not arrived yet
        assert (await left.post("/subjects/c/versions", json=record("C"))).json()["id"] == 3
        assert (await right.post("/subjects/c/versions", json=record("C"))).json()["id"] == 3


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
async def test_topic_that_forgets_is_refused(kafka: Kafka, topic: str, policy: str) -> None:
    """A topic that deletes old records would lose schemas: the registry does not start on it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"cleanup.policy": policy})])
    await admin.close()
    registry = RegistryLog(Kafka(bootstrap=kafka.bootstrap), topic=topic)
    with pytest.raises(Misconfigured, match=r"cleanup\.policy"):
        await registry.start()
    await registry.close()


async def test_topic_written_by_another_registry_is_taken_over(kafka: Kafka, topic: str) -> None:
    """Records as Confluent 8 and Karapace write them give the same subjects, settings and next id."""
    registry = RegistryLog(Kafka(bootstrap=kafka.bootstrap), topic=topic)
    await registry.start()
    await registry.close()
    foreign = [
        ('{"keytype":"NOOP","magic":0}', None),
        ('{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"FULL"}'),
        (
            '{"keytype":"SCHEMA","subject":"S","version":1,"magic":1}',
            '{"subject":"S","version":1,"id":7,"md5":"x","schema":"\\"int\\"","deleted":false}',
        ),
        (
            '{"keytype":"SCHEMA","subject":"T","version":1,"magic":0}',
            '{"subject":"T","version":1,"id":9,"schema":"\\"string\\"","schemaType":"AVRO"}',
        ),
        ('{"keytype":"DELETE_SUBJECT","subject":"T","magic":0}', '{"subject":"T","version":1}'),
        ('{"keytype":"MODE","subject":"S","magic":0}', '{"subject":"S","mode":"READONLY","new":1}'),
        ('{"keytype":"ASSOC","tenant":"default","magic":0}', '{"something":"else"}'),
    ]
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for key, value in foreign:
            await producer.send_and_wait(topic, value.encode() if value else None, key.encode(), partition=0)
    async with gateway(kafka.bootstrap, topic) as (_, client):
        assert (await client.get("/subjects")).json() == ["S"]
        assert (await client.get("/config")).json() == {"compatibilityLevel": "FULL"}
        assert (await client.get("/mode/S")).json() == {"mode": "READONLY"}
        assert (await client.get("/subjects/T/versions?deleted=true")).json() == [1]
        assert (await client.post("/subjects/U/versions", json=record("U"))).json()["id"] == 10


async def test_records_have_confluents_bytes(kafka: Kafka, topic: str) -> None:
    """Keys are byte for byte those of Confluent, or compaction would keep both."""
    async with gateway(kafka.bootstrap, topic) as (_, client):
        await client.post("/subjects/a%2Fb/versions", json=record("A"))
        await client.put("/config", json={"compatibility": "FULL"})
        await client.put("/mode/a%2Fb", json={"mode": "READONLY"})
    keys = []
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    ) as consumer:
        while len(keys) < 4:
            keys += [r.key.decode() for r in (await consumer.getmany(timeout_ms=5000)).popitem()[1]]
    assert keys == [
        '{"keytype":"NOOP","magic":0}',
        '{"keytype":"SCHEMA","subject":"a/b","version":1,"magic":1}',
        '{"keytype":"CONFIG","magic":0}',
        '{"keytype":"MODE","subject":"a/b","magic":0}',
    ]
