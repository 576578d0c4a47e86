"""Runs a translator over records: each ends in outputs, a report or a dead letter, all in the batch's transaction."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import structlog

from schemas.errors import Permanent
from schemas.translation import Context, Filtered, Output, Record, Result, Translator
from schemas.translation.store import Batch as StateBatch
from schemas.translation.store import Store
from streams import metrics, topics
from streams.contracts import Contracts, Reader
from streams.envelope import Envelope, HeaderList, headers
from streams.letters import beside, dead_letter, is_worth_reporting, report
from streams.partitioning import partition_of
from streams.transactions import Writer, Writes, check_size
from streams.waiting import Queue

log = structlog.get_logger(__name__)

SLICE: Final = 0.02
"""Seconds of translating after which others on the event loop get their turn."""


INDEX: Final = re.compile(r"/\d+(?=/|$)")
"""Steps of a JSON pointer that are list indexes: metrics count by field, not by item."""


class Stage(NamedTuple):
    """One processor's place: what it reads, how it translates, where it writes.

    Attributes:
        name: ``to-corridor.<participant>`` or ``from-corridor.<participant>``.
        source: topic it reads.
        target: topic it writes.
        participant: whose processor it is.
        translator: the pure translation.
        read: value of a record to the Avro body of the translator's schema.
        frame: wire format of the target's schema, put before every body.
        toward: True when the target is the participant itself: nothing that passed it goes there.
        wait: later messages of a subject wait behind its dead letter.
    """

    name: str
    source: str
    target: str
    participant: str
    translator: Translator
    read: Reader
    frame: bytes
    toward: bool
    wait: bool


class Tally:
    """What a batch adds to the metrics once it is committed."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[Any, ...]] = Counter()

    def publish(self) -> None:
        """Add everything to the metrics."""
        for (metric, *labels), count in self.counts.items():
            metric.labels(*labels).inc(count)


class Planned:
    """A translated batch: its writes, and the state and counts that hold once they are committed."""

    def __init__(self, state: StateBatch, processor: str, partition: int, store: Store) -> None:
        self.writes = Writes()
        self.tally = Tally()
        self._state, self._store = state, store
        self._labels = processor, partition

    def commit(self) -> None:
        """Make the state of the batch the partition's state, and count."""
        self._state.commit()
        self.tally.publish()
        metrics.state_entries.labels(*self._labels).set(len(self._store))
        metrics.state_bytes.labels(*self._labels).set(self._store.size)


class Processor:
    """The work of one stage (see `streams.lane.Work`).

    Args:
        stage: its place.
        app: prefix of the consumer group.
        contracts: codecs of the broker's own records.
    """

    def __init__(self, stage: Stage, app: str, contracts: Contracts) -> None:
        self.stage = stage
        self.name = stage.name
        self.group = f"{app}.{stage.name}"
        stateful = stage.translator.stateful or stage.wait
        self.changelog = topics.changelog(stage.name) if stateful else None
        self._contracts = contracts

    async def store(self) -> Store:
        """Make an empty state."""
        return Store()

    async def plan(self, records: Sequence[Any], store: Store, partition: int, writer: Writer) -> Planned:
        """Translate records one by one; one that fails becomes a dead letter, the others go on."""
        partitions = {
            topic: await writer.partitions(topic)
            for topic in (self.stage.target, topics.REPORTS, topics.DEAD)
        }
        await self.stage.read.learn(record.value for record in records)
        state = store.begin()
        planned = Planned(state, self.name, partition, store)
        until = time.monotonic() + SLICE
        for record in records:
            _Step(self, record, state, planned, partitions).run()
            if time.monotonic() > until:
                await asyncio.sleep(0)
                until = time.monotonic() + SLICE
        if self.changelog is not None:
            for key, value in state.changes.items():
                planned.writes.add(self.changelog, partition, key, value)
        return planned

    def encode(self, topic: str, record: Any) -> bytes:  # noqa: ANN401
        """Frame one of the broker's own records."""
        return self._contracts.encode(topic, record)


