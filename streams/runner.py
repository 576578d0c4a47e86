"""Runs one processor in this process: a Faust application feeds record batches to one lane per partition."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from typing import Any, cast

import structlog
from aiokafka import TopicPartition
from mode.supervisors import CrashingSupervisor

from schemas.errors import Transient
from streams import metrics
from streams.driver import BatchApp, Consumer, Passed
from streams.lane import Lane, Work
from streams.settings import Kafka, Processing

log = structlog.get_logger(__name__)

MEASURE_EVERY = 5.0
"""Seconds between two measurements of consumer lag."""


class Runner:
    """One processor: its consumer group, its Faust application and a lane per assigned partition.

    Args:
        work: what to do with records.
        source: the input topic.
        kafka: connection.
        processing: limits.
    """

    def __init__(self, work: Work, source: str, kafka: Kafka, processing: Processing) -> None:
        self.work, self.source = work, source
        self._kafka, self._processing = kafka, processing
        self._lanes: dict[TopicPartition, Lane] = {}
        self._stopping = False
        self._measuring: asyncio.Task[None] | None = None
        self.app = self._application()

    def _application(self) -> BatchApp:
        app = BatchApp(self.work.group, self._kafka, self._processing, [self.source])
        topic = app.topic(self.source, schema=Passed(), acks=False)

        # No exception may leave an agent: Faust would go on with the next batch. This one only hands over.
        @app.agent(topic, name=self.work.name, concurrency=1, supervisor_strategy=CrashingSupervisor)
        async def hand_over(stream: Any) -> None:  # noqa: ANN401 - Faust's stream is generic over itself
            async for event in stream.noack().events():
                await self._take(event.message)

        app.on_partitions_revoked.connect(self._revoked)  # type: ignore[arg-type]
        return app

    async def _take(self, message: Any) -> None:  # noqa: ANN401
        """Give a batch to its lane, unless its partition went through a rebalance since it was read."""
        partition = TopicPartition(message.topic, message.partition)
        size = message.serialized_value_size
        consumer = cast(Consumer, self.app.consumer)
        if self._stopping or message.generation_id != self.app.consumer_generation_id:
            consumer.release(message.tp, size)
            return
        lane = self._lanes.get(partition)
        if lane is None:
            lane = self._lanes[partition] = Lane(self.work, partition, self._kafka, self._processing)
        lane.offer(message.value, size, lambda: consumer.release(message.tp, size))

    async def _revoked(self, _app: Any, revoked: Iterable[Any], **_: Any) -> None:  # noqa: ANN401
        """Let the lanes of revoked partitions end before anybody else may own them."""
        lanes = [self._lanes.pop(partition) for partition in map(_plain, revoked) if partition in self._lanes]
        await asyncio.gather(*(lane.close() for lane in lanes))

    async def run(self, stop: asyncio.Event) -> None:
        """Process until ``stop`` is set, then end cleanly.

        Raises:
            Transient: ``internal`` when Faust gave up; start the process again.
        """
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
            raise Transient("internal", f"{self.work.name} stopped: {self.app.crash_reason!r}")

    async def _crashed(self) -> None:
        await self.app._crashed.wait()  # noqa: SLF001

    async def _stop(self) -> None:
        self._stopping = True
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
                log.debug("lag not measured", processor=self.work.name, error=repr(error))

    async def _measure_lag(self) -> None:
        consumer = self.app.consumer
        assigned = consumer.assignment()
        ends = await consumer.highwaters(*assigned) if assigned else {}
        for tp, end in ends.items():
            lane = self._lanes.get(_plain(tp))
            position = await consumer.position(tp) if lane is None or lane.idle else lane.position
            metrics.lag.labels(self.work.name, tp.partition).set(max(0, end - (position or 0)))


def _plain(tp: Any) -> TopicPartition:  # noqa: ANN401
    return TopicPartition(tp.topic, tp.partition)
