"""`corridor pipe` between two topics, exactly once, against a stock Faust agent doing the same by hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

from corridor.bench.contest import Cost, contest
from corridor.bench.workload import message
from deploy.kafka import Node

WARM_UP = 5_000


async def measure(kafka: Path, events: int, baseline_events: int) -> dict[str, Cost]:
    """Cost of ``corridor pipe`` and of the stock agent, one after the other on one Kafka of their own.

    Args:
        kafka: directory for the Kafka of this run.
        events: for the pipe; enough of them that its start does not count.
        baseline_events: for the stock agent, which is slow.

    Raises:
        Transient: Kafka or a contestant stopped.
    """
    node = Node(kafka)
    await node.start()
    try:
        with as_file(files("corridor.bench") / "workload") as workload:

            def pipe(source: str, target: str, group: str) -> Sequence[str]:
                return [
                    *(sys.executable, "-m", "corridor", "pipe", "--kafka", node.bootstrap),
                    *("--mapping", str(workload / "mapping.yaml"), "--group", group),
                    *("--schema-in", str(workload / "event.avsc"), "--in", source),
                    *("--schema-out", str(workload / "shipment.avsc"), "--out", target),
                ]

            def stock(source: str, target: str, group: str) -> Sequence[str]:
                return [sys.executable, "-m", "corridor.bench.stock", node.bootstrap, source, target, group]

            warm_up = [message(n) for n in range(WARM_UP)]
            return {
                "pipe": await contest(node.bootstrap, pipe, map(message, range(events)), warm_up),
                "stock": await contest(node.bootstrap, stock, map(message, range(baseline_events)), warm_up),
            }
    finally:
        await node.stop()
