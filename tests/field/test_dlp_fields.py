"""Fields of a DLP event that say a thing twice, or that the note has no place for, are named by reason."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.mapping.reasons import kind_of
from tests.support.crossing import C1, NOTE, W1, Crossing, Passage, event, note, pick

pytestmark = pytest.mark.system("dlp", "dtc")

ALAT = {"UNLocationCode": "AZALA"}
GARDABANI = {"UNLocationCode": "GEGAR", "facilityCode": "562800", "facilityCodeProvider": "ESR"}


def sent(*given: dict[str, Any]) -> Passage:
    """What became of DLP events."""
    return sent_for(None, *given)


def sent_for(destination: str | None, *given: dict[str, Any]) -> Passage:
    """What became of them where the DTC has told the note, or not."""
    crossing = Crossing()
    if destination is not None:
        crossing.dtc(note("20", "707701", "12.01.2026 14:30", destinationStation=destination))
    for one in given:
        passage = crossing.dlp(one)
    return passage


def reasons(passage: Passage) -> dict[str, str]:
    """Field of the corridor event to why it is not in the note."""
    return {pointer: reason for stage, pointer, reason, _ in passage.losses if stage == "from-corridor.dtc"}


def box(code: str, **more: object) -> dict[str, Any]:
    """What happened to a container on a wagon."""
    return event("EQUIPMENT", code, equipmentReference=C1, **{"location": ALAT} | more)


RAIL = {"modeOfTransport": "RAIL", "railCarReference": W1}


def test_a_place_beside_its_station_is_implied() -> None:
    """562800 is Gardabani; a station says the place, and another place than the station's is lost."""
    same = reasons(sent(box("CROS", location=GARDABANI, **RAIL)))
    assert same["/where/unlocode"] == "implied"
    other = reasons(sent(box("CROS", location=GARDABANI | {"UNLocationCode": "GEPTI"}, **RAIL)))
    assert other["/where/unlocode"] == "no-equivalent"
    assert "/where/unlocode" not in reasons(sent(box("CROS", location={"UNLocationCode": "GEGAR"}, **RAIL)))


VESSEL = {
    "vesselIMONumber": "9074729", "vesselName": "SYNTHETIC", "vesselMMSI": "423000001",
    "voyageNumber": "026W", "portVisitReference": "KZAAU-2026-0113", "transportCallReference": "4711",
}  # fmt: skip
AKTAU_CT = {"UNLocationCode": "KZAAU", "facilityCode": "AKTAU-CT", "facilityCodeProvider": "ZZZ"}


def lost(passage: Passage) -> set[str]:
    """What of an event a note does not tell."""
    return {field for field, reason in reasons(passage).items() if kind_of(reason) == "loss"}


def test_a_unit_is_told_of_terminal_and_vessel_in_words() -> None:
    """72 at 663404: a note has no field for terminal and vessel. The words are the unit's."""
    loaded = sent(box("LOAD", location=AKTAU_CT, modeOfTransport="VESSEL", facilityTypeCode="POTE", **VESSEL))
    assert pick(loaded.dtc, "operationCode", "operationStation", "remark") == [("72", "663404", None)]
    assert [one["remark"] for one in loaded.dtc[0]["unitOperations"]] == [
        "SYNTHETIC IMO 9074729 MMSI 423000001 VOYAGE 026W CALL KZAAU-2026-0113 AT ZZZ AKTAU-CT"
    ]
    assert lost(loaded) == set()
    assert reasons(loaded)["/where/facility_type"] == "implied"  # 72 is at a port
    assert reasons(loaded)["/how/call_reference"] == "handling"  # where the sender finds his own record


def test_a_container_that_leaves_by_truck_is_told_of_without_loss() -> None:
    """81 at Poti: by which road and out of which terminal stands in words; what a note is of is laden."""
    gate = {"UNLocationCode": "GEPTI", "facilityCode": "POTI-CT", "facilityCodeProvider": "ZZZ"}
    left = sent_for(
        "572107",
        box(
            "GTOT",
            location=gate,
            modeOfTransport="TRUCK",
            facilityTypeCode="POTE",
            emptyIndicatorCode="LADEN",
        ),
    )
    assert pick(left.dtc, "operationCode", "operationStation") == [("81", "572200")]
    assert left.dtc[0]["unitOperations"][0]["remark"] == "TRUCK AT ZZZ POTI-CT POTE"
    assert lost(left) == set()
    empty = sent(box("GTOT", location=gate, emptyIndicatorCode="EMPTY"))
    assert reasons(empty)["/what/units/0/laden"] == "no-equivalent"


