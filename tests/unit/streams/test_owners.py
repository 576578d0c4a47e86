"""Whoever owns partitions tries again after any exception, as lanes do: none of them ends a role."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from structlog.testing import capture_logs

from connectors.settings import Deliver
from corridor.roles import stream
from corridor.roles.contracts import codec, json_form
from corridor.roles.layout import Layout
from corridor.roles.stream import Processors
from corridor.settings import Settings
from schemas.errors import Transient
from streams.delivery.outbound import Outbound
from streams.edges import ingest
from streams.edges.ingest import Ingest
from streams.edges.polling import Polling
from streams.edges.window import Window
from streams.kafka import away
from streams.kafka.presence import Presence
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.topics import Deviation
from streams.logs import shared_log as shared
from streams.logs.projection import Projection
from streams.partition.backlog import Backlog
from streams.partition.positions import Positions
from streams.processing.lane import Lane
from streams.processing.work import Crew
from streams.records.contracts import Contracts
from tests.support.text_log import TextLog

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
CREW = Crew(
    "stream", "test.stream", (SimpleNamespace(name="to-corridor.dtc", source="in.dtc", changelog=None),)
)  # type: ignore[arg-type]
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


def lane(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """A partition number of the role stream."""

    async def working(self: Lane) -> None:
        await work()
        await asyncio.wait_for(self._arrived.wait(), 1000)

    monkeypatch.setattr(Lane, "_work", working)
    return lane_of


def backlog(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """A partition number of which one processor is behind."""
    monkeypatch.setattr(Backlog, "open", work)
    hold = SimpleNamespace(
        positions={"in.dtc": Positions(5, {"to-corridor.dtc": 0}, {})}, writer=Partner(), stores={}
    )

    async def opened(self: Any) -> Any:  # noqa: ANN401
        self._hold = hold
        return hold

    monkeypatch.setattr(Lane, "_open", opened)
    return lane_of


async def lane_of(stop: asyncio.Event) -> None:
    """Run a lane until it works."""
    made = Lane(CREW, 0, KAFKA, Processing(), Sizes())
    await asyncio.wait([asyncio.create_task(stop.wait()), made._task], return_when=asyncio.FIRST_COMPLETED)
    assert not made._task.done()
    await made.close()


def webhooks(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The producer of all webhooks."""
    monkeypatch.setattr(Ingest, "_connect", work)

    async def run(stop: asyncio.Event) -> None:
        await until(Ingest(KAFKA, Contracts(None), {})._stay_connected(), stop)

    return run


def webhooks_after(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The same, where the broken producer does not end well."""

    async def connected(self: Ingest) -> Any:  # noqa: ANN401
        self._broken.set()
        return Partner()

    monkeypatch.setattr(Ingest, "_connect", connected)
    monkeypatch.setattr(ingest, "stop_producer", work)

    async def run(stop: asyncio.Event) -> None:
        await until(Ingest(KAFKA, Contracts(None), {})._stay_connected(), stop)

    return run


def shared_log(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """The registry's log, and the ledger of an authority."""
    monkeypatch.setattr(shared, "_STANDS", 0.001)

    @contextlib.asynccontextmanager
    async def consuming(_: object) -> AsyncIterator[Any]:
        await work()
        await asyncio.sleep(1000)
        yield

    monkeypatch.setattr(TextLog, "_consuming", consuming)

    async def run(stop: asyncio.Event) -> None:
        await until(TextLog()._follow(), stop)

    return run


def presence(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """Whoever asks whether Kafka is there."""

    async def knock(*_: object, **__: object) -> None:
        await work()

    monkeypatch.setattr("streams.kafka.presence.knock", knock)

    async def run(stop: asyncio.Event) -> None:
        await Presence(KAFKA, look=0.001).watch(stop)

    return run


def layout(monkeypatch: pytest.MonkeyPatch, work: Any) -> Run:  # noqa: ANN401
    """Whoever looks at the topics."""

    async def check(*_: object) -> list[Deviation]:
        await work()
        return []

    monkeypatch.setattr("streams.kafka.topics.check", check)
    monkeypatch.setattr("corridor.roles.layout.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("corridor.roles.layout.LONGEST_PAUSE", 0.001)

    async def run(stop: asyncio.Event) -> None:
        there = Presence(KAFKA)
        there.arrived.set()
        await Layout(Settings()).watch(there, stop)

    return run


async def until(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Run what never ends by itself until it works."""
    task = asyncio.create_task(work)
    await asyncio.wait([asyncio.create_task(stop.wait()), task], return_when=asyncio.FIRST_COMPLETED)
    assert not task.done(), "it ended by itself"
    task.cancel()


@pytest.mark.parametrize(
    "owner",
    [
        delivery,
        polling,
        projection,
        processors,
        lane,
        backlog,
        webhooks,
        webhooks_after,
        shared_log,
        presence,
        layout,
    ],
)
async def test_an_owner_tries_again_after_any_exception(
    owner: Callable[[pytest.MonkeyPatch, Any], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six kinds of failure one after the other, defects among them: then it works, and nothing was raised."""
    monkeypatch.setattr(away, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(away, "LONGEST_PAUSE", 0.001)
    monkeypatch.setattr("streams.processing.lane.FIRST_BACKOFF", 0.001)
    stop = asyncio.Event()
    work, left = failing(stop)
    with capture_logs():  # tracebacks take seconds to be written
        async with asyncio.timeout(20):
            await owner(monkeypatch, work)(stop)
    assert left == []
