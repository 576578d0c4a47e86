"""Run one contestant between two topics and read what it cost: CPU seconds, wall time, resident memory."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import Transient

PARTITIONS = 4
PATIENCE = 300.0


class Message(NamedTuple):
    """A record to be produced."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class Load(NamedTuple):
    """What is put into the input topic.

    Attributes:
        messages: the records.
        outputs: records that come of them in the output topic.
    """

    messages: Iterable[Message]
    outputs: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of events cost one contestant."""

    events: int
    cpu_seconds: float
    wall_seconds: float
    peak_rss_mb: float

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds per million events."""
        return self.cpu_seconds / self.events * 1e6


@contextmanager
def started(command: Sequence[str]) -> Iterator[psutil.Process]:
    """Run a contestant as a process of its own."""
    with subprocess.Popen(list(command), stdout=subprocess.DEVNULL) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


async def contest(
    kafka: str, process: psutil.Process, route: tuple[str, str], warm_up: Load, load: Load
) -> Cost:
    """Feed a running contestant and measure from warm to done.

    Args:
        kafka: bootstrap address.
        process: the contestant.
        route: topic that it reads, and topic that it writes at last.
        warm_up: what goes through first and is not measured.
        load: what is measured.

    Raises:
        Transient: ``internal`` when the contestant stopped or did not finish.
    """
    source, target = route
    await _produce(kafka, source, warm_up.messages)
    await _await_outputs(kafka, target, warm_up.outputs, process)
    before, start = _cpu(process), time.perf_counter()
    count = await _produce(kafka, source, load.messages)
    peak = await _await_outputs(kafka, target, warm_up.outputs + load.outputs, process)
    wall = time.perf_counter() - start
    return Cost(count, _cpu(process) - before, wall, peak)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def create_topics(kafka: str, *topics: str) -> None:
    """Make topics of `PARTITIONS` partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    finally:
        await admin.close()


async def _produce(kafka: str, topic: str, messages: Iterable[Message]) -> int:
    """Write all messages and return how many there were."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=20, max_batch_size=256 * 1024)
    await producer.start()
    try:
        futures = [
            await producer.send(topic, each.value, key=each.key, headers=list(each.headers))
            for each in messages
        ]
        await asyncio.gather(*futures)
        return len(futures)
    finally:
        await producer.stop()


async def _await_outputs(kafka: str, topic: str, count: int, process: psutil.Process) -> float:
    """Count committed outputs until all are there; return the contestant's highest resident memory in MB."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    seen, peak = 0, 0.0
    deadline = time.monotonic() + PATIENCE
    try:
        await consumer._client._wait_on_metadata(topic)  # noqa: SLF001 - else it knows no partitions of it
        partitions = consumer.partitions_for_topic(topic)
        consumer.assign([TopicPartition(topic, partition) for partition in partitions])
        while seen < count:
            batches = await consumer.getmany(timeout_ms=200)
            seen += sum(map(len, batches.values()))
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                raise Transient("internal", f"the contestant stopped after {seen} of {count} outputs")
            peak = max(peak, process.memory_info().rss / 2**20)
            if time.monotonic() > deadline:
                raise Transient("internal", f"only {seen} of {count} outputs after {PATIENCE:.0f} s")
        return peak
    finally:
        await consumer.stop()
