"""What the figures and the timeline say is what a person would."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas.codes.brought import bring
from schemas.codes.lists import CodeLists
from schemas.shipment import state_of, timeline
from schemas.shipment.bounds import EARLIEST, LATEST, MOST_KG, bounded, short
from schemas.shipment.days import day_of, month_of
from schemas.shipment.fact import Border, Lot, Unit
from schemas.shipment.kpis import KPIS, LEAST_DAYS
from schemas.shipment.legs import country_of, name_of, place_of
from schemas.shipment.moves import estimates_of
from schemas.shipment.settled import settle
from tests.unit.shipment.test_timeline import BOX, HOUR, KEY, START, fact, measured, note

pytestmark = pytest.mark.system("view")

POTI = "572200"


def test_a_truck_is_no_container() -> None:
    """Units are listed by their kind: a truck aboard a ferry with its containers stands under trucks."""
    units = (Unit("TRUCK", "10AA123"), Unit("CONTAINER", BOX, None, "22G1"), Unit("WAGON", "94200268"))
    line = timeline(KEY, [fact("TRANSPORT/DEPA", 1, units=units, subject="VESSEL:9501021", mode="VESSEL")])
    assert line is not None
    listed = [[unit.id for unit in units] for units in (line.containers, line.wagons, line.trucks)]
    assert listed == [[BOX], ["94200268"], ["10AA123"]]


def test_one_loading_told_with_and_without_the_vessel_is_one() -> None:
    """The railway tells of "a vessel", the port of its name: the container was loaded once."""
    told = [
        fact("EQUIPMENT/LOAD", 1, mode="VESSEL"),
        fact("EQUIPMENT/LOAD", 2, mode="VESSEL", vessel="Beket Ata", source="port"),
        fact("EQUIPMENT/DISC", 9, mode="VESSEL"),
    ]
    line = timeline(KEY, told)
    assert line is not None
    assert [(span.since, span.by) for span in line.containers[0].spans] == [
        (START + HOUR, "Beket Ata"), (START + 9 * HOUR, ""),
    ]  # fmt: skip


def test_a_note_that_repeats_its_estimate_tells_none() -> None:
    """An estimate of another source, told later, stands against one that the note only says again."""
    told = [
        note(1, "10", "707701", 0, eta=START + 288 * HOUR),
        note(2, "20", "707701", 3, eta=START + 288 * HOUR),
        fact("TRANSPORT/ARRI", 170, told=START + 60 * HOUR, classifier="EST", place="GEPTI", mode="RAIL"),
        note(3, "33", "556208", 130, eta=START + 288 * HOUR),
        note(4, "32", POTI, 168, eta=START + 288 * HOUR),
    ]
    assert [(e.told, e.at) for e in estimates_of(settle(told))] == [
        (START, START + 288 * HOUR), (START + 60 * HOUR, START + 170 * HOUR),
    ]  # fmt: skip
    found = measured(KEY, *told)
    assert (found["eta-error-24h"].total, found["eta-error-24h"].leg) == (2 * 3600, "rail-az-ge")


def test_an_estimate_told_with_a_note_stood_when_the_note_was_told() -> None:
    """Its own event has no time of writing: the operation of the note is when it was known, not our clock."""
    taken = START + 7_600 * HOUR
    told = [
        note(1, "33", "556208", 100, message="m1", ingested=taken, told=taken),
        fact("TRANSPORT/ARRI", 125, message="m1", classifier="EST", ingested=taken, told=taken, place="GEPTI",
             mode="RAIL", subject="TRAIN:5492-003-5722"),
        note(2, "32", POTI, 128, message="m2", ingested=taken, told=taken),
    ]  # fmt: skip
    assert measured(KEY, *told)["eta-error-24h"].total == 3 * 3600


def test_an_operation_is_one_whether_the_note_or_its_event_tells() -> None:
    """A train's departure told by the note and as an event of the same message is one departure."""
    told = [
        note(1, "31", "707701", 5, message="m1"),
        fact("TRANSPORT/DEPA", 5, message="m1", mode="RAIL", esr="707701", subject="TRAIN:7077-003-6634"),
    ]
    line = timeline(KEY, told)
    assert line is not None
    assert [m.code for leg in line.legs for m in leg.milestones] == ["TRANSPORT/DEPA"]


