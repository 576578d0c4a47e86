"""The log as the HTTP edges see it: messages in with ``acks=all``, and which ids are in it already.

Every gateway follows ``in.*`` for the ids of all of them. A message whose acknowledgement did not come in
time is in doubt: it stays on its way here, and the same message sent again waits for it instead of being
written twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from connectors.pauses import Pauses
from connectors.ports import Accepted
from schemas.avro.schema import Schema
from schemas.broken import broken
from schemas.errors import CorridorError, Permanent, Transient
from streams import metrics
from streams.edges.window import Window
from streams.kafka import clients, topics
from streams.kafka.away import AWAY, persist
from streams.kafka.partitioning import partition_of
from streams.kafka.settings import Kafka
from streams.kafka.sizes import LEAST, OVERHEAD, Sizes
from streams.kafka.transactions import learn, stop_producer
from streams.records.contracts import Contracts
from streams.records.envelope import HeaderList, headers
from streams.records.frames import Aside, Frames

log = structlog.get_logger(__name__)

MOST_PENDING = 16 * 1024 * 1024
"""Bytes of messages that may be on their way to Kafka; beyond it new ones are turned away."""
RETRY_AFTER = 2.0
LOOK = 0.5
"""Seconds between two looks whether Kafka is still there for what waits."""

Identity = tuple[str, str]


class Ingest:
    """Writes accepted messages to ``in.<participant>`` (see `connectors.ports.ReceiverLog`).

    Run it as ``async with``-less service: ``await start()``, then ``run(stop)`` beside whatever uses it.

    Args:
        kafka: connection.
        contracts: registers the schemas of what is written.
        schemas: schema of each participant's messages.
        patience: seconds that ``append`` waits for Kafka at most.
        window: message ids that are remembered.
        sizes: what the topics take.
        aside: is told of a participant whose schema the registry refuses, and with None that it does not.
        reachable: tells whether Kafka answers, as far as is known: nobody waits for one that does not.
        missing: is told of a participant whose topic is missing, and with None that it is there.
    """

    def __init__(
        self,
        kafka: Kafka,
        contracts: Contracts,
        schemas: Mapping[str, Schema],
        *,
        patience: float = 10.0,
        window: int = 100_000,
        sizes: Sizes | None = None,
        aside: Aside = lambda *_: None,
        reachable: Callable[[], bool] = lambda: True,
        missing: Callable[[str, str | None], None] = lambda *_: None,
    ) -> None:
        self._sizes = sizes or Sizes()
        self._reachable = reachable
        self._kafka, self._patience = kafka, patience
        self.frames = Frames(contracts, schemas, aside)
        """What stands in front of the values of each participant."""
        self._names = list(schemas)
        self._topics = [topics.incoming(name) for name in schemas]
        self.follower = Window("gateway", kafka, self._topics, window, missing)
        """Ids that are in the log."""
        self._producer: AIOKafkaProducer | None = None
        self._broken = asyncio.Event()
        self._pending: dict[Identity, tuple[bytes, asyncio.Future[None]]] = {}
        self._pending_bytes = 0

    @property
    def ready(self) -> bool:
        """True when messages can be taken: connected, every id in the log known, a schema registered."""
        return self._connected and self.frames.usable

    @property
    def _connected(self) -> bool:
        return self._producer is not None and self.follower.caught_up.is_set()

    async def run(self, stop: asyncio.Event) -> None:
        """Stay connected until ``stop`` is set; then wait for what is on its way, for a moment."""
        beside = [
            asyncio.create_task(self.follower.run()),
            asyncio.create_task(self._stay_connected()),
            *(asyncio.create_task(self.frames.get(name)) for name in self._names),
        ]
        try:
            await stop.wait()
            await self._drain()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            producer, self._producer = self._producer, None
            if producer is not None:
                await stop_producer(producer)

    def seen(self, participant: str, message_id: str) -> bytes | None:
        """Give the digest under which this id is in the log, within the window that is remembered."""
        return self.follower.seen(participant, message_id)

    async def append(self, messages: Sequence[Accepted]) -> None:
        """Write messages and return once all are on all in-sync replicas.

        What is in the log already, or on its way, is not written again.

        Raises:
            Transient: ``log-unavailable``, ``registry-unavailable``, ``participant-set-aside``: send the same
                messages again.
            Permanent: ``id-reused``: another body is on its way under one of the ids;
                ``output-too-large``: Kafka would not take one of them.
        """
        for message in messages:
            self._sizes.check(topics.incoming(message.participant), *self._record(message))
        if self._connected:
            self._require({message.participant for message in messages})
        if not self._connected or not self._reachable() or self._pending_bytes > MOST_PENDING:
            raise Transient("log-unavailable", "Kafka does not take messages now", retry_after=RETRY_AFTER)
        waiting = [future for message in messages if (future := self._write(message)) is not None]
        if broken("ack-before-produce") or not waiting:
            return
        if not await self._acknowledged(waiting):
            raise Transient("log-unavailable", "Kafka did not acknowledge in time", retry_after=RETRY_AFTER)

    def _require(self, participants: Iterable[str]) -> None:
        """Refuse messages of participants that cannot be written now, though others' can."""
        for name in participants:
            self.frames.require(name)
            if self.follower.lacks(name):
                raise Transient("participant-set-aside", "the topic of this participant is missing")

    async def _acknowledged(self, waiting: Sequence[asyncio.Future[None]]) -> bool:
        """Wait until all is acknowledged, but not longer than our patience, or than Kafka is there."""
        end = time.monotonic() + self._patience
        while (left := end - time.monotonic()) > 0:
            done, late = await asyncio.wait(waiting, timeout=min(LOOK, left))
            if not late:
                failures = [error for future in done if (error := future.exception()) is not None]
                for error in failures:
                    if isinstance(error, Permanent):
                        raise error
                return not failures
            if not self._reachable():
                break
        return False

    def _write(self, message: Accepted) -> asyncio.Future[None] | None:
        """Put one message on its way; None when it is in the log already."""
        identity = message.participant, message.id
        digest, future = self._pending.get(identity, (None, None))
        known = digest or self.seen(*identity)
        if known is not None and known != message.digest:
            raise Permanent("id-reused", f"the id {message.id} came before with another body")
        if known is not None:
            return future
        task = asyncio.ensure_future(self._produce(message))
        size = len(message.body)
        self._pending[identity] = message.digest, task
        self._pending_bytes += size
        task.add_done_callback(lambda done: self._settle(message, size, done))
        return task

    def _settle(self, message: Accepted, size: int, done: asyncio.Future[None]) -> None:
        del self._pending[message.participant, message.id]
        self._pending_bytes -= size
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self.follower.note(message.participant, message.id, message.digest)
            metrics.appended.labels(message.participant).inc()
        else:
            log.warning("append failed", participant=message.participant, id=message.id, error=repr(error))

    async def _produce(self, message: Accepted) -> None:
        """Write one message; returns when it is acknowledged, however long that takes."""
        producer = self._producer
        if producer is None:
            raise Transient("log-unavailable", "Kafka is not connected")
        topic = topics.incoming(message.participant)
        key, value, listed = self._record(message)
        try:
            count = len(await producer.partitions_for(topic))
            partition = partition_of(key, count)
            sent = await producer.send(topic, value, key, partition, headers=listed)
            await sent
        except MessageSizeTooLargeError:
            self._broken.set()  # the numbers of its messages have a gap now, which Kafka does not forgive
            await learn(self._kafka, topic, self._sizes)
            self._sizes.check(topic, key, value, listed)
            raise  # it was sent with others: next time they go in smaller batches
        except AWAY:
            self._broken.set()
            raise

    def _record(self, message: Accepted) -> tuple[bytes, bytes, HeaderList]:
        """Key, value and headers under which a message is written."""
        name = message.participant
        listed = headers(
            message.id, f"{name}/{message.id}", (name,), message.accepted,
            traceparent=message.traceparent, digest=message.digest.hex(), findings=message.findings,
        )  # fmt: skip
        return message.key, self.frames.had.get(name, b"") + message.body, listed

    async def _stay_connected(self) -> None:
        """Start a producer, and another one whenever one is broken: an idempotent one can wedge for good."""
        await persist(self._keep_producing, "writing")

    async def _keep_producing(self, pauses: Pauses) -> None:
        while True:
            self._producer = await self._connect()
            pauses.reset()
            await self._until_broken()

    async def _until_broken(self) -> None:
        """Wait until the producer is broken, and let it go."""
        await self._broken.wait()
        self._broken.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop_producer(producer)
        await self.follower.catch_up()  # what was in doubt is in the log by now, or it is not

    async def _learn_limits(self) -> None:
        """Ask what our topics take, so that nothing is sent that one of them refuses."""
        try:
            found = await topics.limits(self._kafka, self._topics)
        except CorridorError as error:
            log.debug("limits of topics not known", error=error.message)
            return
        for topic, limit in found.items():
            self._sizes.learn(topic, limit)

    async def _connect(self) -> AIOKafkaProducer:
        await self._learn_limits()
        least = min(self._sizes.of(topic) for topic in [topics.EVENTS, *self._topics])
        producer = clients.producer(
            self._kafka, enable_idempotence=True, acks="all",
            max_batch_size=max(LEAST, min(self._sizes.batch // 4, least - OVERHEAD)),
            max_request_size=self._sizes.of(topics.EVENTS),
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._kafka.request_timeout):
                await producer.start()
        except BaseException:
            await stop_producer(producer)
            raise
        return producer

    async def _drain(self) -> None:
        if self._pending:
            await asyncio.wait([future for _, future in self._pending.values()], timeout=self._patience)
