"""The registry goes away, or refuses, after the start: the gateway and the polls go on without that one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from connectors.ports import Accepted, PolledPage
from schemas import profiles
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient
from streams.edges.ingest import Ingest
from streams.edges.polling import Polled, Polling
from streams.kafka.settings import Kafka, Processing

NOWHERE = Kafka(bootstrap="127.0.0.1:1")
SCHEMA = profiles.load("vessel.event.v1").schema
AWAY = Transient("registry-unavailable", "away")
REFUSALS = (
    Permanent("schema-incompatible", "field 7"),
    Permanent("registry-refused", "answered 400"),
    Misconfigured("settings-invalid", "does not accept the credentials (401)"),
    KeyError("id"),
)


class Registry:
    """Answers for one participant as the test says, and for all others at once."""

    def __init__(self, *answers: Exception) -> None:
        self.answers, self.held = list(answers), asyncio.Event()

    async def frame(self, topic: str, _: object) -> bytes:
        """Give the bytes in front of each value."""
        if topic == "in.one":
            if not self.answers:
                await self.held.wait()
                return b"\0\0\0\0\2"
            raise self.answers.pop(0)
        return b"\0\0\0\0\1"


class Told:
    """What was said of participants, in turn; the same again is the same, as for `Health`."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def __call__(self, name: str, error: CorridorError | None) -> None:
        """Hear of one."""
        said = name, error.code if error else "back"
        if said not in self.said[-1:]:
            self.said.append(said)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.records.frames.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("streams.records.frames.LONGEST_PAUSE", 0.001)


@pytest.fixture(params=[AWAY, *REFUSALS], ids=repr)
def answer(request: pytest.FixtureRequest) -> Exception:
    """What the registry says of one participant at first."""
    answer: Exception = request.param
    return answer


def expected(answer: Exception) -> list[tuple[str, str]]:
    """What has to be said of the one: nothing of a registry that is away, else that it is aside, and back."""
    if answer is AWAY:
        return []
    return [("one", answer.code if isinstance(answer, CorridorError) else "internal"), ("one", "back")]


async def test_a_gateway_goes_on(answer: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other is taken in at once, the one is told to try later, until the registry has its schema."""
    registry, told, stop = Registry(answer, answer), Told(), asyncio.Event()
    schemas = {"one": SCHEMA, "other": SCHEMA}
    log = Ingest(NOWHERE, registry, schemas, aside=told)  # type: ignore[arg-type]
    written: list[str] = []

    async def produce(message: Accepted) -> None:
        written.append(message.participant)

    monkeypatch.setattr(log, "_produce", produce)
    monkeypatch.setattr(log, "_producer", object())
    monkeypatch.setattr(log, "_stay_connected", stop.wait)
    monkeypatch.setattr(log.follower, "run", stop.wait)
    monkeypatch.setattr("streams.edges.ingest.stop_producer", nothing)
    log.follower.caught_up.set()
    running = asyncio.create_task(log.run(stop))
    async with asyncio.timeout(20):
        while registry.answers:
            await alive(running)
        assert log.ready
        await log.append([message("other")])
        with pytest.raises(Transient) as refusal:
            await log.append([message("other"), message("one")])
        assert refusal.value.code == ("registry-unavailable" if answer is AWAY else "participant-set-aside")
        assert written == ["other"]
        registry.held.set()
        while "one" not in log.frames.had:
            await alive(running)
        await log.append([message("one")])
    assert written == ["other", "one"]
    assert told.said == expected(answer)
    stop.set()
    await running


async def test_a_gateway_that_can_take_in_nothing_is_not_ready() -> None:
    """The registry has not answered for anybody yet."""
    log = Ingest(NOWHERE, Registry(), {"one": SCHEMA})  # type: ignore[arg-type]
    log._producer = object()  # type: ignore[assignment]
    log.follower.caught_up.set()
    assert not log.ready
    log.frames.had["one"] = b""
    assert log.ready


async def test_the_polls_go_on(answer: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other is polled at once, the one once the registry has its schema."""
    registry, told, stop = Registry(answer, answer), Told(), asyncio.Event()
    sources = {name: Source() for name in ("one", "other")}
    polled = {name: Polled(source, SCHEMA, 1000.0) for name, source in sources.items()}
    polling = Polling(polled, Known(), NOWHERE, Processing(), registry, aside=told)  # type: ignore[arg-type]

    async def assigned(*_: object) -> None:
        await polling.assign(range(3), 3)
        await stop.wait()
        await polling.release()

    async def cursor(*_: object) -> Any:  # noqa: ANN401
        return Cursor()

    monkeypatch.setattr("streams.edges.polling.Writer", Writer)
    monkeypatch.setattr(polling, "_follow_assignment", assigned)
    monkeypatch.setattr(polling, "_cursor", cursor)
    running = asyncio.create_task(polling.run(stop))
    async with asyncio.timeout(20):
        while registry.answers or not sources["other"].asked:
            await alive(running)
        assert not sources["one"].asked
        registry.held.set()
        while not sources["one"].asked:
            await alive(running)
    assert told.said == expected(answer)
    stop.set()
    await running


async def alive(running: asyncio.Task[None]) -> None:
    """Let the others run; whoever ended must not have."""
    await asyncio.sleep(0)
    if running.done():
        running.result()
        raise AssertionError("it has ended")


async def nothing(*_: object) -> None:
    """Do it."""


def message(name: str) -> Accepted:
    """A message of a participant."""
    return Accepted(name, name, b"k", b"body", b"digest", 0, "")


class Cursor:
    """Nothing was polled yet."""

    cursor = ""


class Known:
    """No id is in the log."""

    async def catch_up(self) -> None:
        """Know all of them."""


class Source:
    """A participant with nothing to give."""

    asked = False

    async def poll(self, cursor: str) -> PolledPage:
        """Give an empty page."""
        self.asked = True
        return PolledPage((), (), cursor, more=False)

    async def close(self) -> None:
        """Have no connections."""


class Writer:
    """A writer without Kafka."""

    spent = False

    @classmethod
    async def open(cls, *_: object) -> Writer:
        """Open one."""
        return cls()

    async def close(self) -> None:
        """Close it."""
