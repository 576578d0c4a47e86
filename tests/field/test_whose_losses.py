"""The loss report speaks of what the sender wrote: his fields, his values, and nothing that was told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.field import Told, told

DTC, DLP, OIL, PERMIT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "epermit.event.v1"
NOTE = [{"type": "SMGS", "value": "707701/2026-01-12/0012345"}]


def event(kind: str = "EQUIPMENT/LOAD", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A DLP event of a container of a note at Aktau, or with other fields."""
    first, code = kind.split("/")
    made = {
        "eventID": "ae0816e2-6740-5171-860d-36ef9007ab8e", "eventVersion": 1, "isRetracted": False,
        "eventType": first, "eventCode": code, "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-17T06:45:00Z", "eventCreatedDateTime": "2026-01-17T07:00:00Z",
        "references": NOTE, "location": {"UNLocationCode": "KZAAU"}, "modeOfTransport": "RAIL",
    }  # fmt: skip
    if first == "EQUIPMENT":
        made["equipmentReference"] = "CSQU3054383"
    return {**made, **fields}


def tanks(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """An oil lot in two tank wagons of a note."""
    made = {
        "eventId": "94a17a78-a522-56a6-88b2-211308ffde16", "eventVersion": 1, "isRetracted": False,
        "lot": "LOT-4", "lotEvent": "TANKS_LOADED", "classifier": "ACT", "eventTime": "2026-02-03T01:10:00Z",
        "timeZoneOffset": "+04:00", "recordedAt": "2026-02-03T01:10:00Z", "UNLocationCode": "AZQDG",
        "product": "KASHAGAN", "hsCode": "270900", "density": {"value": "845", "reference": "C20"},
        "quantities": [{"kind": "NET", "quantity": "120.3", "unit": "TNE"}],
        "tankWagons": ["75003111", "74123456"], "noteKey": "707701/2026-01-12/0012345",
        "trainIndex": "5497-014-5714",
    }  # fmt: skip
    return {**made, **fields}


def lost(said: Told) -> dict[str, tuple[str, str]]:
    """Of each pointer that is a loss: the reason and the value. No pointer is in two lines."""
    lines = said.of("loss") + said.of("withheld")
    assert len(lines) == len({line["pointer"] for line in lines})
    return {line["pointer"]: (line["reason"], line["value"]) for line in said.of("loss")}


def test_what_is_told_by_another_field_is_no_loss() -> None:
    """Train, wagons, density and mass of a lot are in the note: only what it has no field for is lost."""
    said = told(OIL, DTC, tanks())
    (note,) = said.out
    assert note["trainIndex"] == "5497-014-5714"
    assert [wagon["wagonNumber"] for wagon in note["wagons"]] == ["75003111", "74123456"]
    assert (note["oil"]["density20"], note["oil"]["netTonnes"]) == ("845", "120.3")
    assert set(lost(said)) == {"/lot", "/hsCode"}


def test_the_mass_of_a_lot_is_no_loss_beside_its_tonnes() -> None:
    """60.12 t of cargo are oil.netTonnes; the lot's own number has no field in a note."""
    bulk = {
        "productCode": "AZERI",
        "density15": "848.5",
        "lotNumber": "A-1",
        "railCarReferences": ["75003111"],
    }
    cargo = [{"hsCode": "270900", "quantity": "60.12", "unitCode": "TNE"}]
    said = told(DLP, DTC, event("BULK/LOAD", bulk=bulk, cargo=cargo, location={"UNLocationCode": "AZQDG"}))
    assert said.out[0]["oil"]["netTonnes"] == "60.12"
    assert set(lost(said)) == {"/bulk/lotNumber", "/cargo/0/hsCode"}


def test_another_gross_mass_is_a_loss() -> None:
    """120.3 t gross become 120.24 t net: the gross mass itself is told nowhere."""
    gross = [{"kind": "GROSS", "quantity": "120.3", "unit": "TNE"}]
    said = told(OIL, DTC, tanks(quantities=gross, waterMassPct="0.05"))
    assert said.out[0]["oil"]["netTonnes"] == "120.24"
    assert lost(said)["/quantities/0/quantity"] == ("no-equivalent", "120.3")


def test_a_carriers_own_number_of_a_train_is_a_loss() -> None:
    """The index of a train has three parts; GR-2207 is none, and the note has no other field for it."""
    said = told(DLP, DTC, event("TRANSPORT/DEPA", railDepartureID="GR-2207"))
    assert said.out[0].get("trainIndex") is None
    assert lost(said) == {"/railDepartureID": ("no-equivalent", "GR-2207")}
    said = told(DLP, DTC, event("TRANSPORT/DEPA", railDepartureID="5485-007-5721"))
    assert lost(said) == {}


@pytest.mark.parametrize(
    "unit",
    [{"equipmentReference": "CSQU3054383"}, {"equipmentReference": None, "railCarReference": "94001237"}],
)
def test_a_message_that_lacks_something_loses_its_unit_too(unit: dict[str, Any]) -> None:
    """A note key that is none: the event is not told, and of whom it was is among the losses."""
    said = told(DLP, DTC, event(references=[{"type": "SMGS", "value": "0012345"}], **unit))
    assert [line["reason"] for line in said.of("filtered")] == ["incomplete"]
    found = lost(said)
    for field, value in unit.items():
        if value is not None:
            assert found[f"/{field}"] == ("no-equivalent", value)
    assert {line["pointer"] for line in said.of("finding")} == {"/references/0/value"}


def test_times_are_shown_as_the_sender_wrote_them() -> None:
    """An instant of RFC 3339, no count of milliseconds."""
    said = told(DLP, DTC, event(references=[{"type": "SMGS", "value": "0012345"}]))
    assert lost(said)["/eventDateTime"][1] == "2026-01-17T06:45:00Z"
    (written,) = (line for line in said.of("administrative") if line["pointer"] == "/eventCreatedDateTime")
    assert written["value"] == "2026-01-17T07:00:00Z"
    said = told(DLP, DTC, event(), event(isRetracted=True))
    (unknown,) = (line for line in said.of("finding") if line["rule"] == "time-of-amendment-unknown")
    assert (unknown["pointer"], unknown["value"]) == ("/eventUpdatedDateTime", "2026-05-27T16:40:01Z")


@pytest.mark.parametrize("place", ["KZALS", "CNHRS", "TRHAL", "ROCND"])
def test_a_known_place_without_a_station_is_no_unknown_code(place: str) -> None:
    """These stand in the list of places and have no ESR code: the target has no code for them."""
    act = event(location={"UNLocationCode": place}, remark="dent")
    assert lost(told(DLP, DTC, act)) == {"/location/UNLocationCode": ("place-unknown", place)}


def test_a_finding_is_at_the_senders_own_field() -> None:
    """Who names no place has left out his UN/LOCODE; the corridor event's pointers are not his."""
    said = told(DLP, DTC, event(location={"latitude": "40.1", "longitude": "49.4"}))
    assert "place-unknown" in said.rules("/location/UNLocationCode")
    assert lost(said)["/location/latitude"] == ("no-equivalent", "40.1")


@pytest.mark.parametrize(
    ("target", "fields", "reason"),
    [
        (DLP, {"quantities": [{"kind": "GROSS", "quantity": "6000", "unit": "TNE"}]}, "needs-water-content"),
        (
            DLP,
            {"quantities": [{"kind": "GROSS", "quantity": "6000", "unit": "TNE"}], "waterMassPct": "150"},
            "water-content-invalid",
        ),
        (
            DTC,  # the DLP takes a volume as it is
            {
                "quantities": [{"kind": "NET", "quantity": "6000", "unit": "MTQ", "reference": "C15"}],
                "density": None,
            },
            "needs-density",
        ),
    ],
)
def test_a_quantity_that_cannot_be_converted_is_named(
    target: str, fields: dict[str, Any], reason: str
) -> None:
    """The loss stands at the quantity, with the number that was sent."""
    assert lost(told(OIL, target, tanks(**fields)))["/quantities/0/quantity"] == (reason, "6000")


@pytest.mark.parametrize("target", [DLP, "corridor.event.v1"])
def test_what_a_volume_holds_at_is_told_by_its_field(target: str) -> None:
    """gsv15 is a volume at 15 °C and gsv60 one at 60 °F: the reference is in the name, and no loss."""
    gross = [
        {"kind": "GROSS", "quantity": "142.2", "unit": "MTQ", "reference": "C15"},
        {"kind": "GROSS", "quantity": "894.9", "unit": "BLL", "reference": "F60"},
    ]
    said = told(OIL, target, tanks(quantities=gross))
    assert (said.out[0]["bulk"]["gsv15"], said.out[0]["bulk"]["gsv60"]) == ("142.2", "894.9")
    assert lost(said) == {}
    other = {"kind": "GROSS", "quantity": "142.2", "unit": "MTQ", "reference": "C20"}
    assert lost(told(OIL, target, tanks(quantities=[other]))) == {}
    net = told(OIL, target, tanks(quantities=[other | {"kind": "NET"}]))
    assert lost(net) == {"/quantities/0/reference": ("no-equivalent", "C20")}


PERMITTED = {
    "event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0001", "event_type": "PERMIT_USED", "event_producer": "KZ",
    "event_consumer": "AZ", "event_timestamp": 1768212000, "previous_event_id": "0",
    "permit_id": "AZ-KZ-2026-2-1001", "permit_issuer": "AZ", "permit_issued_for": "KZ", "permit_year": 2026,
    "permit_type": 2, "type_numbering": "current", "issued_at": "12/01/2026", "expires_at": "31/01/2027",
    "plate_number": "10-AA-123", "company_name": "SYNTHETIC", "company_id": "1401555071",
    "after_revocation": False, "activity_type": "ENTRANCE", "activity_timestamp": 1768557600,
    "activity_details": "gate 4, SYNTHETIC", "note": "707701/2026-01-12/0012345",
}  # fmt: skip


@pytest.mark.parametrize("target", [DTC, DLP])
def test_nothing_is_lost_that_nobody_wrote(target: str) -> None:
    """Pointers are of the permit's own message; free words are withheld, and are no code that is unknown."""
    said = told(PERMIT, target, PERMITTED)
    for line in said.report:
        assert line["kind"] == "filtered" or line["pointer"].split("/")[1] in PERMITTED, line
    lost(said)
    assert "/activity_details" in {line["pointer"] for line in said.of("withheld")}
    assert lost(told(OIL, DLP, tanks())) == {}
