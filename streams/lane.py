"""A lane: one partition of one processor, from its assignment to its revocation.

A lane owns a transactional writer, the partition's state and the position up to which everything is
committed. All three are made together, on first use, and thrown away together after any doubt; then the
same records run again. What was committed in the meantime is seen in the group's offset, which is read
after the old epoch is fenced.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from schemas.broken import broken
from schemas.errors import Transient
from schemas.translation.store import Store
from streams import metrics
from streams.settings import Kafka, Processing
from streams.state import restore
from streams.transactions import Writer, Writes

log = structlog.get_logger(__name__)

FIRST_BACKOFF, LONGEST_BACKOFF = 0.1, 10.0
GRACE = 3.0
"""Seconds that a lane may use to finish its transaction when its partition is revoked."""


class Batch(Protocol):
    """What records come to: writes, and changes of state that hold once those are committed."""

    writes: Writes

    def commit(self) -> None:
        """Make the changes of state and count what happened."""


class Work(Protocol):
    """What a processor does with records; knows nothing of transactions, retries and partitions' owners."""

    name: str
    group: str
    changelog: str | None

    async def plan(self, records: Sequence[Any], store: Store, partition: int, writer: Writer) -> Batch:
        """Translate records; changes nothing that lives longer than the returned batch."""


class Lane:
    """Processes the records of one partition in order, one transaction at a time, until it is closed.

    Args:
        work: what to do with the records.
        partition: of the input topic.
        kafka: connection.
        processing: limits.
    """

    def __init__(self, work: Work, partition: TopicPartition, kafka: Kafka, processing: Processing) -> None:
        self._work, self._input = work, partition
        self._kafka, self._processing = kafka, processing
        self._waiting: deque[tuple[Sequence[Any], int, Callable[[], None]]] = deque()
        self._arrived = asyncio.Event()
        self._closing = self._busy = False
        self._writer: Writer | None = None
        self._store: Store | None = None
        self.position = 0
        """Offset of the first record that is not committed, as far as is known."""
        self._task = asyncio.create_task(self._run(), name=f"lane {work.name} {partition.partition}")

    @property
    def idle(self) -> bool:
        """True when nothing waits and nothing is under way."""
        return not self._waiting and not self._busy

    def offer(self, records: Sequence[Any], size: int, done: Callable[[], None]) -> None:
        """Take records over; ``done`` is called when they are through or will be read again by someone."""
        if self._closing:
            done()
            return
        self._waiting.append((records, size, done))
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
        for gauge in (metrics.lag, metrics.state_entries, metrics.state_bytes):
            gauge.remove(self._work.name, self._input.partition)  # it is the next owner's to say
        while self._waiting:
            self._waiting.popleft()[2]()

    async def _run(self) -> None:
        while not self._closing:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            records, done = self._gather()
            self._busy = True
            try:
                await self._through(records)
            finally:
                self._busy = False
                for each in done:
                    each()

    def _gather(self) -> tuple[Sequence[Any], list[Callable[[], None]]]:
        """Take as many waiting records as fit one transaction, at least one fetch."""
        records, size, done = self._waiting.popleft()
        notify = [done]
        while self._waiting and size + self._waiting[0][1] <= self._processing.batch_bytes:
            more, extra, done = self._waiting.popleft()
            records, size = [*records, *more], size + extra
            notify.append(done)
        return records, notify

    async def _through(self, records: Sequence[Any]) -> None:
        """Bring records through, however often that takes; a closing lane leaves them to the next owner."""
        delay = FIRST_BACKOFF
        while not self._closing:
            try:
                await self._attempt(records)
            except Exception as error:
                metrics.retries.labels(self._work.name).inc()
                log.warning(
                    "batch runs again",
                    processor=self._work.name, partition=self._input.partition,
                    first=records[0].offset, exc_info=not is_expected(error),
                    error=repr(error) if is_expected(error) else type(error).__name__,
                )  # fmt: skip
                await self._discard()
                if broken("raise-in-agent"):
                    return  # what stock Faust makes of an agent that raised: on with the next batch
                await self._pause(delay * random.uniform(0.5, 1))  # noqa: S311
                delay = min(delay * 2, LONGEST_BACKOFF)
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

    async def _attempt(self, records: Sequence[Any]) -> None:
        writer, store = await self._open()
        fresh = [r for r in records if r.offset >= self.position]
        if not fresh:
            return
        batch = await self._work.plan(fresh, store, self._input.partition, writer)
        position = fresh[-1].offset + 1
        if broken("raise-in-agent") and position % 7 == 0:
            raise RuntimeError("planted")
        if broken("state-outside-transaction"):
            await writer.commit(batch.writes.split(self._work.changelog), self._work.group, {})
        await writer.commit(batch.writes, self._work.group, {self._input: OffsetAndMetadata(position, "")})
        batch.commit()
        self.position = position
        metrics.records_in.labels(self._work.name).inc(len(fresh))
        metrics.batch_records.labels(self._work.name).observe(len(fresh))
        if writer.spent:
            await self._discard()

    async def _open(self) -> tuple[Writer, Store]:
        """Fence whoever wrote before, then read what is committed: position and state."""
        if self._writer is not None and self._store is not None:
            return self._writer, self._store
        name = f"{self._work.name}.{self._input.partition}"
        self._writer = await Writer.open(self._kafka, self._processing, name)
        store = Store()
        committed = await restore(
            self._kafka, self._work.group, self._input, self._work.changelog, store.load
        )
        self.position = committed.offset
        self._store = store
        return self._writer, store

    async def _discard(self) -> None:
        writer, self._writer, self._store = self._writer, None, None
        if writer is not None:
            await writer.close()


def is_expected(error: Exception) -> bool:
    """Tell errors of the surroundings, which need no traceback, from defects."""
    return isinstance(error, Transient)
