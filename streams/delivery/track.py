"""A track: one partition of a delivery, from its assignment to its revocation.

It knows what is finished, and commits receipts, dead letters, waiting subjects and offsets of that in
transactions.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import structlog
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from connectors.deliver.request import delivery_key
from schemas.broken import broken
from schemas.errors import CorridorError, Permanent, Transient
from schemas.records import DeadLetter, Receipt
from schemas.translation.store import Store
from streams import metrics
from streams.kafka import topics
from streams.kafka.away import reconnecting
from streams.kafka.partitioning import partition_of
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Row, Writer, Writes
from streams.partition.progress import Progress
from streams.partition.state import restore
from streams.partition.waiting import Queue
from streams.records.contracts import Contracts
from streams.records.envelope import Envelope
from streams.records.fitting import fitted
from streams.records.letters import announce, beside, dead_letter, given_up

log = structlog.get_logger(__name__)

GRACE: Final = 3.0

T = TypeVar("T", bound=msgspec.Struct)


class Destination(NamedTuple):
    """Where a delivery goes, and under which names it is accounted.

    Attributes:
        participant: name.
        wait: later messages of a subject wait behind its dead letter.
        kafka: connection.
        processing: limits.
        contracts: schemas of receipts and dead letters.
        sizes: what the topics take.
    """

    participant: str
    wait: bool
    kafka: Kafka
    processing: Processing
    contracts: Contracts
    sizes: Sizes

    @property
    def stage(self) -> str:
        """``deliver.<participant>``."""
        return topics.processors(self.participant)[2]

    @property
    def topic(self) -> str:
        """``out.<participant>``."""
        return topics.outgoing(self.participant)

    @property
    def group(self) -> str:
        """Consumer group."""
        return f"{self.processing.app}.{self.stage}"


@dataclass(eq=False)
class Done:
    """A message that needs no more work.

    Attributes:
        record: the Kafka record.
        envelope: its headers.
        error: why it is a dead letter; None: delivered, or nothing to do when there was no attempt.
        attempts: how often it was sent.
        body: bytes that were sent.
        status: last HTTP status.
        at: UTC milliseconds of the end.
        changes: of the state: queues of waiting subjects.
        given_up: it is the replay of a letter that somebody gave up, and was not sent.
    """

    record: Any
    envelope: Envelope
    error: CorridorError | None = None
    attempts: int = 0
    body: bytes = b""
    status: int = 0
    at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    changes: dict[bytes, bytes | None] = field(default_factory=dict)
    given_up: bool = False


class Track:
    """Commits what is finished of one partition.

    Args:
        destination: the delivery it belongs to.
        partition: number of the partition.
    """

    def __init__(self, destination: Destination, partition: int) -> None:
        self.partition = partition
        self._to = destination
        self._input = TopicPartition(destination.topic, partition)
        self._wait = destination.wait
        self._progress: Progress | None = None
        self._writer: Writer | None = None
        self._store = Store()
        self._unsaved: dict[bytes, bytes | None] = {}
        self._finished: list[Done] = []
        self._known = asyncio.Event()
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def progress(self) -> Progress | None:
        """What is finished and what is not, read from Kafka on first use; None when the track is closed."""
        if self._task is None and not self._closing.is_set():
            self._task = asyncio.create_task(self._run(), name=f"{self._to.stage} {self.partition}")
        if self._task is None:
            return None
        known = asyncio.create_task(self._known.wait())
        try:
            await asyncio.wait({known, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            known.cancel()
        if self._closing.is_set():
            return None
        if self._progress is None:
            self._task.result()  # raises what ended it
        return self._progress

    @property
    def position(self) -> int | None:
        """Offset of the first record in hand that is not finished, None when there is none."""
        return self._progress.position if self._progress is not None else None

    def refusal(self, record: Any, envelope: Envelope) -> CorridorError | None:  # noqa: ANN401
        """Say whether a message waits behind a dead letter of its subject."""
        if not self._wait:
            return None
        try:
            replayed = envelope.letter(self._to.stage, record) if envelope.replay else None
            self._queue(envelope).admit(replayed)
        except Permanent as error:
            return error
        return None

    def finish(self, done: Done) -> None:
        """Take over a message that needs no more work; it is committed within moments.

        One that another owner has finished meanwhile has its receipt already.
        """
        assert self._progress is not None  # noqa: S101 - messages come only after it was read
        if not self._progress.finish(done.record.offset):
            return
        self._queue_up(done)
        self._finished.append(done)

    def _queue_up(self, done: Done) -> None:
        """Give a message that died its place among those that wait, and a replay that did not leave of it."""
        if not self._wait or (done.error is None and not done.envelope.replay):
            return
        letter = done.envelope.letter(self._to.stage, done.record)
        queue = self._queue(done.envelope)
        done.changes = (
            queue.join(letter, again=bool(done.envelope.replay))
            if done.error is not None
            else queue.leave(letter)
        )
        self._unsaved.update(done.changes)

    async def close(self) -> None:
        """Commit what is finished if that goes quickly, and end. Never raises.

        From here on no writer is opened: another owner may have begun, and would be fenced by it.
        """
        self._closing.set()
        if self._task is None:
            return
        if self._writer is None:
            self._task.cancel()
        finished, _ = await asyncio.wait([self._task], timeout=GRACE)
        if not finished:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._discard()

    def _queue(self, envelope: Envelope) -> Queue:
        return Queue(envelope.subject, self._entry)

    def _entry(self, key: bytes) -> bytes | None:
        return self._unsaved[key] if key in self._unsaved else self._store.get(key)

    async def _run(self) -> None:
        """Read what is finished; commit at intervals until the track is closed, and once more then."""
        await self._begin()
        pauses = reconnecting()
        while True:
            try:
                async with asyncio.timeout(self._to.processing.commit_interval):
                    await self._closing.wait()
            except TimeoutError:
                pass
            try:
                if self._finished and not (self._closing.is_set() and self._writer is None):
                    await self._commit()
                    pauses.reset()
            except Exception as error:  # noqa: BLE001 - what is finished must be committed
                log.warning("receipts are written again", stage=self._to.stage, error=repr(error))
                metrics.retries.labels(self._to.stage).inc()
                await self._discard()
                await pauses.rest(self._closing)
            if self._closing.is_set():
                return

    async def _begin(self) -> None:
        pauses = reconnecting()
        while self._progress is None:
            try:
                await self._open()
            except Exception as error:
                log.warning(
                    "delivery state not read", stage=self._to.stage, partition=self.partition,
                    error=repr(error), exc_info=not isinstance(error, Transient),
                )  # fmt: skip
                await pauses.rest()
        self._known.set()

    async def _commit(self) -> None:
        await self._open()
        assert self._writer is not None  # noqa: S101 - just opened
        assert self._progress is not None  # noqa: S101
        base, metadata, high = self._progress.commit()
        now: list[Done] = []
        later: list[Done] = []
        for done in self._finished:
            (now if done.record.offset < high else later).append(done)
        batch = self._store.begin()
        for done in now:
            batch.apply(done.changes)
        letters: list[DeadLetter] = []
        writes = await self._writes(now, batch.changes, self._writer, letters)
        offsets = {self._input: OffsetAndMetadata(base, metadata)}
        await self._writer.commit(writes, self._to.group, offsets)
        batch.commit()
        for letter in letters:
            announce(letter)
        self._finished = later + self._finished[len(now) + len(later) :]
        if not self._finished:
            self._unsaved.clear()
        metrics.records_in.labels(self._to.stage).inc(len(now))
        if self._writer.spent:
            await self._discard()

    async def _writes(
        self,
        done: list[Done],
        changes: dict[bytes, bytes | None],
        writer: Writer,
        letters: list[DeadLetter],
    ) -> Writes:
        writes = Writes(writer.sizes)
        receipts, dead = await writer.partitions(topics.RECEIPTS), await writer.partitions(topics.DEAD)
        for each in done:
            if each.attempts:
                key = each.envelope.id.encode()
                _, row = self._fitted(topics.RECEIPTS, self._receipt(each), key, each, writes)
                writes.put(topics.RECEIPTS, partition_of(key, receipts), row)
            self._letter(each, writes, dead, letters)
        for entry, content in changes.items():
            writes.put(topics.changelog(self._to.stage), self.partition, (entry, content, []))
        return writes

    def _letter(self, done: Done, writes: Writes, partitions: int, letters: list[DeadLetter]) -> None:
        """Write the dead letter of a message that died, or take back that of a replay that did not."""
        replayed = (done.attempts or done.given_up) and done.envelope.replay
        if done.error is None and not replayed:
            return
        stage = self._to.stage
        identity = done.envelope.letter(stage, done.record).encode()
        partition = partition_of(identity, partitions)
        if done.error is None:
            settled = given_up(stage, identity.decode(), done.envelope) if done.given_up else None
            writes.put(topics.DEAD, partition, (identity, None, [*(settled or beside(done.envelope))]))
            return
        letter = dead_letter(stage, done.envelope, done.record, done.error, attempts=done.attempts)
        letter, row = self._fitted(topics.DEAD, letter, identity, done, writes)
        writes.put(topics.DEAD, partition, row)
        letters.append(letter)

    def _fitted(self, topic: str, record: T, key: bytes, done: Done, writes: Writes) -> tuple[T, Row]:
        """A record about a message so that it can be written, whatever the message holds."""
        return fitted(self._to.contracts, topic, record, writes.sizes.of(topic), key, beside(done.envelope))

    def _receipt(self, done: Done) -> Receipt:
        e, record = done.envelope, done.record
        return Receipt(
            id=e.id,
            participant=self._to.participant,
            origin=e.origin,
            subject=e.subject,
            idempotency_key=delivery_key(self._to.participant, e.id),
            outcome="PARKED" if done.error else "DELIVERED",
            status=done.status or None,
            code=done.error.code if done.error else None,
            attempts=done.attempts,
            accepted=e.accepted,
            delivered=done.at,
            body_sha256=hashlib.sha256(done.body).hexdigest(),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )

    async def _open(self) -> None:
        """Fence whoever delivered before; read what is finished and who waits."""
        if self._writer is not None:
            return
        to = self._to
        writer = await Writer.open(to.kafka, to.processing, f"{to.stage}.{self.partition}", to.sizes)
        store = Store()
        try:
            changelog = TopicPartition(topics.changelog(to.stage), self.partition)
            found = await restore(to.kafka, to.group, [self._input], {changelog: store.load})
        except BaseException:
            await writer.close()
            raise
        self._writer, self._store = writer, store
        committed = found[self._input]
        self._recall(Progress(committed.offset, committed.metadata or ""))

    def _recall(self, known: Progress) -> None:
        """Go on with what is committed: a commit in doubt may have succeeded."""
        if self._progress is None:
            self._progress = known
            return
        if broken("offset-moves-back"):
            return
        self._progress.learn(known)
        self._finished = [done for done in self._finished if not known.is_finished(done.record.offset)]
        self._unsaved.clear()  # another may have delivered what died here, and have dead letters of its own
        for done in self._finished:
            self._queue_up(done)

    async def _discard(self) -> None:
        if self._writer is not None:
            await self._writer.close()
            self._writer = None