def test_an_estimate_is_told_without_loss() -> None:
    """The number of a block train has a field; that a train comes by rail says the field of the estimate."""
    crossing = Crossing()
    crossing.dtc(note("31", "707701", "13.01.2026 12:00", destinationStation="572200"))
    came = event(
        "TRANSPORT", "ARRI", eventClassifierCode="EST", railDepartureID="1203", modeOfTransport="RAIL",
        location={"UNLocationCode": "GEPTI"}, transportCallReference="1203-2-3",
    )  # fmt: skip
    told = crossing.dlp(came)
    assert pick(told.dtc, "trainNumber", "etaDestination") == [("1203", "17.01.2026 10:45")]
    assert lost(told) == set()


def test_a_retraction_loses_nothing() -> None:
    """What is taken back holds no more: its terminal and its time are not lost, they never were."""
    one = box(
        "LOAD", location=AKTAU_CT, modeOfTransport="VESSEL", **VESSEL, eventDateTime="2026-01-17T06:45:12Z"
    )
    taken = one | {"eventVersion": 2, "isRetracted": True, "eventUpdatedDateTime": "2026-01-18T00:00:00Z"}
    assert lost(sent(one)) == {"/when/occurred_at"}
    assert reasons(sent(one, taken)) == {}


def test_where_it_goes_next_is_lost_unless_it_chose_the_station() -> None:
    """At Alat the export station says that it goes to Aktau; nothing says that it goes to Gardabani."""
    feeder = {"modeOfTransport": "VESSEL"}
    there = sent(box("LOAD", nextLocation="KZAAU", **feeder))
    assert there.dtc[0]["operationStation"] == "549204"
    assert "/where/next" not in reasons(there)
    assert reasons(sent(box("LOAD", nextLocation="GEGAR", **RAIL)))["/where/next"] == "no-equivalent"


@pytest.mark.parametrize(
    ("code", "fields", "expected"),
    [
        ("LOAD", RAIL | {"isTransshipmentMove": True, "location": {"UNLocationCode": "KZHOR"}}, ("50", None)),
        ("LOAD", RAIL | {"isTransshipmentMove": True}, ("20", "no-equivalent")),
        ("LOAD", RAIL | {"isTransshipmentMove": False}, ("20", "implied")),
        ("LOAD", {"modeOfTransport": "VESSEL", "isTransshipmentMove": True}, ("72", "no-equivalent")),
    ],
)
def test_a_transshipment_is_told_implied_or_lost(
    code: str, fields: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    """50 is from wagon to wagon where gauges meet, 20 is not; of ships the note does not say it."""
    passage = sent(box(code, **fields))
    operations = [one["operationCode"] for one in passage.dtc]
    assert (operations[-1], reasons(passage).get("/why/transshipment")) == expected


def test_the_document_of_an_operation_is_implied_and_another_one_is_lost() -> None:
    """61 is of the customs document (CUC); whatever document is named, the operation is told."""
    found = reasons(sent(event("CUSTOMS", "CUSR", documentTypeCode="CUC", location=ALAT)))
    assert found["/why/document"] == "implied"
    loaded = sent(box("LOAD", documentTypeCode="SHI", **RAIL))
    assert pick(loaded.dtc, "operationCode") == [("20",)]
    assert reasons(loaded)["/why/document"] == "no-equivalent"
    issued = sent(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=ALAT))
    assert pick(issued.dtc, "operationCode") == [("11",)]
    assert "/why/document" not in reasons(issued)


def test_a_mode_that_the_operation_says_is_implied() -> None:
    """A crossing between railways is by rail; any other mode is told in words."""
    rail = sent(box("CROS", modeOfTransport="RAIL"))
    assert reasons(rail)["/how/mode"] == "implied"
    assert "remark" not in rail.dtc[0]["unitOperations"][0]
    road = sent(box("CROS", modeOfTransport="TRUCK"))
    assert "/how/mode" not in reasons(road)
    assert "operationCode" not in road.dtc[0]
    assert road.dtc[0]["remark"].startswith(f"EQUIPMENT/CROS {C1} ")
    assert road.dtc[0]["remark"].endswith(" TRUCK")


def test_a_version_is_handling() -> None:
    """It orders the messages of the sender; the note has versions of its own."""
    assert reasons(sent(box("CROS")))["/envelope/source_sequence"] == "handling"


