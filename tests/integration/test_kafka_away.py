"""A Kafka that is away: every role says so, in readiness, metrics and log, goes on when it is back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.kafka import Node
from deploy.ports import LOOPBACK
from streams.kafka import topics
from streams.kafka.settings import Kafka, Topics
from tests.support.roles import PATIENCE, ROLES, Broker

pytestmark = pytest.mark.kafka

HUNG_UP = "SIGHUP changes nothing: settings are read at the start only; restart to change them"


def lags(samples: dict[str, float]) -> list[str]:
    """What is told of how far anybody is behind."""
    return [name for name in samples if name.startswith("corridor_consumer_lag_records")]


async def test_every_role_tells_the_truth_about_kafka(
    tmp_path: Path, private_kafka: Callable[[], Node]
) -> None:
    """Started without Kafka all wait for it; with it they are ready; when it dies they are not; and again."""
    node = private_kafka()
    settings = Topics(partitions=2)
    async with Broker(tmp_path, node.bootstrap) as broker:
        await broker.until_all(lambda body: body["waiting"][:1] == ["kafka"])
        assert (await broker.metrics())["corridor_kafka_reachable"] == 0
        await node.start()
        await topics.create(Kafka(bootstrap=node.bootstrap), topics.plan(["dlp"], settings))
        await broker.until_all(lambda body: body["ready"])
        await _until_lag_is_told(broker)
        assert (await broker.metrics())["corridor_kafka_reachable"] == 1

        broker.process.send_signal(signal.SIGHUP)  # no reason to end
        node.kill()
        await broker.until_all(lambda body: body["waiting"][:1] == ["kafka"])
        samples = await broker.metrics()
        assert (samples["corridor_kafka_reachable"], lags(samples)) == (0, [])

        await node.start()
        await broker.until_all(lambda body: body["ready"])
        await _until_lag_is_told(broker)
        broker.process.send_signal(signal.SIGTERM)
        assert await broker.process.wait() == 0
    assert len(broker.told(HUNG_UP)) == 1
    (start,) = broker.told("starting")
    assert start["roles"] == list(ROLES)
    assert start["version"]
    for role in ROLES:
        ready = [line for line in broker.told("ready") if line["of"] == role]
        assert {line["address"] for line in ready} == {f"http://{LOOPBACK}:{broker.ports[role]}"}
        assert {line["version"] for line in ready} == {start["version"]}
    assert len(broker.told("Kafka is away")) == 2, "once at the start, once when it died"
    assert not broker.told("processors begin again"), "a stream that is started without Kafka waits"


async def _until_lag_is_told(broker: Broker) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if lags(await broker.metrics()):
                return
            await asyncio.sleep(0.2)
