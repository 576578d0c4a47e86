"""Ports, ferries and oil terminals beside both platforms: the audit stays clean through kills and faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from corridor.sandbox.settings import PROFILES
from corridor.settings import load
from schemas import profiles
from schemas.avro.wire import unframe
from streams.kafka import topics
from streams.kafka.scan import scan
from tests.support.crossing import codec
from tests.support.rig import Rig

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.timeout(1200),
    pytest.mark.system("port", "vessel", "oil"),
]

EVENTS = 1_250
"""Messages that all participants send."""


async def derived(config: Path) -> list[tuple[str, str]]:
    """Event and shipment of everything that was told to shipments aboard."""
    told = []
    async for record in scan(load(config).kafka, topics.EVENTS):
        event = codec(profiles.CANONICAL).decode(unframe(record.value)[1])
        if event["envelope"]["derived_from"] is not None:
            told.append((event["envelope"]["event_id"], event["correction"]["version"]))
    return told


def test_all_systems_of_the_sea_at_once(rig: Callable[..., Rig]) -> None:
    """Five participants, lost answers, the role stream killed: promises hold, shipments hear of vessels."""
    players = tuple(PROFILES)
    broker = rig(EVENTS, players=players)
    for name in players:
        broker.faults(name, lost=0.1, errors={"503": 0.05}, most=40, seed=7)
    broker.kill("stream")
    found = broker.settle(240)
    told = asyncio.run(derived(broker.directory / "corridor.toml"))
    assert {(v["kind"], v["place"], v["detail"]) for v in found["violations"]} == set()
    assert found["counts"]["accepted"] >= EVENTS * 4 // 5
    assert len(told) == len(set(told)) > 100
