"""Laws of the aggregation: order, repetition, batch boundaries and replays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import profiles
from schemas.aboard import Fan, Router
from schemas.mapping.runtime import uuid5
from schemas.translation import Context, Output, Record
from schemas.translation.store import Store
from tests.support.crossing import Crossing, codec

pytestmark = pytest.mark.system("port", "vessel")

HOUR = 3_600_000
START = 1_768_600_000_000
PARTIES = tuple(uuid5("shipment", number) for number in range(3))

Event = dict[str, Any]


@cache
def template() -> Event:
    """A corridor event of a vessel."""
    return Crossing().dlp(profiles.load("dlp.event.v1").examples["pilot-aboard"]).corridor[0]


def made(kind: str, at: int, version: int, party: int, *, retracted: bool, number: int) -> Event:
    """A corridor event of one vessel: sailing, loading or discharge of a wagon."""
    event = copy.deepcopy(template())
    event["envelope"] |= {"event_id": uuid5(kind, number), "derived_from": None}
    event["correction"] |= {"version": version, "retracted": retracted}
    event["when"] |= {"occurred_at": START + at * HOUR, "classifier": "ACT", "recorded_at": START + at * HOUR}
    event["how"] |= {"mode": "VESSEL", "vessel_imo": "9074729", "voyage": "V1"}
    event["what"]["references"] = []
    if kind == "sailed":
        event |= {"subject": {"type": "VESSEL", "id": "9074729"}, "consignment_id": None}
        event["why"]["code"] = "TRANSPORT/DEPA"
        return event
    event |= {
        "subject": {"type": "WAGON", "id": f"9400{party}"},
        "consignment_id": PARTIES[party],
    }
    event["what"]["references"] = [{"type": "SMGS", "value": f"707701/2026-01-12/{party}", "original": None}]
    event["why"]["code"] = "EQUIPMENT/LOAD" if kind == "loaded" else "EQUIPMENT/DISC"
    return event


@st.composite
def histories(draw: Callable[..., Any]) -> list[Event]:
    """Events of one voyage: of each at most three versions, the last perhaps a retraction."""
    events = []
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["sailed", "sailed", "loaded", "loaded", "discharged"]))
        party = draw(st.integers(0, 2))
        last = draw(st.integers(1, 3))
        for version in range(1, last + 1):
            retracted = version == last and draw(st.integers(0, 4)) == 0
            at = draw(st.integers(0, 40))
            events.append(made(kind, at, version, party, retracted=retracted, number=number))
    return events


class Run:
    """Router and fan over records, with the state that a partition has."""

    def __init__(self) -> None:
        avro = codec(profiles.CANONICAL)
        self.router, self.fan, self.store = Router(avro), Fan(avro), Store()
        self.outputs: list[Output] = []
        self.offset = 0

    def take(self, events: list[Event]) -> None:
        """Translate events as one batch."""
        batch = self.store.begin()
        for event in events:
            self.offset += 1
            identity = f"{event['envelope']['event_id']}:{event['correction']['version']}"
            context = Context(identity, f"dlp/{identity}", "from-aboard", self.offset, START, ("dlp",))
            body = codec(profiles.CANONICAL).encode(event)
            batch.advance(context.accepted)
            for routed in self.router.translate(Record(b"", body, context), batch.get).outputs:
                result = self.fan.translate(Record(routed.key, routed.body, context), batch.get)
                batch.apply(result.changes)
                self.outputs += result.outputs
        batch.commit()

    def standing(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """What every shipment believes of every event in the end, without ids and versions of the telling."""
        last: dict[str, Event] = {}
        for output in self.outputs:
            event = codec(profiles.CANONICAL).decode(output.body)
            last[event["envelope"]["event_id"]] = event
        return {
            (event["envelope"]["derived_from"], event["consignment_id"]): (
                event["when"]["occurred_at"],
                event["what"]["references"],
                event["what"]["units"],
            )
            for event in last.values()
            if not event["correction"]["retracted"]
        }


def run(*batches: list[Event]) -> Run:
    """A fresh run over batches."""
    made = Run()
    for batch in batches:
        made.take(batch)
    return made


@given(histories(), st.data())
def test_order_and_repetition_do_not_matter(events: list[Event], data: st.DataObject) -> None:
    """In whatever order events come, some twice, every shipment ends up with the same knowledge."""
    shuffled = data.draw(st.permutations(events + events[: len(events) // 2]))
    assert run(shuffled).standing() == run(events).standing()


@given(histories(), st.integers(0, 30))
def test_batch_boundaries_give_the_same_bytes(events: list[Event], cut: int) -> None:
    """One batch, two, or one for each record: the same outputs byte by byte, as is any replay."""
    whole = run(events).outputs
    assert run(events[:cut], events[cut:]).outputs == whole
    assert run(*[[event] for event in events]).outputs == whole
    assert run(events).outputs == whole


@given(histories())
def test_each_shipment_is_told_each_event_once(events: list[Event]) -> None:
    """At any end one event stands at most once at one shipment, and versions of an id rise by one."""
    done = run(events)
    versions: dict[str, int] = {}
    standing: dict[tuple[str, str], set[str]] = {}
    for output in done.outputs:
        event = codec(profiles.CANONICAL).decode(output.body)
        identity, version = event["envelope"]["event_id"], event["correction"]["version"]
        assert output.id == f"{identity}:{version}"
        assert version == versions.get(identity, 0) + 1
        versions[identity] = version
        where = standing.setdefault((event["envelope"]["derived_from"], output.key.decode()), set())
        (where.discard if event["correction"]["retracted"] else where.add)(identity)
        assert len(where) <= 1


@given(histories())
def test_what_is_derived_is_never_routed(events: list[Event]) -> None:
    """No derived event concerns a vessel or train again: there is no loop."""
    router = Router(codec(profiles.CANONICAL))
    for output in run(events).outputs:
        context = Context(output.id, output.id, "to-aboard", 1, START, output.hops)
        assert router.translate(Record(output.key, output.body, context), lambda _: None).outputs == []
