"""Ports, vessel operators and permits: what was not said is no fact, no value costs the time."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from schemas import profiles
from tests.support.field import messages, told

pytestmark = pytest.mark.system("port", "vessel", "epermit")

PORT, VESSEL, PERMIT, EVENT, DLP = (
    "port.event.v1",
    "vessel.event.v1",
    "epermit.event.v1",
    "corridor.event.v1",
    "dlp.event.v1",
)
WAGON = profiles.load(PORT).examples["wagon-rolled-on"]
CALL = profiles.load(PORT).examples["vessel-sailed"]
MANIFEST = profiles.load(VESSEL).examples["manifest"]
ENTERED = profiles.load(PERMIT).examples["truck-entered"]


def changed(message: dict[str, Any], **more: object) -> dict[str, Any]:
    """A message with other fields; ``None`` leaves one out."""
    return {name: value for name, value in (copy.deepcopy(message) | more).items() if value is not None}


def only(source: str, message: dict[str, Any]) -> dict[str, Any]:
    """The one corridor event of a message."""
    (event,) = told(source, EVENT, message).out
    return event


def test_a_unit_without_a_number_is_no_truck() -> None:
    """A container that nobody named stays one; its mode is not told when nobody said it."""
    nameless = changed(WAGON, eventCode="GTIN", railCarReference=None, vesselIMONumber=None, vesselName=None)
    event = only(PORT, nameless)
    assert event["subject"]["type"] == "EQUIPMENT"
    assert "mode" not in event["how"]


@pytest.mark.parametrize(
    ("fields", "mode"),
    [
        ({"railCarReference": None, "truckPlate": "123ABC02", "vesselIMONumber": "9074729"}, "TRUCK"),
        ({"railCarReference": "94001235", "vesselIMONumber": "9074729"}, "RAIL"),
        ({"railCarReference": None, "equipmentReference": "CSQU3054383", "vesselIMONumber": "9074729"}, None),
    ],
)
def test_at_the_gate_nothing_is_aboard(fields: dict[str, Any], mode: str | None) -> None:
    """The vessel that a unit waits for is not how it came through the gate."""
    assert only(PORT, changed(WAGON, eventCode="GTIN", **fields))["how"].get("mode") == mode


@pytest.mark.parametrize(("code", "carried"), [("LOAD", True), ("DISC", False)])
def test_what_is_discharged_does_not_sail_on(code: str, carried: bool) -> None:
    """The next call of the vessel is that of a loaded unit, and not of one that has left it."""
    found = told(
        PORT,
        EVENT,
        changed(WAGON, eventCode=code, nextLocation="KZAAU", estimatedArrival="2026-01-20T06:00:00Z"),
    )
    (event,) = found.out
    assert (event["where"].get("next"), "eta" in event["when"]) == (
        ("KZAAU", True) if carried else (None, False)
    )
    lost = {entry["pointer"] for entry in found.of("loss")}
    assert ({"/nextLocation", "/estimatedArrival"} <= lost) is not carried


@pytest.mark.parametrize("profile", [PORT, VESSEL])
def test_a_vessel_without_a_name_is_a_finding(profile: str) -> None:
    """The event passes under its own id; the finding says what is missing."""
    told_of = profiles.load(profile).examples
    message = told_of["at-berth" if profile == PORT else "arrived"]
    found = told(profile, EVENT, changed(message, vesselIMONumber=None, vesselName=None))
    assert found.rules("/vesselIMONumber") == {"vessel-not-named"}
    assert len(found.out) == 1


def test_a_reopening_that_is_no_longer_expected_is_taken_back() -> None:
    """Version 2 of a closure names no reopening: the estimate of version 1 does not stand."""
    closed = profiles.load(PORT).examples["closed-by-storm"]
    later = changed(closed, eventVersion=2, expectedReopening=None)
    first, estimate, gone, second = told(PORT, EVENT, closed, later).out
    assert (first["why"]["code"], second["why"]["code"]) == ("PORT/CLOS", "PORT/CLOS")
    assert gone["envelope"]["event_id"] == estimate["envelope"]["event_id"]
    assert (estimate["correction"]["retracted"], gone["correction"]["retracted"]) == (False, True)
    assert len(told(PORT, EVENT, changed(closed, expectedReopening=None)).out) == 1


@pytest.mark.parametrize("target", [PORT, VESSEL])
def test_a_port_call_needs_no_mode(target: str) -> None:
    """A call that the DLP tells without a mode reaches ports and operators: only vessels call."""
    call = {
        "eventID": "0b0f2f54-41a0-5c53-8f0a-000000000901",
        "eventType": "PORTCALL",
        "eventCode": "ARRI",
        "eventClassifierCode": "EST",
        "eventDateTime": "2026-01-18T02:00:00Z",
        "eventCreatedDateTime": "2026-01-17T02:00:00Z",
        "vesselIMONumber": "9074729",
        "location": {"UNLocationCode": "AZALA"},
    }
    (given,) = told(DLP, target, call).out
    assert (given["eventType"], given["eventCode"], given["vesselIMONumber"]) == (
        "PORTCALL",
        "ARRI",
        "9074729",
    )


def test_a_manifest_knows_a_unit_by_its_number_not_its_spelling() -> None:
    """The same container written with a blank is the same event of the same subject."""
    line = {"kind": "CONTAINER", "number": "CSQU3054383"}
    other = {"kind": "CONTAINER", "number": "CSQU 305438-3"}
    ids = []
    for one in (line, other):
        events = told(VESSEL, EVENT, changed(MANIFEST, manifest=[one])).out
        (listed,) = [event for event in events if event["why"]["code"] == "VESSEL/LIST"]
        assert listed["subject"] == {"type": "EQUIPMENT", "id": "CSQU3054383"}
        ids.append(listed["envelope"]["event_id"])
    assert ids[0] == ids[1]


def permit(**more: object) -> dict[str, Any]:
    """A permit that was issued, as in the field."""
    return changed(messages("127-perm-claims-leak-person")[0], other_claims=None, **more)


def test_an_authority_that_is_no_country_gives_no_country() -> None:
    """A permit of an organisation's quota: its code is not that of a country."""
    event = only(PERMIT, permit(permit_id="AZ-TRACECA-2026-2-17", permit_issued_for="TRACECA"))
    assert event["where"]["country"] == "AZ"
    entered = changed(ENTERED, permit_id="AZ-TRACECA-2026-2-17", permit_issued_for="TRACECA")
    assert "country" not in only(PERMIT, entered)["where"]


