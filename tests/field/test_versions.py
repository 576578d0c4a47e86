"""Cases from the field: versions of a note that correct, contradict or overtake one another."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest

from schemas.errors import Permanent
from tests.support.crossing import Crossing, note, pick
from tests.support.field import Told, case, messages, told

DTC, DLP, CORRIDOR = "dtc.note.v1", "dlp.event.v1", "corridor.event.v1"
C1, C2 = "CSQU3054383", "TCNU7120451"

Event = dict[str, Any]


def last(events: Iterable[Event]) -> list[Event]:
    """The highest version of every event, without those that were taken back."""
    newest: dict[str, Event] = {}
    for event in events:
        known = newest.get(event["eventID"])
        if known is None or event["eventVersion"] > known["eventVersion"]:
            newest[event["eventID"]] = event
    return [event for event in newest.values() if not event["isRetracted"]]


def of(events: Iterable[Event], code: str, classifier: str = "ACT") -> list[Event]:
    """Events of one code, those that hold."""
    return [e for e in last(events) if e["eventCode"] == code and e["eventClassifierCode"] == classifier]


def units(events: Iterable[Event]) -> list[str]:
    """Their containers, sorted."""
    return sorted(event["equipmentReference"] for event in events)


def version(note: Event, number: int, **more: object) -> Event:
    """A note as version ``number``; None leaves a field out."""
    made = copy.deepcopy(note) | {"noteVersion": number, "messageId": f"00000000-0000-5000-8000-{number:012}"}
    return {name: value for name, value in (made | more).items() if value is not None}


def delta(note: Event, number: int, **more: object) -> Event:
    """A partial version of a note."""
    kept = ("noteType", "noteNumber", "contractDate", "departureStation", "timeBasis")
    return version({name: note[name] for name in kept}, number, messageKind="DELTA", **more)


def box(number: str, wagon: str = "94001237", **more: object) -> list[Event]:
    """One container on its wagon."""
    return [{"wagonNumber": wagon, "containers": [{"containerNo": number, **more}]}]


def test_a_mistyped_container_is_taken_back() -> None:
    """The loading of the container that was not there is retracted, that of the right one is told."""
    said = case("017-correction-of-container-number", DTC, DLP)
    loads = [(e["equipmentReference"], e["eventVersion"], e["isRetracted"]) for e in said.out]
    assert loads == [(C1, 1, False), (C1, 2, True), (C2, 1, False)]


@pytest.mark.parametrize("operation", ["20", "50", "51", "62", "70", "71", "72", "73", "81", "90"])
def test_a_mistyped_container_is_taken_back_whatever_happened_to_it(operation: str) -> None:
    """No event of it holds, for every operation that is told by unit."""
    first, second = messages("017-correction-of-container-number")
    said = told(DTC, DLP, first | {"operationCode": operation}, second | {"operationCode": operation})
    held = [event for event in last(said.out) if event["eventType"] == "EQUIPMENT"]
    assert set(units(held)) == {C2}


def test_a_mistyped_station_is_taken_back() -> None:
    """One operation at one minute is at one station."""
    first, _ = messages("017-correction-of-container-number")
    said = told(DTC, DLP, first, version(first, 2, operationStation="663306"))
    assert [e["location"]["facilityCode"] for e in of(said.out, "LOAD")] == ["663306"]


def test_a_mistyped_wagon_is_taken_back() -> None:
    """A wagon without containers is a unit of its own."""
    first, _ = messages("017-correction-of-container-number")
    wagons = [
        version(first, n, wagons=[{"wagonNumber": w, "kind": "TANK"}])
        for n, w in ((1, "50734565"), (2, "74123456"))
    ]
    assert [e["railCarReference"] for e in of(told(DTC, DLP, *wagons).out, "LOAD")] == ["74123456"]


def test_what_moved_on_is_no_correction() -> None:
    """A later operation that no longer shows a container does not say that it was never loaded."""
    first, second = messages("017-correction-of-container-number")
    later = version(
        second, 2, operationCode="80", operationStation="572107", operationTime="26.01.2026 09:00"
    )
    assert units(of(told(DTC, DLP, first, later).out, "LOAD")) == [C1]


def test_a_correction_after_the_next_operation_is_an_override() -> None:
    """20 at 14:30, 31 at 18:00, then 20 at 14:45: one loading, corrected."""
    said = case("019-correction-after-next-operation", DTC, DLP)
    (load,) = of(said.out, "LOAD")
    assert (load["eventDateTime"], load["eventVersion"]) == ("2026-01-12T09:45:00Z", 2)


def test_a_reseal_of_one_container_is_told_of_that_one() -> None:
    """With the seal that is on it now; nothing happened to the seals of the other."""
    said = case("020-reseal-tells-others-too", DTC, DLP)
    (reseal,) = of(said.out, "RSEA")
    assert reseal["equipmentReference"] == C1
    assert "GE-90017" in [seal["number"] for seal in reseal["seals"]]


@pytest.mark.parametrize("operation", ["50", "51", "62", "70", "71", "72", "73", "81", "90"])
def test_a_delta_that_names_a_unit_is_told_of_that_one(operation: str) -> None:
    """One that names none is told of all, and one that names a wagon only of all that is on it."""
    whole, _ = messages("020-reseal-tells-others-too")
    what = {"operationCode": operation, "operationStation": "562800", "operationTime": "21.01.2026 12:30"}
    for named, expected in (
        (box(C1), {C1}),
        (box(C2, "94002144"), {C2}),
        (None, {C1, C2}),
        ([{"wagonNumber": "94001237"}], {C1}),
    ):
        said = told(DTC, DLP, whole, delta(whole, 2, wagons=named, **what))
        happened = [e for e in last(said.out) if e["eventType"] == "EQUIPMENT"]
        assert set(units(happened)) == expected


def test_a_delta_before_its_snapshot_ends_as_in_order() -> None:
    """Both containers loaded, with seals and goods, once the snapshot has come."""
    given = messages("022-delta-before-snapshot")
    late, ordered = case("022-delta-before-snapshot", DTC, DLP), told(DTC, DLP, *reversed(given))
    for said in (late, ordered):
        loads = of(said.out, "LOAD")
        assert units(loads) == [C1, C2]
        assert all(load["seals"] and load["cargo"] for load in loads)
    assert {rule["rule"] for rule in late.of("finding")} >= {"delta-without-snapshot"}


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_a_delta_that_cannot_be_told_alone_waits_for_the_note(order: tuple[int, ...]) -> None:
    """11 and 60 at the station of 10, which only the first version names: told when that has come."""
    first = note("10", "707701", "12.01.2026 10:00")
    given = [
        first,
        delta(first, 2, operationCode="11", operationTime="12.01.2026 12:00"),
        delta(first, 3, operationCode="60", operationTime="12.01.2026 13:00", customs={"status": "LODGED"}),
    ]
    ordered, crossing = Crossing(), Crossing()
    for one in given:
        ordered.dtc(one)
    for place in order:
        passage = crossing.dtc(given[place])
        if crossing.total.corridor == []:
            assert ("to-corridor.dtc", "waiting") in passage.filtered
            assert [found[2] for found in passage.findings] == ["delta-without-snapshot"]
            assert passage.losses == []
    said, right = ({one["eventID"]: one for one in each.total.dlp} for each in (crossing, ordered))
    assert [one["eventCode"] for one in right.values()] == ["DRFT", "ISSU", "SUBM"]
    names = ("eventCode", "eventDateTime", "location", "customs")
    assert {key: pick([one], *names) for key, one in said.items()} == {
        key: pick([one], *names) for key, one in right.items()
    }


def test_a_delta_that_is_wrong_in_itself_does_not_wait() -> None:
    """A time that cannot be read will not be better when the note has come: a dead letter, as before."""
    first = note("10", "707701", "12.01.2026 10:00")
    wrong = delta(first, 2, operationCode="11", operationStation="707701", operationTime="32.01.2026 12:00")
    with pytest.raises(Permanent) as refused:
        Crossing().dtc(wrong)
    assert refused.value.code == "time-invalid"


def test_a_late_correction_of_an_estimate_counts() -> None:
    """The estimate ends where the newest version puts it, though the train has arrived meanwhile."""
    said = case("024-late-eta-correction-lost", DTC, DLP)
    assert [e["eventDateTime"] for e in of(said.out, "ARRI", "EST")] == ["2026-01-29T08:00:00Z"]


def test_a_take_over_alone_is_told() -> None:
    """CROS at the station of entry when it was taken over; the hand-over is not known."""
    (crossed,) = of(case("040-taken-over-alone-is-silent", DTC, DLP).out, "CROS")
    assert (crossed["eventDateTime"], crossed["location"]["facilityCode"]) == (
        "2026-01-21T06:05:00Z",
        "562800",
    )
    said = case("040-taken-over-alone-is-silent", DTC, CORRIDOR)
    assert ["handed_over_at" in one["where"]["border"] for one in crossings(said)] == [False]


def test_a_late_hand_over_completes_the_crossing() -> None:
    """The same event, with both times."""
    (taken,) = messages("040-taken-over-alone-is-silent")
    given = version(taken, 2, operationCode="40", operationStation="558701", operationTime="21.01.2026 08:00")
    told_of = crossings(told(DTC, CORRIDOR, taken, given))
    assert len({one["envelope"]["event_id"] for one in told_of}) == 1
    border = told_of[-1]["where"]["border"]
    assert None not in (border["handed_over_at"], border["taken_over_at"])
    assert border["handed_over_at"] < border["taken_over_at"]


def test_a_hand_over_alone_says_that_it_waits() -> None:
    """No crossing yet, and a word about it."""
    (taken,) = messages("040-taken-over-alone-is-silent")
    given = version(taken, 1, operationCode="40", operationStation="558701")
    said = told(DTC, DLP, given)
    assert of(said.out, "CROS") == []
    assert "waits-for-taken-over" in said.rules("/operationCode")


def test_a_crossing_that_the_note_does_not_name_is_told() -> None:
    """Where and when it was taken over; which border it was is not known."""
    (taken,) = messages("040-taken-over-alone-is-silent")
    said = told(DTC, DLP, version(taken, 1, borderStations=None))
    assert [e["location"]["facilityCode"] for e in of(said.out, "CROS")] == ["562800"]
    assert said.rules("/operationStation") == set()  # a note need not name its borders


def crossings(said: Told) -> list[Event]:
    """Corridor events of crossings."""
    return [one for one in said.out if one["why"]["code"] == "EQUIPMENT/CROS"]


def test_a_mistyped_train_is_taken_back() -> None:
    """The train of the wrong index did not depart by this note's word."""
    note, *_ = messages("013-second-note-corrects-last")
    said = told(DTC, DLP, version(note, 1, trainIndex="7077-042-5721"), version(note, 2))
    assert [e["railDepartureID"] for e in of(said.out, "DEPA")] == [note["trainIndex"]]


