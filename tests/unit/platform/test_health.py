"""A role says what it waits for, the cause before what the cause holds up, over HTTP and in its log."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from corridor.roles import contracts, process
from corridor.roles.contracts import tried
from corridor.roles.health import Health
from schemas.errors import Transient


def test_a_cause_stands_before_the_parts_that_it_holds_up() -> None:
    """Kafka is away and the log with it; when Kafka is back the log is still to come."""
    there = {"kafka": False, "log": False}
    health = Health("gateway")
    health.needs("kafka", lambda: there["kafka"])
    assert health.waiting == ["kafka", "start"]
    health.watch("log", lambda: there["log"])
    assert health.waiting == ["kafka", "log"]
    there["kafka"] = True
    assert health.waiting == ["log"]
    there["log"] = True
    assert health.waiting == []


async def test_what_is_waited_for_is_the_cause_and_not_the_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processors wait for a registry: readiness names it first, until it answers."""
    monkeypatch.setattr(contracts, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(contracts, "LONGEST_PAUSE", 0.001)
    health, tries = Health("stream"), list[list[str]]()
    health.watch("processors", lambda: False)

    async def register() -> None:
        tries.append(health.waiting)
        if len(tries) < 4:
            raise Transient("registry-unavailable", "does not answer")

    assert await tried(register, "registry", health, asyncio.Event())
    assert tries == [["processors"], *[["registry", "processors"]] * 3]
    assert health.waiting == ["processors"]


async def test_the_log_tells_every_change_once() -> None:
    """Waiting for Kafka, ready with address and version, waiting again: three lines in all."""
    health, stop, there = Health("deliver"), asyncio.Event(), False
    health.needs("kafka", lambda: there)
    health.watch("deliveries", lambda: True)

    async def told(lines: int) -> None:
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0)
                if len(logs) >= lines:
                    return

    with capture_logs() as logs:
        telling = asyncio.create_task(health.tell(stop, "http://127.0.0.1:8412", "1.2.3", look=0.0001))
        await told(1)
        there = True
        await told(2)
        there = False
        await told(3)
        stop.set()
        await telling
    assert logs == [
        {"event": "waiting", "of": "deliver", "waiting": ["kafka"], "log_level": "warning"},
        {
            "event": "ready", "of": "deliver", "address": "http://127.0.0.1:8412", "version": "1.2.3",
            "log_level": "info",
        },
        {"event": "waiting", "of": "deliver", "waiting": ["kafka"], "log_level": "warning"},
    ]  # fmt: skip


async def test_a_part_that_waits_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM while one part waits for a Kafka that never comes: the others end, and that one is ended."""
    monkeypatch.setattr(process, "GRACE", 0.01)
    stop, ended = asyncio.Event(), list[str]()

    async def waits_for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waits")

    async def serves() -> None:
        await stop.wait()
        ended.append("serves")

    running = asyncio.create_task(process.together(stop, serves(), waits_for_ever()))
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(30):
        await running
    assert ended == ["serves", "waits"]