def test_what_has_arrived_is_not_expected() -> None:
    """An estimate for a place where it has arrived since is no expectation."""
    expected = fact("TRANSPORT/ARRI", 170, told=START, classifier="EST", place="GEPTI", mode="RAIL")
    before = state_of(KEY, settle([note(1, "33", "556208", 100), expected]))
    after = state_of(KEY, settle([note(1, "33", "556208", 100), expected, note(2, "32", POTI, 165)]))
    assert before is not None
    assert after is not None
    assert (before.eta, after.eta) == (START + 170 * HOUR, None)


def test_latency_of_simulated_time_is_by_the_clock_of_the_source() -> None:
    """What happens in a simulated January is not late because it is November here."""
    taken = START + 7_600 * HOUR
    event = fact("EQUIPMENT/LOAD", 1, told=START + 2 * HOUR, ingested=taken)
    assert measured(KEY, event)["data-latency"].total == 7_599 * 3600
    assert measured(KEY, replace(event, simulated=True))["data-latency"].total == 3600
    assert "data-latency" not in measured(KEY, replace(event, told=taken, simulated=True))


def test_a_target_for_a_year_is_not_held_against_a_few_days() -> None:
    """Four weeks and more are compared pro rata; every target says who published it."""
    for kpi in KPIS.values():
        if kpi.yearly:
            assert kpi.limit_of(kpi.leg, 1) is kpi.limit_of(kpi.leg, LEAST_DAYS - 1) is None
            assert kpi.limit_of(kpi.leg, 73) == pytest.approx(kpi.limit / 5)
        assert not kpi.limit or kpi.source
        assert not kpi.target or kpi.source or kpi.limit == 0
    assert KPIS["sea-leg"].limit_of("caspian", 365) is None  # published for another thing: the crossing alone


def test_the_view_knows_the_stations_of_an_overlay(tmp_path: Path) -> None:
    """A station that an integrator's list adds has name, place and country in the view as in translations."""
    (tmp_path / "stations.csv").write_text(
        "# mode: override\nesr,name,unlocode,country,admin,zone,gauge,role,source,verified\n"
        "556208,New Dry Port,AZBAK,AZ,57,Asia/Baku,1520,local,project,no\n"
    )
    assert name_of(None, "556208") == "Ganja"
    bring(CodeLists.load([tmp_path]))
    try:
        found = (name_of(None, "556208"), place_of(None, "556208"), country_of(None, "556208"))
    finally:
        bring(CodeLists.load())
    assert found == ("New Dry Port", "AZBAK", "AZ")
    assert name_of(None, "556208") == "Ganja"


@pytest.mark.parametrize("at", [-(2**63), -61_346_721_600_000, EARLIEST - 1, LATEST, 2**63 - 1])
def test_a_time_out_of_bounds_is_left_out(at: int) -> None:
    """An event's own time decides whether it is in; of other times only the value goes."""
    event = fact("EQUIPMENT/CROS", 1, border=Border("28", "57", "558701", "562800", at, START))
    kept, left_out = bounded(event)
    assert kept is not None
    assert kept.border == Border("28", "57", "558701", "562800", None, START)
    assert left_out == (f"/where/border/handed_over_at: {at}",)
    assert bounded(replace(event, at=at))[0] is None
    assert bounded(replace(event, border=None, eta=at))[0] == replace(event, border=None)
    assert len(day_of(at)) == 10
    assert len(month_of(at)) == 7


def test_a_mass_out_of_bounds_is_left_out() -> None:
    """A lot of more than all ships carry has no mass; what it was formed of neither."""
    lot = Lot(kg=MOST_KG + 1, basis="net, as told", measured=True, formed_of=(("A", 2**62), ("B", 5)))
    kept, left_out = bounded(fact("BULK/LOAD", 1, lot=lot))
    assert kept is not None
    assert kept.lot == Lot(formed_of=(("B", 5),))
    assert len(left_out) == 2


def test_texts_are_such_that_every_database_keeps_them() -> None:
    """Without U+0000, short enough for an index; what differs stays different, what fits as it is."""
    assert short("a\0b") == "a\N{REPLACEMENT CHARACTER}b"
    one, other = short("x" * 5_000), short("x" * 4_999 + "y")
    assert len(one) == len(other) == 200
    assert one != other
    assert short(one) == one
    assert bounded(fact("EQUIPMENT/LOAD", 1))[0] == fact("EQUIPMENT/LOAD", 1)
    kept, _ = bounded(fact("EQUIPMENT/LOAD", 1, remark="Ж" * 900, name="a\0"))
    assert kept is not None
    assert (kept.remark, kept.name) == ("Ж" * 900, "a\N{REPLACEMENT CHARACTER}")
