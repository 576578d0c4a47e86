"""Lines of a report that a person has to act on: the right field, the right value, in the sender's words."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support import crossing
from tests.support.field import Told, told

DTC, DLP, OIL, PORT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "port.event.v1"
KEY = "707701/2026-01-12/0500034"


def event(kind: str = "EQUIPMENT/LOAD", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A DLP event of a note, at Aktau."""
    first, code = kind.split("/")
    made = {
        "eventID": "07996bb2-f260-55c4-9a70-aedebeabffb0", "eventVersion": 1, "eventType": first,
        "eventCode": code, "eventClassifierCode": "ACT", "eventDateTime": "2026-01-17T06:45:00Z",
        "eventCreatedDateTime": "2026-01-17T06:45:00Z", "references": [{"type": "SMGS", "value": KEY}],
        "location": {"UNLocationCode": "KZAAU"},
    }  # fmt: skip
    return made | fields


def note(number: str = "2000171", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A note whose container was put on a wagon at Altynkol, or what else happened."""
    made = {
        "messageId": f"9934f57c-881f-58fa-96d3-43687c{number[-6:]}", "messageKind": "SNAPSHOT",
        "noteType": "SMGS", "noteNumber": number, "contractDate": "12.01.2026", "noteVersion": 1,
        "departureStation": "707701", "destinationStation": "572107", "operationCode": "20",
        "operationStation": "707701", "operationTime": "12.01.2026 14:30", "timeBasis": "LOC",
        "wagons": [{"wagonNumber": "94201712", "containers": [{"containerNo": "CSQU3054383"}]}],
    }  # fmt: skip
    return made | fields


def lot(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """An oil lot loaded at Aktau."""
    made = {
        "eventId": "302417f4-8de6-5a7a-9532-3e798de840e2", "eventVersion": 1, "lot": "L-05",
        "lotEvent": "LOADED", "classifier": "ACT", "eventTime": "2026-01-25T16:00:00Z",
        "recordedAt": "2026-01-25T16:00:00Z", "UNLocationCode": "KZAAU", "hsCode": "270900",
    }  # fmt: skip
    return made | fields


def line(said: Told, rule: str) -> tuple[str, str]:
    """Pointer and value of the one finding or loss of a rule or for a reason."""
    (one,) = [one for one in said.report if rule in (one.get("rule"), one.get("reason"))]
    return one["pointer"], one["value"]


def test_what_replaces_itself_is_reported_at_the_senders_fields() -> None:
    """Version 2 names another train: when that was amended is not in `eventUpdatedDateTime`."""
    first = event("TRANSPORT/DEPA", modeOfTransport="RAIL", railDepartureID="5485-005-5721")
    said = told(DLP, DTC, first, first | {"eventVersion": 2, "railDepartureID": "5485-006-5721"})
    assert line(said, "time-of-amendment-unknown") == ("/eventUpdatedDateTime", "2026-05-27T16:40:01Z")


def test_notes_that_disagree_disagree_about_the_time() -> None:
    """One train, 22:40 and 22:55 at Altynkol (UTC+5): the finding has the other note's time and key."""
    train = {"operationCode": "31", "trainIndex": "7077-118-5721", "operationTime": "12.01.2026 22:40"}
    second = note("2000172", **train | {"operationTime": "12.01.2026 22:55"})
    said = told(DTC, DLP, note(**train), second)
    other = "2026-01-12T17:40:00Z by SMGS 707701/2026-01-12/2000171"
    assert line(said, "contradicts-other-note") == ("/operationTime", other)


def test_the_assumed_time_of_an_annulment_is_the_one_that_is_told() -> None:
    """An annulment without operation and time is told with the time of its receipt."""
    void = {"messageId": "7ee3bd4e-89d8-5c4a-bd9f-74227631e143", "messageKind": "ANNULMENT",
            "noteNumber": "2000171", "contractDate": "12.01.2026", "noteVersion": 2,
            "departureStation": "707701"}  # fmt: skip
    said = told(DTC, DLP, note(), void)
    assert said.out[-1]["eventCode"] == "VOID"
    assert line(said, "time-assumed") == ("/operationTime", said.out[-1]["eventDateTime"])


WARM = {"kind": "GROSS", "quantity": "7594.5", "unit": "MTQ", "reference": "C20"}
CUBIC = {"kind": "GROSS", "quantity": "7561.25", "unit": "MTQ", "reference": "C15"}


@pytest.mark.parametrize(
    ("fields", "rule", "expected"),
    [
        ({"quantities": [WARM]}, "needs-density", ("/quantities/0/quantity", "7594.5")),
        (
            {"quantities": [CUBIC], "density": {"value": "793.5", "reference": "C15"}, "bswPct": "101"},
            "out-of-range",
            ("/bswPct", "101"),
        ),
        (
            {"quantities": [CUBIC], "density": {"value": "1200", "reference": "C20"}, "bswPct": "1"},
            "density-out-of-range",
            ("/density/value", "1200"),
        ),
        (
            {"quantities": [CUBIC], "density": {"value": "1200", "reference": "C15"}, "bswPct": "1"},
            "out-of-range",
            ("/density/value", "1200"),
        ),
    ],
)
def test_a_quantity_is_reported_as_it_was_sent(
    fields: dict[str, Any], rule: str, expected: tuple[str, str]
) -> None:
    """Not what was computed of it; and a density beyond the table is said once, at the density."""
    said = told(OIL, DLP, lot(**fields))
    assert line(said, rule) == expected
    assert len([one for one in said.of("finding") if "density" in one["pointer"]]) <= 1


def test_nothing_is_hidden_where_nobody_is_named() -> None:
    """A permit's event without its id is told by the event's own: no plate, though the truck has one."""
    truck = event("PERMIT/ENTR", truckPlate="10AA123", plateCountry="AZ", modeOfTransport="TRUCK")
    hidden = [one for one in told(DLP, "epermit.event.v1", truck).report if one.get("value") == "***"]
    assert {one["pointer"] for one in hidden} <= {"/truckPlate"}


def test_a_unit_that_is_not_named_has_no_number() -> None:
    """Neither in the finding nor in words for the railway."""
    gate = event("EQUIPMENT/GTIN", UNLocationCode="KZKUR", noteKey=KEY)
    del gate["references"], gate["location"]
    assert line(told(PORT, DLP, gate), "unit-not-named") == ("/equipmentReference", "")
    for sender, made in ((PORT, gate), (DLP, event("EQUIPMENT/GTIN"))):
        taken = made | {"isRetracted": True, "eventVersion": 2}
        said = told(sender, DTC, made, taken, accepted=1_780_000_000_000)
        assert [one for one in said.out if made["eventID"] in one.get("remark", "")] == []


@pytest.mark.parametrize(
    ("sender", "fields", "expected"),
    [
        ("vessel.event.v1", {"eventType": "TRANSPORT", "eventCode": "XXXX"}, ("/eventCode", "XXXX")),
        (DLP, {"eventType": "TRANSPORT", "eventCode": "XXXX"}, ("/eventCode", "XXXX")),
        (PORT, {"eventType": "PORTCALL", "eventCode": "XXXX"}, ("/eventCode", "XXXX")),
    ],
)
def test_an_unknown_code_is_reported_where_it_stands(
    sender: str, fields: dict[str, str], expected: tuple[str, str]
) -> None:
    """The type in front of it is right."""
    made = event(**fields, vesselIMONumber="9074729")
    if sender != DLP:
        made["UNLocationCode"] = "KZKUR"
        del made["references"], made["location"]
    assert line(told(sender, "corridor.event.v1", made), "unknown-code") == expected


def test_an_unknown_type_of_permit_is_reported_where_it_stands() -> None:
    """Type 9 of the current numbering."""
    permit = {"event_id": "2b9d0d21-1411-5a32-afe0-5136b5bd1d9d", "event_type": "PERMIT_CREATED",
              "event_producer": "AZ", "event_consumer": "KZ", "event_timestamp": 1768557660,
              "permit_id": "AZ-KZ-2026-9-6", "permit_issuer": "AZ", "permit_issued_for": "KZ",
              "permit_year": 2026, "permit_type": 9, "type_numbering": "current"}  # fmt: skip
    assert line(told("epermit.event.v1", DLP, permit), "unknown-code") == ("/permit_type", "9")


def test_a_reason_of_delay_is_not_in_the_words_of_a_clock() -> None:
    """LOC is a clock in words and a reason in `delayReason`."""
    late = event("TRANSPORT/ARRI", eventClassifierCode="EST", eventDateTime="2026-01-28T08:00:00Z",
                 location={"UNLocationCode": "GEPTI"}, modeOfTransport="RAIL", delayReasonCode="LOC",
                 remark="No locomotive")  # fmt: skip
    (told_on,) = told(DLP, DTC, late).out
    assert told_on["remark"] == "TRANSPORT/ARRI EST 572107 28.01.2026 12:00 LOC RAIL No locomotive"
    assert told_on["delayReason"] == "LOC"


def test_an_annulment_taken_back_names_the_note() -> None:
    """By its key, which the railway knows; that a void note lives again is odd."""
    void = event("SHIPMENT/VOID", documentTypeCode="TRD")
    said = told(DLP, DTC, void, void | {"eventVersion": 2, "isRetracted": True})
    assert said.out[-1]["remark"] == f"RETRACTED SHIPMENT/VOID {KEY}"
    assert line(said, "annulment-taken-back") == ("/references/0/value", KEY)


@pytest.mark.parametrize(
    "changes",
    [
        {"eventCode": "ISSU", "documentTypeCode": "ARN"},
        {"references": [{"type": "SMGS", "value": KEY[:-1] + "9"}]},
        {"eventClassifierCode": "PLN"},
    ],
    ids=["another act", "another note", "planned"],
)
def test_an_override_that_ends_an_annulment_names_the_note_likewise(changes: dict[str, Any]) -> None:
    """The railway has taken the note for void, whether the sender retracts that or says something else."""
    void = event("SHIPMENT/VOID", documentTypeCode="TRD")
    later = {"eventVersion": 2, "eventUpdatedDateTime": "2026-01-20T10:00:00Z"}
    said = told(DLP, DTC, void, void | later | changes)
    assert [one["line"] for one in said.of("finding") if one["rule"] == "annulment-taken-back"] == [2]
    assert line(said, "annulment-taken-back") == ("/references/0/value", KEY)
    again = told(DLP, DTC, void, void | later)
    assert [one for one in again.of("finding") if one["rule"] == "annulment-taken-back"] == []


@pytest.mark.parametrize("kind", ["SNAPSHOT", "ANNULMENT"])
def test_the_time_of_an_annulment_is_missed_where_it_belongs_in_every_order(kind: str) -> None:
    """A note that is annulled without a time: it is missing at `operationTime`, not at the contract."""
    first = crossing.note("20", "707701", "12.01.2026 14:30")
    void = crossing.note("19", noteVersion=2) | {"messageKind": kind}
    for order in permutations([first, void]):
        said = told(DTC, DLP, *order)
        found = [one["pointer"] for one in said.of("finding") if one["rule"] == "time-assumed"]
        assert found == ["/operationTime"]


def test_a_station_without_its_list_is_told_in_words_with_a_hint() -> None:
    """562800 is Böyük Kəsik in the list of stations; who does not say ESR has not said so."""
    crossed = event("EQUIPMENT/CROS", equipmentReference="CSQU3054383", location={"facilityCode": "562800"})
    said = told(DLP, DTC, crossed)
    (told_of,) = said.out[0]["unitOperations"]
    assert (told_of.get("operationStation"), told_of["remark"]) == (None, "AT 562800")
    assert [one["reason"] for one in said.of("loss") if one["pointer"] == "/location/facilityCode"] == []
    assert line(said, "provider-missing") == ("/location/facilityCode", "562800")


@pytest.mark.parametrize("sender", [DTC, DLP])
def test_a_mass_below_zero_is_odd_and_goes_on(sender: str) -> None:
    """Severity warning in the list: no dead letter, and one finding."""
    goods = [{"gng": "72083900", "netKg": -5}]
    cargo = [{"hsCode": "720839", "quantity": "-5", "unitCode": "KGM"}]
    box = event(cargo=cargo, equipmentReference="CSQU3054383", modeOfTransport="RAIL")
    made = note(goods=goods) if sender == DTC else box
    said = told(sender, "corridor.event.v1", made)
    assert (said.code, len(said.out) > 0) == (0, True)
    assert [(one["rule"], one["severity"], one["value"]) for one in said.of("finding")] == [
        ("negative", "warning", "-5")
    ]


def test_what_is_odd_about_a_version_stands_at_its_number() -> None:
    """A delta before its note; one number for two contents, of a note and of an event."""
    delta = note(messageKind="DELTA", noteVersion=5)
    assert line(told(DTC, DLP, delta), "delta-without-snapshot") == ("/noteVersion", "5")
    again = note(operationTime="12.01.2026 15:30")
    assert line(told(DTC, DLP, note(), again), "same-version-other-content") == ("/noteVersion", "1")
    again = event(eventDateTime="2026-01-17T07:45:00Z")
    assert line(told(DLP, DTC, event(), again), "same-version-other-content") == ("/eventVersion", "1")


def test_a_part_of_a_note_is_spoken_of_as_it_was_sent() -> None:
    """A DELTA that names the second wagon alone: its tare is lost at the first, and nothing of the other."""
    box = {"containerNo": "QTZU3001723", "tareKg": 3801, "seals": [{"number": "S1", "owner": "CUSTOMS"}]}
    wagons = [*note()["wagons"], {"wagonNumber": "94201720", "containers": [{"containerNo": "QTZU3001723"}]}]
    wagons[0]["containers"][0]["tareKg"] = 3900
    delta = note(messageKind="DELTA", noteVersion=2, noteType=None, destinationStation=None)
    delta |= {"wagons": [{"wagonNumber": "94201720", "tareKg": 21000, "containers": [box]}]}
    delta["messageId"] = "9934f57c-881f-58fa-96d3-43687c000002"
    said = told(DTC, DLP, note(wagons=wagons), {k: v for k, v in delta.items() if v is not None})
    lost = {one["pointer"]: one["value"] for one in said.of("loss") if one["line"] == 2}
    assert lost == {"/wagons/0/tareKg": "21000", "/wagons/0/containers/0/tareKg": "3801"}


def test_what_is_no_key_of_a_first_note_stops_nothing() -> None:
    """The event is told for the note that it names, and the other number is lost."""
    odd = [{"type": "SMGS", "value": KEY, "original": "0500033"}]
    said = told(DLP, DTC, event(references=odd, equipmentReference="CSQU3054383", modeOfTransport="VESSEL"))
    assert (said.code, said.out[0]["noteNumber"], said.out[0].get("originalNote")) == (0, "0500034", None)
    assert line(said, "form") == ("/references/0/original", "0500033")
