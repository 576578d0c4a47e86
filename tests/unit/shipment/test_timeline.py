"""Timelines of single shipments, told event by event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.shipment import Fact, Measure, measures_of, settle, state_of, timeline
from schemas.shipment.fact import Border, DocumentReference, Lot, Note, Unit
from schemas.shipment.legs import LEGS
from schemas.shipment.measures import hundredths_of_teu
from schemas.shipment.owners import journey_of, owner_of

pytestmark = pytest.mark.system("view")

HOUR = 3_600_000
START = 1_768_176_000_000
"""2026-01-12T00:00:00Z."""
KEY = "c1f727e2-3283-59f1-b565-df64d8575ba4"
BOX = "CSQU3054383"


def fact(code: str, hours: float, **more: Any) -> Fact:  # noqa: ANN401
    """An actual event of a container, some hours after the start."""
    at = START + int(hours * HOUR)
    made = {
        "id": f"{code}@{hours}", "version": 1, "subject": f"EQUIPMENT:{BOX}", "source": "dlp",
        "message": f"{code}@{hours}:1", "ingested": at + 60_000, "told": at, "at": at, "classifier": "ACT",
        "code": code, "consignment": KEY,
    }  # fmt: skip
    return Fact(**(made | more))


def note(version: int, operation: str, esr: str, hours: float, **more: Any) -> Fact:  # noqa: ANN401
    """A version of the note."""
    made: dict[str, Any] = {
        "id": f"note{version}", "subject": f"CONSIGNMENT:{KEY}", "sequence": version, "operation": operation,
        "esr": esr, "note": Note("0012345", "707701", "572200"), "mode": "RAIL",
        "references": (DocumentReference("SMGS", "707701/2026-01-12/0012345"),),
    }  # fmt: skip
    return fact("NOTE/SNAP", hours, **(made | more))


def measured(key: str, *told: Fact) -> dict[str, Measure]:
    """Measures by figure."""
    return {measure.kpi: measure for measure in measures_of(key, settle(told))}


def step(told: list[Fact], code: str) -> Any:  # noqa: ANN401
    """The one milestone with a code."""
    line = timeline(KEY, told)
    assert line is not None
    (found,) = [m for leg in line.legs for m in leg.milestones if m.code == code]
    return found


def test_plan_estimate_and_actual_of_a_step_stand_side_by_side() -> None:
    """One step at one place shows the last plan, the last estimate and what happened."""
    here = {"place": "GEPTI", "mode": "RAIL", "subject": "TRAIN:1201"}
    told = [
        fact("TRANSPORT/ARRI", 100, classifier="PLN", told=START, id="p", **here),
        fact("TRANSPORT/ARRI", 110, classifier="EST", told=START + HOUR, id="e", message="e1", **here),
        fact(
            "TRANSPORT/ARRI",
            114,
            classifier="EST",
            told=START + 9 * HOUR,
            id="e",
            version=2,
            message="e2",
            **here,
        ),
        fact("TRANSPORT/ARRI", 116, id="a", **here),
    ]
    arrival = step(told, "TRANSPORT/ARRI")
    assert [arrival.plan, arrival.estimate, arrival.first] == [START + h * HOUR for h in (100, 114, 116)]
    deviation = measured(KEY, *told)["schedule-deviation"]
    assert (deviation.total, deviation.leg) == (16 * 3600, "rail-az-ge")


def test_the_estimate_that_counts_is_the_one_that_stood_then() -> None:
    """The error 72 h ahead is that of the estimate told before, not of a better one told later."""
    here = {"place": "GEPTI", "mode": "RAIL", "subject": "TRAIN:1201", "id": "e", "classifier": "EST"}
    told = [
        fact("TRANSPORT/ARRI", 90, told=START + 10 * HOUR, **here),
        fact("TRANSPORT/ARRI", 98, told=START + 50 * HOUR, version=2, **here),
        fact("TRANSPORT/ARRI", 100, place="GEPTI", mode="RAIL", subject="TRAIN:1201"),
    ]
    found = measured(KEY, *told)
    assert (found["eta-error-72h"].total, found["eta-error-24h"].total) == (10 * 3600, 2 * 3600)


def test_the_sea_leg_and_the_dwell_on_both_shores() -> None:
    """Arrived, loaded, discharged, left: dwell at Aktau, sea leg, dwell at Alat, on their days."""
    unit = (Unit("CONTAINER", BOX, None, "45G1"),)
    told = [
        note(1, "32", "663404", 0),
        fact("EQUIPMENT/LOAD", 30, mode="VESSEL", esr="663404", country="KZ", units=unit),
        fact("EQUIPMENT/DISC", 50, mode="VESSEL", esr="549204", country="AZ", units=unit),
        note(2, "31", "549204", 57),
    ]
    found = measured(KEY, *told)
    assert {name: found[name].total // 3600 for name in ("dwell-aktau", "sea-leg", "dwell-alat")} == {
        "dwell-aktau": 30, "sea-leg": 20, "dwell-alat": 7,
    }  # fmt: skip
    assert (found["dwell-aktau"].day, found["sea-leg"].day) == ("2026-01-13", "2026-01-14")
    assert (found["teu"].total, found["teu"].leg) == (200, "caspian")


def test_border_time_is_of_land_borders_only() -> None:
    """Arrival at the station of exit until take-over counts; a border with the sea between does not."""
    crossing = Border("57", "28", "558701", "562800", START + 9 * HOUR, START + 11 * HOUR)
    told = [
        note(1, "32", "558701", 5),
        fact("EQUIPMENT/CROS", 11, esr="562800", country="GE", border=crossing),
    ]
    assert measured(KEY, *told)["border-time"].total == 6 * 3600
    sea = Border("27", "57", "663404", "549204", START + 9 * HOUR, START + 40 * HOUR)
    told = [note(1, "32", "663404", 5), fact("EQUIPMENT/CROS", 40, esr="549204", country="AZ", border=sea)]
    assert "border-time" not in measured(KEY, *told)


def test_a_note_that_says_the_same_operation_again_puts_it_right() -> None:
    """Departure told twice in a row is one departure at the later telling's time, marked as corrected."""
    departed = step([note(1, "31", "707701", 10), note(2, "31", "707701", 9)], "TRANSPORT/DEPA")
    assert (departed.first, departed.last, departed.corrected) == (START + 9 * HOUR, None, True)


