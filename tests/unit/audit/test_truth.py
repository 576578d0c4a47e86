"""The audit by truth finds each planted lie, and nothing where partners were told what is so."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from corridor.audit.claims import ToldMessage, claims_of_events, claims_of_notes
from corridor.audit.facts import VIOLATIONS
from corridor.audit.truth import TO_EVENTS, TO_NOTES, Truth
from corridor.sandbox.events import events_of
from corridor.sandbox.notes import notes_of
from corridor.sandbox.shipments import Train
from corridor.sandbox.world import GATE_OUT, Deed, World

SEED = 7
Events = list[dict[str, Any]]

CODES = {
    "10": "SHIPMENT/DRFT", "11": "SHIPMENT/ISSU", "20": "EQUIPMENT/LOAD", "31": "TRANSPORT/DEPA",
    "32": "TRANSPORT/ARRI", "41": "EQUIPMENT/CROS", "60": "CUSTOMS/SUBM", "61": "EQUIPMENT/CUSR",
    "62": "CUSTOMS/CUSI", "63": "CUSTOMS/CMPL", "70": "EQUIPMENT/LOAD", "71": "EQUIPMENT/DISC",
    "72": "EQUIPMENT/LOAD", "73": "EQUIPMENT/DISC", "81": "EQUIPMENT/GTOT",
}  # fmt: skip
"""Operation to the event that the DLP must get, by the crosswalk of operations."""


@cache
def world() -> World:
    """Four trains, one of a ferry and three of feeders."""
    return World(SEED, 4)


@cache
def accepted() -> frozenset[str]:
    """Everything that the railway and the DLP send about them."""
    trains = [Train(SEED, index) for index in range(4)]
    return frozenset(m.id for train in trains for make in (notes_of, events_of) for m in make(train))


def text(at: datetime) -> str:
    """A time as the DLP reads it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def event(deed: Deed, number: int) -> dict[str, Any]:
    """Tell the DLP of a deed, as the crosswalk of operations wants it: written by hand, not translated."""
    expected = deed.what == "ETA"
    kind, _, code = ("TRANSPORT/ARRI" if expected else CODES[deed.what]).partition("/")
    at_sea = deed.what in {"70", "71", "72", "73"}
    esr = next(place for place in sorted(deed.places) if place.isdecimal())
    made: dict[str, Any] = {
        "eventID": f"{number:036}", "eventVersion": 1, "isRetracted": False, "eventType": kind,
        "eventCode": code, "eventClassifierCode": "EST" if expected else "ACT",
        "eventDateTime": text(deed.since), "modeOfTransport": "VESSEL" if at_sea else "RAIL",
        "references": [{"type": "SMGS", "value": note} for note in sorted(deed.notes)],
        "location": {"facilityCode": esr, "facilityCodeProvider": "ESR"},
    }  # fmt: skip
    if kind == "EQUIPMENT":
        made["equipmentReference"] = deed.unit
        made["railCarReference"] = next(car for car in sorted(deed.carriers) if len(car) == 8)
    elif kind == "TRANSPORT" and not expected:
        made["railDepartureID"] = deed.unit
    return made


def is_told(deed: Deed) -> bool:
    """Whether the DLP must get an event of a deed."""
    about_train = deed.what in {"31", "32"}
    if deed.undone_by & accepted() or not deed.told_by & accepted():
        return False
    if deed.what in {"10", "11", "60", "62", "63", "ETA"}:
        return deed.unit in world().notes
    named = deed.unit not in world().notes and deed.what in CODES
    return named and ("-" in deed.unit if about_train else deed.unit[:4].isalpha())


@cache
def _whole() -> tuple[dict[str, Any], ...]:
    deeds = [
        deed
        for listed in (*world().deeds.values(), *world().expected.values())
        for deed in listed
        if is_told(deed)
    ]
    return tuple(event(deed, number) for number, deed in enumerate(dict.fromkeys(deeds)))


@pytest.fixture
def events() -> Events:
    """All that the DLP must be told of four trains, and nothing else."""
    return copy.deepcopy(list(_whole()))


def found_at_dlp(events: Events) -> list[tuple[str, str]]:
    """Kind and detail of what is wrong with what the DLP was told."""
    told = [ToldMessage(each["eventID"], "dtc", each) for each in events]
    truth = Truth(world(), accepted())
    listed = truth.check("dlp", list(claims_of_events(told)), TO_EVENTS | {"ETA"})
    return [(each.kind, each.detail) for each in listed]


def found_at_dtc(*notes: dict[str, Any], accepted_by: frozenset[str] | None = None) -> list[tuple[str, str]]:
    """Kind and detail of what is wrong with what the DTC was told."""
    told = [ToldMessage(str(number), "dlp", each) for number, each in enumerate(notes)]
    truth = Truth(world(), accepted() if accepted_by is None else accepted_by)
    return [(each.kind, each.detail) for each in truth.check("dtc", list(claims_of_notes(told)), ())]


def one(events: Events, code: str, **fields: str) -> dict[str, Any]:
    """The first event with a code, and these fields."""
    return next(
        each
        for each in events
        if f"{each['eventType']}/{each['eventCode']}" == code
        and all(each.get(name) == value for name, value in fields.items())
    )


