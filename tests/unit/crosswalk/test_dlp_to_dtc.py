"""The operation crosswalk, DLP event to DTC note: one test per row."""

from typing import Any

import pytest

from tests.support.crossing import C1, NOTE, W1, Crossing, event, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")

PORT = {"UNLocationCode": "KZAAU"}
STATION = {"UNLocationCode": "GEPTI"}
OPERATION = ("operationCode", "operationStation", "operationTime", "timeBasis")


def containers(told: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Wagon number and container numbers of a note."""
    return [
        (wagon.get("wagonNumber"), [box["containerNo"] for box in wagon.get("containers", [])])
        for wagon in told.get("wagons", [])
    ]


@pytest.mark.parametrize(
    ("code", "document", "operation"),
    [("DRFT", "TRD", "10"), ("ISSU", "TRD", "11"), ("ISSU", "ARN", "80")],
)
def test_10_11_80_shipment_events_become_operations(code: str, document: str, operation: str) -> None:
    """SHIPMENT DRFT, ISSU (TRD) and ISSU (ARN): 10, 11 and 80 on the note that the reference names."""
    notes = Crossing().dlp(event("SHIPMENT", code, documentTypeCode=document, location=STATION)).dtc
    assert pick(notes, *OPERATION) == [(operation, "572107", "17.01.2026 10:45", "LOC")]
    assert pick(notes, "departureStation", "contractDate", "noteNumber", "noteVersion", "messageKind") == [
        ("707701", "12.01.2026", "0012345", 1, "DELTA")
    ]


def test_12_pending_waits_for_the_confirmation() -> None:
    """SHIPMENT PENU says nothing to the DTC, the CONF that follows is one 12 with the replacement: 2:1."""
    crossing = Crossing()
    replaced = {"type": "SMGS", "oldValue": NOTE, "newValue": "562800/2026-01-21/0000901"}
    pending = crossing.dlp(
        event(
            "SHIPMENT",
            "PENU",
            documentTypeCode="TRD",
            documentReferenceReplacement=replaced,
            location=STATION,
        )
    )
    assert pending.dtc == []
    assert ("from-corridor.dtc", "no-equivalent") in pending.filtered
    notes = crossing.dlp(
        event(
            "SHIPMENT",
            "CONF",
            documentTypeCode="TRD",
            documentReferenceReplacement=replaced,
            location=STATION,
        )
    ).dtc
    assert pick(notes, "operationCode") == [("12",)]
    assert notes[0]["documentReplacement"] == {
        "documentType": "SMGS",
        "oldNumber": NOTE,
        "newNumber": "562800/2026-01-21/0000901",
    }


def test_19_void_annuls_the_note() -> None:
    """SHIPMENT VOID on the transport document: ANNULMENT with operation 19."""
    notes = Crossing().dlp(event("SHIPMENT", "VOID", documentTypeCode="TRD", location=STATION)).dtc
    assert pick(notes, "messageKind", "operationCode") == [("ANNULMENT", "19")]


def test_retracted_event_becomes_an_amendment_that_says_so() -> None:
    """A retracted event: the note is amended (12), with a remark that names what did not happen."""
    crossing = Crossing()
    loaded = event("EQUIPMENT", "LOAD", equipmentReference=C1, modeOfTransport="VESSEL", location=PORT)
    crossing.dlp(loaded)
    notes = crossing.dlp(loaded | {"eventVersion": 2, "isRetracted": True}).dtc
    assert pick(notes, "operationCode", "remark", "noteVersion") == [
        ("12", f"RETRACTED EQUIPMENT/LOAD {C1}", 2)
    ]


def test_20_loaded_on_rail_names_wagon_and_container() -> None:
    """EQUIPMENT LOAD (RAIL): 20 with the container on its wagon."""
    notes = (
        Crossing()
        .dlp(
            event(
                "EQUIPMENT",
                "LOAD",
                equipmentReference=C1,
                modeOfTransport="RAIL",
                railCarReference=W1,
                location=STATION,
            )
        )
        .dtc
    )
    assert pick(notes, "operationCode") == [("20",)]
    assert containers(notes[0]) == [(W1, [C1])]


@pytest.mark.parametrize(("code", "operation"), [("DEPA", "31"), ("ARRI", "32"), ("WAYP", "33")])
def test_31_32_33_train_event_becomes_one_note_per_consignment(code: str, operation: str) -> None:
    """TRANSPORT DEPA, ARRI, WAYP (RAIL): one note version for each SMGS note aboard, 1:n."""
    other = "707701/2026-01-12/0012346"
    references = [{"type": "SMGS", "value": NOTE}, {"type": "SMGS", "value": other}]
    notes = (
        Crossing()
        .dlp(
            event(
                "TRANSPORT",
                code,
                references=references,
                modeOfTransport="RAIL",
                railDepartureID="5485-007-5721",
                location={"UNLocationCode": "AZALA"},
            )
        )
        .dtc
    )
    assert pick(notes, "noteNumber", "operationCode", "operationStation", "trainIndex") == [
        ("0012345", operation, "548502", "5485-007-5721"),
        ("0012346", operation, "548502", "5485-007-5721"),
    ]


def test_30_has_no_dlp_event() -> None:
    """30: no DLP event forms a train; and a train event without notes has no note to tell it."""
    passage = Crossing().dlp(
        event("TRANSPORT", "DEPA", references=[], modeOfTransport="RAIL", railDepartureID="5485-007-5721")
    )
    assert passage.dtc == []
    assert [told["consignment_id"] for told in passage.corridor] == [None]


def estimate(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A DLP estimate of a train's arrival in Poti, 28 January 12:00 there."""
    return event(
        "TRANSPORT",
        "ARRI",
        eventClassifierCode="EST",
        eventDateTime="2026-01-28T08:00:00Z",
        modeOfTransport="RAIL",
        railDepartureID="5485-007-5721",
        **{"location": STATION} | more,
    )


def test_34_is_not_told_of_an_estimate() -> None:
    """TRANSPORT ARRI (EST) with a delay reason: the estimate moves, with the reason; no train stands."""
    crossing = Crossing()
    crossing.dtc(note("31", "707701", "12.01.2026 18:40"))
    passage = crossing.dlp(estimate(delayReasonCode="LOC", remark="No locomotive"))
    assert pick(passage.dtc, "operationCode", "etaDestination", "delayReason", "remark") == [
        (None, "28.01.2026 12:00", "LOC", None)  # what people wrote stays where it is
    ]
    assert "/why/remark" in {pointer for _, pointer, _, _ in passage.losses}


def test_estimate_without_a_reason_moves_only_the_estimate() -> None:
    """TRANSPORT ARRI (EST) without a delay reason: the estimate changes, the operation does not."""
    crossing = Crossing()
    crossing.dtc(note("31", "707701", "12.01.2026 18:40"))
    notes = crossing.dlp(estimate()).dtc
    assert pick(notes, "operationCode", "etaDestination") == [(None, "28.01.2026 12:00")]


def test_estimate_of_a_way_point_is_not_one_of_the_destination() -> None:
    """The note goes to Poti: when the train reaches Gardabani is nothing that the note can say."""
    crossing = Crossing()
    crossing.dtc(note("31", "707701", "12.01.2026 18:40"))
    assert crossing.dlp(estimate(location={"UNLocationCode": "GEGAR"})).dtc == []


def test_estimate_for_a_note_without_a_known_destination_is_a_remark() -> None:
    """Whether Poti is the destination is not known here: the note is told where, when and of which train."""
    notes = Crossing().dlp(estimate(delayReasonCode="LOC")).dtc
    assert pick(notes, "etaDestination", "remark", "delayReason") == [
        (None, "TRANSPORT/ARRI EST 572107 28.01.2026 12:00 LOC RAIL TRAIN 5485-007-5721", "LOC")
    ]


def test_41_crossing_becomes_the_take_over_of_its_unit() -> None:
    """EQUIPMENT CROS: 41 of this unit at the station of entry; when it was handed over nobody said."""
    entry = {"UNLocationCode": "GEGAR", "facilityCode": "562800", "facilityCodeProvider": "ESR"}
    notes = (
        Crossing()
        .dlp(
            event(
                "EQUIPMENT",
                "CROS",
                equipmentReference=C1,
                modeOfTransport="RAIL",
                railCarReference=W1,
                location=entry,
            )
        )
        .dtc
    )
    assert pick(notes, "operationCode", "operationStation", "operationTime", "noteVersion") == [
        ("41", "562800", "17.01.2026 10:45", 1)
    ]
    assert pick(notes[0]["unitOperations"], "unit", "operationCode") == [(C1, "41")]


def test_50_transshipment_load_on_rail_after_its_discharge() -> None:
    """DISC + LOAD (RAIL) as transshipment moves where gauges meet: one 50 with the load, 2:1."""
    crossing = Crossing()
    move = {
        "equipmentReference": C1,
        "modeOfTransport": "RAIL",
        "isTransshipmentMove": True,
        "location": {"facilityCode": "707701", "facilityCodeProvider": "ESR"},
    }
    assert crossing.dlp(event("EQUIPMENT", "DISC", railCarReference="333384011224", **move)).dtc == []
    notes = crossing.dlp(event("EQUIPMENT", "LOAD", railCarReference=W1, **move)).dtc
    assert pick(notes, "operationCode") == [("50",)]
    assert containers(notes[0]) == [(W1, [C1])]


def test_51_resealed_carries_the_seals() -> None:
    """EQUIPMENT RSEA: 51 with the seals and who affixed them."""
    seals = [{"number": "GE-90017", "source": "CUS"}, {"number": "X1", "source": "CAR"}]
    notes = (
        Crossing()
        .dlp(
            event(
                "EQUIPMENT", "RSEA", equipmentReference=C1, railCarReference=W1, seals=seals, location=STATION
            )
        )
        .dtc
    )
    assert pick(notes, "operationCode") == [("51",)]
    assert notes[0]["wagons"][0]["containers"][0]["seals"] == [
        {"number": "GE-90017", "owner": "CUSTOMS"},
        {"number": "X1", "owner": "CARRIER"},
    ]


@pytest.mark.parametrize(
    ("code", "operation"), [("SUBM", "60"), ("CUSR", "61"), ("CUSI", "62"), ("CMPL", "63")]
)
def test_60_to_63_customs_events_become_operations(code: str, operation: str) -> None:
    """CUSTOMS SUBM, CUSR, CUSI, CMPL: 60 to 63 with the declaration."""
    customs = {"declarationNo": "C2026-118", "office": "GE69101", "status": "RELEASED"}
    notes = (
        Crossing().dlp(event("CUSTOMS", code, documentTypeCode="CUC", customs=customs, location=STATION)).dtc
    )
    assert pick(notes, "operationCode") == [(operation,)]
    assert notes[0]["customs"] == {"transitDeclNo": "C2026-118", "status": "RELEASED", "office": "GE69101"}


@pytest.mark.parametrize(("code", "operation"), [("CUSR", "61"), ("CUSI", "62")])
def test_61_62_customs_on_equipment(code: str, operation: str) -> None:
    """EQUIPMENT CUSR, CUSI: 61 and 62 as well."""
    notes = (
        Crossing()
        .dlp(event("EQUIPMENT", code, equipmentReference=C1, railCarReference=W1, location=STATION))
        .dtc
    )
    assert pick(notes, "operationCode") == [(operation,)]


@pytest.mark.parametrize(("code", "operation"), [("LOAD", "70"), ("DISC", "71")])
def test_70_71_vessel_with_the_wagon_is_the_rail_ferry(code: str, operation: str) -> None:
    """EQUIPMENT LOAD, DISC (VESSEL) with a wagon: it rolled on or off a rail ferry, 70 and 71."""
    notes = (
        Crossing()
        .dlp(
            event(
                "EQUIPMENT",
                code,
                equipmentReference=C1,
                modeOfTransport="VESSEL",
                railCarReference=W1,
                location=PORT,
            )
        )
        .dtc
    )
    assert pick(notes, "operationCode") == [(operation,)]
    assert containers(notes[0]) == [(W1, [C1])]


@pytest.mark.parametrize(("code", "operation"), [("LOAD", "72"), ("DISC", "73")])
def test_72_73_vessel_without_a_wagon_is_the_feeder(code: str, operation: str) -> None:
    """EQUIPMENT LOAD, DISC (VESSEL) without a wagon: lifted on or off a feeder, 72 and 73."""
    notes = (
        Crossing()
        .dlp(
            event(
                "EQUIPMENT",
                code,
                equipmentReference=C1,
                modeOfTransport="VESSEL",
                location=PORT,
                nextLocation="AZALA",
            )
        )
        .dtc
    )
    assert pick(notes, "operationCode", "operationStation") == [(operation, "663404")]
    assert notes[0]["wagons"] == [{"containers": [{"containerNo": C1}]}]  # on a wagon nobody named
    assert pick(notes[0]["unitOperations"], "unit", "operationCode") == [(C1, operation)]


@pytest.mark.parametrize("code", ["GTOT", "AVPU"])
def test_81_gate_out_and_available_are_delivered(code: str) -> None:
    """EQUIPMENT GTOT and AVPU: 81 at the destination of the note; where that is not known, words."""
    assert pick(Crossing().dlp(event("EQUIPMENT", code, equipmentReference=C1, location=STATION)).dtc,
                "operationCode") == [(None,)]  # fmt: skip
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    notes = crossing.dlp(event("EQUIPMENT", code, equipmentReference=C1, location=STATION)).dtc
    assert pick(notes, "operationCode") == [("81",)]


def test_90_inspection_keeps_the_remark() -> None:
    """EQUIPMENT INSP: 90 with the remark."""
    notes = (
        Crossing()
        .dlp(event("EQUIPMENT", "INSP", equipmentReference=C1, remark="Seal broken", location=STATION))
        .dtc
    )
    assert pick(notes, "operationCode", "remark") == [("90", "Seal broken")]


def test_port_call_becomes_a_remark_or_is_counted() -> None:
    """PORTCALL: a remark on each note aboard; without a note it is counted as no equivalent."""
    crossing = Crossing()
    call = {
        "serviceTypeCode": "PILO",
        "vesselIMONumber": "9074729",
        "vesselName": "SYNTHETIC",
        "location": PORT,
    }
    notes = crossing.dlp(event("PORTCALL", "STRT", **call)).dtc
    assert pick(notes, "remark", "operationCode") == [
        ("PORTCALL/STRT PILO SYNTHETIC 663404 17.01.2026 11:45 LOC VESSEL IMO 9074729", None)
    ]
    alone = crossing.dlp(event("PORTCALL", "CMPL", references=[], **call))
    assert alone.dtc == []
    assert ("from-corridor.dtc", "not-concerned") in alone.filtered


def test_unknown_code_is_a_loss_not_an_operation() -> None:
    """A code that is in no list becomes no operation and is counted at its field."""
    passage = Crossing().dlp(event("EQUIPMENT", "XXXX", equipmentReference=C1, location=STATION))
    assert passage.dtc == []
    assert [loss[2] for loss in passage.losses if loss[0] == "to-corridor.dlp"] == ["unknown-code"]


def test_planned_and_estimated_events_are_no_operations() -> None:
    """A planned loading did not happen: the DTC is told nothing, and that is counted."""
    planned = event(
        "EQUIPMENT", "LOAD", eventClassifierCode="PLN", equipmentReference=C1, modeOfTransport="VESSEL"
    )
    passage = Crossing().dlp(planned)
    assert passage.dtc == []
    assert ("from-corridor.dtc", "no-equivalent") in passage.filtered


def test_nothing_echoes_to_the_dlp() -> None:
    """No event comes back to the platform where it was born."""
    passage = Crossing().dlp(event("SHIPMENT", "ISSU", documentTypeCode="TRD", location=STATION))
    assert passage.dlp == []


def test_events_of_the_dtc_itself_fill_the_note_but_are_not_sent_back() -> None:
    """The version goes on from that of the DTC's note; the event names no wagon, so nobody does."""
    crossing = Crossing()
    assert crossing.dtc(note("20", "707701", "12.01.2026 14:30", noteVersion=4)).dtc == []
    notes = crossing.dlp(
        event(
            "EQUIPMENT",
            "LOAD",
            equipmentReference=C1,
            modeOfTransport="VESSEL",
            location=PORT,
            nextLocation="AZALA",
        )
    ).dtc
    assert pick(notes, "messageKind", "noteVersion", "operationCode") == [("DELTA", 5, "72")]
    assert containers(notes[0]) == [(None, [C1])]