def test_an_annulled_note_leaves_nothing_but_that() -> None:
    """After the annulment no operation of the note stands; the shipment is void."""
    void = note(3, "19", "707701", 12, note=Note("0012345", "707701", "572200", annulled=True))
    told = [note(1, "31", "707701", 10), void, fact("SHIPMENT/VOID", 12, subject=f"CONSIGNMENT:{KEY}")]
    line = timeline(KEY, told)
    assert line is not None
    assert (line.state.status, line.legs) == ("void", ())


@pytest.mark.parametrize(
    ("began", "ended", "kind"),
    [
        (("CUSTOMS/CUSI", {}), ("CUSTOMS/CUSR", {}), "customs"),
        (("SHIPMENT/HOLD", {}), ("SHIPMENT/RELS", {}), "authority"),
        (("SHIPMENT/PENU", {}), ("SHIPMENT/CONF", {}), "document"),
        (
            ("TRANSPORT/ARRI", {"classifier": "EST", "reason": "WEA", "place": "GEPTI"}),
            ("TRANSPORT/DEPA", {"place": "AZALA"}),
            "delay",
        ),
    ],
)
def test_what_holds_a_shipment_does_so_until_its_end_is_told(
    began: tuple[str, dict[str, str]], ended: tuple[str, dict[str, str]], kind: str
) -> None:
    """Each kind of hold begins with its event and ends with its counterpart."""
    start = [fact("EQUIPMENT/LOAD", 0, mode="RAIL", place="KZHOR"), fact(began[0], 1, **began[1])]
    held = timeline(KEY, start)
    freed = timeline(KEY, [*start, fact(ended[0], 5, **ended[1])])
    assert held is not None
    assert freed is not None
    assert [hold.kind for hold in held.holds] == [kind]
    assert held.state.held.startswith(kind)
    assert freed.holds == ()


def test_a_container_shows_what_carried_it_and_what_does_now() -> None:
    """Wagon, vessel, ground, wagon: every carrier with its time, the last is the one now."""
    told = [
        fact("EQUIPMENT/LOAD", 0, mode="RAIL", car="94001237"),
        fact("EQUIPMENT/LOAD", 30, mode="VESSEL", vessel="Barys"),
        fact("EQUIPMENT/DISC", 50, mode="VESSEL", vessel="Barys"),
        fact("EQUIPMENT/LOAD", 55, mode="RAIL", car="94200078"),
    ]
    line = timeline(KEY, told)
    assert line is not None
    (box,) = line.containers
    assert [span.by for span in box.spans] == ["94001237", "Barys", "", "94200078"]
    assert box.now == "94200078"


