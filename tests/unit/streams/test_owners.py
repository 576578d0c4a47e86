"""Whoever owns partitions tries again after any exception, as lanes do: none of them ends a role."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from connectors.settings import Deliver
from corridor.roles import stream
from corridor.roles.contracts import codec, json_form
from corridor.roles.stream import Processors
from schemas.errors import Transient
from streams.delivery.outbound import Outbound
from streams.edges.polling import Polling
from streams.edges.window import Window
from streams.kafka import access
from streams.kafka.settings import Kafka, Processing
from streams.logs.projection import Projection
from streams.records.contracts import Contracts

KAFKA = Kafka(bootstrap="127.0.0.1:1")
PROFILE = "dlp.event.v1"
ERRORS = (
    KeyError("a partition that a wrong coordinator does not know"),
    KafkaError("away"),
    TimeoutError(),
    ExceptionGroup("callbacks", [ValueError("defect")]),
    Transient("registry-unavailable", "a schema that is not known yet"),
    AssertionError("of the client"),
)
Run = Callable[[asyncio.Event], Awaitable[None]]


class Partner:
    """Nobody is sent anything."""

    async def close(self) -> None:
        """Have no connections."""


def failing(stop: asyncio.Event) -> tuple[Callable[..., Awaitable[None]], list[BaseException]]:
    """What ends with each of the errors in turn, and then well."""
    left = list[BaseException](ERRORS)

    async def work(*_: object) -> None:
        if left:
            raise left.pop(0)
        stop.set()

    return work, left


def delivery(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The deliveries of one participant."""
    monkeypatch.setattr(Outbound, "_consume", work)
    made = Outbound(
        "dlp", Partner(), Deliver(url="http://127.0.0.1:1"), json_form(PROFILE), codec(PROFILE),
        KAFKA, Processing(), Contracts(None),
    )  # type: ignore[arg-type]  # fmt: skip
    return made.run


def polling(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The polls of all participants."""
    monkeypatch.setattr(Polling, "_follow_assignment", work)
    known = Window("deliver", KAFKA, [], 1)
    return Polling({}, known, KAFKA, Processing(), Contracts(None)).run


def projection(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The projection into the view."""
    monkeypatch.setattr(Projection, "_follow", work)
    return Projection("view", None, [], KAFKA, Processing()).run  # type: ignore[arg-type]


def processors(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The processors of the role stream."""
    monkeypatch.setattr(stream, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(stream, "LONGEST_PAUSE", 0.001)

    class Runner:
        running = True
        run = staticmethod(work)

    return lambda stop: Processors().run(Runner, stop)  # type: ignore[arg-type]


@pytest.mark.parametrize("owner", [delivery, polling, projection, processors])
async def test_an_owner_tries_again_after_any_exception(
    owner: Callable[[pytest.MonkeyPatch, Any], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six kinds of failure one after the other, defects among them: then it works, and nothing was raised."""
    monkeypatch.setattr(access, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(access, "LONGEST_PAUSE", 0.001)
    stop = asyncio.Event()
    work, left = failing(stop)
    async with asyncio.timeout(30):
        await owner(monkeypatch, work)(stop)
    assert left == []
