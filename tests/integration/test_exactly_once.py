"""Exactly once with state, under what happens to processes and to Kafka."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from deploy.kafka import Node
from streams.kafka import topics
from streams.kafka.settings import Kafka
from tests.support.counting import CODEC, DEFECT, DELAY, FRAME, OVERSIZE, POISON, SILENT, plan, runner
from tests.support.kafka import Row, committed, members, produce, read
from tests.support.measured import measured, until

pytestmark = pytest.mark.kafka

KEYS = 97


def row(key: int, number: int = 1) -> Row:
    """A record of the counting processor."""
    return f"k{key}".encode(), FRAME + CODEC.encode({"n": number}), []


def worker(bootstrap: str, *participants: str) -> subprocess.Popen[bytes]:
    """Start the counting processor as a process; the second participant's reads the first one's topic."""
    return subprocess.Popen([sys.executable, "-m", "tests.support.counting", bootstrap, *participants])


@asynccontextmanager
async def running(bootstrap: str, participant: str, *, wait: bool = False) -> AsyncIterator[asyncio.Event]:
    """The counting processor in this process."""
    stop = asyncio.Event()
    task = asyncio.create_task((await runner(Kafka(bootstrap=bootstrap), participant, wait=wait)).run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def prepare(bootstrap: str) -> str:
    """Make the topics of a new participant and return its name."""
    participant = f"t{uuid4().hex[:10]}"
    await topics.create(Kafka(bootstrap=bootstrap), plan(participant))
    return participant


async def assert_counted(bootstrap: str, participant: str, expected: int) -> None:
    """Every key's outputs are 1, 2, 3, … in order, and there are as many as there were records."""
    records = await read(bootstrap, f"out.{participant}", expected, timeout=90)
    counts: dict[bytes, list[int]] = defaultdict(list)
    for record in records:
        counts[record.key].append(CODEC.decode(record.value[5:])["n"])
    wrong = {key: numbers for key, numbers in counts.items() if numbers != list(range(1, len(numbers) + 1))}
    assert not wrong
    assert len(records) == expected


