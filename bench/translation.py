"""The stages of the case ``notes`` without Kafka: what each takes of the CPU per note."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence

from bench.case import BenchFigure, Tell
from bench.notes import PROFILE, NoteVersion, some_notes, translator
from corridor.roles.contracts import codec
from schemas.aboard import Fan, Router
from schemas.errors import Permanent
from schemas.profiles import CANONICAL
from schemas.records import REPORT
from schemas.translation import Context, Output, Record, Result
from schemas.translation.store import Store
from streams.kafka import topics
from streams.processing.stage import Translates
from streams.records.envelope import Envelope
from streams.records.letters import report

NOTES, ROUNDS, BATCH = 2_000, 5, 100


class Timed:
    """One stage with its state: translates, keeps, encodes reports.

    Attributes:
        seconds: of CPU that it took so far.
        outputs: records that came of it so far.
    """

    def __init__(self, name: str, translator: Translates, *, reports: bool) -> None:
        self.name, self.seconds, self.outputs = name, 0.0, 0
        self._translator, self._reports, self._store = translator, reports, Store()

    def run(self, records: Sequence[Record]) -> list[Record]:
        """Take one batch and give what comes of it, as the next stages read it."""
        began = time.process_time()
        batch, made = self._store.begin(), []
        for record in records:
            batch.advance(record.context.accepted)
            try:
                result = self._translator.translate(record, batch.get)
            except Permanent:  # the sandbox also sends what must become a dead letter
                continue
            batch.apply(result.changes)
            made.append((record.context, result))
            if self._reports:
                self._report(record.context, result)
        batch.commit()
        self.seconds += time.process_time() - began
        records = [_record(context, output) for context, result in made for output in result.outputs]
        self.outputs += len(records)
        return records

    def _report(self, context: Context, result: Result) -> None:
        envelope = Envelope(context.id, context.origin, context.hops, context.accepted, "", "", "", "")
        REPORT.encode(report(self.name, self._translator.name, envelope, result))


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """CPU time per note of each stage, the best of several rounds."""
    notes = list(itertools.islice(some_notes(), round(NOTES * share)))
    best: dict[str, float] = {}
    for number in range(ROUNDS):
        tell(f"round {number + 1} of {ROUNDS}")
        for stage in once(notes):
            best[stage.name] = min(best.get(stage.name, stage.seconds), stage.seconds)
    for name, seconds in best.items():
        yield BenchFigure(name, round(seconds / len(notes) * 1e6, 1), "µs")
    yield BenchFigure("all stages", round(sum(best.values()) / len(notes) * 1e6, 1), "µs")


def once(notes: Sequence[NoteVersion]) -> list[Timed]:
    """Take notes through all stages that the role stream runs for them, batch by batch."""
    avro = codec(CANONICAL)
    into, _, _ = topics.processors("dtc")
    _, out, _ = topics.processors("dlp")
    inward = Timed(into, translator(PROFILE, "to_corridor"), reports=True)
    outward = Timed(out, translator("dlp.event.v1", "from_corridor"), reports=True)
    router = Timed(topics.TO_ABOARD, Router(avro), reports=False)
    fan = Timed(topics.FROM_ABOARD, Fan(avro), reports=False)
    for start in range(0, len(notes), BATCH):
        events = inward.run([note.record() for note in notes[start : start + BATCH]])
        derived = fan.run(router.run(events))
        router.run(derived)
        outward.run(events)
        outward.run(derived)
    return [inward, outward, router, fan]


def _record(context: Context, output: Output) -> Record:
    following = Context(output.id, context.origin, "", 0, context.accepted, output.hops)
    return Record(output.key, output.body, following)
