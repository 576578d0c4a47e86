"""Run one contestant between two topics and read what it cost: CPU seconds, wall time, resident memory."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.errors import Transient

PARTITIONS = 4
PATIENCE = 300.0
Message = tuple[bytes, bytes]


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

    @property
    def per_cpu_second(self) -> float:
        """Events per CPU second."""
        return self.events / self.cpu_seconds


async def contest(
    kafka: str,
    command: Callable[[str, str, str], Sequence[str]],
    messages: Iterable[Message],
    warm_up: Iterable[Message],
) -> Cost:
    """Start ``command(input, output, group)``, feed it, and measure from warm to done.

    Args:
        kafka: bootstrap address.
        command: gives the argument vector of the contestant for its topics and group.
        messages: what is measured; one output each.
        warm_up: what goes through first and is not measured.

    Raises:
        Transient: ``internal`` when the contestant stopped or did not finish.
    """
    run = uuid4().hex[:8]
    source, target = f"bench.{run}.in", f"bench.{run}.out"
    await _create(kafka, source, target)
    process = subprocess.Popen(list(command(source, target, f"bench-{run}")))  # noqa: ASYNC220
    try:
        warmed = await _produce(kafka, source, warm_up)
        await _await_outputs(kafka, target, warmed, process)
        usage = psutil.Process(process.pid)
        before, start = _cpu(usage), time.perf_counter()
        count = await _produce(kafka, source, messages)
        peak = await _await_outputs(kafka, target, warmed + count, process)
        wall = time.perf_counter() - start
        return Cost(count, _cpu(usage) - before, wall, peak)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _create(kafka: str, *topics: str) -> None:
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
        futures = [await producer.send(topic, body, key=key) for key, body in messages]
        await asyncio.gather(*futures)
        return len(futures)
    finally:
        await producer.stop()


async def _await_outputs(kafka: str, topic: str, count: int, process: subprocess.Popen[bytes]) -> float:
    """Count committed outputs until all are there; return the contestant's highest resident memory in MB."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    seen, peak = 0, 0.0
    deadline = time.monotonic() + PATIENCE
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
        while seen < count:
            batches = await consumer.getmany(timeout_ms=200)
            seen += sum(map(len, batches.values()))
            if process.poll() is not None:
                raise Transient("internal", f"the contestant stopped with exit code {process.returncode}")
            peak = max(peak, psutil.Process(process.pid).memory_info().rss / 2**20)
            if time.monotonic() > deadline:
                raise Transient("internal", f"only {seen} of {count} outputs after {PATIENCE:.0f} s")
        return peak
    finally:
        await consumer.stop()
