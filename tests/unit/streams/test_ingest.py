"""What waits for an acknowledgement of Kafka does not wait for a Kafka that is known to be away."""

from __future__ import annotations

import asyncio

import pytest

from schemas.errors import Transient
from streams.edges.ingest import Ingest
from streams.kafka.settings import Kafka
from streams.records.contracts import Contracts

EVER = 1e6
"""Seconds of patience: only a test that fails sees their end."""


def ingest(*answers: bool) -> Ingest:
    """A log that is told so, one look after the other."""
    told = iter(answers)
    return Ingest(
        Kafka(bootstrap="127.0.0.1:1"), Contracts(None), {}, patience=EVER, reachable=lambda: next(told)
    )


async def test_who_waits_is_answered_once_kafka_is_away() -> None:
    """At the first look after it is known."""
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    assert not await ingest(True, False)._acknowledged([never])


async def test_who_waits_is_answered_once_it_is_written() -> None:
    """Whatever is known of Kafka then."""
    written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(written.set_result, None)
    assert await ingest(False)._acknowledged([written])


async def test_nothing_is_begun_with_a_kafka_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a log that is connected, as it was a moment ago."""
    log = ingest(False)
    monkeypatch.setattr(Ingest, "ready", True)
    with pytest.raises(Transient) as refused:
        await log.append([])
    assert refused.value.code == "log-unavailable"
