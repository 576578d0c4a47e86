"""What is no operation of a note is told to it in words: which unit, where and how; they are no loss."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C1, NOTE, W1, Crossing, event, note
from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp", "dtc")

DTC, DLP, OIL = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1"
POTI, ALAT = ({"UNLocationCode": code} for code in ("GEPTI", "AZALA"))
PLATE = "123ABC02"
MINUTE = "17.01.2026 10:45 LOC"
"""06:45 UTC at Poti and at Alat, UTC+4."""
MOSCOW = "17.01.2026 09:45 MSK"
"""The same by Moscow time, UTC+3, where no place says which clock it is."""


def sent(kind: str, code: str, **more: object) -> Told:
    """What the DTC is told of an event of its note."""
    return told(DLP, DTC, event(kind, code, **more))


def words(said: Told) -> list[str]:
    """The remarks of what is no operation."""
    assert not any("operationCode" in one for one in said.out)
    return [one["remark"] for one in said.out]


def lost(said: Told) -> dict[str, str]:
    """The sender's fields that are lost, and what for."""
    return {one["pointer"]: one["reason"] for one in said.of("loss")}


@pytest.mark.parametrize("code", ["GTOT", "AVPU"])
@pytest.mark.parametrize("known", [True, False])
def test_out_of_a_gate_that_nobody_names_is_not_delivered(code: str, known: bool) -> None:
    """81 closes the note: without a place nobody knows that this is its destination."""
    crossing = Crossing()
    if known:
        crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    (one,) = crossing.dlp(event("EQUIPMENT", code, equipmentReference=C1)).dtc
    assert "operationCode" not in one
    assert one["remark"] == f"EQUIPMENT/{code} {C1} - {MOSCOW}"


def test_oil_that_is_set_down_nobody_says_where_is_not_delivered() -> None:
    """Off the rails at no place; at a place that is not where the note goes to it is not delivered either."""
    lot = event("BULK", "DISC", modeOfTransport="RAIL", bulk={"lotNumber": "L-1"})
    assert words(told(DLP, DTC, lot)) == [f"BULK/DISC L-1 - {MOSCOW} RAIL"]
    for place, operation in (("AZALA", None), ("GEPTI", "81")):
        crossing = Crossing()
        crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
        (one,) = crossing.dlp(lot | {"location": {"UNLocationCode": place}}).dtc
        assert one.get("operationCode") == operation


def test_a_terminal_says_where_it_is() -> None:
    """Out of the container terminal of Alat, of a note to Poti; and where the note is not known."""
    gate = event("EQUIPMENT", "GTOT", equipmentReference=C1,
                 location={"facilityCode": "ALAT-CT", "facilityCodeProvider": "ZZZ"})  # fmt: skip
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    for said in (crossing.dlp(gate).dtc, told(DLP, DTC, gate).out):
        assert [(one.get("operationCode"), one["remark"]) for one in said] == [
            (None, f"EQUIPMENT/GTOT {C1} 548502 {MINUTE} AT ZZZ ALAT-CT")
        ]


@pytest.mark.parametrize("more", [{"modeOfTransport": "RAIL"}, {"railCarReference": W1}, {}])
def test_who_only_looked_has_written_no_act(more: dict[str, str]) -> None:
    """90 is an act on damage or shortage, and says what it found; by rail, or on a wagon, too."""
    said = sent("EQUIPMENT", "INSP", equipmentReference=C1, location=POTI, **more)
    rail = " RAIL" if "modeOfTransport" in more else ""
    assert words(said) == [f"EQUIPMENT/INSP {C1} 572107 {MINUTE}{rail}"]
    (act,) = sent("EQUIPMENT", "INSP", equipmentReference=C1, location=POTI, remark="roof torn", **more).out
    assert (act["operationCode"], act["remark"]) == ("90", "roof torn")


