"""Run contestants in turn, each between two topics, and read what they cost: CPU seconds, resident memory."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import Transient

PARTITIONS = 4
PATIENCE = 120.0
"""Seconds without any output after which a contestant is given up: what it has lost never comes."""
TURNS = 4
"""Turns of each contestant after that for warming up."""


class ContestRecord(NamedTuple):
    """A record to be produced."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class Workload(NamedTuple):
    """What is put into the input topic.

    Attributes:
        messages: the records.
        outputs: records that come of them in the output topic.
    """

    messages: Iterable[ContestRecord]
    outputs: int


@dataclass(slots=True)
class Cost:
    """What events cost one contestant so far."""

    events: int = 0
    cpu_seconds: float = 0.0
    peak_rss_mb: float = 0.0

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds per million events."""
        return self.cpu_seconds / self.events * 1e6


class Contestant(NamedTuple):
    """A running process, and what is put through it.

    Attributes:
        process: the contestant.
        source: topic that it reads.
        target: topic that it writes at last.
        loads: the first is for warming up and is not measured.
    """

    process: psutil.Process
    source: str
    target: str
    loads: Iterable[Workload]


@contextmanager
def started(command: Sequence[str]) -> Iterator[psutil.Process]:
    """Run a contestant as a process of its own."""
    with subprocess.Popen(list(command), stdout=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


async def contest(kafka: str, contestants: Sequence[Contestant]) -> list[Cost]:
    """Put their loads through running contestants, one load of each after the other.

    A shared machine is faster at one time than at another: taking turns, all have their share of both.

    Raises:
        Transient: ``internal`` when a contestant stopped or did not finish.
    """
    costs = [Cost() for _ in contestants]
    async with AsyncExitStack() as stack:
        finals = [await stack.enter_async_context(_outputs(kafka, each)) for each in contestants]
        for number, turn in enumerate(zip(*(each.loads for each in contestants), strict=True)):
            for each, load, through, cost in zip(contestants, turn, finals, costs, strict=True):
                before = _cpu(each.process)
                count = await _produce(kafka, each.source, load.messages)
                peak = await through(load.outputs)
                if number:
                    cost.events += count
                    cost.cpu_seconds += _cpu(each.process) - before
                    cost.peak_rss_mb = max(cost.peak_rss_mb, peak)
    return costs


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def create_topics(kafka: str, *topics: str, compacted: bool = False) -> None:
    """Make topics of `PARTITIONS` partitions."""
    policy = {"cleanup.policy": "compact" if compacted else "delete"}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=policy) for topic in topics])
    finally:
        await admin.close()


async def _produce(kafka: str, topic: str, messages: Iterable[ContestRecord]) -> int:
    """Write all messages in one transaction and return how many there were.

    Who reads committed records sees all of them at once, as after an outage: what is measured is the
    contestant at work, and not how fast it is fed. Who cannot keep up has them at once either way.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka, transactional_id=f"load.{topic}", linger_ms=20, max_batch_size=256 * 1024
    )
    await producer.start()
    try:
        async with producer.transaction():
            futures = [
                await producer.send(topic, each.value, key=each.key, headers=list(each.headers))
                for each in messages
            ]
            await asyncio.gather(*futures)
        return len(futures)
    finally:
        await producer.stop()


@asynccontextmanager
async def _outputs(kafka: str, of: Contestant) -> AsyncIterator[Callable[[int], Awaitable[float]]]:
    """Give a function that awaits so many more committed outputs; it returns the peak of memory, MB."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    seen = wanted = 0

    async def through(count: int) -> float:
        nonlocal seen, wanted
        wanted, peak = wanted + count, 0.0
        deadline = time.monotonic() + PATIENCE
        while seen < wanted:
            batches = await consumer.getmany(timeout_ms=200)
            if batches:
                seen += sum(map(len, batches.values()))
                deadline = time.monotonic() + PATIENCE
            if not of.process.is_running() or of.process.status() == psutil.STATUS_ZOMBIE:
                raise Transient("internal", f"the contestant stopped after {seen} of {wanted} outputs")
            peak = max(peak, of.process.memory_info().rss / 2**20)
            if time.monotonic() > deadline:
                raise Transient("internal", f"only {seen} of {wanted} outputs, none for {PATIENCE:.0f} s")
        return peak

    try:
        await consumer._client._wait_on_metadata(of.target)  # noqa: SLF001 - else it knows no partitions of it
        partitions = consumer.partitions_for_topic(of.target)
        consumer.assign([TopicPartition(of.target, partition) for partition in partitions])
        yield through
    finally:
        await consumer.stop()
