"""The schema registry's log: the topic ``_schemas``, followed by every process and written by one at a time.

Whoever writes holds the only live transactional producer of the topic: opening a new one fences the old. What
is read is committed, so a process that was killed in the middle of a write has written nothing. A new writer
first waits until everything that its predecessor may have committed is in its state, and only then decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, ProducerFenced
from prometheus_client import Counter, Gauge

from connectors.registry.ports import Decide, Elsewhere
from schemas.errors import Misconfigured, Permanent, Transient
from schemas.registry.records import Entry, MarkKey, decode, encode
from schemas.registry.refusal import too_large
from schemas.registry.registration import Change
from schemas.registry.state import State
from streams import topics
from streams.settings import Kafka, Processing, Topics
from streams.transactions import Writer, Writes, check_size

log = structlog.get_logger(__name__)

WRITE_ID = "write"
"""Header that tells a process its own records; other registries ignore headers."""
_POLL_MS = 200
_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_ATTEMPTS = 3

ready_gauge = Gauge("corridor_registry_ready", "1 when the registry has read its whole log")
writer_gauge = Gauge("corridor_registry_writer", "1 in the process that writes to the registry's log")
versions_gauge = Gauge("corridor_registry_offset", "Offset of the last record of the registry's log applied")
writes_total = Counter(
    "corridor_registry_writes_total", "Requests that wrote to the registry's log", ["outcome"]
)


class RegistryLog:
    """The `connectors.registry.ports.Registry` protocol over Kafka.

    Args:
        kafka: the connection.
        settings: replication of the topic, should it have to be made.
        url: address under which other processes reach this one's REST API; without it they take over.
        recursive: accept recursive schemas.
        topic: name of the topic; there is one writer per topic.

    Attributes:
        state: what the log adds up to so far.
        cluster: id of the Kafka cluster.
        ready: everything that was in the log at the start is in `state`.
    """

    def __init__(
        self,
        kafka: Kafka,
        settings: Topics | None = None,
        *,
        url: str = "",
        recursive: bool = False,
        topic: str = topics.SCHEMAS,
    ) -> None:
        self.state = State()
        self.recursive = recursive
        self.cluster = ""
        self.ready = False
        self._kafka = kafka
        self._settings = settings or Topics()
        self._url = url
        self._topic = topic
        self._partition = TopicPartition(topic, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._position = 0
        self._moved = asyncio.Condition()
        self._following: asyncio.Task[None] | None = None
        self._writer: Writer | None = None
        self._turn = asyncio.Lock()
        self._own: dict[bytes, bool] = {}
        self._displaced = False

    async def start(self) -> None:
        """Make the topic when it is missing, follow it, and return when all of it was read.

        While Kafka is away it waits, for as long as it takes: run it as a task where that must not hold up
        others.

        Raises:
            Misconfigured: (``settings-unsafe``) the topic is not one that keeps schemas for ever, in order.
        """
        pause = _PAUSE
        while True:
            try:
                await self._prepare()
                break
            except Transient as error:
                log.warning("registry waits for Kafka", error=error.message)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        self._following = asyncio.create_task(self._follow(), name="registry-log")
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
        ready_gauge.set(0)

    async def write(self, decide: Decide, *, here: bool = False) -> Change:
        """Decide on the newest state, write, and return when `state` has it; see `ports.Registry`."""
        async with self._turn:
            if not self.ready:
                raise Transient("log-unavailable", "The registry has not read its log yet")
            pause = _PAUSE
            for _ in range(_ATTEMPTS):
                try:
                    return await self._write(decide, here=here)
                except Transient as error:
                    log.warning("registry write failed, trying again", error=error.message)
                    await asyncio.sleep(pause)
                    pause *= 2
            writes_total.labels("unavailable").inc()
            raise Transient(
                "log-unavailable", "Kafka did not acknowledge in time; send the same request again"
            )

    async def _read_all(self) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self.ready)

    async def reached(self, offset: int) -> None:
        """Wait until `state` has the record at an offset; see `ports.Registry`."""
        await self._passed(offset + 1)

    # -- writing

    async def _write(self, decide: Decide, *, here: bool) -> Change:
        if self._displaced:
            await self._release()
        if self._writer is None:
            other = self.state.writer
            if other not in {"", self._url} and not here:
                raise Elsewhere(other)
            await self._take_over()
        change = await asyncio.to_thread(decide, self.state)
        if change.entries and self._writer is not None:
            await self._commit(self._writer, change.entries)
            writes_total.labels("written").inc()
        return change

    async def _take_over(self) -> None:
        """Become the writer: fence the last one, read all that it committed, and say where we are."""
        writer = await Writer.open(self._kafka, Processing(app=self._topic), "writer")
        try:
            await self._passed(await self._end())
        except BaseException:
            await writer.close()
            raise
        self._writer, self._displaced = writer, False
        writer_gauge.set(1)
        log.info("registry writes here now", url=self._url, offset=self.state.offset)
        await self._commit(writer, [Entry(MarkKey(), self.state.mark._replace(writer=self._url))])

    async def _commit(self, writer: Writer, entries: Sequence[Entry]) -> None:
        """Write all entries or none, and wait until the state has them.

        An attempt in doubt is settled before it is given up: the records are there, or they never will be.
        """
        write_id = uuid.uuid4().bytes
        writes = Writes()
        for entry in entries:
            key, value = encode(entry)
            headers = [(WRITE_ID, write_id)]
            try:
                check_size(key, value, headers)
            except Permanent as error:
                raise too_large(error.message) from error
            writes.add(self._topic, 0, key, value, headers)
        self._own[write_id] = False
        try:
            await writer.commit(writes, "", {})
            await self._seen(write_id)
        except Transient as error:
            await self._release()
            if not isinstance(error.__cause__, ProducerFenced):
                successor = await Writer.open(self._kafka, Processing(app=self._topic), "writer")
                await successor.close()  # opening it has ended the transaction in doubt, one way or the other
            await self._passed(await self._end())
            if not self._own[write_id]:
                raise
        finally:
            self._own.pop(write_id)

    async def _release(self) -> None:
        writer, self._writer, self._displaced = self._writer, None, False
        writer_gauge.set(0)
        if writer is not None:
            await writer.close()

    # -- reading

    async def _prepare(self) -> None:
        wanted = next(t for t in topics.plan([], self._settings) if t.name == topics.SCHEMAS)
        wanted = msgspec.structs.replace(wanted, name=self._topic)
        await topics.create(self._kafka, [wanted])
        for deviation in await topics.check(self._kafka, [wanted]):
            if deviation.what in {"partitions", "cleanup.policy"}:
                raise Misconfigured(
                    "settings-unsafe",
                    f"topic {self._topic} has {deviation.what} {deviation.found}, the registry needs "
                    f"{deviation.expected}: schemas would be lost. Move its records to a topic that has.",
                )
            log.warning("registry topic deviates", what=deviation.what, found=deviation.found)
        self.cluster = await self._cluster_id()

    async def _cluster_id(self) -> str:
        admin = AIOKafkaAdminClient(**self._kafka.client_options())
        try:
            async with asyncio.timeout(self._kafka.request_timeout):
                await admin.start()
                return str((await admin.describe_cluster()).get("cluster_id") or "")
        except (KafkaError, TimeoutError, OSError) as error:
            raise Transient("kafka-unavailable", f"Kafka at {self._kafka.bootstrap}: {error!r}") from error
        finally:
            await admin.close()

    async def _follow(self) -> None:
        """Apply the log, for ever; while Kafka is away the state stays as it is."""
        while True:
            try:
                async with self._consuming() as consumer:
                    end = (await consumer.end_offsets([self._partition]))[self._partition]
                    while True:
                        batches = await consumer.getmany(self._partition, timeout_ms=_POLL_MS)
                        for records in batches.values():
                            await self._apply(records)
                        await self._move(await consumer.position(self._partition), end)
            except OffsetOutOfRangeError:
                log.exception("registry topic was made anew, reading it from its beginning")
                self.state, self._position, self.ready = State(), 0, False
            except (KafkaError, TimeoutError, OSError) as error:
                log.warning("registry cannot read its log", error=repr(error))
                await asyncio.sleep(_PAUSE)

    @contextlib.asynccontextmanager
    async def _consuming(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            **self._kafka.client_options(),
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none" if self._position else "earliest",
            max_partition_fetch_bytes=4 << 20,
        )
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
        for number, record in enumerate(records, 1):
            entry = decode(record.key, record.value, record.timestamp)
            if entry is None:
                log.warning("registry record not understood", offset=record.offset)
            self.state.apply(entry, record.offset)
            write_id = dict(record.headers).get(WRITE_ID, b"")
            if write_id in self._own:
                self._own[write_id] = True
            elif entry is not None and isinstance(entry.key, MarkKey):
                self._displaced = True  # another process writes now
            if number % 200 == 0:
                await asyncio.sleep(0)

    async def _move(self, position: int, end: int) -> None:
        async with self._moved:
            self._position = position
            if position >= end and not self.ready:
                self.ready = True
                ready_gauge.set(1)
                log.info("registry has read its log", offset=self.state.offset)
            versions_gauge.set(self.state.offset)
            self._moved.notify_all()

    async def _end(self) -> int:
        """Give the offset behind the last committed record."""
        consumer = self._consumer
        if consumer is None:
            raise Transient("kafka-unavailable", "The registry cannot read its log")
        try:
            async with asyncio.timeout(self._kafka.request_timeout):
                return int((await consumer.end_offsets([self._partition]))[self._partition])
        except (KafkaError, TimeoutError, OSError) as error:
            raise Transient("kafka-unavailable", f"end of {self._topic}: {error!r}") from error

    async def _passed(self, position: int) -> None:
        await self._until(lambda: self._position >= position, f"offset {position}")

    async def _seen(self, write_id: bytes) -> None:
        await self._until(lambda: self._own[write_id], "its own write")

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(self._kafka.request_timeout), self._moved:
                await self._moved.wait_for(condition)
        except TimeoutError as error:
            raise Transient("log-unavailable", f"The registry has not read {what} in time") from error
