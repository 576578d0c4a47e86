"""`corridor pipe` is started before Kafka or the registry is there: it waits, as the roles do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from bench.workload import text
from corridor.cli import pipe
from corridor.settings import Settings
from corridor.settings.model import Listen
from deploy.ports import LOOPBACK, free_port
from schemas.avro.schema import Schema
from schemas.errors import Misconfigured, Transient
from streams.kafka.settings import Kafka
from streams.processing.pipe import Route

ROUTE = Route("in", "out", "out.dead", "group", "json")
RULES = text("mapping.yaml")
REGISTRY = f"http://{LOOPBACK}:1"
NOWHERE = Settings(kafka=Kafka(bootstrap=f"{LOOPBACK}:1"))


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Event]:
    """What ends the command, once it heeds signals."""
    events: list[asyncio.Event] = []
    monkeypatch.setattr(pipe, "heed", events.append)
    return events


def run(
    directory: Path, registry: str | None = None, address: Listen | None = None, rules: str = RULES
) -> Any:  # noqa: ANN401
    """Run the command with the benchmark's mapping, or another."""
    mapping = directory / "mapping.yaml"
    mapping.write_text(rules, encoding="utf-8")
    parsed = (Schema.parse(text(name)) for name in ("event.avsc", "shipment.avsc"))
    schemas = {schema.fullname: schema for schema in parsed}
    return pipe._run(NOWHERE, mapping, schemas, ROUTE, registry, 1, address)


async def test_without_kafka_it_says_what_it_waits_for(tmp_path: Path, ended: list[asyncio.Event]) -> None:
    """It does not end with 69, is not ready, and ends when it is asked to."""
    port = free_port()
    running = asyncio.ensure_future(run(tmp_path, address=Listen(host=LOOPBACK, port=port)))
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
        said: dict[str, Any] = {"waiting": []}
        while said["waiting"] != ["kafka", "pipe"]:
            assert not running.done(), running.result()
            try:
                said = (await client.get(f"http://{LOOPBACK}:{port}/readyz")).json()
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    ended[0].set()
    await running


@pytest.mark.parametrize(
    ("away", "registry"),
    [("kafka-unavailable", None), ("registry-unavailable", REGISTRY)],
)
async def test_what_is_away_is_waited_for(
    away: str,
    registry: str | None,
    tmp_path: Path,
    ended: list[asyncio.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With Kafka and registry back it runs; it has tried again until then."""
    tried: list[str] = []

    async def make(*_: object) -> Any:  # noqa: ANN401
        tried.append("pipe")
        if len(tried) < 3:
            raise Transient(away, "not there")

        async def until_stopped(stop: asyncio.Event) -> None:
            tried.append("runs")
            ended[0].set()
            await stop.wait()

        return SimpleNamespace(run=until_stopped)

    async def start(_: object) -> None: ...

    monkeypatch.setattr("streams.kafka.away.FIRST_PAUSE", 0.001)
    monkeypatch.setattr(pipe, "make_pipe", make)
    monkeypatch.setattr(pipe.Contracts, "start", start)
    async with asyncio.timeout(30):
        await run(tmp_path, registry)
    assert tried == ["pipe", "pipe", "pipe", "runs"]


@pytest.mark.usefixtures("ended")
async def test_a_mapping_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Whoever wrote it need start neither Kafka nor a registry to be told."""
    with pytest.raises(Misconfigured, match="knid"):
        async with asyncio.timeout(30):
            await run(tmp_path, REGISTRY, rules=RULES.replace("kind", "knid", 1))
