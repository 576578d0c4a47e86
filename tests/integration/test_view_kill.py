"""The view over a real Kafka: kill -9 neither loses nor doubles, a rebuild gives the same bytes."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from corridor.roles.contracts import registry_client
from corridor.settings import Settings, load
from corridor.settings.logins import STATE
from corridor.view.database import Database
from corridor.view.dump import dump
from corridor.view.events import recompute, write_events
from corridor.view.status import status_of
from deploy.kafka import Node
from schemas import profiles
from streams.kafka import topics
from streams.records.contracts import Contracts
from streams.records.envelope import headers
from tests.support.crossing import codec
from tests.support.journeys import facts, told
from tests.support.kafka import Row, produce

pytestmark = [pytest.mark.kafka, pytest.mark.system("view")]

KILLS = 5
TRAINS = 6


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@asynccontextmanager
async def role(file: Path, *names: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process with roles; what is left of it is killed in the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "corridor", "run", *names, "--config", str(file)), cwd=file.parent
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def corridor(file: Path, *arguments: str) -> str:
    """Run a command; fail when it does not end well."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "corridor", *arguments, "--config", str(file)),
        cwd=file.parent, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def ready(port: int) -> None:
    """Wait until a role says that it is ready."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(60):
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


def content(settings: Settings) -> bytes:
    """All content of the view."""
    database = Database(settings.view)
    with database.reading() as connection:
        found = b"".join(dump(connection))
    database.close()
    return found


def rows(frame: bytes) -> list[Row]:
    """Records of the log, as the stage `to-corridor` writes them."""
    return [
        (
            output.key,
            frame + output.body,
            headers(output.id, origin, output.hops, accepted, subject=output.subject),
        )
        for output, origin, accepted in told(TRAINS)
    ]


def expected(directory: Path) -> bytes:
    """Content of a view that took all of it at once."""
    database = Database(
        load(directory / "corridor.toml", {}).view.__class__(url=f"sqlite:///{directory}/other.sqlite3")
    )
    database.migrate()
    with database.writing() as connection:
        recompute(connection, write_events(connection, facts(TRAINS)))
    with database.reading() as connection:
        found = b"".join(dump(connection))
    database.close()
    return found


async def test_kills_neither_lose_nor_double_and_a_rebuild_gives_the_same_bytes(
    private_kafka: Callable[[], Node], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While events come in, the role is killed again and again; the view ends as if nothing had happened."""
    node = private_kafka()
    await node.start()
    file, gateway, view = tmp_path / "corridor.toml", free_port(), free_port()
    file.write_text(
        f'[kafka]\nbootstrap = "{node.bootstrap}"\n[gateway]\nport = {gateway}\n'
        f'[processing]\nbatch_bytes = 20000\nsession_timeout = 6.0\n[view]\nport = {view}\nurl = "sqlite:///{tmp_path}/view.sqlite3"\n'
    )
    monkeypatch.setenv(STATE, str(tmp_path / "state"))  # where gateway and client find one token
    settings = load(file, {})
    await topics.create(settings.kafka, topics.plan([], settings.topics))
    event = codec(profiles.CANONICAL)
    async with role(file, "gateway"):
        await ready(gateway)
        client = registry_client(settings)
        listed = rows(await Contracts(client).frame(topics.EVENTS, event.schema))
        await client.close()
        step = len(listed) // KILLS
        for number in range(KILLS):
            async with role(file, "view") as process:
                await ready(view)
                part = listed[number * step : (number + 1) * step if number < KILLS - 1 else None]
                producing = asyncio.create_task(produce(node.bootstrap, topics.EVENTS, part + part[:20]))
                if number < KILLS - 1:
                    await progressed(settings, random.Random(number).randrange(1, step // 2))
                    os.kill(process.pid, signal.SIGKILL)
                await producing
                if number == KILLS - 1:
                    wanted = expected(tmp_path)
                    async with asyncio.timeout(90):
                        while content(settings) != wanted:  # noqa: ASYNC110 - another process writes it
                            await asyncio.sleep(0.2)
        before = await corridor(file, "view", "dump", "--digest")
        await corridor(file, "view", "rebuild")
        assert await corridor(file, "view", "dump", "--digest") == before
        assert content(settings) == wanted
        container = next(fact.subject.partition(":")[2] for fact in facts(TRAINS) if fact.kind == "EQUIPMENT")
        assert container in await corridor(file, "show", container)
        assert "Sea leg" in await corridor(file, "kpi")


async def progressed(settings: Settings, records: int) -> None:
    """Wait until the view took over so many more records."""
    database = Database(settings.view)
    start = position(database)
    async with asyncio.timeout(60):
        while position(database) < start + records:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
    database.close()


def position(database: Database) -> int:
    """How many records the view has read, by the sum of its offsets."""
    with database.reading() as connection:
        return sum(status_of(connection).positions.values())