def test_out_of_a_gate_and_on_is_not_delivered() -> None:
    """Out of the gate at Alat on the way to Gardabani: a remark, and no 81."""
    (on,) = sent(box("GTOT", nextLocation="GEGAR")).dtc
    assert "operationCode" not in on
    assert on["remark"].startswith("EQUIPMENT/GTOT")
    for delivered in (box("GTOT"), box("GTOT", nextLocation="AZALA"), box("AVPU")):
        assert pick(sent_for("548502", delivered).dtc, "operationCode") == [("81",)]
        assert pick(sent(delivered).dtc, "operationCode") == [(None,)]  # nobody knows where it goes


def modes(**fields: object) -> tuple[str, str | None, set[str]]:
    """Subject, mode and findings of a movement."""
    passage = sent(event("TRANSPORT", "DEPA", location=ALAT, **fields))
    (moved,) = passage.corridor
    return moved["subject"]["type"], moved["how"]["mode"], {rule for _, _, rule, _ in passage.findings}


def test_the_mode_is_told_by_word_by_number_or_by_what_moves() -> None:
    """Rec 19: 1 maritime, 2 rail, 3 road, 7 fixed installation. Where nothing says it, it is not known."""
    assert modes(modeOfTransport="RAIL", railDepartureID="T1")[:2] == ("TRAIN", "RAIL")
    assert modes(modeOfTransportCode=1, vesselName="V")[:2] == ("VESSEL", "VESSEL")
    assert modes(modeOfTransportCode=3, truckPlate="10AA123")[:2] == ("TRUCK", "TRUCK")
    for fields, expected in (
        ({"railDepartureID": "T1"}, ("TRAIN", "RAIL")),
        ({"vesselMMSI": "423000001"}, ("VESSEL", "VESSEL")),
        ({"truckPlate": "10AA123"}, ("TRUCK", "TRUCK")),
    ):
        kind, mode, findings = modes(**fields)
        assert ((kind, mode), "mode-by-means" in findings) == (expected, True)
    assert modes()[:2] == ("CONSIGNMENT", None)


def test_two_words_for_the_mode_agree_or_are_a_finding() -> None:
    """The number beside the word is implied; another number is told."""
    given = {"modeOfTransport": "RAIL", "railDepartureID": "T1"}
    assert "differs-from-mode" in modes(**given, modeOfTransportCode=1)[2]
    passage = sent(event("TRANSPORT", "DEPA", location=ALAT, modeOfTransportCode=2, **given))
    assert ("to-corridor.dlp", "/modeOfTransportCode", "implied", "2") in passage.losses


def test_a_place_that_only_its_name_says_is_a_finding() -> None:
    """Ələt is Alat."""
    passage = sent(box("RSEA", location={"locationName": "Ələt"}, railCarReference=W1))
    assert passage.corridor[0]["where"]["unlocode"] == "AZALA"
    assert "place-by-name" in {rule for _, _, rule, _ in passage.findings}


def test_each_consignment_of_an_event_is_its_own_subject() -> None:
    """Two notes of one declaration: the subject of each event is its own consignment."""
    other = "707701/2026-01-12/0012346"
    references = [{"type": "SMGS", "value": key} for key in (NOTE, other)]
    events = sent(event("CUSTOMS", "CUSR", references=references, location=ALAT)).corridor
    assert len({one["subject"]["id"] for one in events}) == 2
    assert all(one["subject"]["id"] == one["consignment_id"] for one in events)


@pytest.mark.parametrize("code", ["GTOT", "AVPU"])
def test_out_of_a_gate_on_the_way_is_not_delivered(code: str) -> None:
    """A note to Poti: out of the gate at Aktau nobody says where to, and it is a remark; at Poti it is 81."""
    crossing = Crossing()
    crossing.dtc(note("31", "707701", "12.01.2026 18:40", noteVersion=3))
    (way,) = crossing.dlp(box(code, location={"UNLocationCode": "KZAAU"})).dtc
    assert "operationCode" not in way
    assert way["remark"].startswith(f"EQUIPMENT/{code} {C1} 6")
    assert "unitOperations" not in way or way["unitOperations"] == []
    somewhere = crossing.dlp(box(code, location={"locationName": "Somewhere"}))
    assert all("operationCode" not in one for one in somewhere.dtc)
    (there,) = crossing.dlp(box(code, location={"UNLocationCode": "GEPTI"})).dtc
    assert there["operationCode"] == "81"
