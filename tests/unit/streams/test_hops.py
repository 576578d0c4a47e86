"""The hop list: what has passed a participant does not go back there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from schemas.records import REPORT, Filtered
from schemas.translation import Output, Result
from schemas.translation.store import Store
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.processing.stage import Planned, Stage
from streams.processing.step import Step
from streams.records.contracts import HEAD, AsIs, Contracts
from streams.records.envelope import headers

OUT = topics.outgoing("dlp")


@pytest.mark.parametrize(("hops", "told"), [(("dlp", "dtc"), 0), (("dtc", "dlp"), 0), (("dtc",), 1)])
async def test_what_has_passed_a_participant_does_not_go_back(hops: tuple[str, ...], told: int) -> None:
    """Wherever in the list it stands; that it was an echo is in the report."""
    contracts = Contracts(None)
    await contracts.start()
    result = Result(outputs=[Output(b"k", b"body", "event:1:rule", "NOTE:1", hops)])
    translator: Any = SimpleNamespace(name="mapping", stateful=False, translate=lambda *_: result)
    stage = Stage("from-corridor.dlp", topics.EVENTS, OUT, "dlp", translator, AsIs(), b"", toward=True)
    record = SimpleNamespace(
        topic=topics.EVENTS, partition=0, offset=7, timestamp=1000, key=b"k", value=b"x",
        headers=headers("event:1", "dtc/1", hops, 1000),
    )  # fmt: skip
    planned = Planned(Store(), stage.name, 0, Sizes())
    Step(stage, contracts, record, planned, {OUT: 1, topics.REPORTS: 1, topics.DEAD: 1}).run()
    assert len(planned.writes.rows.get((OUT, 0), [])) == told
    ((_, value, _),) = planned.writes.rows[topics.REPORTS, 0]
    assert value is not None
    assert REPORT.decode(value[HEAD:]).filtered == ([] if told else [Filtered("rule", "echo")])
