"""From accepted at the webhook to received by the partner, with everything on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from statistics import quantiles

from bench.broker import PARTITIONS, broker, drained
from bench.case import BenchFigure, Tell
from corridor.supervisor.state import PARTITIONS as ONE_MACHINE
from schemas.avro.wire import unframe
from schemas.records import RECEIPT, Receipt
from streams.kafka import topics
from streams.kafka.scan import scan

RATE = 25
"""Messages per second that each of the two platforms sends: fifty in all."""
WARM_UP, SECONDS = 30, 60


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """Median and 99th percentile of both ways, with the partitions of `corridor up` and with the default's.

    The target is for the way in by webhook, of what `corridor up` runs on one machine.
    """
    limit = round(RATE * (WARM_UP + SECONDS) * share)
    for partitions in (ONE_MACHINE, PARTITIONS):
        receipts = asyncio.run(_measure(limit, partitions, tell))
        for target, way in (("dlp", "webhook of the DTC to DLP"), ("dtc", "poll of the DLP to DTC")):
            times = _milliseconds([receipt for receipt in receipts if receipt.participant == target])
            cuts, name = quantiles(times, n=100), f"{way}, {partitions} partitions"
            yield BenchFigure(f"{name}, median", round(cuts[49]), "ms")
            promised = 250 if (target, partitions) == ("dlp", ONE_MACHINE) else None
            yield BenchFigure(f"{name}, 99th percentile", round(cuts[98]), "ms", at_most=promised)
            yield BenchFigure(f"{name}, deliveries", len(times))


async def _measure(limit: int, partitions: int, tell: Tell) -> list[Receipt]:
    """Let the sandbox send, and read the receipts of what was delivered."""
    play = {"RATE": str(RATE), "LIMIT": str(limit)}
    async with broker(tell, play=play, partitions=partitions) as supervisor:
        await drained(supervisor, tell)
        kafka = supervisor.settings.kafka
        return [RECEIPT.decode(unframe(record.value)[1]) async for record in scan(kafka, topics.RECEIPTS)]


def _milliseconds(receipts: Sequence[Receipt]) -> list[int]:
    """Times of the deliveries, without those of messages that came while the broker was still cold."""
    first = min(receipt.accepted for receipt in receipts)
    share = WARM_UP / (WARM_UP + SECONDS)
    begin = first + share * (max(receipt.accepted for receipt in receipts) - first)
    return [r.delivered - r.accepted for r in receipts if r.accepted >= begin and r.outcome == "DELIVERED"]
