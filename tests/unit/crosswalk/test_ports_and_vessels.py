"""Ports and vessel operators: what they tell the corridor, the platforms and one another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import profiles
from schemas.mapping.runtime import uuid5
from tests.support.crossing import NOTE, Crossing, Passage, form, pick

pytestmark = pytest.mark.system("port", "vessel", "dtc", "dlp")

PORT = profiles.load("port.event.v1").examples
VESSEL = profiles.load("vessel.event.v1").examples
CONSIGNMENT = uuid5(NOTE)


def crossing() -> Crossing:
    """Two ports, an operator and both platforms."""
    return Crossing(
        dtc="dtc.note.v1",
        dlp="dlp.event.v1",
        kuryk="port.event.v1",
        alat="port.event.v1",
        ferries="vessel.event.v1",
    )


def tell(where: Crossing, sender: str, message: dict[str, Any]) -> Passage:
    """Let a participant send an event."""
    body = form(where.participants[sender]).to_avro(json.dumps(message).encode())
    return where.send_avro(sender, body, f"{message['eventID']}:{message['eventVersion']}")


def meaning(message: dict[str, Any]) -> dict[str, Any]:
    """A message without its id, which is each side's own."""
    return {name: value for name, value in message.items() if name != "eventID"}


@pytest.mark.parametrize(
    "name",
    [
        "vessel-expected",
        "at-anchor",
        "pilot-aboard",
        "at-berth",
        "cargo-started",
        "cargo-completed",
        "vessel-sailed",
    ],
)
def test_port_call_becomes_one_dlp_event(name: str) -> None:
    """Berth, pilot and cargo operations: one PORTCALL with service code, in the vessel's own partition."""
    passage = tell(crossing(), "kuryk", PORT[name])
    (told,) = passage.dlp
    assert told["eventType"] == "PORTCALL"
    assert pick([told], "eventCode", "serviceTypeCode", "vesselIMONumber", "voyageNumber") == pick(
        [PORT[name]], "eventCode", "serviceTypeCode", "vesselIMONumber", "voyageNumber"
    )
    assert passage.outputs[0].key == b"VESSEL:9074729"
    assert passage.dtc == []


def test_an_operator_is_told_of_a_call_once_whoever_is_aboard() -> None:
    """A truck without a note is a shipment of its own: the operator has the call of the vessel itself."""
    where = Crossing(aboard=True, dtc="dtc.note.v1", kuryk="port.event.v1", ferries="vessel.event.v1")
    truck = {
        name: value
        for name, value in PORT["wagon-rolled-on"].items()
        if name not in {"railCarReference", "noteKey"}
    }
    tell(where, "kuryk", truck | {"truckPlate": "10AA123", "plateCountry": "AZ"})
    sailed = tell(where, "kuryk", PORT["vessel-sailed"])
    derived = [one for one in sailed.corridor if one["envelope"]["derived_from"] is not None]
    assert [one["consignment_id"] for one in derived] == [None]
    assert len(sailed.sent["ferries"]) == 1


@pytest.mark.parametrize("name", [name for name in PORT if name not in {"truck-at-gate", "closed-by-storm"}])
def test_port_to_port_gives_back_what_was_told(name: str) -> None:
    """One port tells another: calls, units on vessels, closures and queues, without any loss."""
    told = tell(crossing(), "kuryk", PORT[name]).sent["alat"]
    joined = {key: value for one in told for key, value in one.items()}
    assert meaning(joined) == meaning(PORT[name])


@pytest.mark.parametrize("name", [name for name in VESSEL if name != "manifest"])
def test_operator_to_operator_gives_back_what_was_told(name: str) -> None:
    """Schedule, estimates and movements come to another operator as they were told."""
    where = Crossing(one="vessel.event.v1", other="vessel.event.v1")
    (told,) = tell(where, "one", VESSEL[name]).sent["other"]
    assert meaning(told) == {**meaning(VESSEL[name]), "manifest": []}


