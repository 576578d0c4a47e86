"""A code that is in no list is no loss where it is told as it is: what nobody said cannot be lost."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import profiles
from tests.support.field import told

DTC, DLP, PORT, VESSEL, OIL = "dtc.note.v1", "dlp.event.v1", "port.event.v1", "vessel.event.v1", "oil.lot.v1"
EVENT = "corridor.event.v1"


def example(profile: str, name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """An example of a profile, changed."""
    made = profiles.load(profile).examples[name]
    assert isinstance(made, dict)
    return made | changes


CALL = {
    "eventID": "2d3f5bfe-0e97-57a3-b82a-435692b50238", "eventVersion": 1, "eventType": "PORTCALL",
    "eventCode": "ARRI", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-18T05:40:00Z",
    "eventCreatedDateTime": "2026-01-18T05:40:00Z", "UNLocationCode": "AZALA", "vesselIMONumber": "9074729",
}  # fmt: skip
LOT = {
    "eventId": "2d3f5bfe-0e97-57a3-b82a-435692b50239", "eventVersion": 1, "lot": "L", "lotEvent": "LOADED",
    "classifier": "ACT", "eventTime": "2026-01-18T05:40:00Z", "recordedAt": "2026-01-18T05:40:00Z",
    "UNLocationCode": "AZALA",
}  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "given", "field", "code", "at"),
    [
        (PORT, CALL, "facilityCode", "BERTH 7", "/location/facilityCode"),
        (VESSEL, CALL | {"eventType": "TRANSPORT"}, "facilityCode", "BERTH 7", "/location/facilityCode"),
        (OIL, LOT, "terminal", "TANK FARM 2", "/location/facilityCode"),
        (PORT, CALL, "UNLocationCode", "IRAZL", "/location/UNLocationCode"),
        (VESSEL, CALL | {"eventType": "TRANSPORT"}, "UNLocationCode", "IRAZL", "/location/UNLocationCode"),
        (OIL, LOT, "UNLocationCode", "IRAZL", "/location/UNLocationCode"),
    ],
)
def test_a_berth_or_a_place_in_no_list_is_told(
    profile: str, given: dict[str, Any], field: str, code: str, at: str
) -> None:
    """The DLP has it in the field for it, so it is not lost."""
    said = told(profile, DLP, given | {field: code})
    here: Any = said.out[0]
    for name in at[1:].split("/"):
        here = here[name]
    assert here == code
    assert [one for one in said.of("loss") if one["pointer"] == f"/{field}"] == []


@pytest.mark.parametrize("code", ["554609", "699986", "194013"])
def test_a_station_in_no_list_is_told_with_a_finding(code: str) -> None:
    """Of the operation, or the destination of the estimate; that nobody knows it is odd, not lost."""
    said = told(DTC, DLP, example(DTC, "loaded", operationStation=code))
    assert {one["location"]["facilityCode"] for one in said.out if one["eventCode"] == "LOAD"} == {code}
    assert "station-unknown" in said.rules("/operationStation")
    due = example(DTC, "loaded", destinationStation=code, etaDestination="28.01.2026 12:00")
    said_of = [said, told(DTC, DLP, due)]
    for one in said_of:
        assert [lost for lost in one.of("loss") if lost["reason"] == "unknown-code"] == []


def test_a_name_in_no_list_is_told() -> None:
    """By the DLP to the view, as it was written."""
    event = {
        "eventID": "2d3f5bfe-0e97-57a3-b82a-435692b50240", "eventVersion": 1, "eventType": "EQUIPMENT",
        "eventCode": "GTIN", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-18T05:40:00Z",
        "eventCreatedDateTime": "2026-01-18T05:40:00Z", "equipmentReference": "CSQU3054383",
        "location": {"locationName": "Quay 9"},
    }  # fmt: skip
    said = told(DLP, EVENT, event)
    assert said.out[0]["where"]["name"] == "Quay 9"
    assert said.of("loss") == []


def test_a_code_that_is_looked_up_only_is_lost_as_before() -> None:
    """What has happened is told to nobody where its code is in no list."""
    said = told(PORT, EVENT, CALL | {"eventCode": "XXXX"})
    assert [one["reason"] for one in said.of("loss")] == ["unknown-code"]