@pytest.mark.parametrize(
    ("kind", "code", "more"),
    [
        ("TRANSPORT", "ARRI", {"modeOfTransport": "TRUCK", "truckPlate": PLATE}),
        ("TRANSPORT", "DEPA", {"modeOfTransport": "TRUCK", "truckPlate": PLATE}),
        ("CUSTOMS", "CUSR", {"customs": {"procedure": "IMPORT"}}),
        ("EQUIPMENT", "CUSI", {"customs": {"procedure": "EXPORT"}}),
        ("TRANSPORT", "ARRI", {"modeOfTransport": "VESSEL", "vesselName": "TARAZ"}),
        ("PORTCALL", "STRT", {"vesselName": "TARAZ"}),
        ("EQUIPMENT", "CROS", {"modeOfTransport": "TRUCK", "truckPlate": PLATE}),
        ("EQUIPMENT", "GTOT", {"vesselName": "TARAZ"}),
    ],
)
def test_the_words_name_the_unit(kind: str, code: str, more: dict[str, Any]) -> None:
    """Which of the containers of the note has arrived or is released; never the truck's plate."""
    said = sent(kind, code, equipmentReference=C1, location=ALAT, **more)
    (one,) = words(said)
    assert C1 in one.split(f" 548502 {MINUTE}")[0].split()
    assert ("TARAZ" in one.split()) == ("vesselName" in more)
    assert PLATE not in str(said.out)
    assert "/equipmentReference" not in lost(said)


@pytest.mark.parametrize(
    ("kind", "code", "more"),
    [
        ("TRANSPORT", "ARRI", {"modeOfTransport": "TRUCK", "truckPlate": PLATE}),
        ("CUSTOMS", "CUSR", {}),
        ("CUSTOMS", "CUSR", {"customs": {"procedure": "IMPORT"}}),
        ("TRANSPORT", "DEPA", {"modeOfTransport": "RAIL", "railDepartureID": "7077-041-5721"}),
    ],
)
def test_what_is_taken_back_of_one_unit_names_it(kind: str, code: str, more: dict[str, Any]) -> None:
    """The release of one container did not happen: that of the others did."""
    first = event(kind, code, equipmentReference=C1, location=ALAT, **more)
    taken = told(DLP, DTC, first, first | {"eventVersion": 2, "isRetracted": True}).out[-1]
    assert taken["remark"].startswith(f"RETRACTED {kind}/{code}")
    assert C1 in taken["remark"].split()


@pytest.mark.parametrize(
    ("code", "more", "mode"),
    [
        ("GTOT", {"equipmentReference": C1, "modeOfTransport": "RAIL"}, "RAIL"),
        ("AVPU", {"equipmentReference": C1, "modeOfTransport": "RAIL"}, "RAIL"),
        ("CROS", {"modeOfTransport": "RAIL"}, "RAIL"),
        ("RSEA", {"modeOfTransport": "RAIL"}, "RAIL"),
        ("LOAD", {"modeOfTransport": "RAIL"}, "RAIL"),
        ("DISC", {"modeOfTransport": "VESSEL"}, "VESSEL"),
    ],
)
def test_no_operation_implies_the_mode_of_what_is_told_in_words(
    code: str, more: dict[str, str], mode: str
) -> None:
    """That 41 and 81 are by rail follows from these numbers only: where words stand, they say it."""
    said = sent("EQUIPMENT", code, location=ALAT, **more)
    (one,) = words(said)
    assert mode in one.split()
    assert [entry for entry in said.of("administrative") if entry["pointer"] == "/modeOfTransport"] == []


@pytest.mark.parametrize(
    ("code", "field", "value"),
    [("LOAD", "facilityTypeCode", "RAMP"), ("CROS", "facilityTypeCode", "BORD")],
)
def test_no_operation_implies_the_kind_of_place_of_what_is_told_in_words(
    code: str, field: str, value: str
) -> None:
    """A crossing of a unit that nobody named is words, and they say that it was at a border."""
    (one,) = words(sent("EQUIPMENT", code, location=ALAT, modeOfTransport="RAIL", **{field: value}))
    assert one.endswith(value)


