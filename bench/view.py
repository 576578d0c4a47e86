"""The shipment view: what the log costs to project into SQL, and how long a rebuild takes."""

from __future__ import annotations

import asyncio
import itertools
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import httpx
from aiokafka import AIOKafkaProducer

from bench.broker import LOOK
from bench.case import BenchFigure, Tell
from bench.contest import ContestRecord, started
from bench.journeys import events
from corridor.roles.contracts import codec, registry_client
from corridor.settings import Settings, load
from corridor.settings.model import View
from corridor.view.database import Database
from corridor.view.tables import CONTENT
from deploy.kafka import Node
from deploy.ports import free_port
from schemas import profiles
from streams.kafka import topics
from streams.records.contracts import Contracts

EVENTS: Final = 1_000_000
SAY_EVERY: Final = 20_000
SETTINGS: Final = """
[kafka]
bootstrap = "{kafka}"
[gateway]
port = {gateway}
[log]
level = "warning"
[view]
url = "sqlite:///{directory}/view.sqlite3"
"""


class Spent(NamedTuple):
    """What a process, or a part of one, took."""

    cpu: float
    wall: float
    peak_rss_mb: float = 0.0


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """Rebuild of a log from its beginning, beside plain inserts of the same rows."""
    count = round(EVENTS * share)
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as directory:
        rebuilt = asyncio.run(_rebuilt(Path(directory), count, tell))
        tell("plain inserts of the same rows")
        plain = _inserted(Path(directory))
    yield BenchFigure("projection, events per second of one core", round(count / rebuilt.cpu))
    yield BenchFigure(
        "plain inserts of the same rows, events per second of one core", round(count / plain.cpu)
    )
    yield BenchFigure("projection ÷ plain inserts, CPU", round(rebuilt.cpu / plain.cpu, 1))
    yield BenchFigure(f"rebuild of {count:,} events", round(rebuilt.wall, 1), "s")
    yield BenchFigure("rebuild, peak resident memory", round(rebuilt.peak_rss_mb), "MB")


async def _rebuilt(directory: Path, count: int, tell: Tell) -> Spent:
    """Fill a log and let ``corridor view rebuild`` read it."""
    node, gateway = Node(directory / "kafka"), free_port()
    file = directory / "corridor.toml"
    file.write_text(SETTINGS.format(kafka=node.bootstrap, gateway=gateway, directory=directory))
    corridor = [sys.executable, "-m", "corridor"]
    await node.start()
    try:
        with started([*corridor, "run", "gateway", "--config", str(file)]):
            settings = load(file, {})
            await _ready(gateway)
            await _fill(settings, count, tell)
            tell(f"rebuilding from {count:,} events")
            return await asyncio.to_thread(_run, [*corridor, "view", "rebuild", "--config", str(file)])
    finally:
        await node.stop()


async def _ready(port: int) -> None:
    """Wait until a role is ready."""
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            with suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            await asyncio.sleep(LOOK)


async def _fill(settings: Settings, count: int, tell: Tell) -> None:
    """Write events into the log; all of one key are in one partition, in order."""
    await topics.create(settings.kafka, topics.plan([], settings.topics))
    client = registry_client(settings)
    try:
        frame = await Contracts(client).frame(topics.EVENTS, codec(profiles.CANONICAL).schema)
    finally:
        await client.close()
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, max_batch_size=256 * 1024)
    await producer.start()
    done = 0
    try:
        listed = (told.message(frame) for told in itertools.islice(events(), count))
        while part := list(itertools.islice(listed, SAY_EVERY)):
            await _send(producer, part, settings.topics.partitions)
            done += len(part)
            tell(f"{done:,} events written")
    finally:
        await producer.stop()


async def _send(producer: AIOKafkaProducer, part: Iterable[ContestRecord], partitions: int) -> None:
    written = []
    batches = {number: producer.create_batch() for number in range(partitions)}
    now = int(time.time() * 1000)
    for key, value, headers in part:
        number = zlib.crc32(key) % partitions
        row = {"key": key, "value": value, "timestamp": now, "headers": headers}
        if batches[number].append(**row) is None:
            written.append(await producer.send_batch(batches[number], topics.EVENTS, partition=number))
            batches[number] = producer.create_batch()
            batches[number].append(**row)
    written += [
        await producer.send_batch(batch, topics.EVENTS, partition=number)
        for number, batch in batches.items()
        if batch.record_count()
    ]
    await asyncio.gather(*written)


def _run(command: list[str]) -> Spent:
    """Run a command to its end."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    wall = time.perf_counter() - begun
    return Spent(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def _inserted(directory: Path) -> Spent:
    """Write the rows of the view into the same tables, as a script would that has them already."""
    file = directory / "plain.sqlite3"
    database = Database(View(url=f"sqlite:///{file}"))
    database.migrate()
    database.close()
    source, target = sqlite3.connect(directory / "view.sqlite3"), sqlite3.connect(file)
    target.execute("PRAGMA synchronous = NORMAL")
    target.execute("PRAGMA cache_size = -65536")  # as the view has it
    cpu, wall = 0.0, 0.0
    for table in CONTENT:
        marks = ", ".join("?" for _ in table.columns)
        rows = source.execute(f'SELECT * FROM "{table.name}"')  # noqa: S608 - a table of ours
        while part := rows.fetchmany(5_000):
            began, spent = time.perf_counter(), time.process_time()
            with target:
                target.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', part)  # noqa: S608
            cpu += time.process_time() - spent
            wall += time.perf_counter() - began
    source.close()
    target.close()
    return Spent(cpu, wall)
