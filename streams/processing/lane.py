"""A lane: one partition number of all topics that a group reads, from its assignment to its revocation.

A lane owns a transactional writer, the state of its processors and the positions up to which everything is
committed. They are made together and thrown away together after any doubt; then the same records run again.
What was committed in the meantime is seen in the group's offsets, read after the old epoch is fenced.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from connectors.pauses import Pauses
from schemas.broken import broken
from schemas.errors import Transient
from schemas.translation.store import Store
from streams import metrics
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.kafka.transactions import Writer, Writes
from streams.partition.backlog import Backlog
from streams.partition.positions import Positions
from streams.partition.state import restore
from streams.processing.work import BatchWork, Crew, Work

log = structlog.get_logger(__name__)

FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 10.0
GRACE = 3.0
"""Seconds that a lane may use to finish its transaction when its partitions are revoked."""

Records = Mapping[str, Sequence[Any]]
"""Records by topic, each topic's in order."""


Fetch = tuple[str, Sequence[Any], int, Callable[[], None]]
"""Topic, records, bytes, and what to call once they are through."""


class _Hold(NamedTuple):
    """What a lane has while nothing is in doubt: its writer, and what is committed."""

    writer: Writer
    stores: dict[str, Store]
    positions: dict[str, Positions]


class Lane:
    """Processes the records of one partition number in order, one transaction at a time, until it is closed.

    Args:
        crew: the processors, and the group they share.
        partition: the number.
        kafka: connection.
        processing: limits.
        sizes: what the topics take.
    """

    def __init__(
        self, crew: Crew, partition: int, kafka: Kafka, processing: Processing, sizes: Sizes
    ) -> None:
        self._crew, self.partition = crew, partition
        self._kafka, self._processing, self._sizes = kafka, processing, sizes
        self._waiting: deque[Fetch] = deque()
        self._arrived = asyncio.Event()
        self._closing = self._busy = False
        self._began = 0.0
        self._hold: _Hold | None = None
        self._backlog: Backlog | None = None
        self._task = asyncio.create_task(self._run(), name=f"lane {crew.name} {partition}")

    def position(self, work: Work) -> int | None:
        """Offset of the first record that a processor has not had, None when that is not known.

        Control records are none: when nothing is under way, the consumer knows better.
        """
        if self._hold is None:
            return None
        positions = self._hold.positions[work.source]
        busy = self._waiting or self._busy or positions.is_behind(work.name)
        return positions.ours[work.name] if busy else None

    def offer(self, topic: str, records: Sequence[Any], size: int, done: Callable[[], None]) -> None:
        """Take records over; ``done`` is called when they are through or will be read again by someone."""
        if self._closing:
            done()
            return
        self._waiting.append((topic, records, size, done))
        self._arrived.set()

    async def close(self) -> None:
        """Finish the transaction under way if it does so soon, then let everything go. Never raises."""
        self._closing = True
        self._arrived.set()
        finished, _ = await asyncio.wait([self._task], timeout=GRACE)
        if not finished:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._discard()
        for work in self._crew.works:
            for gauge in (metrics.lag, metrics.state_entries, metrics.state_bytes):
                gauge.remove(work.name, self.partition)  # it is the next owner's to say
        while self._waiting:
            self._waiting.popleft()[3]()

    async def _run(self) -> None:
        """Work until the lane is closed. Nothing ends it before: nobody else would go on here."""
        pauses = Pauses(FIRST_BACKOFF, LONGEST_BACKOFF)
        while not self._closing:
            try:
                await self._work()
            except Exception:
                log.exception("lane begins again", processor=self._crew.name, partition=self.partition)
                await self._discard()
                await self._pause(pauses.next())

    async def _work(self) -> None:
        while not self._closing:
            if self._hold is None:
                await self._through({})  # state is read before a record comes, and who is behind is known
            behind = self._behind()
            if self._waiting:
                await self._linger()
                await self._go_on()
            elif behind is None:
                self._arrived.clear()
                await self._arrived.wait()
            if behind is not None and not self._closing:
                await self._catch_up(behind)

    async def _linger(self) -> None:
        """Let records come together, so that a steady trickle costs no transaction each."""
        loop = asyncio.get_running_loop()
        early = self._began + self._processing.linger - loop.time()
        if early > 0 and sum(size for _, _, size, _ in self._waiting) < self._processing.batch_bytes:
            await asyncio.sleep(early)
        self._began = loop.time()

    async def _go_on(self) -> None:
        fetches = self._gather()
        records: dict[str, list[Any]] = {}
        for topic, fetched, _, _ in fetches:
            records.setdefault(topic, []).extend(fetched)
        self._busy = True
        try:
            await self._through(records)
        except Exception:
            self._waiting.extendleft(reversed(fetches))  # what is not through is not stepped over
            raise
        finally:
            self._busy = False
        for *_, done in fetches:
            done()

    def _gather(self) -> list[Fetch]:
        """Take as many waiting records as fit one transaction, at least one fetch."""
        gathered: list[Fetch] = []
        size = 0
        while self._waiting and (not gathered or size + self._waiting[0][2] <= self._processing.batch_bytes):
            gathered.append(self._waiting.popleft())
            size += gathered[-1][2]
        return gathered

    def _behind(self) -> Work | None:
        """A processor that has not had all that the others had."""
        if self._hold is None:
            return None
        positions = self._hold.positions
        return next((w for w in self._crew.works if positions[w.source].is_behind(w.name)), None)

    async def _catch_up(self, work: Work) -> None:
        """Bring the next batch through that one processor has not had; without one, it has caught up."""
        try:
            hold = await self._open()
            positions = hold.positions[work.source]
            if self._backlog is None:
                place = TopicPartition(work.source, self.partition)
                self._backlog = await Backlog.open(
                    self._kafka, self._processing, place, positions.ours[work.name]
                )
                log.info("catching up", processor=work.name, partition=self.partition, to=positions.head)
            backlog = self._backlog
            records = await backlog.read(positions.head)
        except Exception as error:
            log.warning(
                "backlog not read", processor=work.name, partition=self.partition, error=repr(error),
                exc_info=not is_expected(error),
            )  # fmt: skip
            await self._discard()
            await self._pause(FIRST_BACKOFF)
            return
        if records:
            await self._through({work.source: records}, work)
        elif self._hold is hold:
            hold.positions[work.source] = positions.move(work.name, positions.head)
            self._backlog = None
            await backlog.close()
            log.info("caught up", processor=work.name, partition=self.partition)

    async def _through(self, records: Records, only: Work | None = None) -> None:
        """Bring records through, however often that takes; a closing lane leaves them to the next owner."""
        pauses = Pauses(FIRST_BACKOFF, LONGEST_BACKOFF)
        while not self._closing:
            try:
                await self._attempt(records, only)
            except Exception as error:
                metrics.retries.labels(self._crew.name).inc()
                log.warning(
                    "batch runs again", processor=self._crew.name, partition=self.partition,
                    first={topic: batch[0].offset for topic, batch in records.items()},
                    exc_info=not is_expected(error),
                    error=repr(error) if is_expected(error) else type(error).__name__,
                )  # fmt: skip
                await self._discard()
                if broken("raise-in-agent"):
                    return  # what stock Faust makes of an agent that raised: on with the next batch
                await self._pause(pauses.next())
            else:
                return

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than until the lane is closed."""
        self._arrived.clear()
        try:
            async with asyncio.timeout(seconds):
                while not self._closing:
                    await self._arrived.wait()
                    self._arrived.clear()
        except TimeoutError:
            pass
        if self._waiting:
            self._arrived.set()

    async def _attempt(self, records: Records, only: Work | None) -> None:
        """Make one transaction of records: for all that are not behind, or for one that is."""
        hold = await self._open()
        after: dict[str, Positions] = {}
        batches: list[tuple[Work, BatchWork, int]] = []
        for topic, batch in records.items():
            positions = hold.positions[topic]
            begin = positions.ours[only.name] if only else positions.head
            fresh = [record for record in batch if record.offset >= begin]
            if not fresh:
                continue
            end = fresh[-1].offset + 1
            after[topic] = positions.move(only.name, end) if only else positions.advance(end)
            if broken("raise-in-agent") and end % 7 == 0:
                raise RuntimeError("planted")
            works = [only] if only else [w for w in self._crew.of(topic) if not positions.is_behind(w.name)]
            for work in works:
                planned = await work.plan(fresh, hold.stores[work.name], self.partition, hold.writer)
                batches.append((work, planned, len(fresh)))
        if after:
            await self._commit(hold, after, batches)

    async def _commit(
        self, hold: _Hold, after: dict[str, Positions], batches: list[tuple[Work, BatchWork, int]]
    ) -> None:
        writes = Writes(self._sizes)
        for work, planned, _ in batches:
            if broken("state-outside-transaction"):
                await hold.writer.commit(planned.writes.split(work.changelog), self._crew.group, {})
            writes.join(planned.writes)
        offsets = {
            TopicPartition(topic, self.partition): OffsetAndMetadata(positions.head, positions.metadata())
            for topic, positions in after.items()
        }
        await hold.writer.commit(writes, self._crew.group, offsets)
        hold.positions.update(after)
        for work, planned, count in batches:
            planned.commit()
            metrics.records_in.labels(work.name).inc(count)
            metrics.batch_records.labels(work.name).observe(count)
        if hold.writer.spent:
            await self._discard()

    async def _open(self) -> _Hold:
        """Fence whoever wrote before, then read what is committed: positions and state."""
        if self._hold is not None:
            return self._hold
        crew = self._crew
        writer = await Writer.open(
            self._kafka, self._processing, f"{crew.name}.{self.partition}", self._sizes
        )
        try:
            stores = {work.name: Store() for work in crew.works}
            changelogs = {
                TopicPartition(work.changelog, self.partition): stores[work.name].load
                for work in crew.works
                if work.changelog is not None
            }
            sources = [TopicPartition(topic, self.partition) for topic in crew.sources]
            committed = await restore(self._kafka, crew.group, sources, changelogs)
        except BaseException:
            await writer.close()
            raise
        positions = {
            tp.topic: Positions.read(at.offset, at.metadata or "", [work.name for work in crew.of(tp.topic)])
            for tp, at in committed.items()
        }
        self._hold = _Hold(writer, stores, positions)
        return self._hold

    async def _discard(self) -> None:
        hold, self._hold = self._hold, None
        backlog, self._backlog = self._backlog, None
        for held in (backlog, hold.writer if hold is not None else None):
            if held is not None:
                try:
                    await held.close()
                except Exception:
                    log.exception("not closed", processor=self._crew.name, partition=self.partition)


def is_expected(error: Exception) -> bool:
    """Tell errors of the surroundings, which need no traceback, from defects."""
    return isinstance(error, Transient)
