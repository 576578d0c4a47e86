"""How far the shipment view is behind the log while messages cross, with everything on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from corridor.bench.broker import LOOK, accepted, broker, drained, metrics
from corridor.bench.case import Figure, Tell
from corridor.bench.latency import RATE, SECONDS, WARM_UP
from streams.metrics import SECONDS as BOUNDS

SERIES: Final = "corridor_projection_delay_seconds"
PROMISED: Final = 1.0
"""Seconds that the view may be behind the log."""


def figures(share: float, tell: Tell) -> Iterator[Figure]:
    """From written to the log to committed in SQL, the oldest record of each batch, by the role's metric."""
    found = asyncio.run(_measure(round(RATE * (WARM_UP + SECONDS) * share), tell))
    batches = found[SERIES + "_count"]
    yield Figure("view, batches", batches)
    yield Figure("view, records in a batch, mean", round(found["corridor_batch_records_sum"] / batches, 1))
    yield Figure("behind the log, mean", round(1000 * found[SERIES + "_sum"] / batches), "ms")
    within = [(bound, found[f"{bound:g}"] / batches) for bound in BOUNDS]
    for part in (0.99, 1.0):
        bound = next((bound for bound, share in within if share >= part), float(2 * BOUNDS[-1]))
        what = "largest" if part == 1 else "99th percentile"
        yield Figure(f"behind the log, {what}, not over", bound, "s", at_most=PROMISED)


async def _measure(limit: int, tell: Tell) -> dict[str, float]:
    """Let the sandbox send, and read what the view counted after the first third, when all is warm."""
    async with broker(tell, play={"RATE": str(RATE), "LIMIT": str(limit)}) as supervisor:
        while accepted(await supervisor.status()) < 2 * limit * WARM_UP // (WARM_UP + SECONDS):  # noqa: ASYNC110 - of other processes
            await asyncio.sleep(LOOK)
        before = _read(await metrics(supervisor, "view"))
        await drained(supervisor, tell)
        after = _read(await metrics(supervisor, "view"))
    return {name: after[name] - before[name] for name in after}


def _read(series: Callable[..., float]) -> dict[str, float]:
    names = (SERIES + "_count", SERIES + "_sum", "corridor_batch_records_sum")
    return {name: series(name) for name in names} | {
        f"{bound:g}": series(SERIES + "_bucket", le=str(float(bound))) for bound in BOUNDS
    }
