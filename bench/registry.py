"""The registry on a Kafka of its own: start with many schemas, registrations per second, look-up by id."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from aiokafka import AIOKafkaProducer

from bench.case import BenchFigure, Tell
from connectors.auth.secret import find_secret
from connectors.registry.client import RegistryClient
from corridor.settings.logins import STATE
from deploy.kafka import Node
from deploy.ports import free_port
from schemas.errors import Transient
from schemas.registry.records import Entry, SchemaValue, encode
from streams.kafka import topics
from streams.kafka.settings import Kafka
from streams.logs.registry_log import RegistryLog

SCHEMAS, REGISTRATIONS, LOOKUPS = 10_000, 1_000, 200_000
CLIENTS = (1, 16)
PATIENCE = 60.0
LOGIN = "secrets/registry.token"
"""Where the gateway keeps the token that it makes, within the directory of its state."""


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """Seconds to start, registrations per second over HTTP, nanoseconds and microseconds of a look-up."""
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as directory:
        yield from asyncio.run(_measure(Path(directory), share, tell))


async def _measure(directory: Path, share: float, tell: Tell) -> Sequence[BenchFigure]:
    count = round(SCHEMAS * share)
    node = Node(directory / "kafka")
    tell("Kafka starts")
    await node.start()
    try:
        kafka = Kafka(bootstrap=node.bootstrap)
        tell(f"{count:,} schemas")
        await _fill(kafka, count)
        began = time.perf_counter()
        registry = RegistryLog(kafka)
        await registry.start()
        found = [BenchFigure(f"start with {count:,} schemas", round(time.perf_counter() - began, 2), "s")]
        await registry.close()
        async with _gateway(kafka, directory) as url:
            for clients in CLIENTS:
                tell(f"registrations by {clients} at a time")
                rate = await _registrations(url, directory / LOGIN, round(REGISTRATIONS * share), clients)
                found.append(BenchFigure(f"registrations, {clients} at a time", round(rate), "per second"))
            tell("look-ups")
            return found + await _lookups(url, directory / "cache", round(LOOKUPS * share))
    finally:
        await node.stop()


def schema(name: str) -> str:
    """Give a schema of twenty fields that no other name has."""
    fields = [{"name": f"field{n}", "type": ["null", "string"], "default": None} for n in range(20)]
    return json.dumps({"type": "record", "name": name, "fields": fields}, separators=(",", ":"))


async def _fill(kafka: Kafka, count: int) -> None:
    """Write the records of so many schemas, one per subject, as the registry would have."""
    empty = RegistryLog(kafka)
    await empty.start()
    await empty.close()
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, linger_ms=20)
    await producer.start()
    try:
        for number in range(1, count + 1):
            value = SchemaValue(f"filled{number}-value", 1, number, schema(f"Filled{number}"))
            key, record = encode(Entry(value.key, value))
            await producer.send(topics.SCHEMAS, record, key, partition=0)
        await producer.flush()
    finally:
        await producer.stop()


@asynccontextmanager
async def _gateway(kafka: Kafka, directory: Path) -> AsyncIterator[str]:
    """Run the role gateway as a process, away from anybody's settings; give its address once it is ready."""
    port = free_port()
    settings = {"CORRIDOR__KAFKA__BOOTSTRAP": kafka.bootstrap, "CORRIDOR__GATEWAY__PORT": str(port)}
    settings[STATE] = str(directory)
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, waited for in a thread
        [sys.executable, "-m", "corridor", "run", "gateway"],
        env={**os.environ, **settings, "CORRIDOR__LOG__LEVEL": "error"},
        cwd=directory,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http, asyncio.timeout(PATIENCE):
            while not await _ready(http):
                if process.poll() is not None:
                    raise Transient("internal", f"the gateway stopped with exit code {process.returncode}")
                await asyncio.sleep(0.1)
        yield str(http.base_url)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _ready(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).is_success
    except httpx.HTTPError:
        return False


async def _registrations(url: str, token: Path, count: int, clients: int) -> float:
    """Register so many new schemas, each under a subject of its own, and give how many a second."""
    numbers = iter(range(count))

    async def send(http: httpx.AsyncClient) -> None:
        for number in numbers:
            name = f"By{clients}N{number}"
            answer = await http.post(f"/subjects/{name}-value/versions", json={"schema": schema(name)})
            answer.raise_for_status()

    fields = {"Authorization": f"Bearer {find_secret(f'file:{token}').reveal()}"}
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, headers=fields) as http:
        await http.get("/subjects")
        began = time.perf_counter()
        await asyncio.gather(*(send(http) for _ in range(clients)))
        return count / (time.perf_counter() - began)


async def _lookups(url: str, cache: Path, count: int) -> list[BenchFigure]:
    """Look a schema up that was looked up before: by this process, and by another one that has ended."""
    async with RegistryClient(url, cache_dir=cache) as client:
        await client.schema(1)
        began = time.perf_counter_ns()
        for _ in range(count):
            await client.schema(1)
        memory = (time.perf_counter_ns() - began) / count
    began = time.perf_counter_ns()
    async with RegistryClient(url, cache_dir=cache) as client:
        await client.schema(1)
        disk = time.perf_counter_ns() - began
    return [
        BenchFigure("look-up by id, from memory", round(memory), "ns"),
        BenchFigure("look-up by id, first in a process, from disk", round(disk / 1e3), "us"),
    ]
