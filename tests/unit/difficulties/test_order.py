"""Difficulty 8: out of order, duplicates, retraction, a plan after the fact, clocks that disagree."""

import pytest

from tests.support.crossing import ACCEPTED, C1, Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")

LOADED = note("20", "707701", "12.01.2026 14:30", noteVersion=2)


def test_an_older_version_adds_only_what_was_never_told() -> None:
    """Version 1 after version 2: its own operation is told, nothing of version 2 is overridden."""
    crossing = Crossing()
    newer = crossing.dtc(LOADED).dlp
    older = crossing.dtc(note("11", "707701", "12.01.2026 09:10")).dlp
    assert pick(older, "eventType", "eventCode", "eventVersion") == [("SHIPMENT", "ISSU", 1)]
    late = crossing.dtc(note("20", "707701", "12.01.2026 13:00", noteVersion=1)).dlp
    assert late == []
    assert pick(newer, "eventVersion") == [(1,), (1,)]


def test_the_same_message_twice_has_one_effect() -> None:
    """A repeated note and a repeated event say nothing the second time, and that is counted."""
    crossing = Crossing()
    crossing.dtc(LOADED)
    assert crossing.dtc(LOADED).dlp == []
    told = event("EQUIPMENT", "GTOT", equipmentReference=C1, location={"UNLocationCode": "GEPTI"})
    assert len(crossing.dlp(told).dtc) == 1
    assert crossing.dlp(told).dtc == []
    assert ("to-corridor.dlp", "duplicate") in crossing.filtered


def test_an_older_version_of_an_event_is_stale() -> None:
    """Version 1 of an event after version 2 is not passed on."""
    crossing = Crossing()
    told = event("EQUIPMENT", "GTOT", equipmentReference=C1)
    crossing.dlp(told | {"eventVersion": 2})
    assert crossing.dlp(told).corridor == []
    assert ("to-corridor.dlp", "stale") in crossing.filtered


def test_a_retraction_voids_all_versions() -> None:
    """After the retraction of an event nothing of it is passed on, whatever version comes late."""
    crossing = Crossing(dlp="dlp.event.v1", other="dlp.event.v1")
    told = event("EQUIPMENT", "GTOT", equipmentReference=C1)
    crossing.dlp(told)
    retracted = crossing.dlp(told | {"eventVersion": 2, "isRetracted": True}).sent["other"]
    assert pick(retracted, "isRetracted", "eventVersion") == [(True, 2)]
    assert crossing.dlp(told | {"eventVersion": 3}).corridor == []


def test_a_plan_after_the_fact_changes_no_fact() -> None:
    """A late PLN of what has happened becomes no operation; the note keeps the fact."""
    crossing = Crossing()
    location = {"UNLocationCode": "GEPTI"}
    crossing.dlp(event("EQUIPMENT", "GTOT", equipmentReference=C1, location=location))
    late = event("EQUIPMENT", "GTOT", equipmentReference=C1, location=location, eventClassifierCode="PLN")
    assert crossing.dlp(late).dtc == []


def test_arrival_before_departure_is_reported_and_goes_on() -> None:
    """Clock skew between stations: the arrival is told as given, with a finding on its time."""
    crossing = Crossing()
    train = {"trainIndex": "7077-041-5721"}
    crossing.dtc(note("31", "707701", "12.01.2026 22:40", **train))
    passage = crossing.dtc(note("32", "700007", "12.01.2026 21:00", noteVersion=2, **train))
    assert pick(passage.dlp, "eventCode", "eventDateTime") == [("ARRI", "2026-01-12T16:00:00Z")]
    assert ("to-corridor.dtc", "/operationTime", "arrived-before-departed") in [
        one[:3] for one in passage.findings
    ]


def test_a_fact_in_the_future_is_reported_and_goes_on() -> None:
    """A time after the message was taken in is a clock that is wrong: a finding, on both sides."""
    early = ACCEPTED - 40 * 86_400_000
    note_passage = Crossing().dtc(LOADED, accepted=early)
    assert ("to-corridor.dtc", "/operationTime", "in-the-future") in [
        one[:3] for one in note_passage.findings
    ]
    event_passage = Crossing().dlp(event("EQUIPMENT", "GTOT", equipmentReference=C1), accepted=early)
    assert ("to-corridor.dlp", "/eventDateTime", "in-the-future") in [
        one[:3] for one in event_passage.findings
    ]
    assert len(event_passage.corridor) == 1


def test_ids_and_bytes_are_the_same_in_a_replay() -> None:
    """The same messages give the same ids, keys and bytes again."""
    runs = []
    for _ in range(2):
        crossing = Crossing()
        crossing.dtc(LOADED)
        crossing.dlp(event("EQUIPMENT", "GTOT", equipmentReference=C1, location={"UNLocationCode": "GEPTI"}))
        runs.append(crossing.total.outputs)
    assert runs[0] == runs[1]
    assert len(runs[0]) >= 6
