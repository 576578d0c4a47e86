"""A topic of one partition that every process follows and one at a time writes.

Whoever writes holds the only live transactional producer of the topic: opening a new one fences the old. What
is read is committed, so a process that was killed in the middle of a write has written nothing. A new writer
first waits until everything that its predecessor may have committed is in its state, and only then decides.

A record that cannot be read stops it: what follows from such a record is not known, so nothing is decided on
what is left. The log is read again and again, from its beginning, until it can be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, ProducerFenced
from prometheus_client import Gauge

from schemas.errors import Misconfigured, Permanent, Transient
from streams.kafka import clients, topics
from streams.kafka.away import AWAY, reconnecting
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import LARGEST, Sizes
from streams.kafka.topics import Topic
from streams.kafka.transactions import Writer, Writes

log = structlog.get_logger(__name__)

WRITE_ID: Final = "write"
"""Header that tells a process its own records; other readers ignore headers."""
_POLL_MS = 200
_ATTEMPTS = 3
_STANDS = 5.0
"""Seconds until what cannot be read is read again."""

unreadable_gauge = Gauge(
    "corridor_log_unreadable",
    "1 while a record of this topic cannot be read and its owner stands still",
    ["topic"],
)

S = TypeVar("S")
C = TypeVar("C")


class SharedLog(ABC, Generic[S, C]):
    """Follows one topic, and writes to it when asked to.

    Args:
        kafka: the connection.
        topic: the topic as it must be: one partition, kept for ever.
        what: its name in messages.
        reachable: tells whether Kafka answers, as far as is known: nothing is begun with one that does not.

    Attributes:
        state: what the log adds up to so far.
        ready: everything that was in the log at the start is in `state`.
        unreadable: why the log cannot be read now, None while it can.
    """

    def __init__(
        self, kafka: Kafka, topic: Topic, what: str, reachable: Callable[[], bool] = lambda: True
    ) -> None:
        self.state: S = self._empty()
        self.ready = False
        self.unreadable: Permanent | None = None
        self._kafka, self._wanted, self._what = kafka, topic, what
        self._reachable = reachable
        self._log = log.bind(log=what)
        self._partition = TopicPartition(topic.name, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._position = 0
        self._moved = asyncio.Condition()
        self._following: asyncio.Task[None] | None = None
        self._writer: Writer | None = None
        self._turn = asyncio.Lock()
        self._sizes = Sizes(int(topic.config.get("max.message.bytes", LARGEST)))
        self._own: dict[bytes, bool] = {}
        self._displaced = False

    # -- what the log is of

    @abstractmethod
    def _empty(self) -> S:
        """Make the state before the first record."""

    @abstractmethod
    def _take(self, record: ConsumerRecord[bytes, bytes]) -> bool:
        """Take a record into `state`; True when it says that a process writes from here on.

        Raises:
            Permanent: (``log-unreadable``) it cannot be understood; the state is not used any more.
        """

    @abstractmethod
    def _mark(self) -> C:
        """Make the change that says that this process writes from here on."""

    @abstractmethod
    def _records(self, change: C, headers: Sequence[tuple[str, bytes]]) -> Writes:
        """Give what a change writes; each record to this topic carries the headers. Empty: nothing.

        Raises:
            Permanent: a record is too large.
        """

    def _may_write(self) -> None:
        """Raise when another process should write instead; called before a take-over."""

    async def _understand(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        """Look up what is needed to take these records."""

    def _observe(self, *, writing: bool) -> None:
        """Set the metrics."""

    def _stands_still(self, error: Permanent | None) -> None:
        """Is told why the log cannot be read, and with None that it can be again."""

    # -- life

    async def start(self) -> None:
        """Make the topic when it is missing, follow it, and return when all of it was read.

        While Kafka is away it waits, for as long as it takes: run it as a task where that must not hold up
        others.

        Raises:
            Misconfigured: (``settings-unsafe``) the topic is not one that keeps records for ever, in order.
        """
        pauses = reconnecting()
        while True:
            try:
                await self._prepare()
                break
            except Transient as error:
                self._log.warning("waits for Kafka", error=error.message)
                await pauses.rest()
        self._following = asyncio.create_task(self._follow(), name=self._wanted.name)
        reading = asyncio.create_task(self._read_all())
        done, _ = await asyncio.wait({self._following, reading}, return_when=asyncio.FIRST_COMPLETED)
        if reading not in done:
            reading.cancel()
            await self._following

    async def close(self) -> None:
        """Stop following and writing."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
        await self._release()
        self.ready = False
        self._observe(writing=False)

    async def write(self, decide: Callable[[S], C], *, here: bool = False) -> C:
        """Decide on the newest state, write, and return when `state` has it.

        Args:
            decide: runs in a thread; it may run again when another writer came in between.
            here: become the writer whoever it is now.

        Raises:
            Transient: (``log-unavailable``) not known to be written; the same change may be tried again.
        """
        if not self._reachable():  # before it is our turn, behind others who wait for Kafka
            return await self._without_kafka(decide)
        async with self._turn:
            pauses = reconnecting()
            for _ in range(_ATTEMPTS):
                self._require_read()
                if not self._reachable():
                    return await self._without_kafka(decide)
                try:
                    return await self._write(decide, here=here)
                except Transient as error:
                    self._log.warning("write failed, trying again", error=error.message)
                    await pauses.rest()
            raise Transient(
                "log-unavailable", "Kafka did not acknowledge in time; send the same request again"
            )

    async def _without_kafka(self, decide: Callable[[S], C]) -> C:
        """Give a change that writes nothing, which what was read is enough for."""
        self._require_read()
        change = await asyncio.to_thread(decide, self.state)
        if self._records(change, ()).rows:
            raise Transient("log-unavailable", "Kafka is away; send the same request again")
        return change

    def _require_read(self) -> None:
        if self.unreadable is not None:
            raise Transient("log-unavailable", f"The {self._what} stands still: {self.unreadable}")
        if not self.ready:  # not read yet, or closed between two attempts
            raise Transient("log-unavailable", f"The {self._what} has not read its log yet")

    async def reached(self, offset: int) -> None:
        """Wait until `state` has the record at an offset.

        Raises:
            Transient: (``log-unavailable``) not in time.
        """
        await self._passed(offset + 1)

    async def _read_all(self) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.ready)

    # -- writing

    async def _write(self, decide: Callable[[S], C], *, here: bool) -> C:
        if self._displaced:
            await self._release()
        if self._writer is None:
            if not here:
                self._may_write()
            await self._take_over()
        change = await asyncio.to_thread(decide, self.state)
        if self._writer is None:  # closed meanwhile: what is not written must not be taken for written
            raise Transient("log-unavailable", f"The {self._what} is closing; send the same request again")
        await self._commit(self._writer, change)
        return change

    async def _take_over(self) -> None:
        """Become the writer: fence the last one, read all that it committed, and say where we are."""
        writer = await Writer.open(self._kafka, Processing(app=self._wanted.name), "writer", self._sizes)
        try:
            await self._passed(await self._end())
        except BaseException:
            await writer.close()
            raise
        self._writer, self._displaced = writer, False
        self._observe(writing=True)
        self._log.info("writes here now", position=self._position)
        await self._commit(writer, self._mark())

    async def _commit(self, writer: Writer, change: C) -> None:
        """Write all records or none, and wait until the state has them.

        An attempt in doubt is settled before it is given up: the records are there, or they never will be.
        """
        write_id = uuid.uuid4().bytes
        writes = self._records(change, [(WRITE_ID, write_id)])
        if not writes.rows:
            return
        self._own[write_id] = False
        try:
            await writer.commit(writes, "", {})
            await self._seen(write_id)
        except Transient as error:
            await self._release()
            if not isinstance(error.__cause__, ProducerFenced):
                successor = await Writer.open(self._kafka, Processing(app=self._wanted.name), "writer")
                await successor.close()  # opening it has ended the transaction in doubt, one way or the other
            await self._passed(await self._end())
            if not self._own[write_id]:
                raise
        finally:
            self._own.pop(write_id)

    async def _release(self) -> None:
        writer, self._writer, self._displaced = self._writer, None, False
        self._observe(writing=False)
        if writer is not None:
            await writer.close()

    # -- reading

    async def _prepare(self) -> None:
        await topics.create(self._kafka, [self._wanted])
        for deviation in await topics.check(self._kafka, [self._wanted]):
            if deviation.what in {"partitions", "cleanup.policy"}:
                raise Misconfigured("settings-unsafe", f"{self._what}: {topics.unfit(deviation)}")
            self._log.warning("topic deviates", what=deviation.what, found=deviation.found)

    async def _follow(self) -> None:
        """Apply the log, for ever; while Kafka is away the state stays as it is."""
        pauses = reconnecting()
        while True:
            try:
                async with self._consuming() as consumer:
                    end = (await consumer.end_offsets([self._partition]))[self._partition]
                    while True:
                        batches = await consumer.getmany(self._partition, timeout_ms=_POLL_MS)
                        for records in batches.values():
                            await self._apply(records)
                        await self._move(await consumer.position(self._partition), end)
                        pauses.reset()
            except OffsetOutOfRangeError:
                self._log.exception("topic was made anew, reading it from its beginning")
                self.state, self._position, self.ready = self._empty(), 0, False
            except (*AWAY, Transient) as error:
                self._log.warning("cannot read its log", error=repr(error))
                await pauses.rest()
            except Permanent as error:
                await self._stand_still(error)
            except Exception as error:  # noqa: BLE001 - nobody else would follow it
                self._log.exception("cannot follow its log")
                await self._stand_still(Permanent("log-unreadable", f"a defect: {error!r}"))

    async def _stand_still(self, error: Permanent) -> None:
        """Forget what was read, say why, and wait before it is read again."""
        self.state, self._position, self.ready = self._empty(), 0, False
        if str(error) != str(self.unreadable):
            self._log.error(
                "stands still: a record of its log cannot be read, and nothing is written until it can",
                topic=self._wanted.name, code=error.code, error=error.message, do="see docs/registry.md",
            )  # fmt: skip
            self._stands_still(error)
        self.unreadable = error
        unreadable_gauge.labels(self._wanted.name).set(1)
        await self._release()
        await asyncio.sleep(_STANDS)

    @contextlib.asynccontextmanager
    async def _consuming(self) -> AsyncIterator[AIOKafkaConsumer]:
        beyond = "none" if self._position else "earliest"
        consumer = clients.reader(self._kafka, 4 << 20, auto_offset_reset=beyond)
        try:
            await consumer.start()
            consumer.assign([self._partition])
            if self._position:
                consumer.seek(self._partition, self._position)
            else:
                await consumer.seek_to_beginning(self._partition)
            self._consumer = consumer
            yield consumer
        finally:
            self._consumer = None
            await consumer.stop()

    async def _apply(self, records: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        await self._understand(records)
        for number, record in enumerate(records, 1):
            try:
                marks = self._take(record)
            except Permanent as error:
                raise Permanent(error.code, f"offset {record.offset}: {error.message}") from error
            write_id = dict(record.headers).get(WRITE_ID, b"")
            if write_id in self._own:
                self._own[write_id] = True
            elif marks:
                self._displaced = True  # another process writes now
            if number % 200 == 0:
                await asyncio.sleep(0)

    async def _move(self, position: int, end: int) -> None:
        async with self._moved:
            self._position = position
            if position >= end and not self.ready:
                self.ready = True
                self._log.info("has read its log", position=position)
                if self.unreadable is not None:
                    self.unreadable = None
                    self._stands_still(None)
                unreadable_gauge.labels(self._wanted.name).set(0)
            self._observe(writing=self._writer is not None)
            self._moved.notify_all()

    async def _end(self) -> int:
        """Give the offset behind the last committed record."""
        consumer = self._consumer
        if consumer is None:
            raise Transient("kafka-unavailable", f"The {self._what} cannot read its log")
        try:
            async with asyncio.timeout(self._kafka.request_timeout):
                return int((await consumer.end_offsets([self._partition]))[self._partition])
        except AWAY as error:
            raise Transient("kafka-unavailable", f"end of {self._wanted.name}: {error!r}") from error

    async def _passed(self, position: int) -> None:
        await self._until(lambda: self._position >= position, f"offset {position}")

    async def _seen(self, write_id: bytes) -> None:
        await self._until(lambda: self._own[write_id], "its own write")

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(self._kafka.request_timeout), self._moved:
                await self._moved.wait_for(condition)
        except TimeoutError as error:
            raise Transient("log-unavailable", f"The {self._what} has not read {what} in time") from error
