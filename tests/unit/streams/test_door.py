"""Connections to a broker that is away: all clients of a process together try once, and ever more seldom."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import aiokafka.client
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from deploy.ports import free_port
from streams.kafka import door
from streams.kafka.settings import Kafka

CLIENTS = 60


class Brokers:
    """Stands for ``create_conn``: counts the tries at every port, and opens those that are there."""

    def __init__(self) -> None:
        self.tries = Counter[int]()
        self.there: set[int] = set()

    async def connect(self, host: str, port: int, **_: object) -> str:
        """Try to connect."""
        self.tries[port] += 1
        await asyncio.sleep(0)
        if port not in self.there:
            raise ConnectionRefusedError(port)
        return f"{host}:{port}"


@pytest.fixture
def brokers(monkeypatch: pytest.MonkeyPatch) -> Brokers:
    """Brokers at whose doors nobody waits for long."""
    made = Brokers()
    monkeypatch.setattr(door, "create_conn", made.connect)
    monkeypatch.setattr(door, "FIRST", 0.001)
    monkeypatch.setattr(door, "LONGEST", 0.001)
    return made


async def together(port: int) -> list[Any]:
    """Let all clients knock at once."""
    knocks = (door.knock("localhost", port) for _ in range(CLIENTS))
    return await asyncio.gather(*knocks, return_exceptions=True)


async def test_all_clients_of_a_process_make_one_try_together(brokers: Brokers) -> None:
    """After the first failure sixty clients cost one connection a round; all learn how it ended."""
    with pytest.raises(ConnectionRefusedError):
        await door.knock("localhost", 9092)
    for round_ in range(1, 4):
        outcomes = await together(9092)
        assert all(isinstance(outcome, OSError | KafkaConnectionError) for outcome in outcomes)
        assert brokers.tries[9092] == 1 + round_


async def test_when_the_broker_is_back_all_come_in(brokers: Brokers) -> None:
    """The one that stands at the door finds it open, and the others follow at once."""
    await together(9092)
    brokers.there.add(9092)
    assert set(await together(9092)) == {"localhost:9092"}


async def test_a_broker_that_is_away_holds_nobody_up_who_can_ask_another(
    brokers: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one broker is open, the shut one is passed over without waiting and without a try."""
    monkeypatch.setattr(door, "FIRST", 3600.0)
    monkeypatch.setattr(door, "LONGEST", 3600.0)
    brokers.there.add(9093)
    await door.knock("localhost", 9093)
    with pytest.raises(ConnectionRefusedError):
        await door.knock("localhost", 9092)
    async with asyncio.timeout(30):
        outcomes = await together(9092)
    assert all(isinstance(outcome, KafkaConnectionError) for outcome in outcomes)
    assert brokers.tries[9092] == 1


async def test_who_gives_up_at_the_door_leaves_it_to_the_others(brokers: Brokers) -> None:
    """The client that stood there is cancelled: the next one tries."""
    await together(9092)
    first = asyncio.create_task(door.knock("localhost", 9092))
    await asyncio.sleep(0)
    first.cancel()
    brokers.there.add(9092)
    async with asyncio.timeout(30):
        assert await door.knock("localhost", 9092) == "localhost:9092"


async def test_every_client_goes_through_the_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is made with the options of the settings knocks."""
    knocked: list[int] = []

    async def knock(_: str, port: int, **__: object) -> None:
        knocked.append(port)
        raise ConnectionRefusedError

    monkeypatch.setattr(door, "knock", knock)
    monkeypatch.setattr(aiokafka.client, "create_conn", None)
    port = free_port()
    consumer = AIOKafkaConsumer(**Kafka(bootstrap=f"127.0.0.1:{port}").client_options())
    with pytest.raises(KafkaConnectionError):
        await consumer.start()
    await consumer.stop()
    assert knocked == [port]
