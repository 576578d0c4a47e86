"""Participants whose topics are missing: each is set aside alone, until its topics are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any, Final

import structlog

from connectors.pauses import pause, unless
from corridor.roles.health import Health
from streams.kafka import topics
from streams.kafka.settings import Kafka

log = structlog.get_logger(__name__)

LOOK: Final = 3.0
"""Seconds between two looks."""


class Lacking:
    """Looks which participants lack topics, and says so in readiness, metrics and log.

    Args:
        kafka: connection.
        health: of the role.
        needed: topics of each participant without which its part of the role cannot work.
        look: seconds between two looks.
    """

    def __init__(
        self, kafka: Kafka, health: Health, needed: Mapping[str, Collection[str]], look: float = LOOK
    ) -> None:
        self._kafka, self._health, self._needed, self._look = kafka, health, needed, look
        self.names: frozenset[str] = frozenset()
        """Those who lack something, as far as is known."""
        self._moved = asyncio.Event()

    async def look(self) -> None:
        """Look once, and say who lacks a topic who did not, or has all of them again."""
        try:
            there = await topics.existing(self._kafka)
        except Exception as error:  # noqa: BLE001 - it looks again
            log.debug("topics not looked at", error=repr(error))
            return
        lacking = {name: sorted(set(wanted) - there) for name, wanted in self._needed.items()}
        now = frozenset(name for name, missing in lacking.items() if missing)
        before, self.names = self.names, now
        for name in now - before:
            self._health.lacks_topic(name, lacking[name][0])
        for name in before - now:
            self._health.bring_back(name)
        if now != before:
            self._moved.set()
            self._moved = asyncio.Event()

    async def watch(self, stop: asyncio.Event) -> None:
        """Look again and again until ``stop`` is set: once for all who wait."""
        while not stop.is_set():
            await pause(stop, self._look)
            await self.look()

    async def when(self, stop: asyncio.Event, holds: Callable[[frozenset[str]], bool]) -> None:
        """Return when something holds of those who lack topics, or when ``stop`` is set."""
        while not stop.is_set() and not holds(self.names):
            await unless(stop, self._moved.wait())


async def until(
    run: Callable[[asyncio.Event], Awaitable[None]],
    stop: asyncio.Event,
    changed: Callable[[asyncio.Event], Coroutine[Any, Any, None]] | None,
) -> None:
    """Run until ``stop`` is set, or until something has changed."""
    over = asyncio.Event()
    waits: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if changed is not None:
        waits.append(asyncio.create_task(changed(stop)))
    for wait in waits:
        wait.add_done_callback(lambda _: over.set())
    try:
        await run(over)
    finally:
        for wait in waits:
            wait.cancel()
