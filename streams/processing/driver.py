"""Record batches through Faust: one event per partition and poll instead of one per record.

Stock Faust spends a task and two waits on every record. The driver hands an agent, for the topics it is told,
one pseudo record per partition and poll: its ``value`` is the list of records, its ``offset`` the last one's.
Topics it is not told (changelogs of tables) keep Faust's own way.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, cast

import aiokafka
import faust
import structlog
import uvloop
from faust.transport.consumer import RecordMap
from faust.transport.drivers import aiokafka as stock
from faust.types import TP

from streams.kafka import clients
from streams.kafka.assignor import TogetherAssignor
from streams.kafka.settings import Kafka, Processing

log = structlog.get_logger(__name__)

WHILE_OTHERS_WORK = 0.02
"""Seconds to wait for free partitions while others are at their limit: they may become free any moment."""


class Passed(faust.Schema[Any, Any]):
    """A Faust schema that hands keys and values through as they are."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ANN401, ARG002
        """Give the key back unchanged."""
        return message.key

    def loads_value(self, app: Any, message: Any, **_: Any) -> Any:  # noqa: ANN401, ARG002
        """Give the value back unchanged."""
        return message.value


class ConsumerThread(stock.AIOKafkaConsumerThread):
    """Faust's consumer thread around a client that reads committed records only, in bounded fetches."""

    def _create_worker_consumer(self, transport: stock.Transport) -> aiokafka.AIOKafkaConsumer:  # noqa: ARG002
        app = cast(BatchApp, self.app)
        processing, self._assignor = app.processing, TogetherAssignor
        return clients.member(
            *(app.kafka, processing, app.conf.id),
            partition_assignment_strategy=[TogetherAssignor],
            check_crcs=app.conf.broker_check_crcs,
            fetch_max_wait_ms=500,
            max_partition_fetch_bytes=processing.batch_bytes,
            fetch_max_bytes=processing.prefetch_bytes,
            metadata_max_age_ms=30_000,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=600_000,
        )

    async def on_thread_stop(self) -> None:
        """Stop the client, whatever it says to that: while Kafka comes and goes it lets its own errors out.

        A cancelled fetch is one of them. The group learns by the session timeout that the member has gone.
        """
        try:
            await super().on_thread_stop()
        except (asyncio.CancelledError, Exception) as error:  # noqa: BLE001 - the thread ends either way
            log.warning("a consumer did not leave its group in order", error=type(error).__qualname__)
            if self._consumer is not None:
                await self._consumer._client.close()  # noqa: SLF001

    def on_crash(self, msg: str, *fmt: Any, **kwargs: Any) -> None:  # noqa: ANN401, ARG002
        """Tell the log, in its form, instead of writing past it."""
        log.error("the consumer thread ended", exc_info=sys.exc_info()[1])


class Consumer(stock.Consumer):
    """Faust's consumer that returns one pseudo record per partition, and none beyond a budget of bytes.

    What was handed out counts as in hand until ``release`` is called for it. A partition with a whole batch
    in hand is not read further, and nothing is read while the topic's budget is used up.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._in_hand: Counter[TP] = Counter()
        self._released = asyncio.Event()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, thread_loop=uvloop.new_event_loop(), beacon=self.beacon)

    def release(self, tp: TP, size: int) -> None:
        """Give bytes back to the budget: their batch is through, or will be read again."""
        self._in_hand[tp] = max(0, self._in_hand[tp] - size)
        self._released.set()

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> RecordMap:
        app = cast(BatchApp, self.app)
        limit, budget = app.processing.batch_bytes, app.processing.prefetch_bytes
        free = {tp for tp in active_partitions or () if self._in_hand[tp] < limit}
        if not free or self._in_hand.total() >= budget:
            self._released.clear()
            await self._wait_released(timeout)
            return {}
        if len(free) < len(active_partitions or ()):
            timeout = WHILE_OTHERS_WORK
        fetched = await super()._getmany(free, timeout)
        return {tp: self._gather(tp, records, app.batched) for tp, records in fetched.items() if records}

    async def _wait_released(self, timeout: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._released.wait(), timeout)

    def _gather(self, tp: TP, records: list[Any], batched: Collection[str]) -> list[Any]:
        if tp.topic not in batched:
            return records
        size = size_of(records)
        self._in_hand[tp] += size
        last = records[-1]
        whole = aiokafka.ConsumerRecord(
            tp.topic, tp.partition, last.offset, last.timestamp, last.timestamp_type, None, records, None,
            0, size, (),
        )  # fmt: skip
        return [whole]

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Start with an empty hand: whatever was handed out before is void."""
        self._in_hand.clear()
        self._released.set()
        await super().on_partitions_assigned(assigned, generation_id)


class Producer(stock.Producer):
    """Faust's producer, never started: whatever is written goes through `streams.kafka.transactions`."""

    async def on_start(self) -> None:
        """Connect to nothing."""


class Transport(stock.Transport):
    """Faust's Kafka transport with the record-batch consumer."""

    Consumer = Consumer
    Producer = Producer


class BatchApp(faust.App):
    """A Faust application whose consumer hands over record batches.

    Args:
        id: consumer group.
        kafka: connection.
        processing: limits.
        batched: topics that are read in batches.
    """

    def __init__(self, id: str, kafka: Kafka, processing: Processing, batched: Sequence[str]) -> None:  # noqa: A002
        self.kafka, self.processing, self.batched = kafka, processing, frozenset(batched)
        super().__init__(
            id,
            broker=f"kafka://{kafka.bootstrap.replace(',', ';')}",
            autodiscover=False,
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            stream_wait_empty=False,
            broker_session_timeout=processing.session_timeout,
            broker_request_timeout=max(kafka.request_timeout, processing.session_timeout),
        )

    def _create_directories(self) -> None:
        """Nothing is kept on disk."""

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)


def size_of(records: Sequence[Any]) -> int:
    """Bytes of keys and values of Kafka records."""
    return sum(r.serialized_key_size + r.serialized_value_size for r in records)
