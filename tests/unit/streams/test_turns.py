"""Batches of one process are translated in turn."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

from schemas.translation.store import Store
from streams.kafka.sizes import Sizes
from streams.processing.processor import SLICE, Processor
from streams.processing.stage import Planned, Stage
from streams.records.contracts import AsIs, Contracts


class Slow(Processor):
    """A processor whose every record takes longer than a slice."""

    def __init__(self, name: str, turn: asyncio.Lock, seen: list[str]) -> None:
        translator: Any = SimpleNamespace(name=name, stateful=False)
        super().__init__(Stage(name, "in", "out", "p", translator, AsIs(), b""), Contracts(None), turn)
        self.seen = seen

    def step(self, record: Any, planned: Planned, partitions: dict[str, int]) -> None:  # noqa: ANN401, ARG002
        """Take too long, so that others on the loop get their turn before the next record."""
        until = time.monotonic() + SLICE * 1.1
        while time.monotonic() < until:
            pass
        self.seen.append(self.name)


async def test_a_batch_is_translated_whole_before_the_next_and_the_loop_lives() -> None:
    """Two processors that share a turn do not interleave; between their slices the loop serves others."""
    turn, seen = asyncio.Lock(), list[str]()
    records = [SimpleNamespace(value=b"")] * 3

    async def partitions(_: str) -> int:
        return 1

    async def other() -> None:
        while len(seen) < 6:
            seen_by_others.append(len(seen))
            await asyncio.sleep(0)

    seen_by_others: list[int] = []
    writer: Any = SimpleNamespace(partitions=partitions, sizes=Sizes())
    plans = [Slow(name, turn, seen).plan(records, Store(), 0, writer) for name in ("a", "b")]
    await asyncio.gather(*plans, other())
    assert seen in (["a"] * 3 + ["b"] * 3, ["b"] * 3 + ["a"] * 3)
    assert set(seen_by_others) >= {1, 2}
