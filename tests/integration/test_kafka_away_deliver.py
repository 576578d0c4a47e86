"""Deliveries while Kafka is away: how often all of them together try it, and that they go on afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import aiokafka.client
import pytest

from connectors.ports import Delivered, Outcome, OutgoingMessage
from connectors.settings import Deliver
from deploy.kafka import Node
from schemas.avro.jsonform import JsonForm
from streams.delivery.outbound import Outbound
from streams.kafka import door, topics
from streams.kafka.settings import Kafka, Processing, Topics
from streams.records.contracts import Contracts
from streams.records.envelope import headers
from tests.support.counting import CODEC, FRAME, SCHEMA
from tests.support.kafka import produce

pytestmark = pytest.mark.kafka

PARTICIPANTS = [f"p{number}" for number in range(6)]
RAMP = 60
"""Tries in which every client has lost its connections, and the pause has grown to its longest."""
STEADY = 8


class Partner:
    """Takes everything."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.came = asyncio.Condition()

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Take a batch."""
        async with self.came:
            self.bodies += [delivery.body for delivery in batch]
            self.came.notify_all()
        return [Delivered(200, "")] * len(batch)

    async def has(self, count: int) -> None:
        """Wait until so many came."""
        async with self.came:
            await self.came.wait_for(lambda: len(self.bodies) >= count)

    async def close(self) -> None:
        """Nothing is open."""


class Tries:
    """Counts the connections that are tried."""

    def __init__(self) -> None:
        self.at: list[float] = []
        self._real = door.create_conn
        self._more = asyncio.Condition()

    async def __call__(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as create_conn has it
        """Try one."""
        async with self._more:
            self.at.append(time.monotonic())
            self._more.notify_all()
        return await self._real(*args, **options)

    async def quiet_after(self, begun: int) -> list[float]:
        """Wait for the ramp to end and for some more; give the seconds between those."""
        async with self._more:
            await self._more.wait_for(lambda: self._steady(begun) is not None)
        found = self._steady(begun)
        assert found is not None
        return found

    def _steady(self, begun: int) -> list[float] | None:
        """The first pauses of a whole series in which none is short, None while there is no such series."""
        gaps = [after - before for before, after in pairwise(self.at[begun:])]
        assert len(gaps) < RAMP + STEADY, f"tried again and again: {gaps}"
        last = gaps[-STEADY:]
        return last if len(last) == STEADY and min(last) >= door.LONGEST / 2 - 0.1 else None


def outbound(name: str, kafka: Kafka, contracts: Contracts, partner: Partner) -> Outbound:
    """The delivery to one participant."""
    return Outbound(
        name, partner, Deliver(url="http://127.0.0.1:1"), JsonForm(SCHEMA), CODEC, kafka,
        Processing(app="away", commit_interval=0.05, session_timeout=6.0), contracts,
    )  # fmt: skip


@pytest.mark.parametrize("port", ["refuses", "closes"])
async def test_all_deliveries_together_try_a_kafka_that_is_away_once_a_second_at_most(
    port: str, private_kafka: Callable[[], Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six of them, connected before; whether nobody listens or somebody who hangs up. Then all go on."""
    monkeypatch.setattr(aiokafka.client, "create_conn", door.knock)
    monkeypatch.setattr(door, "create_conn", tries := Tries())
    node = private_kafka()
    await node.start()
    kafka = Kafka(bootstrap=node.bootstrap)
    await topics.create(kafka, topics.plan(PARTICIPANTS, Topics(partitions=2)))
    contracts, partner, stop = Contracts(None), Partner(), asyncio.Event()
    await contracts.start()
    running = [outbound(name, kafka, contracts, partner) for name in PARTICIPANTS]
    tasks = [asyncio.create_task(one.run(stop)) for one in running]

    async def send(number: int) -> None:
        listed = headers(f"m-{number}", f"o/m-{number}", ("o",), 1_700_000_000_000, subject="s")
        for name in PARTICIPANTS:
            await produce(
                node.bootstrap, f"out.{name}", [(b"s", FRAME + CODEC.encode({"n": number}), listed)]
            )

    await send(1)
    await partner.has(len(PARTICIPANTS))
    node.kill()
    begun = len(tries.at)
    if port == "closes":
        host, _, number = node.bootstrap.rpartition(":")
        listener = await asyncio.start_server(lambda _, writer: writer.close(), host, int(number))
        await tries.quiet_after(begun)
        listener.close()
        await listener.wait_closed()
    else:
        await tries.quiet_after(begun)
    await node.start()
    await send(2)
    await partner.has(2 * len(PARTICIPANTS))
    stop.set()
    await asyncio.gather(*tasks)
    assert partner.bodies.count(b'{"n":2}') == len(PARTICIPANTS)
