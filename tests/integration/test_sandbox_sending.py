"""The sandbox as sender, on real sockets, with the product's own webhook and poller on the other side."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from connectors.poll.source import HttpSource
from connectors.ports import Accepted, Format, IncomingMessage
from connectors.receive.app import make_app, webhook_routes
from connectors.receive.endpoint import Endpoint
from corridor.sandbox.ledger import FILE, Answered, SentEntry, read
from corridor.sandbox.participant import running
from corridor.sandbox.settings import Sandbox
from corridor.sandbox.timetable import messages
from schemas.errors import Transient
from tests.support.edges import LOOPBACK, SECRET, MemoryLog, participant, serving

pytestmark = pytest.mark.system("dtc", "dlp")

COUNT = 60
EXPECTED = list(islice(messages("dtc"), COUNT))


def note_format() -> Format:
    """The id of a note's message; what else the profile says is not this test's business."""
    return Format("dtc.note.v1", lambda body: IncomingMessage(json.loads(body)["messageId"], b"", body))


class Flaky(MemoryLog):
    """A log that fails now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def append(self, messages: Sequence[Accepted]) -> None:
        """Append, or not."""
        self.calls += 1
        if self.calls in {3, 11}:
            raise Transient("log-unavailable", "Kafka did not acknowledge")
        await super().append(messages)


@dataclass
class Broker:
    """The receiving side: its address and what reached its log."""

    url: str
    log: MemoryLog

    def bodies(self) -> list[bytes]:
        """Bodies in the order of the log."""
        return [message.body for message in self.log.messages]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the secrets where the settings say."""
    monkeypatch.setenv("SIGNING", SECRET)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Everything a test started ends with it."""
    async with AsyncExitStack() as made:
        yield made


@pytest.fixture
async def broker(stack: AsyncExitStack) -> Broker:
    """A webhook that takes signed messages and fails now and then."""
    log = Flaky()
    settings = participant(webhook={"secrets": ["env:SIGNING"]})
    app = make_app(webhook_routes([Endpoint(settings, note_format(), log)]))
    url = await stack.enter_async_context(serving(app))
    return Broker(f"{url}/webhooks/p", log)


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Sandbox]:
    """Settings of a DTC that sends as fast as it can."""

    def make(**changes: object) -> Sandbox:
        wanted = {"participant": "dtc", "data": tmp_path, "rate": 0, "limit": COUNT}
        return msgspec.convert({**wanted, "webhook_secret": "env:SIGNING", **changes}, Sandbox)

    return make


def in_order(bodies: Sequence[bytes]) -> dict[str, list[bytes]]:
    """Bodies by note, in order."""
    notes: dict[str, list[bytes]] = defaultdict(list)
    for body in bodies:
        note = json.loads(body)
        notes["/".join(note[name] for name in ("departureStation", "contractDate", "noteNumber"))].append(
            body
        )
    return notes


def without_repeats(bodies: Sequence[bytes]) -> list[bytes]:
    """Each body at its first place."""
    return list(dict.fromkeys(bodies))


@pytest.mark.parametrize(("batch", "lanes"), [(1, 1), (1, 8), (7, 1), (50, 4)])
async def test_everything_arrives_once_and_in_order(
    settings: Callable[..., Sandbox], broker: Broker, batch: int, lanes: int
) -> None:
    """Signed, single or in batches, over failures: each message is in the log once, notes in their order."""
    async with running(settings(webhook=broker.url, batch=batch, lanes=lanes)) as sandbox:
        async with asyncio.timeout(60):
            await sandbox.finished.wait()
        stats = sandbox.stats()
    expected = without_repeats([message.body() for message in EXPECTED])
    assert sorted(broker.bodies()) == sorted(expected)
    assert in_order(broker.bodies()) == in_order(expected)
    assert (stats["sent"], stats["accepted"], stats["refused"]) == (COUNT, COUNT, 0)


