"""Runs a translator over records: each ends in outputs, a report or a dead letter, all in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from schemas.errors import Permanent
from schemas.translation.store import Store
from streams.kafka.transactions import Writer
from streams.processing.stage import Planned, Stage
from streams.processing.step import Step
from streams.records.contracts import Contracts

SLICE: Final = 0.01
"""Seconds of translating after which others on the event loop get their turn."""


class Processor:
    """The work of one stage (see `streams.processing.work.Work`).

    Args:
        stage: its place.
        contracts: codecs of the broker's own records.
        turn: held while a batch is translated; one for all processors of a process. Batches that take turns
            leave the loop to the transactions of the others, and wait as bytes.
    """

    def __init__(self, stage: Stage, contracts: Contracts, turn: asyncio.Lock | None = None) -> None:
        self.stage = stage
        self.name, self.source = stage.name, stage.source
        self.changelog = stage.changelog if stage.stateful else None
        self.contracts = contracts
        self._turn = turn or asyncio.Lock()

    async def plan(self, records: Sequence[Any], store: Store, partition: int, writer: Writer) -> Planned:
        """Translate records one by one; one that fails becomes a dead letter, the others go on."""
        written = {self.stage.target, self.stage.dead, self.stage.reports or self.stage.dead}
        partitions = {topic: await writer.partitions(topic) for topic in written}
        await self.stage.read.learn(self._wholes(records))
        planned = Planned(store, self.name, partition, writer.sizes)
        async with self._turn:
            until = time.monotonic() + SLICE
            for record in records:
                self.step(record, planned, partitions)
                if time.monotonic() > until:
                    await asyncio.sleep(0)
                    until = time.monotonic() + SLICE
        if self.changelog is not None:
            for key, value in planned.state.changes.items():
                planned.writes.put(self.changelog, partition, (key, value, []))  # each was sized by its step
        return planned

    def _wholes(self, records: Sequence[Any]) -> Iterator[bytes | None]:
        for record in records:
            with suppress(Permanent):  # said when the record itself is read
                yield self.stage.read.whole(record)

    def step(self, record: Any, planned: Planned, partitions: dict[str, int]) -> None:  # noqa: ANN401
        """Bring one record through."""
        skim = self.stage.skim
        if skim is not None and record.value is not None and not skim(record.value):
            return
        Step(self.stage, self.contracts, record, planned, partitions).run()