def test_a_storm_closes_the_port() -> None:
    """A closure and the expected reopening reach ports and operators; no platform has an event for them."""
    passage = tell(crossing(), "kuryk", PORT["closed-by-storm"])
    assert [(e["why"]["code"], e["when"]["classifier"], e["subject"]) for e in passage.corridor] == [
        ("PORT/CLOS", "ACT", {"type": "PORT", "id": "KZKUR"}),
        ("PORT/OPEN", "EST", {"type": "PORT", "id": "KZKUR"}),
    ]
    for listener in ("alat", "ferries"):
        assert pick(passage.sent[listener], "eventCode", "eventClassifierCode", "eventDateTime") == [
            ("CLOS", "ACT", "2026-01-19T14:00:00Z"),
            ("OPEN", "EST", "2026-01-21T06:00:00Z"),
        ]
    assert passage.sent["ferries"][0]["delayReasonCode"] == "WEA"
    assert passage.dlp == passage.dtc == []


def test_queues_are_one_event_for_each_kind() -> None:
    """Trucks and wagons that wait are counted apart."""
    events = tell(crossing(), "kuryk", PORT["queue"]).corridor
    assert [(e["how"]["mode"], e["what"]["total_units"]) for e in events] == [("TRUCK", 312), ("RAIL", 148)]


def test_70_wagon_rolled_on_at_the_port_reaches_the_note() -> None:
    """70: a LOAD with vessel and wagon is operation 70 of the note, and EQUIPMENT LOAD in the DLP."""
    passage = tell(crossing(), "kuryk", PORT["wagon-rolled-on"])
    assert passage.corridor[0]["consignment_id"] == CONSIGNMENT
    assert pick(passage.dtc, "operationCode", "operationStation") == [("70", "693602")]
    assert pick(passage.dlp, "eventCode", "modeOfTransport", "railCarReference") == [
        ("LOAD", "VESSEL", PORT["wagon-rolled-on"]["railCarReference"])
    ]


@pytest.mark.parametrize(
    ("code", "unit", "operation"),
    [("DISC", "wagon", "71"), ("LOAD", "box", "72"), ("DISC", "box", "73")],
)
def test_71_to_73_at_the_port_reach_the_note(code: str, unit: str, operation: str) -> None:
    """71, 72, 73: rolled off, lifted on, lifted off, as the port tells it."""
    message = {**PORT["wagon-rolled-on"], "eventCode": code}
    if unit == "box":
        del message["railCarReference"]
        message["equipmentReference"] = "TITU1000000"
    passage = tell(crossing(), "kuryk", message)
    assert [one["operationCode"] for one in passage.dtc] == [operation]


def test_a_manifest_lists_every_unit_in_its_shipment() -> None:
    """Each line becomes an event in the partition of its consignment, a truck without a note in its own."""
    passage = tell(crossing(), "ferries", VESSEL["manifest"])
    assert [(e["why"]["code"], e["subject"]["type"], e["consignment_id"]) for e in passage.corridor] == [
        ("VESSEL/MANI", "VESSEL", None),
        ("VESSEL/LIST", "WAGON", CONSIGNMENT),
        ("VESSEL/LIST", "EQUIPMENT", CONSIGNMENT),
        ("VESSEL/LIST", "WAGON", CONSIGNMENT),
        ("VESSEL/LIST", "TRUCK", None),
    ]
    keys = [output.key.decode() for output in passage.outputs]
    assert keys == ["VESSEL:9074729", CONSIGNMENT, CONSIGNMENT, CONSIGNMENT, "TRUCK:10AA123"]


def test_an_estimate_replaces_the_one_before() -> None:
    """A later estimate is the next version of the same event at the DLP, with its reason."""
    where = crossing()
    told = (
        tell(where, "ferries", VESSEL["expected"]).dlp + tell(where, "ferries", VESSEL["expected-later"]).dlp
    )
    assert pick(told, "eventVersion", "eventDateTime", "delayReasonCode") == [
        (1, "2026-01-18T02:00:00Z", None),
        (2, "2026-01-18T11:00:00Z", "WEA"),
    ]
    assert len({one["eventID"] for one in told}) == 1


def test_personal_data_of_a_manifest_stays_in_the_corridor() -> None:
    """Plates of trucks reach neither the DTC nor a port's partner that has no use for them."""
    passage = tell(crossing(), "ferries", VESSEL["manifest"])
    assert passage.sent["kuryk"] == passage.dtc == []
