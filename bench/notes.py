"""DTC notes to DLP events, with state and fan-out: the role stream against two stock Faust agents."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bench.broker import broker, process
from bench.case import BenchFigure, Tell
from bench.contest import (
    TURNS,
    Contestant,
    ContestRecord,
    Cost,
    Workload,
    contest,
    create_topics,
    started,
)
from bench.hand import corridor_events, dlp_event
from bench.stock_notes import FRAME, Avro, changelogs
from corridor.roles.contracts import json_form, registry_client
from corridor.sandbox.timetable import messages
from schemas import profiles
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from schemas.translation import Context, Record, Translator
from schemas.translation.chain import Chain, ChainStage
from streams.kafka import topics
from streams.records.contracts import Contracts
from streams.records.envelope import headers

NOTES, WARM_UP = 8_000, 1_000
GROUP = "bench-stock"
ACCEPTED = 1_770_000_000_000
"""When the first note is taken in, UTC milliseconds: later than what it tells of."""
PROFILE = "dtc.note.v1"

SETTINGS = """
[kafka]
bootstrap = "127.0.0.1:{kafka}"
[gateway]
port = {gateway}
[stream]
port = {stream}
[deliver]
port = {deliver}
[view]
port = {view}
url = "sqlite:///{secrets}/view.sqlite3"
[registry]
token = "file:{secrets}/registry.token"
[topics]
partitions = 4
[participants.dtc]
profile = "dtc.note.v1"
webhook = {{ secrets = ["file:{secrets}/dtc.webhook"] }}
[participants.dlp]
profile = "dlp.event.v1"
[participants.dlp.deliver]
url = "http://127.0.0.1:9/"
secrets = ["file:{secrets}/dlp.deliver"]
egress = {{ networks = ["127.0.0.0/8"] }}
"""
"""One way across and nobody at the other end: the events stay in their topic."""


class NoteVersion(NamedTuple):
    """One version of a note as it lies in ``in.dtc``."""

    key: str
    id: str
    body: bytes
    accepted: int

    def record(self) -> Record:
        """What the translator gets."""
        return Record(
            self.key.encode(),
            self.body,
            Context(self.id, f"dtc/{self.id}", "dtc", 0, self.accepted, ("dtc",)),
        )

    def message(self, frame: bytes) -> ContestRecord:
        """What Kafka gets."""
        listed = headers(self.id, f"dtc/{self.id}", ("dtc",), self.accepted)
        return ContestRecord(self.key.encode(), frame + self.body, listed)


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """What a thousand notes cost the role stream and the stock agents, and what came of each."""
    count, warm_up = round(NOTES * share), round(WARM_UP * share)
    notes = list(itertools.islice(some_notes(), count + warm_up))
    ours, stock = asyncio.run(_measure(notes[:warm_up], notes[warm_up:], tell))
    for name, (cost, outputs) in (("stream", ours), ("stock agents", stock)):
        yield BenchFigure(f"{name}, CPU per note", round(cost.cpu_per_million), "µs")
        yield BenchFigure(f"{name}, DLP events per note", round(outputs / count, 2))
        yield BenchFigure(f"{name}, peak resident memory", round(cost.peak_rss_mb), "MB")
    ratio = stock[0].cpu_per_million / ours[0].cpu_per_million
    yield BenchFigure("stream ÷ stock agents, notes per CPU second", round(ratio, 2), at_least=5)


def some_notes() -> Iterator[NoteVersion]:
    """Versions of notes as the sandbox's DTC sends them."""
    form = json_form(PROFILE)
    for n, message in enumerate(messages("dtc", 0)):
        key = message.subject.partition(":")[2]
        yield NoteVersion(key, message.id, form.to_avro(message.body()), ACCEPTED + n)


async def _measure(
    warm_up: Sequence[NoteVersion], notes: Sequence[NoteVersion], tell: Tell
) -> list[tuple[Cost, int]]:
    """Cost and outputs of the role stream, and of the stock agents, on one Kafka."""
    async with broker(tell, settings=SETTINGS) as supervisor:
        settings = supervisor.settings
        contracts = Contracts(client := registry_client(settings))
        try:
            framed = await contracts.frame(topics.incoming("dtc"), profiles.load(PROFILE).schema)
        finally:
            await client.close()
        kafka, translate, by_hand = settings.kafka.bootstrap, Mapped(), ByHand()
        parts = [warm_up, *turns(notes)]
        loads = [_load(part, framed, translate) for part in parts]
        stock_loads = [_load(part, FRAME, by_hand) for part in parts]
        route, beside = ("bench.notes", "bench.dlp"), ("bench.events", "bench.reports")
        await create_topics(kafka, *route, *beside)
        await create_topics(kafka, *changelogs(GROUP), compacted=True)
        command = [sys.executable, "-m", "bench.stock_notes", kafka]
        with started([*command, route[0], beside[0], route[1], beside[1], GROUP]) as stock:
            tell(f"role stream and stock agents: {len(notes):,} notes each, in turns")
            ours, theirs = await contest(
                kafka,
                [
                    Contestant(
                        process(supervisor, "stream"), topics.incoming("dtc"), topics.outgoing("dlp"), loads
                    ),
                    Contestant(stock, *route, stock_loads),
                ],
            )
        return [
            (cost, sum(load.outputs for load in done[1:]))
            for cost, done in ((ours, loads), (theirs, stock_loads))
        ]


def turns(notes: Sequence[NoteVersion]) -> Iterator[Sequence[NoteVersion]]:
    """Divide notes into `TURNS` parts."""
    size = -(-len(notes) // TURNS)
    return (notes[start : start + size] for start in range(0, len(notes), size))


class Mapped:
    """Counts what the mappings make of notes."""

    def __init__(self) -> None:
        into, out = translator(PROFILE, "to_corridor"), translator("dlp.event.v1", "from_corridor")
        self._chain = Chain([ChainStage(into, "dtc"), ChainStage(out, "dlp", toward=True)])

    def __call__(self, note: NoteVersion) -> int:
        """Return how many DLP events come of one more note."""
        return sum(len(step.outputs) for step in self._chain.run(note.record()) if step.final)


class ByHand:
    """Counts what the functions written by hand make of notes."""

    def __init__(self) -> None:
        self._notes, self._events = (
            Avro(profiles.load(name).schema) for name in (PROFILE, profiles.CANONICAL)
        )
        self._kept: dict[str, dict[str, object]] = {}
        self._seen: Counter[str] = Counter()

    def __call__(self, note: NoteVersion) -> int:
        """Return how many DLP events come of one more note."""
        made = 0
        datum = self._notes.read(FRAME + note.body)
        for event in corridor_events(datum, self._kept.setdefault(note.key, {}), note.accepted):
            read = self._events.read(self._events.write(event))
            identity = str(read["envelope"]["event_id"])
            if dlp_event(read, self._seen[identity]) is not None:
                self._seen[identity] = read["correction"]["version"]
                made += 1
        return made


def translator(profile: str, direction: str) -> Translator:
    """Compile one mapping of a profile."""
    text, file = profiles.load(profile).mappings[direction], f"{profile}/{direction}.yaml"
    return Translator(load(text, file, lambda name: profiles.load(name).schema, CodeLists.load()))


def _load(notes: Sequence[NoteVersion], frame: bytes, outputs: Mapped | ByHand) -> Workload:
    return Workload([note.message(frame) for note in notes], sum(map(outputs, notes)))
