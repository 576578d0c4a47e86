"""Runs a crew of processors in this process: a Faust application feeds a lane per partition number."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from typing import Any, cast

import structlog
from mode.supervisors import CrashingSupervisor

from schemas.errors import Transient
from streams import metrics
from streams.kafka.away import reached
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import Sizes
from streams.partition.positions import require_room
from streams.processing.driver import BatchApp, Consumer, Passed
from streams.processing.lane import Lane
from streams.processing.work import Crew

log = structlog.get_logger(__name__)

MEASURE_EVERY = 5.0
"""Seconds between two measurements of consumer lag."""


class Runner:
    """A crew: its consumer group, its Faust application and a lane per assigned partition number.

    Args:
        crew: the processors.
        kafka: connection.
        processing: limits.
        sizes: what the topics take.

    Raises:
        Misconfigured: ``settings-invalid``: more processors read one topic than can be kept apart.
    """

    def __init__(self, crew: Crew, kafka: Kafka, processing: Processing, sizes: Sizes | None = None) -> None:
        for topic in crew.sources:
            require_room(work.name for work in crew.of(topic))
        self.crew = crew
        self._kafka, self._processing, self._sizes = kafka, processing, sizes or Sizes()
        self._lanes: dict[int, Lane] = {}
        self._stopping = False
        self.running = False
        """Partitions were assigned, or there are none for this process."""
        self._measuring: asyncio.Task[None] | None = None
        self.app = self._application()

    def _application(self) -> BatchApp:
        sources = self.crew.sources
        app = BatchApp(self.crew.group, self._kafka, self._processing, sources)
        topic = app.topic(*sources, schema=Passed(), acks=False)

        # No exception may leave an agent: Faust would go on with the next batch. This one only hands over.
        @app.agent(topic, name=self.crew.name, concurrency=1, supervisor_strategy=CrashingSupervisor)
        async def hand_over(stream: Any) -> None:  # noqa: ANN401 - Faust's stream is generic over itself
            async for event in stream.noack().events():
                self._take(event.message)

        app.on_partitions_revoked.connect(self._revoked)  # type: ignore[arg-type]
        app.on_partitions_assigned.connect(self._assigned)  # type: ignore[arg-type]
        return app

    def _take(self, message: Any) -> None:  # noqa: ANN401
        """Give a batch to its lane, unless its partition went through a rebalance since it was read."""
        size = message.serialized_value_size
        consumer = cast(Consumer, self.app.consumer)
        if self._stopping or message.generation_id != self.app.consumer_generation_id:
            consumer.release(message.tp, size)
            return
        if message.partition not in self._lanes:
            self._open(consumer.assignment())  # Faust may let records flow before it says what was assigned
        lane = self._lanes[message.partition]
        lane.offer(message.topic, message.value, size, lambda: consumer.release(message.tp, size))

    async def _assigned(self, _app: Any, assigned: Iterable[Any], **_: Any) -> None:  # noqa: ANN401
        """Open the lanes of partitions that are ours from now on."""
        if not self._stopping:
            self._open(assigned)
            self.running = True

    def _open(self, assigned: Iterable[Any]) -> None:
        topics: dict[int, set[str]] = {}
        for tp in assigned:
            topics.setdefault(tp.partition, set()).add(tp.topic)
        for partition, read in topics.items():
            if partition not in self._lanes:
                crew = self.crew.on(read)
                self._lanes[partition] = Lane(crew, partition, self._kafka, self._processing, self._sizes)

    async def _revoked(self, _app: Any, revoked: Iterable[Any], **_: Any) -> None:  # noqa: ANN401
        """Let the lanes of revoked partitions end before anybody else may own them."""
        gone = {tp.partition for tp in revoked} & self._lanes.keys()
        await asyncio.gather(*(self._lanes.pop(partition).close() for partition in gone))

    async def run(self, stop: asyncio.Event) -> None:
        """Process until ``stop`` is set, then end cleanly. A Kafka that is away at the start is waited for.

        Raises:
            Transient: ``internal`` when Faust gave up; begin with a new runner.
        """
        if not await reached(self._kafka, stop):
            return
        self.app.finalize()
        await self.app.start()
        gc.collect()
        gc.freeze()  # mappings and code lists live as long as the process: no collection need walk them again
        self._measuring = asyncio.create_task(self._measure())
        waiting = asyncio.create_task(stop.wait())
        crashed = asyncio.create_task(self._crashed())
        try:
            await asyncio.wait({waiting, crashed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiting, crashed, self._measuring):
                task.cancel()
            await self._stop()
        if not stop.is_set():
            raise Transient("internal", f"{self.crew.name} stopped: {self.app.crash_reason!r}")

    async def _crashed(self) -> None:
        await self.app._crashed.wait()  # noqa: SLF001

    async def _stop(self) -> None:
        self._stopping, self.running = True, False
        lanes, self._lanes = list(self._lanes.values()), {}
        await asyncio.gather(*(lane.close() for lane in lanes))
        await self.app.stop()

    async def _measure(self) -> None:
        """Measure how far the lanes are behind, also while nothing moves."""
        while True:
            await asyncio.sleep(MEASURE_EVERY)
            try:
                await self._measure_lag()
            except Exception as error:  # noqa: BLE001 - measuring must never stop the processor
                log.debug("lag not measured", processor=self.crew.name, error=repr(error))

    async def _measure_lag(self) -> None:
        consumer = self.app.consumer
        assigned = consumer.assignment()
        ends = await consumer.highwaters(*assigned) if assigned else {}
        for tp, end in ends.items():
            read, lane = await consumer.position(tp) or 0, self._lanes.get(tp.partition)
            for work in self.crew.of(tp.topic):
                position = lane.position(work) if lane else None
                behind = end - (read if position is None else position)
                metrics.behind(work.name, tp.partition, behind)