async def test_the_ledger_names_what_was_sent_before_it_is_answered(
    settings: Callable[..., Sandbox], broker: Broker, tmp_path: Path
) -> None:
    """Each message has its line with the hash of its bytes ahead of its first answer."""
    async with running(settings(webhook=broker.url, batch=5)) as sandbox:
        await asyncio.wait_for(sandbox.finished.wait(), 60)
    known: dict[int, SentEntry] = {}
    for entry in read(tmp_path / FILE):
        if isinstance(entry, SentEntry):
            known.setdefault(entry.n, entry)
        elif isinstance(entry, Answered):
            assert set(entry.ns) <= known.keys()
    digests = {message.id: message.digest for message in broker.log.messages}
    assert {entry.id: bytes.fromhex(entry.sha256) for entry in known.values()} == digests
    assert [known[n].id for n in range(COUNT)] == [message.id for message in EXPECTED]


async def test_a_restart_goes_on_where_it_stopped(
    settings: Callable[..., Sandbox], broker: Broker, tmp_path: Path
) -> None:
    """Stopped in the middle and started again: the rest is sent, the unanswered again by the same id."""
    async with running(settings(webhook=broker.url, rate=200, lanes=2)):
        while len(broker.log.messages) < 10:
            await broker.log.waiting.acquire()
    before = [entry for entry in read(tmp_path / FILE) if isinstance(entry, Answered) and entry.status == 202]
    async with running(settings(webhook=broker.url)) as sandbox:
        await asyncio.wait_for(sandbox.finished.wait(), 60)
        assert sandbox.stats()["accepted"] == COUNT
    expected = without_repeats([message.body() for message in EXPECTED])
    assert in_order(broker.bodies()) == in_order(expected)
    accepted = [n for entry in before for n in entry.ns]
    entries = list(read(tmp_path / FILE))
    again = [e.n for e in entries[entries.index(before[-1]) + 1 :] if isinstance(e, SentEntry)]
    assert accepted
    assert not set(accepted) & set(again)


async def test_duplicates_and_disorder_are_in_the_ledger_as_sent(
    settings: Callable[..., Sandbox], broker: Broker, tmp_path: Path
) -> None:
    """Injected duplicates and disorder happen on the wire, and the ledger has the order of the wire."""
    faults = {"duplicates": 0.3, "disorder": 0.3, "seed": 2}
    async with running(settings(webhook=broker.url, lanes=1, faults=faults)) as sandbox:
        await asyncio.wait_for(sandbox.finished.wait(), 60)
        injected = sandbox.stats()["faults"]
    assert injected["duplicate"] > 5
    assert injected["disorder"] > 5
    sent = [entry.id for entry in read(tmp_path / FILE) if isinstance(entry, SentEntry)]
    assert without_repeats([i.encode() for i in sent]) != without_repeats([m.id.encode() for m in EXPECTED])
    assert list(dict.fromkeys(sent)) == [message.id for message in broker.log.messages]


async def test_refused_messages_are_settled_and_hold_nobody_back(
    settings: Callable[..., Sandbox], stack: AsyncExitStack
) -> None:
    """A message refused for good is told in the ledger, also out of a batch; the others pass."""
    refused = EXPECTED[3].id

    def read_or_refuse(body: bytes) -> IncomingMessage:
        message = note_format().read(body)
        if message.id == refused:
            msgspec.json.decode(body, type=int)
        return message

    log = MemoryLog()
    form = Format("dtc.note.v1", _invalid(read_or_refuse))
    app = make_app(webhook_routes([Endpoint(participant(webhook={"secrets": ["env:SIGNING"]}), form, log)]))
    url = await stack.enter_async_context(serving(app))
    async with running(settings(webhook=f"{url}/webhooks/p", batch=10, lanes=1)) as sandbox:
        await asyncio.wait_for(sandbox.finished.wait(), 60)
        stats = sandbox.stats()
    times = [message.id for message in EXPECTED].count(refused)
    assert (stats["accepted"], stats["refused"]) == (COUNT - times, times)
    assert refused not in {message.id for message in log.messages}


def _invalid(reader: Callable[[bytes], IncomingMessage]) -> Callable[[bytes], IncomingMessage]:
    from schemas.errors import Invalid

    def checked(body: bytes) -> IncomingMessage:
        try:
            return reader(body)
        except msgspec.ValidationError:
            raise Invalid("schema-violation", "/noteNumber", "is not welcome") from None

    return checked


