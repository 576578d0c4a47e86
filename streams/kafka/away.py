"""What to do while Kafka is away: one answer to what passes by itself, and to how often it is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from connectors.pauses import Pauses
from schemas.errors import Transient
from streams.kafka.settings import Kafka

log = structlog.get_logger(__name__)

AWAY: Final = (KafkaError, OSError)
"""What a client of Kafka raises while Kafka is away; a time limit that passed is an ``OSError``, too."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0
"""Seconds between two tries to do something with Kafka; few, so that work goes on soon after it is back."""


def reconnecting() -> Pauses:
    """Give the pauses of one thing that needs Kafka and is tried until it succeeds."""
    return Pauses(FIRST_PAUSE, LONGEST_PAUSE)


async def persist(
    work: Callable[[Pauses], Awaitable[None]], what: str, stop: asyncio.Event | None = None, **said: str
) -> None:
    """Do work that goes on by itself, and again whatever ends it, until ``stop`` is set or for ever.

    Nobody else would begin again: a partition, a webhook or a poll would stand still behind it.

    Args:
        work: resets the pauses whenever it gets further.
        what: the work, in the log.
        stop: ends it, at the latest when the work itself ends.
        said: goes into the lines of the log.
    """
    pauses = reconnecting()
    while stop is None or not stop.is_set():
        try:
            await work(pauses)
        except (*AWAY, Transient) as error:
            log.warning("waiting", work=what, error=repr(error), **said)
        except Exception:
            log.exception("beginning again", work=what, **said)
        await pauses.rest(stop)


async def reached(kafka: Kafka, stop: asyncio.Event) -> bool:
    """Wait until Kafka answers; False when ``stop`` was set first."""
    pauses = reconnecting()
    while not stop.is_set():
        client = AIOKafkaClient(**kafka.client_options())
        try:
            async with asyncio.timeout(kafka.request_timeout):
                await client.bootstrap()
        except AWAY as error:
            log.warning("waiting for Kafka", bootstrap=kafka.bootstrap, error=repr(error))
            await pauses.rest(stop)
        else:
            return True
        finally:
            await client.close()
    return False
