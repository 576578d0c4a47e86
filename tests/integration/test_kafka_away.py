"""A Kafka that is away: every role says so, in readiness, metrics and log, goes on when it is back."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.kafka import Node
from deploy.ports import LOOPBACK, free_port
from streams.kafka import topics
from streams.kafka.settings import Kafka, Topics

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

ROLES = ("gateway", "stream", "deliver", "view")
PATIENCE = 90.0
HUNG_UP = "SIGHUP changes nothing: settings are read at the start only; restart to change them"
SETTINGS = """
[kafka]
bootstrap = "{kafka}"
[topics]
partitions = 2
[log]
format = "json"
[view]
url = "sqlite:///{directory}/view.sqlite3"
port = {view}
[gateway]
port = {gateway}
[stream]
port = {stream}
[deliver]
port = {deliver}
[participants.dlp]
profile = "dlp.event.v1"
[participants.dlp.deliver]
url = "https://dlp.example/events"
"""


class Broker:
    """All roles in one process, asked over HTTP."""

    def __init__(self, directory: Path, kafka: str) -> None:
        self.ports = {role: free_port() for role in ROLES}
        self.log = directory / "roles.log"
        self._file = directory / "corridor.toml"
        self._file.write_text(SETTINGS.format(kafka=kafka, directory=directory, **self.ports))

    async def __aenter__(self) -> Broker:
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "corridor", "run", *ROLES, "--config", str(self._file)),
                stdout=log, stderr=log, cwd=self._file.parent,
            )  # fmt: skip
        self._client = httpx.AsyncClient(timeout=10)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def until(self, role: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask a role until its readiness is as wanted."""
        body: dict[str, Any] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    assert self.process.returncode is None, self.log.read_text()
                    try:
                        answer = await self._client.get(f"http://{LOOPBACK}:{self.ports[role]}/readyz")
                    except httpx.HTTPError:
                        await asyncio.sleep(0.1)
                        continue
                    body = answer.json()
                    assert answer.status_code == (200 if body["ready"] else 503)
                    if condition(body):
                        return body
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{role}: {body}\n{self.log.read_text()}") from None

    async def until_all(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Ask all roles."""
        for role in ROLES:
            await self.until(role, condition)

    async def metrics(self) -> dict[str, float]:
        """Samples of the process, by name and labels."""
        answer = await self._client.get(f"http://{LOOPBACK}:{self.ports['stream']}/metrics")
        lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def told(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log that tell of an event; every line is JSON."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == event]


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
