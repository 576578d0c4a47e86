"""What a role needs done before it can work: tried until it succeeds, and said meanwhile why it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from connectors.pauses import Pauses, unless
from corridor.roles.health import Alone, Health
from schemas.errors import Transient

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
"""Seconds between two tries of what a peer, the registry or Kafka did not let through."""
REGISTRY: Final = "schema registry"
"""Name under which the registry is set aside; no participant can have it."""


async def until_done(
    work: Callable[[], Coroutine[Any, Any, None]],
    name: str,
    health: Health,
    stop: asyncio.Event,
    failed: Callable[[], None] = lambda: None,
) -> bool:
    """Do something again until it succeeds.

    What may pass by itself is waited for. All else sets aside whom it is about, until it succeeds.

    Args:
        work: what is done.
        name: of the authority, peer or part that it is about.
        health: of the role.
        stop: ends it.
        failed: is called after each failure.

    Returns:
        False when ``stop`` was set first.
    """
    pauses = Pauses(FIRST_PAUSE, LONGEST_PAUSE)
    while not stop.is_set():
        with Alone(name, health.set_aside):
            try:
                await unless(stop, work())
            except Transient as error:
                log.warning("trying again", of=name, code=error.code, error=error.message)
            else:
                health.bring_back(name)
                return not stop.is_set()
        failed()
        await pauses.rest(stop)
    return False
