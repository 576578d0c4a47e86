"""The operation crosswalk, DTC note to DLP events: one test per row."""

from typing import Any

import pytest

from tests.support.crossing import C1, C2, NOTE, W1, W2, Crossing, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")

NO_DLP_EVENT = ["NOTE/SNAP"]


def about(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """`TYPE/CODE` and the object, for every event."""
    return [
        (
            f"{event['eventType']}/{event['eventCode']}",
            event.get("equipmentReference") or event.get("railCarReference") or event.get("railDepartureID"),
        )
        for event in events
    ]


def test_10_drafted_becomes_one_shipment_event() -> None:
    """10: SHIPMENT DRFT on the transport document, 1:1, at the station and in UTC."""
    events = Crossing().dtc(note("10", "707701", "12.01.2026 09:10")).dlp
    assert pick(
        events, "eventType", "eventCode", "documentTypeCode", "eventClassifierCode", "eventDateTime"
    ) == [("SHIPMENT", "DRFT", "TRD", "ACT", "2026-01-12T04:10:00Z")]
    assert events[0]["timeZoneOffset"] == "+05:00"
    assert events[0]["location"]["UNLocationCode"] == "KZHOR"
    assert (events[0]["location"]["facilityCodeProvider"], events[0]["location"]["facilityCode"]) == (
        "ESR",
        "707701",
    )
    assert {"type": "SMGS", "value": NOTE} in events[0]["references"]


def test_11_contract_concluded_becomes_issued() -> None:
    """11: SHIPMENT ISSU on the transport document, 1:1."""
    events = Crossing().dtc(note("11", "707701", "12.01.2026 09:10")).dlp
    assert pick(events, "eventType", "eventCode", "documentTypeCode") == [("SHIPMENT", "ISSU", "TRD")]


def test_12_amended_becomes_pending_and_confirmed() -> None:
    """12: SHIPMENT PENU then CONF, both with the replaced reference, 1:2."""
    replaced = {"documentType": "SMGS", "oldNumber": NOTE, "newNumber": "707701/2026-01-12/0012399"}
    events = Crossing().dtc(note("12", "707701", "12.01.2026 10:00", documentReplacement=replaced)).dlp
    assert pick(events, "eventType", "eventCode", "documentTypeCode") == [
        ("SHIPMENT", "PENU", "TRD"),
        ("SHIPMENT", "CONF", "TRD"),
    ]
    for event in events:
        assert event["documentReferenceReplacement"] == {
            "type": "SMGS",
            "oldValue": NOTE,
            "newValue": "707701/2026-01-12/0012399",
        }


@pytest.mark.parametrize("how", ["19", "ANNULMENT"])
def test_19_annulled_retracts_every_event_and_voids(how: str) -> None:
    """19: every event of the note is retracted under its own id and next version, then SHIPMENT VOID, 1:n."""
    crossing = Crossing()
    told = crossing.dtc(note("11", "707701", "12.01.2026 09:10")).dlp
    told += crossing.dtc(note("20", "707701", "12.01.2026 14:30", noteVersion=2)).dlp
    last = (
        note("19", "707701", "13.01.2026 08:00", noteVersion=3)
        if how == "19"
        else note(None, noteVersion=3, messageKind="ANNULMENT")
    )
    events = crossing.dtc(last).dlp
    retracted = [event for event in events if event["isRetracted"]]
    assert {event["eventID"] for event in retracted} == {event["eventID"] for event in told}
    assert {event["eventVersion"] for event in retracted} == {2}
    assert sorted(about(retracted)) == sorted(about(told))
    rest = [event for event in events if not event["isRetracted"]]
    assert pick(rest, "eventType", "eventCode", "documentTypeCode") == [("SHIPMENT", "VOID", "TRD")]


def test_19_leaves_the_train_to_the_other_notes() -> None:
    """19: the train left for the other notes aboard, and no longer names this one, until none is left."""
    crossing = Crossing()
    numbers = ("0012345", "0012346")
    for number in numbers:
        told = note("31", "707701", "12.01.2026 22:40", trainIndex="7077-041-5721", noteNumber=number)
        crossing.dtc(told)
    void = [note(None, noteVersion=2, messageKind="ANNULMENT", noteNumber=number) for number in numbers]
    left, gone = ([one for one in crossing.dtc(each).dlp if one["eventType"] == "TRANSPORT"] for each in void)
    assert pick(left, "eventVersion", "isRetracted") == [(3, False)]
    assert [one["value"] for one in left[0]["references"]] == ["707701/2026-01-12/0012346", "7077-041-5721"]
    assert pick(gone, "eventVersion", "isRetracted") == [(4, True)]


def test_20_loaded_becomes_one_event_per_container() -> None:
    """20: EQUIPMENT LOAD (RAIL) per container with its wagon, seals and goods, 1:n."""
    events = Crossing().dtc(note("20", "707701", "12.01.2026 14:30")).dlp
    assert pick(
        events, "eventType", "eventCode", "equipmentReference", "railCarReference", "modeOfTransport"
    ) == [
        ("EQUIPMENT", "LOAD", C1, W1, "RAIL"),
        ("EQUIPMENT", "LOAD", C2, W2, "RAIL"),
    ]
    assert events[0]["seals"] == [
        {"number": "KZ0048821", "source": "SHI"},
        {"number": "SRC-77120", "source": "CUS"},
    ]
    assert events[0]["cargo"] == [
        {"hsCode": "854143", "quantity": "17400", "unitCode": "KGM", "packages": 620},
    ]
    assert events[0]["emptyIndicatorCode"] == "LADEN"


def test_20_wagon_without_containers_is_the_equipment() -> None:
    """20: a tank wagon has no container; its event names the wagon."""
    wagon = {"wagonNumber": W1, "kind": "TANK"}
    events = Crossing().dtc(note("20", "549702", "03.02.2026 05:10", wagons=[wagon])).dlp
    assert about(events) == [("EQUIPMENT/LOAD", W1)]
    assert "equipmentReference" not in events[0]


def test_30_train_formed_has_no_dlp_event() -> None:
    """30: the corridor knows what is on the train; the DLP is told nothing, 1:0, and that is counted."""
    passage = Crossing().dtc(note("30", "707701", "12.01.2026 20:00", trainIndex="7077-041-5721"))
    assert passage.dlp == []
    assert [event["why"]["code"] for event in passage.corridor] == ["NOTE/SNAP", "TRAIN/FORM"]
    formed = passage.corridor[1]
    assert formed["subject"] == {"type": "TRAIN", "id": "7077-041-5721"}
    assert [(unit["kind"], unit["id"], unit["parent"]) for unit in formed["what"]["units"]] == [
        ("WAGON", W1, None),
        ("WAGON", W2, None),
        ("CONTAINER", C1, W1),
        ("CONTAINER", C2, W2),
    ]
    assert passage.filtered.count(("from-corridor.dlp", "no-equivalent")) == 2


@pytest.mark.parametrize(("operation", "code"), [("31", "DEPA"), ("32", "ARRI")])
def test_31_32_n_notes_become_one_train_event(operation: str, code: str) -> None:
    """31, 32: three notes on one train give one TRANSPORT event, n:1, that names each of the notes."""
    crossing = Crossing()
    events = []
    for number in ("0012345", "0012346", "0012347"):
        told = note(operation, "707701", "12.01.2026 22:40", noteNumber=number, trainIndex="7077-041-5721")
        events += crossing.dtc(told).dlp
    assert (
        pick(events, "eventType", "eventCode", "railDepartureID", "modeOfTransport", "eventClassifierCode")
        == [("TRANSPORT", code, "7077-041-5721", "RAIL", "ACT")] * 3
    )
    assert len({event["eventID"] for event in events}) == 1
    assert [event["eventVersion"] for event in events] == [1, 2, 3]
    named = [reference["value"] for reference in events[-1]["references"] if reference["type"] == "SMGS"]
    assert named == [f"707701/2026-01-12/001234{digit}" for digit in "567"]


def test_33_passed_becomes_waypoint() -> None:
    """33: TRANSPORT WAYP, 1:1."""
    events = Crossing().dtc(note("33", "667909", "14.01.2026 01:00", trainIndex="7077-041-5721")).dlp
    assert about(events) == [("TRANSPORT/WAYP", "7077-041-5721")]
    assert events[0]["location"]["UNLocationCode"] == "KZAKX"


def test_34_abandoned_moves_the_estimate_with_a_reason() -> None:
    """34: TRANSPORT ARRI as an estimate at the destination with the delay reason, 1:1."""
    told = note(
        "34", "662905", "15.01.2026 03:15", trainIndex="7077-041-5721", delayReason="VES",
        etaDestination="28.01.2026 12:00", remark="Ожидание судна",
    )  # fmt: skip
    events = Crossing().dtc(told).dlp
    assert pick(
        events, "eventType", "eventCode", "eventClassifierCode", "eventDateTime", "delayReasonCode"
    ) == [("TRANSPORT", "ARRI", "EST", "2026-01-28T08:00:00Z", "VES")]
    assert events[0]["location"]["UNLocationCode"] == "GEPTI"
    assert events[0]["remark"] == "STANDING 662905 SINCE 2026-01-14T22:15:00Z; Ожидание судна"


HANDED = note("40", "558701", "21.01.2026 08:20")
TAKEN = note("41", "562800", "21.01.2026 10:05", noteVersion=2)


def test_40_alone_says_nothing() -> None:
    """40 alone: the other side has not taken over, so there is no crossing yet."""
    assert Crossing().dtc(HANDED).dlp == []


@pytest.mark.parametrize("messages", [(HANDED, TAKEN), (TAKEN, HANDED)], ids=["in-order", "late-hand-over"])
def test_40_and_41_become_one_crossing_per_container(messages: tuple[dict[str, Any], ...]) -> None:
    """40 + 41 in any order: EQUIPMENT CROS at BORD per container, 2:1; a late hand-over completes it."""
    crossing = Crossing()
    first = crossing.dtc(messages[0]).dlp
    assert pick(first, "eventCode", "equipmentReference") == (
        [("CROS", C1), ("CROS", C2)] if messages[0] is TAKEN else []
    )
    passage = crossing.dtc(messages[1])
    if first:
        assert pick(passage.dlp, "eventID", "eventVersion") == [(told["eventID"], 2) for told in first]
    events = passage.dlp
    assert pick(
        events, "eventType", "eventCode", "equipmentReference", "facilityTypeCode", "eventDateTime"
    ) == [
        ("EQUIPMENT", "CROS", C1, "BORD", "2026-01-21T06:05:00Z"),
        ("EQUIPMENT", "CROS", C2, "BORD", "2026-01-21T06:05:00Z"),
    ]
    assert events[0]["location"]["UNLocationCode"] == "GEGAR"
    border = next(
        event["where"]["border"] for event in passage.corridor if event["why"]["code"] == "EQUIPMENT/CROS"
    )
    assert (border["from_admin"], border["to_admin"]) == ("57", "28")
    assert border["taken_over_at"] - border["handed_over_at"] == (1 * 60 + 45) * 60_000


def test_50_transloaded_becomes_discharge_and_load() -> None:
    """50: DISC from the old wagon, LOAD on the new one, both transshipment moves, 1:2 per container."""
    wagon = {"wagonNumber": W1, "transloadedFrom": "333384011224", "containers": [{"containerNo": C1}]}
    events = Crossing().dtc(note("50", "707701", "12.01.2026 16:05", wagons=[wagon])).dlp
    assert pick(events, "eventCode", "equipmentReference", "railCarReference", "isTransshipmentMove") == [
        ("DISC", C1, "333384011224", True),
        ("LOAD", C1, W1, True),
    ]


def test_51_seal_changed_becomes_resealed_per_container() -> None:
    """51: EQUIPMENT RSEA with the seals that are on it now, 1:n."""
    events = Crossing().dtc(note("51", "562800", "21.01.2026 12:30")).dlp
    assert about(events) == [("EQUIPMENT/RSEA", C1), ("EQUIPMENT/RSEA", C2)]
    assert events[1]["seals"] == [{"number": "KZ0048822", "source": "SHI"}]


@pytest.mark.parametrize(
    ("operation", "customs", "equipment"),
    [("60", "SUBM", None), ("61", "CUSR", "CUSR"), ("62", "CUSI", "CUSI"), ("63", "CMPL", None)],
)
def test_60_to_63_customs_on_the_declaration_and_each_container(
    operation: str, customs: str, equipment: str | None
) -> None:
    """60 to 63: CUSTOMS on document CUC; 61 and 62 also as EQUIPMENT per container, 1:n."""
    declaration = {"transitDeclNo": "39805/120126/0000417", "status": "RELEASED", "office": "39805"}
    events = Crossing().dtc(note(operation, "707701", "12.01.2026 17:20", customs=declaration)).dlp
    expected: list[tuple[str, str | None]] = [(f"CUSTOMS/{customs}", None)]
    expected += [(f"EQUIPMENT/{equipment}", C1), (f"EQUIPMENT/{equipment}", C2)] if equipment else []
    assert about(events) == expected
    assert {event["documentTypeCode"] for event in events} == {"CUC"}
    assert events[0]["customs"] == {
        "declarationNo": "39805/120126/0000417",
        "office": "39805",
        "status": "RELEASED",
    }
    assert {"type": "TRANSIT_DECL", "value": "39805/120126/0000417"} in events[0]["references"]


@pytest.mark.parametrize(("operation", "code"), [("70", "LOAD"), ("71", "DISC")])
def test_70_71_rail_ferry_takes_the_wagon_with_its_container(operation: str, code: str) -> None:
    """70, 71: EQUIPMENT LOAD or DISC (VESSEL) per container with its wagon, or per wagon without one."""
    wagons = [{"wagonNumber": W1, "containers": [{"containerNo": C1}]}, {"wagonNumber": W2, "kind": "TANK"}]
    events = Crossing().dtc(note(operation, "693602", "17.01.2026 11:45", wagons=wagons)).dlp
    assert pick(events, "eventCode", "equipmentReference", "railCarReference", "modeOfTransport") == [
        (code, C1, W1, "VESSEL"),
        (code, None, W2, "VESSEL"),
    ]


@pytest.mark.parametrize(("operation", "code"), [("72", "LOAD"), ("73", "DISC")])
def test_72_73_feeder_takes_the_container_alone(operation: str, code: str) -> None:
    """72, 73: EQUIPMENT LOAD or DISC (VESSEL) of the container, without its wagon, 1:1."""
    wagons = [{"wagonNumber": W1, "containers": [{"containerNo": C1}]}]
    events = Crossing().dtc(note(operation, "663404", "17.01.2026 11:45", wagons=wagons)).dlp
    assert pick(events, "eventCode", "equipmentReference", "railCarReference", "modeOfTransport") == [
        (code, C1, None, "VESSEL")
    ]
    assert events[0]["location"]["UNLocationCode"] == "KZAAU"
    assert events[0]["nextLocation"] == "AZALA"


def test_80_arrival_notice_becomes_issued_notice() -> None:
    """80: SHIPMENT ISSU on the arrival notice."""
    events = Crossing().dtc(note("80", "572107", "26.01.2026 09:00")).dlp
    assert pick(events, "eventType", "eventCode", "documentTypeCode") == [("SHIPMENT", "ISSU", "ARN")]


def test_81_delivered_becomes_gate_out_or_available() -> None:
    """81: GTOT for each container, AVPU for a wagon without one, 1:n."""
    wagons = [{"wagonNumber": W1, "containers": [{"containerNo": C1}]}, {"wagonNumber": W2, "kind": "TANK"}]
    events = Crossing().dtc(note("81", "572107", "27.01.2026 09:00", wagons=wagons)).dlp
    assert about(events) == [("EQUIPMENT/GTOT", C1), ("EQUIPMENT/AVPU", W2)]


def test_90_commercial_act_becomes_inspection_with_remark() -> None:
    """90: EQUIPMENT INSP with the remark, 1:1."""
    wagons = [{"wagonNumber": W1, "containers": [{"containerNo": C1}]}]
    events = (
        Crossing().dtc(note("90", "572107", "27.01.2026 10:00", wagons=wagons, remark="Пломба сорвана")).dlp
    )
    assert about(events) == [("EQUIPMENT/INSP", C1)]
    assert events[0]["remark"] == "Пломба сорвана"


def test_unknown_operation_is_a_loss_not_an_event() -> None:
    """An operation that is in no list tells the DLP nothing and is counted as a loss at its field."""
    passage = Crossing().dtc(note("77", "572107", "27.01.2026 10:00"))
    assert passage.dlp == []
    assert ("to-corridor.dtc", "/operationCode", "unknown-code", "77") in passage.losses


@pytest.mark.parametrize(
    "operation", ["10", "11", "12", "20", "31", "34", "51", "60", "61", "70", "72", "80", "81", "90"]
)
def test_nothing_echoes_to_the_dtc(operation: str) -> None:
    """No operation of a note comes back to the platform where it was born."""
    crossing = Crossing()
    passage = crossing.dtc(note(operation, "707701", "12.01.2026 14:30", trainIndex="7077-041-5721"))
    assert passage.dtc == []
