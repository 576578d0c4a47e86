"""The head of a queue is sent once at a time, however its partition comes and goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from connectors.ports import Delivered, Outcome, OutgoingMessage, Retry
from connectors.settings import Backoff, Deliver
from corridor.roles.contracts import codec, json_form
from schemas import profiles
from schemas.avro.wire import frame
from streams import metrics
from streams.delivery.outbound import Outbound
from streams.kafka.settings import Kafka, Processing
from streams.records.contracts import Contracts, ValueReader

PROFILE = "dlp.event.v1"


class Partner:
    """Notes what each attempt holds; answers when it may."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.open = asyncio.Event()
        self.answers: list[Outcome] = []

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Take a batch."""
        self.batches.append([one.id for one in batch])
        await self.open.wait()
        return [self.answers.pop(0) if self.answers else Delivered(200, one.id) for one in batch]

    async def close(self) -> None:
        """Have no connections."""


class Track:
    """A partition's track that finishes everything at once."""

    partition = 0

    def __init__(self) -> None:
        self.done: list[int] = []

    def refusal(self, *_: object) -> None:
        """Let everything pass."""

    def finish(self, done: Any) -> None:  # noqa: ANN401
        """Note what is finished."""
        self.done.append(done.record.offset)

    async def close(self) -> None:
        """Commit nothing."""


EXAMPLE = msgspec.json.encode(next(iter(profiles.load(PROFILE).examples.values())))
BODY = frame(1, b"") + json_form(PROFILE).take(EXAMPLE)[0]


def record(offset: int, subject: str) -> Any:  # noqa: ANN401
    """A record of out.dlp."""
    facts = {
        "id": f"m{offset}",
        "origin": f"dtc/{offset}",
        "hops": "dtc",
        "accepted": "1",
        "subject": subject,
    }
    headers = [(name, value.encode()) for name, value in facts.items()]
    return SimpleNamespace(
        topic="out.dlp", partition=0, offset=offset, key=b"k", value=BODY, headers=headers, timestamp=1
    )


def outbound(partner: Partner, **settings: Any) -> Outbound:  # noqa: ANN401
    """Deliveries in batches of two."""
    deliver = Deliver(
        url="https://dlp.example/", batch="array", max_batch=2, backoff=Backoff(first=0.001), **settings
    )
    made = Outbound(
        "dlp", partner, deliver, json_form(PROFILE), codec(PROFILE), Kafka(bootstrap="127.0.0.1:1"),
        Processing(), Contracts(None),
    )  # fmt: skip
    made._reader = ValueReader(Contracts(None), codec(PROFILE), frame(1, b""))
    return made


async def settled(condition: Any) -> None:  # noqa: ANN401
    """Let the workers run until something holds."""
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(0.001)
    assert condition()


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_partition_that_comes_back_sends_each_head_once(workers: int) -> None:
    """Its keys stand among the ready ones twice: once from before it went, once from after it came."""
    partner = Partner()
    made = outbound(partner)
    made._tracks[0] = before = Track()  # type: ignore[assignment]
    made._enqueue(before, record(0, "NOTE:1"))  # type: ignore[arg-type]
    await made_released(made)
    made._tracks[0] = after = Track()  # type: ignore[assignment]
    made._enqueue(after, record(0, "NOTE:1"))  # type: ignore[arg-type]
    tasks = [asyncio.create_task(made._work()) for _ in range(workers)]
    await settled(lambda: partner.batches)
    await asyncio.sleep(0.01)
    assert partner.batches == [["m0"]]
    partner.open.set()
    await settled(lambda: after.done)
    assert (before.done, after.done) == ([], [0])
    assert partner.batches == [["m0"]]
    assert (made._in_hand, made._bytes, made._queues) == (0, 0, {})
    for task in tasks:
        task.cancel()


async def test_a_head_under_way_is_not_sent_again_by_one_that_stands_ready() -> None:
    """It went to the partner, its partition went and came, and the partner asks for it later."""
    partner = Partner()
    partner.answers = [Retry(None, "partner-unavailable", "away")]
    made = outbound(partner)
    made._tracks[0] = track = Track()  # type: ignore[assignment]
    made._enqueue(track, record(0, "NOTE:1"))  # type: ignore[arg-type]
    made._enqueue(track, record(1, "NOTE:1"))  # type: ignore[arg-type]
    made._ready.put_nowait((0, "NOTE:1"))
    task = asyncio.create_task(made._work())
    other = asyncio.create_task(made._work())
    await settled(lambda: partner.batches)
    await asyncio.sleep(0.01)
    assert partner.batches == [["m0"]]
    partner.open.set()
    await settled(lambda: track.done == [0, 1])
    assert partner.batches == [["m0"], ["m0"], ["m1"]], "a retry, and then the one behind it"
    task.cancel()
    other.cancel()


async def made_released(made: Outbound) -> None:
    """Let the partition go, as a rebalance does."""
    metrics.lag.labels(made._to.stage, 0)
    await made.release([0])
