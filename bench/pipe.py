"""`corridor pipe` between two topics, exactly once, against a stock Faust agent doing the same by hand."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path

from bench.case import BenchFigure, Tell
from bench.contest import (
    TURNS,
    Contestant,
    ContestRecord,
    Cost,
    Workload,
    contest,
    create_topics,
    started,
)
from bench.workload import message
from deploy.kafka import Node

EVENTS, BASELINE, WARM_UP = 300_000, 20_000, 20_000


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """What a million events cost the pipe and the stock agent, and what the pipe holds in memory."""
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as directory:
        ours, stock = asyncio.run(_measure(Path(directory), share, tell))
    yield BenchFigure("pipe", round(ours.cpu_per_million, 1), "CPU s per million", at_most=15)
    yield BenchFigure("stock agent", round(stock.cpu_per_million, 1), "CPU s per million")
    ratio = stock.cpu_per_million / ours.cpu_per_million
    yield BenchFigure("pipe ÷ stock agent, events per CPU second", round(ratio, 1), at_least=20)
    yield BenchFigure("pipe, peak resident memory", round(ours.peak_rss_mb), "MB", at_most=120)
    yield BenchFigure("stock agent, peak resident memory", round(stock.peak_rss_mb), "MB")


async def _measure(kafka: Path, share: float, tell: Tell) -> list[Cost]:
    """Cost of ``corridor pipe`` and of the stock agent, in turns on one Kafka of their own.

    Raises:
        Transient: Kafka or a contestant stopped.
    """
    tell("starting Kafka")
    node = Node(kafka)
    await node.start()
    try:
        with as_file(files("bench") / "workload") as workload, ExitStack() as stack:
            contestants = []
            for name, command, full in (("pipe", _pipe, EVENTS), ("stock", _stock, BASELINE)):
                count = round(full * share)
                tell(f"{name}: {count:,} events")
                route = f"bench.{name}.in", f"bench.{name}.out"
                await create_topics(node.bootstrap, *route)
                process = stack.enter_context(started(command(workload, node.bootstrap, *route)))
                counts = round(WARM_UP * share), *[count // TURNS] * TURNS
                contestants.append(Contestant(process, *route, map(_load, counts)))
            return await contest(node.bootstrap, contestants)
    finally:
        await node.stop()


def _pipe(workload: Path, kafka: str, source: str, target: str) -> Sequence[str]:
    return [
        *(sys.executable, "-m", "corridor", "pipe", "--kafka", kafka, "--group", "bench"),
        *("--mapping", str(workload / "mapping.yaml")),
        *("--schema-in", str(workload / "event.avsc"), "--in", source),
        *("--schema-out", str(workload / "shipment.avsc"), "--out", target),
    ]


def _stock(_: Path, kafka: str, source: str, target: str) -> Sequence[str]:
    return [sys.executable, "-m", "bench.stock", kafka, source, target, "bench-stock"]


def _load(count: int) -> Workload:
    return Workload((ContestRecord(*message(n)) for n in range(count)), count)