def test_an_operation_that_is_told_implies_its_mode() -> None:
    """81 at the destination: its mode is no loss, and no words are needed."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    passage = crossing.dlp(
        event("EQUIPMENT", "GTOT", equipmentReference=C1, location=POTI, modeOfTransport="RAIL")
    )
    assert [one["operationCode"] for one in passage.dtc] == ["81"]
    assert "/how/mode" not in {
        pointer for _, pointer, reason, _ in passage.losses if reason == "no-equivalent"
    }


NOWHERE = {"facilityCode": "BERTH 7", "facilityCodeProvider": "ZZZ"}


@pytest.mark.parametrize(
    ("where", "shown", "at"),
    [
        (NOWHERE, f"- {MOSCOW} AT ZZZ BERTH 7", "/location/facilityCode"),
        ({"UNLocationCode": "ROCND"}, f"ROCND {MOSCOW}", "/location/UNLocationCode"),
        ({"UNLocationCode": "IRAZL"}, f"IRAZL {MOSCOW}", "/location/UNLocationCode"),
    ],
)
def test_a_place_that_the_words_tell_is_not_lost(where: dict[str, str], shown: str, at: str) -> None:
    """That no station of the lists is there is odd; what the reader reads is not lost."""
    said = sent("EQUIPMENT", "INSP", equipmentReference=C1, location=where)
    assert words(said) == [f"EQUIPMENT/INSP {C1} {shown}"]
    assert lost(said) == {}
    (found,) = [(one["rule"], one["value"]) for one in said.of("finding") if one["pointer"] == at]
    assert found == ("place-unknown", where[at.rsplit("/", 1)[1]])


def test_a_terminal_is_told_in_the_words_of_the_unit_or_lost() -> None:
    """72 of a container has words of its own; an arrival notice of the note has none."""
    lifted = sent("EQUIPMENT", "LOAD", equipmentReference=C1, modeOfTransport="VESSEL", location=NOWHERE)
    assert [unit["remark"] for one in lifted.out for unit in one["unitOperations"]] == ["AT ZZZ BERTH 7"]
    assert lost(lifted) == {}
    notice = sent("SHIPMENT", "ISSU", documentTypeCode="ARN", location=NOWHERE | POTI)
    assert [one["operationCode"] for one in notice.out] == ["80"]
    assert set(lost(notice)) == {"/location/facilityCode", "/location/facilityCodeProvider"}


NEXT = {"estimatedArrival": "2026-01-19T06:00:00Z", "nextLocation": "GEGAR"}


@pytest.mark.parametrize(
    ("code", "more"),
    [("LOAD", {"modeOfTransport": "RAIL"}), ("INSP", {}), ("CROS", {"modeOfTransport": "RAIL"})],
)
@pytest.mark.parametrize("where", [ALAT, {"facilityCode": "548502", "facilityCodeProvider": "ESR"}])
def test_the_next_place_is_lost_with_its_estimate(
    code: str, more: dict[str, str], where: dict[str, str]
) -> None:
    """Gardabani is not where the note goes to: neither the estimate nor the place is told."""
    said = sent("EQUIPMENT", code, equipmentReference=C1, location=where, **NEXT, **more)
    assert lost(said) | {"/estimatedArrival": "", "/nextLocation": ""} == {
        "/estimatedArrival": "", "/nextLocation": ""
    }  # fmt: skip
    assert lost(said) == dict.fromkeys(("/estimatedArrival", "/nextLocation"), "not-the-destination")


def test_an_estimate_for_the_destination_tells_of_the_next_place() -> None:
    """Poti is where the note goes to: nothing is lost."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    passage = crossing.dlp(event("EQUIPMENT", "INSP", equipmentReference=C1, location=ALAT,
                                 **NEXT | {"nextLocation": "GEPTI"}))  # fmt: skip
    assert [one["etaDestination"] for one in passage.dtc if "etaDestination" in one] == ["19.01.2026 10:00"]
    assert {"/when/eta", "/where/next"}.isdisjoint({pointer for _, pointer, _, _ in passage.losses})


def test_tank_wagons_that_a_terminal_unloads_nobody_says_where_are_not_delivered() -> None:
    """Likewise of an oil company."""
    lot = {
        "eventId": "2d3f5bfe-0e97-57a3-b82a-435692b50239", "eventVersion": 1, "lot": "L-1",
        "lotEvent": "TANKS_UNLOADED", "classifier": "ACT", "eventTime": "2026-01-17T06:45:00Z",
        "recordedAt": "2026-01-17T06:45:00Z", "noteKey": NOTE,
    }  # fmt: skip
    assert words(told(OIL, DTC, lot)) == [f"BULK/DISC L-1 - {MOSCOW} RAIL"]
