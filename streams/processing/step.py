"""One record on its way through a stage."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import structlog

from schemas.avro.wire import HEADER
from schemas.errors import Permanent
from schemas.mapping.reasons import kind_of
from schemas.mapping.report import starred
from schemas.translation import Context, Filtered, Output, Record, Result
from streams import metrics
from streams.kafka import topics
from streams.kafka.partitioning import partition_of
from streams.kafka.transactions import Row
from streams.partition.waiting import Queue
from streams.processing.stage import Planned, Stage
from streams.records.contracts import Contracts
from streams.records.envelope import REPLAY, Envelope, HeaderList, headers
from streams.records.fitting import fitted
from streams.records.letters import beside, dead_letter, given_up, report

log = structlog.get_logger(__name__)

T = TypeVar("T", bound=msgspec.Struct)


class Step:
    """One record on its way through a stage.

    Attributes:
        replayed: it is a replay of a dead letter of this stage.
    """

    def __init__(
        self,
        stage: Stage,
        contracts: Contracts,
        record: Any,  # noqa: ANN401
        planned: Planned,
        partitions: dict[str, int],
    ) -> None:
        self.stage, self.contracts, self.record = stage, contracts, record
        self.state, self.planned, self.partitions = planned.state, planned, partitions
        self.envelope = Envelope.of(record)
        self.replayed = self.envelope.replay.partition(" ")[0] == stage.name
        self.queue = Queue(self.envelope.subject, self.state.get) if self.stage.wait else None

    @property
    def letter(self) -> str:
        """Id of the dead letter that the record is a replay of, or would become here."""
        return self.envelope.letter(self.stage.name, self.record)

    @property
    def _given_up(self) -> bool:
        """True when the record asks that its dead letter be settled, and nothing done."""
        return self.replayed and bool(self.envelope.discard)

    def run(self) -> None:
        """Bring the record to one of its three ends. Nothing is raised, and nothing half done is left."""
        self.state.advance(self.envelope.accepted)
        if self.envelope.replay and not self.replayed and not self.stage.foreign:
            return  # meant for another stage that reads the same topic; ours had it long ago
        try:
            if self.queue is not None:
                self.queue.admit(self.letter if self.replayed else None)
            result = Result() if self._given_up else self._translate()
            rows = [self._row(output) for output in result.outputs]
            self._check_state(result)
            said = self._report(result)
        except Permanent as error:
            self._die(error)
        except Exception as error:
            log.exception("translation failed", processor=self.stage.name, id=self.envelope.id)
            self._die(Permanent("internal", f"{type(error).__name__} in {self.stage.name}"))
        else:
            self._finish(result, rows, said)

    def _translate(self) -> Result:
        value = self.stage.read.whole(self.record)
        if value is None:
            raise Permanent("wire-format", "the record has no value")
        e = self.envelope
        context = Context(
            e.id,
            e.origin,
            self.stage.participant,
            self.record.offset,
            e.accepted,
            e.hops,
            e.traceparent,
            e.findings,
            e.known,
            e.personal,
        )
        record = Record(self.record.key or b"", self.stage.read(value), context)
        result = self.stage.translator.translate(record, self.state.get)
        if self.stage.toward:
            self._stop_echoes(result)
        return result

    def _stop_echoes(self, result: Result) -> None:
        """Take out what has passed the participant already."""
        home = self.stage.participant
        echoes = [output for output in result.outputs if home in output.hops]
        if echoes:
            result.outputs[:] = [output for output in result.outputs if home not in output.hops]
            result.filtered.extend(Filtered(output.id.rpartition(":")[2], "echo") for output in echoes)

    def _row(self, output: Output) -> tuple[int, Row]:
        e = self.envelope
        listed: HeaderList = (
            [(name, text) for name, text in self.record.headers if self._travels(name)]
            if self.stage.foreign
            else headers(
                output.id,
                e.origin,
                output.hops,
                e.accepted,
                traceparent=e.traceparent,
                subject=output.subject,
                known=output.known,
                personal=output.personal,
            )
        )
        value = self.stage.frame + output.body
        row = self.planned.writes.checked(self.stage.target, output.key, value, listed)
        return partition_of(output.key, self.partitions[self.stage.target]), row

    def _travels(self, name: str) -> bool:
        """Whether a header of a foreign record goes on: that of its schema is not true of an output."""
        return name != HEADER and (name != REPLAY or not self.replayed)

    def _check_state(self, result: Result) -> None:
        """Refuse a record whose state would not fit: it would hold up everyone who shares its partition."""
        for key, entry in result.changes.items():
            self.planned.writes.sizes.check(self.stage.changelog, key, entry, (), "state-too-large")

    def _finish(self, result: Result, rows: list[tuple[int, Row]], said: Row | None) -> None:
        writes, counts = self.planned.writes, self.planned.tally.counts
        for partition, row in rows:
            writes.put(self.stage.target, partition, row)
        self.state.apply(result.changes)
        counts[metrics.records_out, self.stage.name] += len(rows)
        if result.happened is not None:
            late = max(0.0, (self.envelope.accepted - result.happened) / 1000)
            self.planned.tally.latencies.append((self.stage.participant, late))
        for name in result.unsure:
            counts[metrics.unverified, self.stage.translator.name, name] += 1
        if not self._given_up:
            self._count(result)
        if said is not None and self.stage.reports is not None:
            writes.put(self.stage.reports, self._partition(self.stage.reports, said), said)
        if self.replayed:
            letter = self.letter
            listed = (
                given_up(self.stage.name, letter, self.envelope) if self._given_up else beside(self.envelope)
            )
            settled: Row = (letter.encode(), None, [*listed])
            writes.put(self.stage.dead, self._partition(self.stage.dead, settled), settled)
            if self.queue is not None:
                self.state.apply(self.queue.leave(letter))

    def _count(self, result: Result) -> None:
        counts, mapping = self.planned.tally.counts, self.stage.translator.name
        for field, reason in {(starred(lost.pointer), lost.reason) for lost in result.losses}:
            metric = metrics.lost_fields if kind_of(reason) == "loss" else metrics.aside_fields
            counts[metric, self.stage.name, mapping, field, reason] += 1  # once, in however many items
        for found in result.findings:
            counts[metrics.findings, self.stage.participant, mapping, found.rule] += 1
        for filtered in result.filtered:
            counts[metrics.filtered, self.stage.name, filtered.reason] += 1

    def _report(self, result: Result) -> Row | None:
        """What is said of the record; None where nobody asked for it."""
        if self.stage.reports is None or self._given_up:
            return None
        made = report(self.stage.name, self.stage.translator.name, self.envelope, result)
        return self._fitted(topics.REPORTS, self.stage.reports, made, self.envelope.origin)[1]

    def _die(self, error: Permanent) -> None:
        mapping = self.stage.translator.name
        letter = dead_letter(self.stage.name, self.envelope, self.record, error, mapping=mapping)
        letter, row = self._fitted(topics.DEAD, self.stage.dead, letter, letter.id)
        self.planned.writes.put(self.stage.dead, self._partition(self.stage.dead, row), row)
        self.planned.tally.dead.append(letter)
        if self.queue is not None:
            self.state.apply(self.queue.join(letter.id, again=self.replayed))

    def _fitted(self, kind: str, topic: str, record: T, key: str) -> tuple[T, Row]:
        """One of the broker's own records, so that it can be written, whatever is in it."""
        most = self.planned.writes.sizes.of(topic)
        return fitted(self.contracts, kind, record, most, key.encode(), beside(self.envelope))

    def _partition(self, topic: str, row: Row) -> int:
        return partition_of(row[0] or b"", self.partitions[topic])
