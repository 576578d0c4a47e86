"""The embedded Kafka is a real one that keeps its promises over stops and kills."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.kafka import Node
from deploy.ports import require_free
from schemas.errors import Misconfigured
from tests.conftest import Kafka

pytestmark = pytest.mark.kafka


async def create(bootstrap: str, topic: str) -> None:
    """Make a topic of one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def commit(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Write the values in one transaction."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"{topic}-writer")
    await producer.start()
    try:
        async with producer.transaction():
            for value in values:
                await producer.send(topic, value)
    finally:
        await producer.stop()


async def committed(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """Read that many committed values from the start."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        partition = TopicPartition(topic, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_transactions_work_on_one_node(kafka: Kafka) -> None:
    """What a transaction committed is read back under read_committed, in order."""
    await create(kafka.bootstrap, "node-transactions")
    await commit(kafka.bootstrap, "node-transactions", [b"1", b"2"])
    assert await committed(kafka.bootstrap, "node-transactions", 2) == [b"1", b"2"]


async def test_acknowledged_records_survive_kill_and_stop(private_kafka: Callable[[], Node]) -> None:
    """What was acknowledged is there after kill -9 and after a clean stop, at the same address."""
    node = private_kafka()
    await node.start()
    address = node.bootstrap
    await create(address, "kept")
    await commit(address, "kept", [b"before"])
    node.kill()
    assert node.process is None
    await node.start()
    await commit(address, "kept", [b"after"])
    await node.stop()
    again = Node(node.directory)
    await again.start()
    assert again.bootstrap == address
    assert await committed(address, "kept", 2) == [b"before", b"after"]


async def test_a_node_left_by_a_dead_parent_is_replaced(private_kafka: Callable[[], Node]) -> None:
    """A second start on the same directory ends what still runs there, instead of failing on its ports."""
    node = private_kafka()
    await node.start()
    orphan = node.process
    await Node(node.directory).start()
    assert orphan is not None
    assert not orphan.is_running()
    assert node.process is not None


async def test_a_taken_port_is_named_with_its_holder(private_kafka: Callable[[], Node]) -> None:
    """Starting on a port in use says which port and which process holds it."""
    node = private_kafka()
    await node.start()
    with pytest.raises(Misconfigured) as refusal:
        require_free(node.port, "Kafka", "Stop it.")
    assert refusal.value.code == "port-in-use"
    assert str(node.port) in refusal.value.message
    assert node.process is not None
    assert f"process {node.process.pid}" in refusal.value.message
