"""What would be an operation of a note, but that nobody named its mode, its paper or the destination."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.field import told

DTC, DLP, PORT = "dtc.note.v1", "dlp.event.v1", "port.event.v1"
KEY, BOX = "707701/2026-01-12/0012345", "QTZU8000139"
EVENT: dict[str, Any] = {
    "eventID": "aa52d8cf-ef2e-5d00-8ffa-d6c43ae74948", "eventVersion": 1, "eventType": "EQUIPMENT",
    "eventCode": "LOAD", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-27T08:00:00Z",
    "eventCreatedDateTime": "2026-01-27T08:00:00Z", "references": [{"type": "SMGS", "value": KEY}],
    "equipmentReference": BOX, "location": {"UNLocationCode": "GEPTI"},
}  # fmt: skip
ALONE = {name: value for name, value in EVENT.items() if name != "equipmentReference"}


@pytest.mark.parametrize(
    ("plain", "kind", "code"),
    [
        (EVENT, "EQUIPMENT", "LOAD"), (EVENT, "EQUIPMENT", "DISC"), (ALONE, "TRANSPORT", "DEPA"),
        (ALONE, "TRANSPORT", "ARRI"), (ALONE, "SHIPMENT", "VOID"), (ALONE, "SHIPMENT", "ISSU"),
        (ALONE, "SHIPMENT", "DRFT"), (ALONE, "SHIPMENT", "CONF"),
    ],
)  # fmt: skip
def test_an_operation_without_its_mode_or_paper_is_incomplete(
    plain: dict[str, Any], kind: str, code: str
) -> None:
    """By rail, ship or truck are three operations, of a note and of a booking two: all of it is lost."""
    said = told(DLP, DTC, plain | {"eventType": kind, "eventCode": code})
    assert (said.out, [one["reason"] for one in said.of("filtered")]) == ([], ["incomplete"])
    lost = {one["pointer"] for one in said.of("loss")}
    assert {"/eventCode", "/eventDateTime", "/location/UNLocationCode", "/references/0/value"} <= lost


@pytest.mark.parametrize("code", ["LOAD", "DISC"])
def test_the_wagon_of_an_incomplete_operation_is_lost_with_it(code: str) -> None:
    """All that it says is a loss: the number of the wagon as that of the container."""
    said = told(DLP, DTC, EVENT | {"eventCode": code, "railCarReference": "94005170"})
    assert [one["reason"] for one in said.of("filtered")] == ["incomplete"]
    assert {one["pointer"]: one["value"] for one in said.of("loss")} == {
        "/references/0/value": KEY, "/equipmentReference": BOX, "/railCarReference": "94005170",
        "/eventDateTime": "2026-01-27T08:00:00Z", "/location/UNLocationCode": "GEPTI", "/eventCode": code,
    }  # fmt: skip


@pytest.mark.parametrize("mode", [{"modeOfTransport": "RAIL"}, {"vesselName": "TARAZ"}])
def test_the_lot_of_an_incomplete_operation_is_lost_with_it(mode: dict[str, str]) -> None:
    """What is named as its note is no key of one, so no note is told."""
    lot = {"lotNumber": "L-7", "railCarReferences": ["94005170"]}
    nobody = [{"type": "SMGS", "value": "LETTER 7"}]
    said = told(DLP, DTC, ALONE | {"eventType": "BULK", "bulk": lot, "references": nobody} | mode)
    assert [one["reason"] for one in said.of("filtered")] == ["incomplete"]
    there = {one["pointer"]: one["value"] for one in said.of("loss")}
    assert (there["/bulk/lotNumber"], there["/bulk/railCarReferences/0"]) == ("L-7", "94005170")


@pytest.mark.parametrize("code", ["STUF", "PICK"])
def test_what_a_note_has_no_word_for_has_no_equivalent(code: str) -> None:
    """Whatever it lacks."""
    said = told(DLP, DTC, EVENT | {"eventCode": code})
    assert (said.out, [one["reason"] for one in said.of("filtered")]) == ([], ["no-equivalent"])


@pytest.mark.parametrize(
    ("plain", "kind", "code"),
    [(EVENT, "EQUIPMENT", "LOAD"), (EVENT, "EQUIPMENT", "DISC"), (ALONE, "TRANSPORT", "DEPA"),
     (ALONE, "TRANSPORT", "ARRI")],
)  # fmt: skip
def test_the_first_and_the_last_mile_are_told_in_words(plain: dict[str, Any], kind: str, code: str) -> None:
    """By truck it is none of the note; the plate stays on the road side. 08:00 UTC is 12:00 at Poti."""
    truck = {"modeOfTransport": "TRUCK", "truckPlate": "AB123CD"}
    said = told(DLP, DTC, plain | truck | {"eventType": kind, "eventCode": code})
    unit = f" {BOX}" if plain is EVENT else ""
    assert [one["remark"] for one in said.out] == [f"{kind}/{code}{unit} 572107 27.01.2026 12:00 LOC TRUCK"]
    assert ["operationCode" in one for one in said.out] == [False]
    assert [one for one in said.of("loss") if one["pointer"] == "/truckPlate"] == []


OUT = EVENT | {"eventCode": "GTOT", "emptyIndicatorCode": "LADEN"}
OUT_OF_PORT = {name: OUT[name] for name in list(OUT)[:7]} | {
    "UNLocationCode": "GEPTI", "equipmentReference": BOX, "noteKey": KEY
}  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "event"), [(DLP, OUT), (DLP, OUT | {"eventCode": "AVPU"}), (PORT, OUT_OF_PORT)]
)
def test_out_of_a_gate_is_delivered_once_the_destination_is_known(
    profile: str, event: dict[str, Any]
) -> None:
    """A false 81 closes the note at the railway; 572107 is Poti, and until somebody says so it is words."""
    (one,) = told(profile, DTC, event).out
    assert "operationCode" not in one
    assert one["remark"].startswith(f"EQUIPMENT/{event['eventCode']} {BOX} 572107 27.01.2026 12:00 LOC")