class TestFeed:
    """Offered instead of sent, and read by the product's poller."""

    @staticmethod
    def source(url: str, stack: AsyncExitStack) -> HttpSource:
        """The poller."""
        poll = {"url": f"{url}/feed", "page_size": 7, "egress": LOOPBACK}
        made = HttpSource(participant(poll=poll), note_format())
        stack.push_async_callback(made.close)
        return made

    async def test_everything_is_read_once_over_pages(
        self, settings: Callable[..., Sandbox], stack: AsyncExitStack
    ) -> None:
        """Page after page gives all messages in order; at the end the same page is not sent again (304)."""
        sandbox = await stack.enter_async_context(running(settings(offer=True)))
        await asyncio.wait_for(sandbox.finished.wait(), 60)
        source, cursor, bodies = self.source(sandbox.url, stack), "", []
        while len(bodies) < COUNT:
            page = await source.poll(cursor)
            bodies += [message.body for message in page.messages]
            cursor = page.cursor
        assert bodies == [message.body() for message in EXPECTED]
        for _ in range(3):
            page = await source.poll(cursor)
            assert (list(page.messages), page.more) == ([], False)
            cursor = page.cursor
        assert sandbox.stats()["accepted"] == COUNT

    async def test_an_item_is_accepted_when_the_reader_asks_beyond_it(
        self, settings: Callable[..., Sandbox], stack: AsyncExitStack, tmp_path: Path
    ) -> None:
        """A page that was only sent counts for nothing; asking for the next one accepts it, once."""
        sandbox = await stack.enter_async_context(running(settings(offer=True)))
        await asyncio.wait_for(sandbox.finished.wait(), 60)
        source = self.source(sandbox.url, stack)
        first = await source.poll("")
        assert sandbox.stats()["accepted"] == 0
        await source.poll(first.cursor)
        await source.poll(first.cursor)
        assert sandbox.stats()["accepted"] == 7
        answered = [entry for entry in read(tmp_path / FILE) if isinstance(entry, Answered)]
        assert [(entry.ns, entry.status) for entry in answered] == [(list(range(7)), 200)]

    async def test_a_reader_that_goes_back_is_served_after_a_restart_too(
        self, settings: Callable[..., Sandbox], stack: AsyncExitStack
    ) -> None:
        """A reader whose cursor was not kept reads the accepted items again, the same bytes."""
        async with running(settings(offer=True)) as sandbox:
            await asyncio.wait_for(sandbox.finished.wait(), 60)
            source = self.source(sandbox.url, stack)
            first = await source.poll("")
            second = await source.poll(first.cursor)
            await source.poll(second.cursor)
        async with running(settings(offer=True)) as sandbox:
            await asyncio.wait_for(sandbox.finished.wait(), 60)
            again = await self.source(sandbox.url, stack).poll(first.cursor)
        assert [message.body for message in again.messages] == [message.body for message in second.messages]


async def test_a_killed_process_goes_on_with_its_ledger(broker: Broker, tmp_path: Path) -> None:
    """The command, killed with -9 in the middle again and again, ends with every message accepted once."""
    command = [sys.executable, "-m", "corridor", "sandbox", "dtc", "--data", str(tmp_path), "--json"]
    command += [
        "--webhook",
        broker.url,
        "--webhook-secret",
        "env:SIGNING",
        "--rate",
        "100",
        "--limit",
        str(COUNT),
    ]
    for target in (10, 25, 45):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        started = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        assert started["participant"] == "dtc"
        while len(broker.log.messages) < target:
            await asyncio.wait_for(broker.log.waiting.acquire(), 30)
        process.kill()
        await process.wait()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    expected = without_repeats([message.body() for message in EXPECTED])
    while len(broker.log.messages) < len(expected):
        await asyncio.wait_for(broker.log.waiting.acquire(), 30)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0
    assert in_order(broker.bodies()) == in_order(expected)
    sent = {entry.id: entry.sha256 for entry in read(tmp_path / FILE) if isinstance(entry, SentEntry)}
    assert sent == {message.id: sha256(message.body()).hexdigest() for message in EXPECTED}