def test_what_a_permit_does_not_say_is_not_told() -> None:
    """No route without both ends, no country of a plate that is not there, no note that was reissued."""
    event = only(PERMIT, permit(arrival_country=None, plate_number=None))
    assert event["why"]["statement"] == "transit, from AZ"
    assert "plate_country" not in event["how"]
    assert [ref for ref in event["what"]["references"] if ref["type"] == "SMGS"] == [
        {"type": "SMGS", "value": "548703/2026-01-10/31500017"}
    ]
    assert only(PERMIT, permit())["why"]["statement"] == "transit, AZ to UZ"


def test_type_4_without_its_numbering_is_a_finding() -> None:
    """4 is unladen entry in the current list and bilateral with fee in the old one."""
    fourth = {"permit_id": "AZ-KZ-2026-4-17", "permit_type": 4}
    found = told(PERMIT, EVENT, permit(**fourth, type_numbering=None))
    assert found.rules("/type_numbering") == {"numbering-missing"}
    assert "statement" not in found.out[0]["why"]
    assert told(PERMIT, EVENT, permit(**fourth)).out[0]["why"]["statement"].startswith("unladen entry")


def test_a_use_without_activity_is_no_exit() -> None:
    """Which way it was is not guessed; the time is that of the event, with a finding."""
    found = told(PERMIT, EVENT, changed(ENTERED, activity_type=None, activity_timestamp=None))
    (event,) = found.out
    assert "code" not in event["why"]
    assert found.rules("/activity_type") == {"activity-missing"}
    assert found.rules("/activity_timestamp") == {"time-assumed"}


def entry(**more: object) -> dict[str, Any]:
    """An entry that a platform reports."""
    made = {
        "eventID": "0b0f2f54-41a0-5c53-8f0a-000000000902",
        "eventType": "PERMIT",
        "eventCode": "ENTR",
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-16T10:00:00.123Z",
        "eventCreatedDateTime": "2026-01-16T10:01:00.999Z",
        "references": [{"type": "EPERMIT", "value": "AZ-KZ-2026-2-17"}],
        "location": {"UNLocationCode": "KZKUR"},
        "remark": "driver IVANOV IVAN",
    }
    return changed(made, **more)


def test_a_reported_entry_is_told_in_whole_seconds_and_without_the_remark() -> None:
    """The protocol has seconds; details are the place, never free text that may name a person."""
    (used,) = told(DLP, PERMIT, entry()).out
    assert (used["activity_timestamp"], used["event_timestamp"]) == (1768557600, 1768557660)
    assert used["activity_details"] == "KZKUR"
    (used,) = told(DLP, PERMIT, entry(location=None)).out
    assert "IVANOV" not in str(used)


@pytest.mark.parametrize("references", [None, [{"type": "EPERMIT", "value": "unknown"}]])
def test_an_entry_without_a_permit_goes_to_no_authority(references: list[dict[str, str]] | None) -> None:
    """No authority is made of the parts of an event's id."""
    assert told(DLP, PERMIT, entry(references=references)).out == []


@pytest.mark.parametrize(
    ("kind", "number", "as_written", "rule"),
    [
        ("CONTAINER", "CSQU3054383", "csqu3054383", "container-twice"),
        ("CONTAINER", "CSQU3054383", "CSQU 305438-3", "container-twice"),
        ("CONTAINER", "CSQU3054383", "\u0421SQU3054383", "container-twice"),
        ("WAGON", "94001237", "9400 1237", "wagon-twice"),
        ("TRUCK", "10AA123", "10-aa-123", "truck-twice"),
    ],
)
def test_a_unit_of_a_manifest_is_itself_however_it_is_written(
    kind: str, number: str, as_written: str, rule: str
) -> None:
    """One event of it, of one content; the second line is found. U+0421 is a Cyrillic letter."""
    manifest = profiles.load(VESSEL).examples["manifest"]
    lines = [{"kind": kind, "number": number}, {"kind": kind, "number": as_written}]
    found = told(VESSEL, EVENT, changed(manifest, manifest=lines))
    listed = [one for one in found.out if one["why"]["code"] == "VESSEL/LIST"]
    assert [(one["subject"]["id"], one["what"]["units"][0]["id"]) for one in listed] == [(number, number)]
    ids = [(one["envelope"]["event_id"], one["correction"]["version"]) for one in found.out]
    assert len(ids) == len(set(ids)) == 2
    said = {one for one in found.rules("/manifest/1/number") if not one.startswith("normalised")}
    assert said == {rule}
    assert found.rules("/manifest/0/number") == said
