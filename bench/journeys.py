"""Corridor events of as many block trains as one likes, as they lie in the log, made fast.

Three trains of the sandbox are taken through the mappings, with everything that ports, vessels and oil
terminals say, and told to every shipment aboard. All further trains are copies of them: other identities and
numbers of the same length in the same bytes, and times moved on.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Final, NamedTuple, cast

from bench.contest import ContestRecord
from corridor.roles.contracts import codec, json_form
from corridor.sandbox import fleet
from corridor.sandbox.settings import PROFILES
from corridor.sandbox.shipments import CONTAINER_FLEET, HEADWAY, START, Train
from corridor.sandbox.timetable import MAKERS
from schemas import profiles
from schemas.aboard import Fan, Router
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from schemas.translation import Context, Output, Record, Translator
from schemas.translation.chain import Chain, ChainStage
from streams.kafka import topics
from streams.records.envelope import headers

TRAINS: Final = 3
"""Trains that are translated; every third goes by rail ferry, the others by feeder."""
MINUTE: Final = 60_000
PERIOD: Final = int(HEADWAY.total_seconds()) * 1000 * TRAINS
"""Milliseconds between a train and its next copy."""

_NAMES: Final = re.compile(
    rb"(?P<uuid>[0-9a-f]{8})(?=(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    rb"|(?P<container>[A-Z]{3}U\d{7})"
    rb"|(?P<wagon>(?<=\x10)94\d{6})"
    rb"|(?P<note>30000\d{3})"
    rb"|(?<=\d{6}/)(?P<declaration>\d{7})"
    rb"|(?<=AA|KU)(?P<voyage>\d{5})"
    rb"|(?<=\d{4}-)(?P<train>\d{3})(?=-\d{4})"
    rb"|(?<=[A-Z]{3}-2026-)(?P<lot>\d{3})"
    rb"|(?P<time>[\x80-\xff]{5}[fg])"
)
"""What differs between trains, in a body, key or header; times are numbers of six bytes."""


class LoggedEvent(NamedTuple):
    """A corridor event as it lies in the log, with the time at which it was accepted, UTC milliseconds."""

    key: bytes
    body: bytes
    id: bytes
    origin: bytes
    subject: bytes
    hops: tuple[str, ...]
    accepted: int

    def message(self, frame: bytes) -> ContestRecord:
        """What Kafka gets."""
        listed = headers(
            self.id.decode(), self.origin.decode(), self.hops, self.accepted, subject=self.subject.decode()
        )
        return ContestRecord(self.key, frame + self.body, listed)


def events() -> Iterator[LoggedEvent]:
    """Yield what is told of train after train, in the order of time, without end."""
    patterns = [[_Pattern(told) for told in _of_train(index)] for index in range(TRAINS)]
    headway = PERIOD // TRAINS
    waiting: list[tuple[int, int, LoggedEvent]] = []
    order = count()
    for number in count():
        start = int(START.timestamp()) * 1000 + number * headway
        while waiting and waiting[0][0] < start:
            yield heapq.heappop(waiting)[2]
        renamed = _renaming(number // TRAINS)
        for pattern in patterns[number % TRAINS]:
            told = pattern.copy(number // TRAINS, renamed)
            heapq.heappush(waiting, (told.accepted, next(order), told))


class _Pattern:
    """One event, cut at what differs between trains."""

    def __init__(self, told: LoggedEvent) -> None:
        self._told = told
        self._cut = [_cut(text) for text in told[:5]]

    def copy(self, generation: int, renamed: Callable[[str, bytes], bytes]) -> LoggedEvent:
        """Give the same event of a later train."""
        key, body, identity, origin, subject = (
            b"".join([part if kind is None else renamed(kind, part) for kind, part in parts])
            for parts in self._cut
        )
        accepted = self._told.accepted + generation * PERIOD
        return LoggedEvent(key, body, identity, origin, subject, self._told.hops, accepted)


def _cut(text: bytes) -> list[tuple[str | None, bytes]]:
    parts: list[tuple[str | None, bytes]] = []
    at = 0
    for found in _NAMES.finditer(text):
        parts += [(None, text[at : found.start()]), (found.lastgroup, found[0])]
        at = found.end()
    return [*parts, (None, text[at:])]


def _renaming(generation: int) -> Callable[[str, bytes], bytes]:
    """Give the function that renames one thing for a generation; the first is as it was translated."""
    known: dict[tuple[str, bytes], bytes] = {}

    def renamed(kind: str, name: bytes) -> bytes:
        place = (kind, name)
        if place not in known:
            known[place] = _MAKERS[kind](name, generation)
        return known[place]

    return renamed


def _uuid(name: bytes, generation: int) -> bytes:
    """Spread over all of the index, as identities made by a digest are."""
    return b"%08x" % (int(name, 16) ^ generation * 0x9E3779B1 & 0xFFFFFFFF)


def _container(name: bytes, generation: int) -> bytes:
    index = (int(name[4:10]) - 100_000 + 24 * TRAINS * generation) % CONTAINER_FLEET
    return fleet.container(index).encode()


def _wagon(name: bytes, generation: int) -> bytes:
    return fleet.platform((int(name[2:7]) - 20_000 + 12 * TRAINS * generation) % 6_000).encode()


def _number(step: int) -> Callable[[bytes, int], bytes]:
    def numbered(name: bytes, generation: int) -> bytes:
        return b"%0*d" % (len(name), (int(name) + step * generation) % 10 ** len(name))

    return numbered


def _time(name: bytes, generation: int) -> bytes:
    """Move a time on; it is in zigzag form, seven bits a byte, the lowest first."""
    value = sum((byte & 127) << 7 * place for place, byte in enumerate(name)) + 2 * PERIOD * generation
    return bytes((value >> 7 * place & 127) | (128 if place < 5 else 0) for place in range(6))


_MAKERS: Final[dict[str, Callable[[bytes, int], bytes]]] = {
    "uuid": _uuid,
    "container": _container,
    "wagon": _wagon,
    "note": _number(10 * TRAINS),
    "declaration": _number(10 * TRAINS),
    "voyage": _number(TRAINS),
    "train": _number(TRAINS),
    "lot": _number(1),
    "time": _time,
}


def _of_train(index: int) -> list[LoggedEvent]:
    """Translate everything that all participants say of one train."""
    train = Train(0, index)
    said = [(message.at, name, message) for name, make in MAKERS.items() for message in make(train)]
    avro = codec(profiles.CANONICAL)
    aboard = [
        ChainStage(cast(Translator, stage), name)
        for name, stage in ((topics.TO_ABOARD, Router(avro)), (topics.FROM_ABOARD, Fan(avro)))
    ]
    chains = {
        name: Chain([ChainStage(_translator(profile), name), *aboard]) for name, profile in PROFILES.items()
    }
    found: list[LoggedEvent] = []
    for at, name, message in sorted(said, key=lambda each: each[:2]):
        accepted = int(at.timestamp()) * 1000 + MINUTE
        body = json_form(PROFILES[name]).to_avro(message.body())
        context = Context(message.id, f"{name}/{message.id}", name, 0, accepted, (name,))
        for step in chains[name].run(Record(b"", body, context)):
            if step.stage not in aboard[:1]:  # what goes to corridor.aboard is no event of the log
                found += (_told(output, context) for output in step.outputs)
    return found


def _told(output: Output, context: Context) -> LoggedEvent:
    return LoggedEvent(
        output.key, output.body, output.id.encode(), context.origin.encode(), output.subject.encode(),
        output.hops, context.accepted,
    )  # fmt: skip


def _translator(profile: str) -> Translator:
    text = profiles.load(profile).mappings["to_corridor"]
    return Translator(
        load(text, f"{profile}/to_corridor.yaml", lambda name: profiles.load(name).schema, CodeLists.load())
    )