def gate_out(*, taken_back: bool = False) -> Deed:
    """A container that left, or that had not left after all."""
    deeds = (deed for listed in world().deeds.values() for deed in listed if deed.what == GATE_OUT)
    return next(deed for deed in deeds if bool(deed.undone_by) == taken_back)


def note(deed: Deed, at: datetime, *units: str, version: int = 1, operation: str = "81") -> dict[str, Any]:
    """A note of the DTC about an operation on some containers, with times in UTC+5."""
    station, day, number = min(deed.notes).split("/")
    wagon = next(car for car in sorted(deed.carriers) if len(car) == 8 and car.startswith("94"))
    ends = {place for each in world().expected[min(deed.notes)] for place in each.places}
    return {
        "messageId": f"m{version}", "messageKind": "DELTA", "noteVersion": version, "noteNumber": number,
        "contractDate": f"{datetime.fromisoformat(day):%d.%m.%Y}", "departureStation": station,
        "operationCode": operation, "operationStation": next(p for p in sorted(ends) if p.isdecimal()),
        "operationTime": f"{at + timedelta(hours=5):%d.%m.%Y %H:%M}", "timeBasis": "AST",
        "wagons": [{"wagonNumber": wagon, "containers": [{"containerNo": unit} for unit in units]}],
    }  # fmt: skip


def test_what_is_so_is_no_violation(events: Events) -> None:
    """Told of everything as it is, the audit finds nothing, and there is much that it looks at."""
    assert found_at_dlp(events) == []
    assert len(events) > 250
    assert {f"{each['eventType']}/{each['eventCode']}" for each in events} >= set(CODES.values()) - {
        "CUSTOMS/CUSI"
    }
    out = gate_out()
    assert found_at_dtc(note(out, out.since, out.unit)) == []


def wrong_place(events: Events) -> None:
    """A train arrives where it never was."""
    one(events, "TRANSPORT/ARRI", eventClassifierCode="ACT")["location"]["facilityCode"] = "556208"


def wrong_unlocode(events: Events) -> None:
    """The station is right, its UN/LOCODE is that of another place."""
    one(events, "EQUIPMENT/LOAD")["location"]["UNLocationCode"] = "GEPTI"


def wrong_time(events: Events) -> None:
    """A container is loaded an hour late: a clock that was read by another zone."""
    loaded = one(events, "EQUIPMENT/LOAD", modeOfTransport="RAIL")
    loaded["eventDateTime"] = text(datetime.fromisoformat(loaded["eventDateTime"]) + timedelta(hours=1))


def wrong_wagon(events: Events) -> None:
    """A container stands on a wagon that it never was on."""
    one(events, "EQUIPMENT/CROS")["railCarReference"] = "94209999"


def first_wagon(events: Events) -> None:
    """After the sea a container is told on the wagon that brought it to the port."""
    before = one(events, "EQUIPMENT/LOAD", modeOfTransport="RAIL")
    box = before["equipmentReference"]
    one(events, "EQUIPMENT/GTOT", equipmentReference=box)["railCarReference"] = before["railCarReference"]


def wrong_note(events: Events) -> None:
    """What happened to a container of one note is told under another."""
    first, *_, last = (each for each in events if each["eventCode"] == "CROS")
    first["references"] = last["references"]


def ghost(events: Events) -> None:
    """A container that there is not crosses the sea."""
    one(events, "EQUIPMENT/DISC")["equipmentReference"] = "CSQU3054383"


def invented(events: Events) -> None:
    """A train that was planned is told to have departed from the port."""
    made = copy.deepcopy(one(events, "TRANSPORT/ARRI", eventClassifierCode="ACT"))
    events.append({**made, "eventID": "x" * 36, "eventCode": "WAYP"})


def wrong_estimate(events: Events) -> None:
    """The estimate for a way point is told as that for the destination."""
    estimate = one(events, "TRANSPORT/ARRI", eventClassifierCode="EST")
    estimate["eventDateTime"] = "2026-01-13T11:11:00Z"


def lost_estimate(events: Events) -> None:
    """An estimate of the arrival reaches nobody."""
    lost = one(events, "TRANSPORT/ARRI", eventClassifierCode="EST")
    same = [
        e
        for e in events
        if (e["eventDateTime"], e["references"]) == (lost["eventDateTime"], lost["references"])
    ]
    for each in same:
        events.remove(each)


def lost_departure(events: Events) -> None:
    """A train's departure reaches nobody."""
    events.remove(one(events, "TRANSPORT/DEPA"))


def lost_container(events: Events) -> None:
    """Of two containers of a wagon one is told to be discharged."""
    events.remove(one(events, "EQUIPMENT/DISC"))


def told_twice(events: Events) -> None:
    """A correction of the identity leaves the old event standing."""
    events.append({**one(events, "EQUIPMENT/CROS"), "eventID": "y" * 36})


def retracted(events: Events) -> None:
    """What happened is taken back, so the DLP does not know of it."""
    loaded = one(events, "EQUIPMENT/LOAD")
    events.append({**loaded, "eventVersion": 2, "isRetracted": True})