def test_the_same_index_thirty_days_later_is_another_train() -> None:
    """Two departures."""
    said = case("014-train-index-used-again-in-month", DTC, DLP)
    assert sorted(e["eventDateTime"] for e in of(said.out, "DEPA")) == [
        "2026-01-01T05:00:00Z",
        "2026-01-31T13:00:00Z",
    ]


def test_the_last_word_of_two_notes_of_one_train_is_not_dropped() -> None:
    """Both correct the departure: the later word reaches the platform, and neither is a duplicate."""
    said = case("013-second-note-corrects-last", DTC, DLP)
    assert [e["eventDateTime"] for e in said.out if e["eventCode"] == "DEPA"][-1] == "2026-01-12T13:55:00Z"


def test_one_number_for_two_contents_is_found() -> None:
    """Neither is a duplicate of the other; both count."""
    first, _ = messages("017-correction-of-container-number")
    said = told(DTC, DLP, first, version(first, 1, operationTime="12.01.2026 14:45"))
    assert "same-version-other-content" in {found["rule"] for found in said.of("finding")}
    assert [e["eventDateTime"] for e in of(said.out, "LOAD")] == ["2026-01-12T09:45:00Z"]


@pytest.mark.parametrize("kind", ["SNAPSHOT", "DELTA", "ANNULMENT"])
def test_a_note_that_is_sent_again_is_a_duplicate_whatever_its_message_is_called(kind: str) -> None:
    """`messageId` is the identity of the message, not content of the note; what else differs is odd."""
    (plain,) = messages("055-time-unknown-station-message")
    first = plain | {"messageKind": kind, "operationStation": "700007"}
    again = first | {"messageId": "00000000-0000-5000-8000-000000000002"}
    said = told(DTC, CORRIDOR, first, again)
    assert [one["reason"] for one in said.of("filtered") if one["line"] == 2] == ["duplicate"]
    assert [one for one in said.of("finding") if one["line"] == 2] == []
    other = told(DTC, CORRIDOR, first, again | {"remark": "other"}).of("finding")
    assert "same-version-other-content" in {one["rule"] for one in other}