async def kill_now_and_then(
    bootstrap: str, participant: str, total: int, chance: random.Random, kills: int
) -> None:
    """Kill the worker each time a random share of the outputs is committed, and start another."""
    marks = sorted(chance.sample(range(total // 20, total * 9 // 10), kills))
    process, seen = worker(bootstrap, participant), 0
    try:
        async with committed(bootstrap, f"out.{participant}") as consumer:
            while seen < total:
                seen += sum(map(len, (await consumer.getmany(timeout_ms=50)).values()))
                if marks and seen >= marks[0]:
                    marks = [mark for mark in marks if mark > seen]
                    process.kill()
                    process.wait()
                    process = worker(bootstrap, participant)
                assert process.poll() is None
    finally:
        process.kill()
        process.wait()


async def test_kill_minus_nine_loses_and_repeats_nothing(kafka: Kafka) -> None:
    """20,000 events, the worker killed with -9 again and again: each counted once, in order."""
    participant, total, chance = await prepare(kafka.bootstrap), 20_000, random.Random(20261124)
    rows = [row(chance.randrange(KEYS)) for _ in range(total)]
    await produce(kafka.bootstrap, f"in.{participant}", rows)
    await kill_now_and_then(kafka.bootstrap, participant, total, chance, kills=4)
    await assert_counted(kafka.bootstrap, participant, total)


async def test_rebalance_loses_and_repeats_nothing(kafka: Kafka) -> None:
    """A second worker joins and leaves while events flow: each is counted once, in order."""
    participant, part = await prepare(kafka.bootstrap), 4_000
    first = worker(kafka.bootstrap, participant)
    second: subprocess.Popen[bytes] | None = None
    try:
        for phase in range(4):
            if phase == 1:
                second = worker(kafka.bootstrap, participant)
            if phase == 3 and second is not None:
                await members(kafka.bootstrap, f"test-{participant}.to-corridor.{participant}", 2)
                second.send_signal(signal.SIGTERM)
            rows = [row(n % KEYS) for n in range(part)]
            await produce(kafka.bootstrap, f"in.{participant}", rows)
            await read(kafka.bootstrap, f"out.{participant}", part * (phase + 1), timeout=60)
        assert second is not None
        assert await asyncio.to_thread(second.wait, 30) == 0
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait()
    await assert_counted(kafka.bootstrap, participant, part * 4)


async def test_a_late_processor_catches_up_and_joins(kafka: Kafka) -> None:
    """One that is added later has every record once and in order: from before, from meanwhile, and the next.

    It is killed on the way; away for a while, it goes on where it was. The first one is never disturbed.
    """
    first, late, part = await prepare(kafka.bootstrap), await prepare(kafka.bootstrap), 4_000
    rows = [row(n % KEYS) for n in range(part)]

    async def phase(number: int, *participants: str, kill: bool = False) -> None:
        process = worker(kafka.bootstrap, *participants)
        try:
            await produce(kafka.bootstrap, f"in.{first}", rows)
            if kill:
                await read(kafka.bootstrap, f"out.{late}", part // 4, timeout=60)
                process.kill()
                process.wait()
                process = worker(kafka.bootstrap, *participants)
            for name in participants:
                await read(kafka.bootstrap, f"out.{name}", part * number, timeout=60)
        finally:
            process.kill()
            process.wait()

    await phase(1, first)
    await phase(2, first, late, kill=True)
    await phase(3, first)
    await phase(4, first, late)
    await assert_counted(kafka.bootstrap, first, part * 4)
    await assert_counted(kafka.bootstrap, late, part * 4)


async def test_bad_records_become_dead_letters_and_their_neighbours_go_on(kafka: Kafka) -> None:
    """Poison, a defect, an output too large and bytes that are no Avro die alone, each with its code.

    Headers that nobody but a stranger writes harm nobody.
    """
    participant = await prepare(kafka.bootstrap)
    bad = {
        "mapping-failed": row(1, POISON), "internal": row(1, DEFECT), "output-too-large": row(1, OVERSIZE),
        "avro-malformed": (b"k1", FRAME + b"\xff", []),
        "schema-unknown": (b"k1", b"\x00\x00\x00\x00\x07\x02", []),
    }  # fmt: skip
    strange = [("accepted", b"9" * 5000), ("id", None), ("subject", b"\xff"), ("replay", None)]
    rows = [each for letter in bad.values() for each in (row(1), letter, (row(1)[0], row(1)[1], strange))]
    await produce(kafka.bootstrap, f"in.{participant}", rows)
    async with running(kafka.bootstrap, participant):
        letters = await read(
            kafka.bootstrap, topics.DEAD, len(bad), keep=lambda r: participant.encode() in (r.value or b"")
        )
        await assert_counted(kafka.bootstrap, participant, 2 * len(bad))
    from schemas.records import DEAD

    died = {letter.code: letter for letter in (DEAD.decode(record.value[5:]) for record in letters)}
    assert {code: letter.body for code, letter in died.items()} == {code: r[1] for code, r in bad.items()}
    assert (died["mapping-failed"].pointer, died["mapping-failed"].value) == ("/n", "-1")


async def test_what_was_processed_is_measured(kafka: Kafka) -> None:
    """Records, batches, transactions, state, lag and data latency are shown; a lane takes its own with it."""
    participant, total = await prepare(kafka.bootstrap), 40
    stage = f"to-corridor.{participant}"
    lanes = [{"processor": stage, "partition": str(n)} for n in range(4)]
    async with running(kafka.bootstrap, participant):
        await members(kafka.bootstrap, f"test-{participant}.{stage}", 1)
        await produce(kafka.bootstrap, f"in.{participant}", [row(n) for n in range(total)])
        await assert_counted(kafka.bootstrap, participant, total)
        await until(lambda: all(measured("consumer_lag_records", **lane) == 0 for lane in lanes))
        assert sum(measured("state_entries", **lane) or 0 for lane in lanes) == total
        assert sum(measured("state_bytes", **lane) or 0 for lane in lanes) > total
    assert measured("records_in_total", processor=stage) == total
    assert measured("records_out_total", processor=stage) == total
    assert measured("batch_records_sum", processor=stage) == total
    batches = measured("batch_records_count", processor=stage)
    assert measured("transaction_seconds_count", processor=stage) == batches
    assert measured("data_latency_seconds_count", participant=participant) == total
    latency = measured("data_latency_seconds_sum", participant=participant)
    assert latency == pytest.approx(total * DELAY)
    for gauge in ("consumer_lag_records", "state_entries", "state_bytes"):
        assert [measured(gauge, **lane) for lane in lanes] == [None] * 4


async def test_a_record_without_outputs_is_reported(kafka: Kafka) -> None:
    """A record that leads to nothing leaves a report: it does not vanish."""
    from schemas.records import REPORT

    participant = await prepare(kafka.bootstrap)
    await produce(kafka.bootstrap, f"in.{participant}", [row(1, SILENT)])
    async with running(kafka.bootstrap, participant):
        found = await read(
            kafka.bootstrap, topics.REPORTS, 1, keep=lambda r: participant.encode() in (r.value or b"")
        )
    report = REPORT.decode(found[0].value[5:])
    assert (report.stage, report.outputs) == (f"to-corridor.{participant}", 0)


async def test_a_restart_of_kafka_loses_and_repeats_nothing(private_kafka: Callable[[], Node]) -> None:
    """Kafka is killed and comes back: the processor goes on by itself, each event counted once."""
    node = private_kafka()
    await node.start()
    participant, total = await prepare(node.bootstrap), 6_000
    await produce(node.bootstrap, f"in.{participant}", [row(n % KEYS) for n in range(total)])
    async with running(node.bootstrap, participant):
        await read(node.bootstrap, f"out.{participant}", total // 10)
        node.kill()
        await node.start()
        await produce(node.bootstrap, f"in.{participant}", [row(n % KEYS) for n in range(total)])
        await assert_counted(node.bootstrap, participant, 2 * total)


async def test_sigterm_ends_a_worker_whose_kafka_is_gone(private_kafka: Callable[[], Node]) -> None:
    """A worker that cannot commit ends cleanly within 30 seconds of SIGTERM."""
    node = private_kafka()
    await node.start()
    participant = await prepare(node.bootstrap)
    await produce(node.bootstrap, f"in.{participant}", [row(n % KEYS) for n in range(5_000)])
    process = worker(node.bootstrap, participant)
    try:
        await read(node.bootstrap, f"out.{participant}", 100)
        node.kill()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        process.kill()
        process.wait()