class _Step:
    """One record on its way through a stage."""

    def __init__(
        self,
        processor: Processor,
        record: Any,  # noqa: ANN401
        state: StateBatch,
        planned: Planned,
        partitions: dict[str, int],
    ) -> None:
        self.processor, self.stage, self.record = processor, processor.stage, record
        self.state, self.planned, self.partitions = state, planned, partitions
        self.envelope = Envelope.of(record)
        self.letter = (
            self.envelope.letter(self.stage.name, record) if self.envelope.replay or self.stage.wait else ""
        )
        self.queue = Queue(self.envelope.subject, state.get) if self.stage.wait else None

    @property
    def replayed(self) -> bool:
        """True when the record is a replay of a dead letter of this stage."""
        return self.envelope.replay.partition(" ")[0] == self.stage.name

    def run(self) -> None:
        """Bring the record to one of its three ends. Nothing is raised, and nothing half done is left."""
        self.state.advance(self.envelope.accepted)
        if self.envelope.replay and not self.replayed:
            return  # meant for another stage that reads the same topic; ours had it long ago
        try:
            if self.queue is not None:
                self.queue.admit(self.letter, replayed=self.replayed)
            result = self._translate()
            rows = [self._row(output) for output in result.outputs]
        except Permanent as error:
            self._die(error)
        except Exception as error:  # noqa: BLE001 - a defect on one message must not stop its neighbours
            log.exception("translation failed", processor=self.stage.name, id=self.envelope.id)
            self._die(Permanent("internal", f"{type(error).__name__} in {self.stage.name}"))
        else:
            self._finish(result, rows)

    def _translate(self) -> Result:
        value = self.record.value
        if value is None:
            raise Permanent("wire-format", "the record has no value")
        e = self.envelope
        context = Context(
            e.id, e.origin, self.stage.participant, self.record.offset, e.accepted, e.hops, e.traceparent
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

    def _row(self, output: Output) -> tuple[int, bytes, bytes, HeaderList]:
        e = self.envelope
        listed = headers(
            output.id, e.origin, output.hops, e.accepted, traceparent=e.traceparent, subject=output.subject
        )
        value = self.stage.frame + output.body
        check_size(output.key, value, listed)
        return partition_of(output.key, self.partitions[self.stage.target]), output.key, value, listed

    def _finish(self, result: Result, rows: list[tuple[int, bytes, bytes, HeaderList]]) -> None:
        writes, counts = self.planned.writes, self.planned.tally.counts
        for partition, key, value, listed in rows:
            writes.add(self.stage.target, partition, key, value, listed)
        self.state.apply(result.changes)
        counts[metrics.records_out, self.stage.name] += len(rows)
        if is_worth_reporting(result):
            self._report(result)
        if self.replayed:
            writes.add(topics.DEAD, partition_of(self.letter.encode(), self.partitions[topics.DEAD]),
                       self.letter.encode(), None, beside(self.envelope))  # fmt: skip
            if self.queue is not None:
                self.state.apply(self.queue.leave(self.letter))

    def _report(self, result: Result) -> None:
        counts, mapping = self.planned.tally.counts, self.stage.translator.name
        for lost in result.losses:
            counts[metrics.lost_fields, mapping, INDEX.sub("/*", lost.pointer), lost.reason] += 1
        for found in result.findings:
            counts[metrics.findings, mapping, found.rule] += 1
        for filtered in result.filtered:
            counts[metrics.filtered, self.stage.name, filtered.reason] += 1
        key = self.envelope.origin.encode()
        value = self.processor.encode(topics.REPORTS, report(self.stage.name, mapping, self.envelope, result))
        self.planned.writes.add(
            topics.REPORTS,
            partition_of(key, self.partitions[topics.REPORTS]),
            key,
            value,
            beside(self.envelope),
        )

    def _die(self, error: Permanent) -> None:
        mapping = self.stage.translator.name
        letter = dead_letter(self.stage.name, self.envelope, self.record, error, mapping=mapping)
        key = letter.id.encode()
        value = self.processor.encode(topics.DEAD, letter)
        self.planned.writes.add(
            topics.DEAD, partition_of(key, self.partitions[topics.DEAD]), key, value, beside(self.envelope)
        )
        self.planned.tally.counts[metrics.dead, self.stage.name, error.code] += 1
        if self.queue is not None:
            self.state.apply(self.queue.join(letter.id))