def test_corrections_keep_their_history() -> None:
    """An event told in three versions holds as the last says, and all three are listed."""
    told = [
        fact("EQUIPMENT/GTOT", hours, id="g", version=v, place="GEPTI")
        for v, hours in ((1, 10), (3, 8), (2, 9))
    ]
    line = timeline(KEY, told)
    assert line is not None
    (correction,) = line.corrections
    assert [(number, (at - START) // HOUR) for number, _, at in correction.versions] == [
        (1, 10),
        (2, 9),
        (3, 8),
    ]
    assert line.state.since == START + 8 * HOUR


def test_a_train_event_told_for_every_shipment_aboard_is_one_in_the_journey() -> None:
    """Copies of one message about a train count once in its journey, and the train once a leg."""
    copies = [
        fact(
            "TRANSPORT/DEPA",
            3,
            id=f"copy{n}",
            message="m1",
            subject="TRAIN:1201",
            consignment=f"c{n}",
            country="KZ",
        )
        for n in range(3)
    ]
    journey = journey_of(copies[0])
    assert journey == "TRAIN:1201/2026-01"
    assert len(settle(copies).current) == 1
    assert measured(journey, *copies)["trains"].total == 1


def test_whose_an_event_is() -> None:
    """A consignment's where it is told, else the subject's own; means by journey."""
    assert owner_of(fact("EQUIPMENT/LOAD", 0)) == KEY
    lot = fact("BULK/LOAD", 0, subject="BULK_LOT:L1", consignment=None)
    call = fact("PORTCALL/ARRI", 0, subject="VESSEL:9501008", consignment=None, visit="AA1-KZAAU")
    assert (owner_of(lot), owner_of(call)) == ("BULK_LOT:L1", "VESSEL:9501008/AA1-KZAAU")


def test_permits_are_issued_used_and_refused_once() -> None:
    """Two entries are one use; a revocation before any entry is a refusal, an entry after it is flagged."""
    own = {"subject": "PERMIT:AZ-KZ-2026-2-17", "consignment": None}
    key = "PERMIT:AZ-KZ-2026-2-17"
    used = measured(
        key, fact("PERMIT/ISSU", 0, **own), fact("PERMIT/ENTR", 5, **own), fact("PERMIT/ENTR", 9, **own)
    )
    assert {name for name in used if name.startswith("permits")} == {"permits-issued", "permits-used"}
    assert used["permits-used"].n == 1
    late = measured(
        key, fact("PERMIT/ISSU", 0, **own), fact("PERMIT/VOID", 3, **own), fact("PERMIT/ENTR", 9, **own)
    )
    assert late["permits-refused"].total == late["permits-used-void"].total == 1


def test_an_entry_without_a_permit_is_counted_whoever_told_of_the_permit() -> None:
    """Without an issue by then it is an entry without a permit; an issue told under a note is one."""
    own: dict[str, Any] = {"subject": "PERMIT:AZ-KZ-2026-2-17", "consignment": None}
    entered, issued = fact("PERMIT/ENTR", 5, **own), fact("PERMIT/ISSU", 0, **(own | {"consignment": KEY}))
    late = fact("PERMIT/ISSU", 6, **own)
    for others, missing in (((), 1), ((late,), 1), ((issued,), 0)):
        found = {m.kpi: m for m in measures_of(own["subject"], settle([entered]), shared=others)}
        assert found["permits-used"].total == 1
        assert ("permits-missing" in found) == bool(missing)
    assert {m.kpi for m in measures_of(KEY, settle([issued]), shared=[entered])} >= {"permits-issued"}
    assert "permits-used" not in {m.kpi for m in measures_of(KEY, settle([issued]), shared=[entered])}


def test_oil_is_counted_in_kilograms_leg_by_leg() -> None:
    """A lot loaded, discharged and injected adds its mass to each, in the leg where that happened."""
    own = {"subject": "BULK_LOT:L1", "consignment": None}
    told = [
        fact("BULK/LOAD", 0, place="KZAAU", mode="VESSEL", lot=Lot("CRUDE", 6_000_123), **own),
        fact("BULK/DISC", 48, place="AZSAN", mode="VESSEL", lot=Lot("CRUDE", 5_998_000), **own),
        fact("BULK/INJE", 60, place="AZSAN", mode="PIPELINE", lot=Lot("CRUDE", 5_998_000), **own),
    ]
    found = measured("BULK_LOT:L1", *told)
    assert (found["oil-loaded"].total, found["oil-loaded"].leg) == (6_000_123, "caspian")
    assert (found["oil-injected"].total, found["oil-injected"].leg) == (5_998_000, "pipeline")
    line = timeline("BULK_LOT:L1", told)
    assert line is not None
    assert (line.tonnes, line.state.status) == ("5998.000", "delivered")


def test_a_lot_measured_again_shows_its_gain_or_loss() -> None:
    """Loaded, given to a tank in part, measured: a difference is to the books, which know what was given."""
    lot: dict[str, Any] = {"subject": "BULK_LOT:A", "consignment": None, "mode": "VESSEL"}
    tank: dict[str, Any] = {"subject": "BULK_LOT:T", "consignment": None, "facility": "SANGACHAL"}

    def net(kilograms: int, **parts: int) -> Lot:
        return Lot("CRUDE", kilograms, measured=True, formed_of=tuple(parts.items()))

    first = [
        fact("BULK/NOMI", -9, lot=net(7_000), **lot),
        fact("BULK/LOAD", 0, place="KZAAU", lot=net(6_000), **lot),
        fact("BULK/DISC", 48, place="AZSAN", lot=net(5_900), **lot),
        fact("BULK/DISC", 60, place="AZSAN", lot=net(900), **lot),
        fact("BULK/DISC", 70, place="AZSAN", lot=Lot("CRUDE", 700), **lot),
    ]
    second = [
        fact("BULK/FORM", 50, lot=Lot(formed_of=(("A", 5_000),)), **tank),
        fact("BULK/INJE", 90, mode="PIPELINE", lot=net(4_998), **tank),
    ]
    loss = measures_of("BULK_LOT:A", settle(first), shared=second)
    assert [(m.leg, m.n, m.total) for m in loss if m.kpi == "oil-difference"] == [("caspian", 1, -100)]
    line = timeline("BULK_LOT:T", second, lots=first)
    assert line is not None
    (book,) = line.books
    assert (book.came_kg, book.difference_kg, book.remains_kg, book.shares) == (
        5_000,
        -2,
        4_998,
        {"A": 4_998},
    )
    assert [(c.leg, c.percent, c.before, c.after) for c in book.changes] == [
        (
            "pipeline",
            "-0.0400",
            "lot split off or commingled at SANGACHAL",
            "injected into pipeline at SANGACHAL",
        )
    ]
    assert line.legs[0].leg == "terminal"
    formed = state_of("BULK_LOT:T", settle(second[:1]))
    assert formed is not None
    assert formed.status == "formed"


def test_a_difference_counts_once_however_many_have_the_lot() -> None:
    """A lot told under a note and without one: the measurement adds to the figure of its own owner only."""
    here: dict[str, Any] = {"subject": "BULK_LOT:A", "mode": "RAIL", "country": "AZ"}
    loaded = fact("BULK/LOAD", 0, lot=Lot(kg=60_000, measured=True), **here)
    unloaded = fact("BULK/DISC", 40, lot=Lot(kg=59_970, measured=True), **(here | {"consignment": None}))
    assert "oil-difference" not in {m.kpi for m in measures_of(KEY, settle([loaded]), shared=[unloaded])}
    (found,) = [
        m for m in measures_of("BULK_LOT:A", settle([unloaded]), shared=[loaded]) if m.kpi == "oil-difference"
    ]
    assert (found.leg, found.total) == ("rail-az-ge", -30)


def test_berth_wait_is_anchored_to_fast() -> None:
    """Of a port visit with both, the time between them."""
    own = {"subject": "VESSEL:9501008", "consignment": None, "visit": "V1", "place": "KZAAU"}
    told = [fact("PORTCALL/STRT", 0, service="ANCO", **own), fact("PORTCALL/CMPL", 31, service="FAST", **own)]
    assert measured("VESSEL:9501008/V1", *told)["berth-wait"].total == 31 * 3600


@pytest.mark.parametrize(
    ("size", "teu"),
    [
        ("20", 100),
        ("22G1", 100),
        ("45G1", 200),
        ("40", 200),
        ("L5R1", 225),
        ("45", 225),
        ("2EG1", 100),
        ("", 0),
    ],
)
def test_teu_by_size(size: str, teu: int) -> None:
    """20 ft is 1, 40 ft is 2, 45 ft is 2.25; types that no list has go by their first character."""
    assert hundredths_of_teu(size) == teu


def test_everything_taken_back_is_nothing() -> None:
    """A shipment all of whose events were retracted has no state and no measures."""
    told = [fact("EQUIPMENT/LOAD", 0), fact("EQUIPMENT/LOAD", 0, version=2, retracted=True)]
    assert state_of(KEY, settle(told)) is None
    assert measures_of(KEY, settle(told)) == []
    assert timeline(KEY, told) is None


def test_every_leg_of_a_timeline_is_named() -> None:
    """Places in no country that the corridor runs through are elsewhere, not an error."""
    line = timeline(KEY, [fact("EQUIPMENT/LOAD", 0, place="USNYC", mode="RAIL")])
    assert line is not None
    assert [leg.leg for leg in line.legs] == ["other"]
    assert set(msgspec.to_builtins(LEGS)) >= {leg.leg for leg in line.legs}
