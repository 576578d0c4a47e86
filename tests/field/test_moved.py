"""A correction of time and place at once is another operation: the first is taken back."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.field import told

DTC, DLP, PORT, OIL = "dtc.note.v1", "dlp.event.v1", "port.event.v1", "oil.lot.v1"
NOTE, BOX = "707701/2026-01-12/0800004", "QTZU1400046"
FIRST: dict[str, Any] = {
    "eventID": "86c47cf2-af17-57b6-9b43-bcd0489a4935", "eventVersion": 1, "eventType": "EQUIPMENT",
    "eventCode": "LOAD", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-27T06:45:00Z",
    "eventCreatedDateTime": "2026-01-27T06:45:00Z", "equipmentReference": BOX,
}  # fmt: skip
BY_DLP = FIRST | {"references": [{"type": "SMGS", "value": NOTE}], "modeOfTransport": "VESSEL"}
BY_PORT = FIRST | {"noteKey": NOTE, "vesselIMONumber": "9074729"}
BY_OIL: dict[str, Any] = {
    "eventId": FIRST["eventID"], "eventVersion": 1, "lot": "L-1", "lotEvent": "TANKS_LOADED",
    "classifier": "ACT", "eventTime": FIRST["eventDateTime"], "recordedAt": FIRST["eventDateTime"],
    "noteKey": NOTE, "tankWagons": ["75003111"],
}  # fmt: skip


def at(profile: str, number: int, time: str | None = None, place: str = "KZAAU") -> dict[str, Any]:
    """A version of the loading; at Aktau on the 27th where nothing else is said."""
    plain = {DLP: BY_DLP, PORT: BY_PORT, OIL: BY_OIL}[profile]
    made = plain | ({"location": {"UNLocationCode": place}} if profile == DLP else {"UNLocationCode": place})
    made |= {"eventVersion": number}
    made |= {{DLP: "eventUpdatedDateTime", PORT: "eventCreatedDateTime", OIL: "recordedAt"}[profile]:
             f"2026-01-29T1{number}:00:00Z"}  # fmt: skip
    return made | ({"eventTime" if profile == OIL else "eventDateTime": time} if time else {})


OTHER = {DLP: "KZKUR", PORT: "KZKUR", OIL: "AZQDG"}


@pytest.mark.parametrize("profile", [DLP, PORT, OIL])
def test_the_railway_is_told_that_the_first_did_not_happen(profile: str) -> None:
    """A note has no word for a correction of both: 12 and its remark, then the loading as it was."""
    second = at(profile, 2, "2026-01-28T06:45:00Z", OTHER[profile])
    out = told(profile, DTC, at(profile, 1), second).out
    assert [one["operationCode"] for one in out][1:2] == ["12"]
    assert out[1]["remark"].startswith("RETRACTED ")
    assert (len(out), out[2]["operationCode"]) == (3, out[0]["operationCode"])
    assert out[2]["operationStation"] != out[0]["operationStation"]


@pytest.mark.parametrize("profile", [DLP, PORT, OIL])
@pytest.mark.parametrize("change", [{"time": "2026-01-28T06:45:00Z"}, {"place": "other"}])
def test_a_correction_of_one_of_them_stays_a_correction(profile: str, change: dict[str, str]) -> None:
    """The same operation for whoever reads it: the time was wrong, or the place was."""
    place = OTHER[profile] if "place" in change else "KZAAU"
    out = told(profile, DTC, at(profile, 1), at(profile, 2, change.get("time"), place)).out
    assert "12" not in {one["operationCode"] for one in out}


@pytest.mark.parametrize("profile", [DLP, PORT])
def test_in_every_order_the_last_one_holds(profile: str) -> None:
    """Three versions at three places and times: what holds is the third, whatever came first."""
    versions = [
        at(profile, 1), at(profile, 2, "2026-01-28T06:45:00Z", "KZKUR"),
        at(profile, 3, "2026-01-29T06:45:00Z", "AZALA"),
    ]  # fmt: skip
    for order in permutations(versions):
        last: dict[str, dict[str, Any]] = {}
        for one in told(profile, "corridor.event.v1", *order).out:
            last[one["envelope"]["event_id"]] = one
        held = [one["where"]["unlocode"] for one in last.values() if not one["correction"]["retracted"]]
        assert held == ["AZALA"]


def test_an_estimate_moves_as_it_likes() -> None:
    """What has not happened yet is no operation."""
    versions = [at(DLP, 1), at(DLP, 2, "2026-01-30T06:45:00Z", "KZKUR")]
    expected = [one | {"eventClassifierCode": "EST"} for one in versions]
    out = told(DLP, "corridor.event.v1", *expected).out
    assert [(one["correction"]["version"], one["correction"]["retracted"]) for one in out] == [
        (1, False), (2, False)
    ]  # fmt: skip


def test_a_place_by_its_station_is_the_same_place() -> None:
    """663404 is the port of Aktau."""
    second = at(DLP, 2, "2026-01-28T06:45:00Z")
    second["location"] = {"facilityCode": "663404", "facilityCodeProvider": "ESR"}
    out = told(DLP, DTC, at(DLP, 1), second).out
    assert [one["operationCode"] for one in out] == ["72", "72"]
