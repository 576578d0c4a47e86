"""How far the shipment view is behind the log while messages cross, with everything on this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Final

import psutil

from bench.broker import LOOK, accepted, broker, metrics, process
from bench.case import BenchFigure, Tell
from bench.latency import RATE, SECONDS, WARM_UP
from streams.metrics import SECONDS as BOUNDS

SERIES: Final = "corridor_projection_delay_seconds"
OWN: Final = "corridor_transaction_seconds"
PROMISED: Final = 1.0
"""Seconds that the view may be behind the log."""


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """From written to the log to committed in SQL, the oldest record of each batch, by the role's metric."""
    found = asyncio.run(_measure(round(RATE * (WARM_UP + SECONDS) * share), tell))
    batches = max(found[SERIES + "_count"], 1.0)  # of a very short run nothing may be left
    yield BenchFigure("records per second", round(found["corridor_batch_records_sum"] / found["wall"]))
    yield BenchFigure("transactions per second", round(batches / found["wall"], 1))
    yield BenchFigure("share of a core", round(100 * found["cpu"] / found["wall"]), "%")
    yield BenchFigure("time of a transaction, mean", round(1000 * found[OWN + "_sum"] / batches), "ms")
    yield BenchFigure("behind the log, mean", round(1000 * found[SERIES + "_sum"] / batches), "ms")
    counted = found[SERIES + "_count"]
    late = 100 * (counted - found[f"{PROMISED:g}"]) / batches
    yield BenchFigure("transactions more than a second behind the log", round(late, 2), "%", at_most=0)
    largest = next((bound for bound in BOUNDS if found[f"{bound:g}"] == counted), 2 * BOUNDS[-1])
    yield BenchFigure("behind the log, largest, at most", largest, "s")


async def _measure(limit: int, tell: Tell) -> dict[str, float]:
    """Let the sandbox send, and read what the view counted from warm to nearly all."""
    async with broker(tell, play={"RATE": str(RATE), "LIMIT": str(limit)}) as supervisor:
        view, share = process(supervisor, "view"), WARM_UP / (WARM_UP + SECONDS)
        read = []
        for part in (share, 0.9):
            while (done := accepted(await supervisor.status())) < 2 * limit * part:
                tell(f"{done:,} messages")
                await asyncio.sleep(LOOK)
            read.append(_read(await metrics(supervisor, "view"), view))
    before, after = read
    return {name: after[name] - before[name] for name in after}


def _read(series: Callable[..., float], view: psutil.Process) -> dict[str, float]:
    names = [f"{name}_{part}" for name in (SERIES, OWN) for part in ("count", "sum")]
    times = view.cpu_times()
    return (
        {name: series(name) for name in [*names, "corridor_batch_records_sum"]}
        | {f"{bound:g}": series(SERIES + "_bucket", le=str(float(bound))) for bound in BOUNDS}
        | {"cpu": times.user + times.system, "wall": time.monotonic()}
    )
