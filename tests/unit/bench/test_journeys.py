"""The events of the view's benchmark are what the broker would have written, train after train."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from bench.journeys import PERIOD, TRAINS, LoggedEvent, events
from corridor.roles.contracts import codec
from schemas import profiles
from schemas.shipment import Fact, fact_of
from schemas.shipment.legs import stations
from schemas.shipment.owners import kind_of, owner_of

COUNT = 12_000


@pytest.fixture(scope="module")
def told() -> list[LoggedEvent]:
    """Events of some twenty trains."""
    return list(itertools.islice(events(), COUNT))


@pytest.fixture(scope="module")
def facts(told: list[LoggedEvent]) -> list[Fact]:
    """What they say; every body is canonical Avro."""
    avro = codec(profiles.CANONICAL)
    return [fact_of(avro.decode(each.body), each.origin.decode()) for each in told]


def test_copies_are_other_events_of_other_shipments(told: list[LoggedEvent], facts: list[Fact]) -> None:
    """Nothing is told twice, not even of trains; header and body agree; shipments are new ones."""
    versions = Counter((fact.id, fact.version) for fact in facts)
    assert set(versions.values()) == {1}
    for each, fact in zip(told, facts, strict=True):
        assert each.id.decode() == f"{fact.id}:{fact.version}"
    consignments = {owner_of(fact) for fact in facts if kind_of(owner_of(fact)) == "CONSIGNMENT"}
    notes = {fact.note.number for fact in facts if fact.note}
    assert len(consignments) >= len(notes) > 4 * 3 * TRAINS


def test_copies_come_in_order_and_later(told: list[LoggedEvent], facts: list[Fact]) -> None:
    """Events are in the order of acceptance; a copy says the same of the same place, whole periods later."""
    accepted = [each.accepted for each in told]
    assert accepted == sorted(accepted)
    steps: dict[tuple[str | None, ...], set[int]] = {}
    for fact in facts:
        if fact.code == "EQUIPMENT/LOAD" and fact.esr in stations():
            steps.setdefault((fact.id[8:], str(fact.version), fact.esr), set()).add(fact.at)
    moved = [times for times in steps.values() if len(times) > 1]
    assert moved
    assert all((time - min(times)) % PERIOD == 0 for times in moved for time in times)
