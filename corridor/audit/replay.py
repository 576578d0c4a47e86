"""Translates the log again, from its first record, and compares the result with what was written.

Translation is deterministic, so whatever crashed, moved or was retried in between, the topics must hold
exactly these messages with these bytes. State that was lost, doubled or committed apart shows here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from corridor.audit.facts import BrokenPromise, Evidence
from corridor.audit.log import AuditedLog
from corridor.roles.contracts import codec
from corridor.roles.stream import plans
from corridor.settings import Settings
from schemas.aboard import Fan, Router
from schemas.avro.codec import Codec
from schemas.errors import Permanent
from schemas.profiles import CANONICAL
from schemas.translation import Context, Record, Result
from schemas.translation.store import Store
from streams.kafka import topics
from streams.processing.stage import Translates
from streams.records.envelope import Envelope

Told = tuple[str, str]
"""Id and origin of a message: the same event may be told by several origins."""


async def replay(settings: Settings, log: AuditedLog, evidence: Evidence) -> list[BrokenPromise]:
    """Compare every stage's topic with a new translation of its input.

    Raises:
        Transient: ``kafka-unavailable``, ``registry-unavailable``.
    """
    found: list[BrokenPromise] = []
    dead = {(died.stage, died.id) for died in evidence.dead}
    canonical = codec(CANONICAL)
    events = await _written(log, topics.EVENTS, canonical)
    derived = {told: body for told, body in events.items() if _is_derived(body)}
    for participant, direction, translator in plans(settings):
        name = participant.name
        into, out, _ = topics.processors(name)
        inward = direction == "to_corridor"
        stage, source = (into, topics.incoming(name)) if inward else (out, topics.EVENTS)
        target = topics.EVENTS if inward else topics.outgoing(name)
        again = _Again(translator, name, toward=not inward)
        profile = codec(participant.profile, settings.known)
        await again.run(log, source, profile if inward else canonical, stage, dead)
        if inward:
            born = f"{name}/"
            written = {t: body for t, body in events.items() if t[1].startswith(born) and t not in derived}
        else:
            written = await _written(log, target, profile)
        found += _compare(stage, again, written)
    return [*found, *await _aboard(log, dead, derived)]


async def _aboard(
    log: AuditedLog, dead: set[tuple[str, str]], derived: dict[Told, bytes]
) -> list[BrokenPromise]:
    """Compare what was told to every shipment aboard."""
    found: list[BrokenPromise] = []
    avro = codec(CANONICAL)
    for stage, source, target, translator in (
        (topics.TO_ABOARD, topics.EVENTS, topics.ABOARD, Router(avro)),
        (topics.FROM_ABOARD, topics.ABOARD, topics.EVENTS, Fan(avro)),
    ):
        again = _Again(translator, stage, toward=False)
        await again.run(log, source, avro, stage, dead)
        written = derived if target == topics.EVENTS else await _written(log, target, avro)
        found += _compare(stage, again, written)
    return found


async def _written(log: AuditedLog, topic: str, schema: Codec) -> dict[Told, bytes]:
    return {
        (envelope.id, envelope.origin): body
        async for record, body in log.bodies(topic, schema)
        if (envelope := Envelope.of(record))
    }


def _is_derived(body: bytes) -> bool:
    try:
        return codec(CANONICAL).decode_trusted(body)["envelope"]["derived_from"] is not None
    except Permanent:
        return False  # nothing that is read again gives it: the comparison finds it


class _Again:
    """One stage, run over its input once more, each partition with its own state."""

    def __init__(self, translator: Translates, participant: str, *, toward: bool) -> None:
        self.outputs: dict[Told, bytes] = {}
        self.order: defaultdict[tuple[int, bytes], list[Told]] = defaultdict(list)
        self.replayed: set[str] = set()
        self._translator, self._participant, self._toward = translator, participant, toward
        self._stores: defaultdict[int, Store] = defaultdict(Store)

    async def run(
        self, log: AuditedLog, source: str, schema: Codec, stage: str, dead: set[tuple[str, str]]
    ) -> None:
        """Translate a topic; what died is left out, and what was replayed stands where it was at first."""
        async for record, body in log.bodies(source, schema):
            envelope = Envelope.of(record)
            if envelope.replay:
                self.replayed.add(envelope.origin)
            elif (stage, envelope.id) not in dead:
                self._take(record, envelope, body)

    def _take(self, record: Any, envelope: Envelope, body: bytes) -> None:  # noqa: ANN401 - aiokafka has no types
        state = self._stores[record.partition].begin()
        state.advance(envelope.accepted)
        context = Context(
            envelope.id,
            envelope.origin,
            self._participant,
            record.offset,
            envelope.accepted,
            envelope.hops,
            envelope.traceparent,
            envelope.findings,
        )
        try:
            result = self._translator.translate(Record(record.key or b"", body, context), state.get)
        except Permanent:
            result = Result()
        state.apply(result.changes)
        state.commit()
        for output in result.outputs:
            if not (self._toward and self._participant in output.hops):
                told = output.id, envelope.origin
                self.outputs[told] = output.body
                self.order[record.partition, output.key].append(told)


def _compare(stage: str, again: _Again, written: dict[Told, bytes]) -> Iterator[BrokenPromise]:
    expected = again.outputs
    for told in expected.keys() - written.keys():
        yield BrokenPromise("replay-differs", stage, told[0], f"was never written for {told[1]}")
    for told in written.keys() - expected.keys():
        yield BrokenPromise("replay-differs", stage, told[0], f"would not be written for {told[1]}")
    for told in expected.keys() & written.keys():
        if expected[told] != written[told]:
            yield BrokenPromise("replay-differs", stage, told[0], f"other bytes for {told[1]}")
    place = {told: number for number, told in enumerate(written)}
    for (_, key), order in again.order.items():
        there = [told for told in order if told in place and told[1] not in again.replayed]
        for before, after in pairwise(there):
            if place[after] < place[before]:
                detail = f"key {key.decode('utf-8', 'replace')}: came before {before[0]} for {after[1]}"
                yield BrokenPromise("swapped-output", stage, after[0], detail)
