"""Kafka is there when something can be written, not when somebody answers."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from corridor.cli.pipe import _serve
from corridor.settings.model import Listen
from deploy.ports import free_port
from streams.kafka.presence import Presence, writable
from streams.kafka.settings import Kafka

BROKERS = [(number, "kafka", 9090 + number, None) for number in (1, 2, 3)]


def said(*partitions: tuple[int, list[int]]) -> Any:  # noqa: ANN401
    """Metadata of one topic: leader and in-sync replicas of each partition."""
    rows = [(0, number, leader, [1, 2, 3], isr, []) for number, (leader, isr) in enumerate(partitions)]
    return SimpleNamespace(brokers=BROKERS, topics=[(0, "corridor.events", False, rows)] if rows else [])


def answers(*up: int, of: Any) -> dict[tuple[str, int], Any]:  # noqa: ANN401
    """Three brokers, of which these answer."""
    return {("kafka", 9090 + number): of if number in up else None for number in (1, 2, 3)}


WHOLE = said((1, [1, 2, 3]), (2, [1, 2, 3]), (3, [1, 2, 3]))


@pytest.mark.parametrize(
    ("up", "of", "there"),
    [
        ((1, 2, 3), WHOLE, True),
        ((1, 2), WHOLE, True),  # a broker went: the leaders of the others go on
        ((1,), WHOLE, False),  # two went, and nobody tells the last one of it
        ((1,), said((1, [1]), (1, [1])), False),  # or somebody did
        ((1, 2), said((1, [1, 2]), (-1, [])), True),
        ((1, 2), said((3, [1, 2, 3])), False),  # the only leader does not answer
        ((), WHOLE, False),
        ((1,), said(), True),  # no topics yet
    ],
)
def test_kafka_is_there_when_something_can_be_written(up: tuple[int, ...], of: Any, there: bool) -> None:  # noqa: ANN401
    """A leader answers, and as many in-sync replicas as an acknowledgement takes: two."""
    assert writable(answers(*up, of=of), 2) is there


def test_one_broker_is_enough_where_one_acknowledges() -> None:
    """The embedded node; and an address that only the settings know makes no difference."""
    alone = said((1, [1]))
    assert writable({("kafka", 9091): alone, ("localhost", 9091): alone}, 1)
    assert not writable({("kafka", 9091): None, ("localhost", 9092): None}, 1)


async def test_a_pipe_is_not_ready_while_kafka_is_away() -> None:
    """It runs on and waits, and says for what."""
    stop, port = asyncio.Event(), free_port()

    async def work() -> None:
        await stop.wait()

    presence = Presence(Kafka(bootstrap=f"127.0.0.1:{free_port()}"))
    serving = asyncio.create_task(
        _serve(Listen(host="127.0.0.1", port=port), presence, lambda: True, stop, work())
    )
    async with asyncio.timeout(30), httpx.AsyncClient() as client:
        while True:
            try:
                answer = await client.get(f"http://127.0.0.1:{port}/readyz")
                break
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
    assert (answer.status_code, answer.json()["waiting"]) == (503, ["kafka"])
    stop.set()
    await serving