LIES: dict[Callable[[Events], None], tuple[str, str]] = {
    wrong_place: ("untrue", "not there, but 32 at"),
    wrong_unlocode: ("untrue", "not there, but 20 at"),
    wrong_time: ("untrue", "not then, but 20 at"),
    wrong_wagon: ("untrue", "not on that, but 41 at"),
    first_wagon: ("untrue", "not on that, but 81 at"),
    wrong_note: ("untrue", "not under that note, but 41 at"),
    ghost: ("untrue", "that did not happen"),
    invented: ("untrue", "not there, but 33 at"),
    wrong_estimate: ("untrue", "not then, but ETA at"),
    lost_estimate: ("untold", "ETA at"),
    lost_departure: ("untold", "31 at"),
    lost_container: ("untold", "at"),
    told_twice: ("told-twice", "EQUIPMENT/CROS"),
    retracted: ("untold", "20 at"),
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_planted_lie_is_found(lie: Callable[[Events], None], events: Events) -> None:
    """Each lie by its kind, with what is so instead."""
    kind, so = LIES[lie]
    lie(events)
    found = found_at_dlp(events)
    assert any(each == kind and so in detail for each, detail in found), found
    assert {each for each, _ in found} <= {kind, "untold"}
    assert kind in VIOLATIONS


def test_a_correction_is_no_lie(events: Events) -> None:
    """An event that was told wrong and put right under its own identity is right in the end."""
    wrong = copy.deepcopy(events)
    wrong_time(wrong)
    later = [each for each, before in zip(events, wrong, strict=True) if each != before]
    assert found_at_dlp(wrong)
    assert found_at_dlp([*wrong, *({**each, "eventVersion": 2} for each in later)]) == []


def test_delivered_too_much_is_found() -> None:
    """One container of two left the terminal: a note that shows both beside the operation says too much."""
    out = gate_out()
    (other,) = [
        unit
        for unit, deeds in world().deeds.items()
        if unit != out.unit and any(d.what == GATE_OUT and d.notes == out.notes for d in deeds)
    ][:1]
    ((kind, detail),) = found_at_dtc(note(out, out.since, out.unit, other))
    assert kind == "untrue"
    assert other in detail
    assert "not then, but" in detail


def test_a_clock_that_was_read_wrong_is_found() -> None:
    """UTC+5 told as Moscow time is two hours off."""
    out = gate_out()
    ((kind, detail),) = found_at_dtc({**note(out, out.since, out.unit), "timeBasis": "MSK"})
    assert (kind, "not then, but" in detail) == ("untrue", True)


def test_a_retraction_that_did_not_take_effect_is_found() -> None:
    """A container that had not left stands as delivered: no fault as long as nobody took it back."""
    out = gate_out(taken_back=True)
    told = note(out, out.since, out.unit)
    ((kind, _),) = found_at_dtc(told)
    assert kind == "not-taken-back"
    assert found_at_dtc(told, accepted_by=accepted() - out.undone_by) == []


def test_the_estimate_of_another_place_is_found() -> None:
    """A note whose estimate is that of the vessel at Alat says that the train is there already."""
    out = gate_out()
    told = note(out, out.since, out.unit)
    estimate = world().expected[min(out.notes)][0].since + timedelta(hours=5)
    told |= {"destinationStation": told["operationStation"], "etaDestination": f"{estimate:%d.%m.%Y %H:%M}"}
    assert found_at_dtc(told) == []
    ((kind, detail),) = found_at_dtc({**told, "etaDestination": "18.01.2026 03:00"})
    assert (kind, detail.startswith("etaDestination")) == ("untrue", True)


def test_the_dtc_must_be_told_of_what_left() -> None:
    """A gate-out that the DLP told of, and the DTC does not know, is untold."""
    truth = Truth(world(), accepted())
    standing = [
        deed
        for deeds in world().deeds.values()
        for deed in deeds
        if deed.what == GATE_OUT and not deed.undone_by & accepted()
    ]
    notes = [note(deed, deed.since, deed.unit, version=n) for n, deed in enumerate(standing, 1)]
    told = [ToldMessage(str(number), "dlp", each) for number, each in enumerate(notes)]
    assert list(truth.check("dtc", list(claims_of_notes(told)), TO_NOTES)) == []
    missing = list(truth.check("dtc", list(claims_of_notes(told[1:])), TO_NOTES))
    assert [(each.kind, each.detail.partition(":")[0]) for each in missing] == [("untold", standing[0].unit)]


def test_the_world_is_the_same_at_every_look_and_ends_with_the_timetable() -> None:
    """It follows from the seed; every deed of the railway is told by a message of the timetable."""
    again = World(SEED, 4)
    assert again.deeds == world().deeds
    assert World(SEED + 1, 4).deeds != world().deeds
    told_by = {id_ for listed in world().deeds.values() for deed in listed for id_ in deed.told_by}
    assert told_by <= accepted()
    assert datetime(2026, 1, 12, tzinfo=UTC) <= min(d.since for each in world().deeds.values() for d in each)
