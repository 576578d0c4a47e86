"""What the receiver was told is no loss, in whichever field, unit or word it stands there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.field import Told, told

DTC, DLP, OIL, PORT, PERMIT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "port.event.v1", "epermit.event.v1"
KEY = "707701/2026-01-12/0600001"


def lost(said: Told) -> dict[str, str]:
    """Pointer in the sender's message to value of all losses."""
    return {entry["pointer"]: entry["value"] for entry in said.of("loss")}


PAPER = {"/noteType": "SMGS"}
"""A port or a terminal is told the key of a note, which SMGS and CIM notes have alike."""


def lot(**more: object) -> dict[str, Any]:
    """Crude oil loaded on a tanker."""
    return {
        "eventId": "b44c2253-17d4-5d9a-a5ef-3369b8b4ad91",
        "eventVersion": 1,
        "lot": "L-02",
        "lotEvent": "LOADED",
        "classifier": "ACT",
        "eventTime": "2026-01-25T16:00:00Z",
        "recordedAt": "2026-01-25T16:00:00Z",
        "UNLocationCode": "KZAAU",
        "density": {"value": "793.5", "reference": "C15"},
        "bswPct": "0.1",
        "vesselIMONumber": "9319466",
        "hsCode": "270900",
        "unNumber": "UN1267",
        "product": "KASHAGAN",
    } | more


def tanks(**more: object) -> dict[str, Any]:
    """A lot in tank wagons, under a note."""
    made = lot(
        lotEvent="TANKS_LOADED",
        UNLocationCode="AZQDG",
        density={"value": "845", "reference": "C20"},
        tankWagons=["75003111", "74123456"],
        noteKey="549702/2026-02-02/0770021",
        actNumber="L-02",
    )
    return {name: value for name, value in made.items() if name != "vesselIMONumber"} | more


def note(**more: object) -> dict[str, Any]:
    """A note of containers that were lifted on a feeder at Aktau."""
    return {
        "messageId": "6629b233-82d7-5f28-afab-1ef33c89d420",
        "messageKind": "SNAPSHOT",
        "noteType": "SMGS",
        "noteNumber": "0600001",
        "contractDate": "12.01.2026",
        "noteVersion": 1,
        "departureStation": "707701",
        "operationCode": "72",
        "operationStation": "663404",
        "operationTime": "17.01.2026 11:45",
        "timeBasis": "LOC",
        "wagons": [{"wagonNumber": "", "containers": [{"containerNo": "QTZU2001312", "sizeType": "45G1"}]}],
    } | more


def event(**more: object) -> dict[str, Any]:
    """A container loaded on a vessel at Aktau."""
    return {
        "eventID": "946284a1-00eb-5bdc-8a7e-2aea3ea12ab8",
        "eventVersion": 1,
        "eventType": "EQUIPMENT",
        "eventCode": "LOAD",
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-17T06:45:00Z",
        "eventCreatedDateTime": "2026-01-17T06:45:00Z",
        "references": [{"type": "SMGS", "value": KEY}],
        "equipmentReference": "QTZU7000010",
        "location": {"UNLocationCode": "KZAAU"},
        "modeOfTransport": "VESSEL",
    } | more


def quantity(kind: str, much: str, unit: str, reference: str | None = None) -> dict[str, str]:
    """One quantity of `oil.lot.v1`."""
    made = {"kind": kind, "quantity": much, "unit": unit}
    return made if reference is None else made | {"reference": reference}


@pytest.mark.parametrize(
    ("unit", "reference", "field"),
    [("BLL", "F60", "gsv60"), ("MTQ", "C15", "gsv15"), ("MTQ", "C20", "gsv15")],
)
def test_the_temperature_of_a_gross_volume_is_in_the_name_of_its_field(
    unit: str, reference: str, field: str
) -> None:
    """``gsv60`` is at 60 F and ``gsv15`` at 15 C; a volume at 20 C is converted to that."""
    said = told(OIL, DLP, lot(quantities=[quantity("GROSS", "7561.25", unit, reference)]))
    assert field in said.out[0]["bulk"]
    assert lost(said) == {}


def test_the_temperature_of_a_net_volume_is_lost() -> None:
    """A DLP event has the volume as it was told, and no field for its temperature."""
    said = told(OIL, DLP, lot(quantities=[quantity("NET", "7561.25", "MTQ", "C20")]))
    assert lost(said) == {"/quantities/0/reference": "C20"}


@pytest.mark.parametrize("source", [DLP, DTC])
def test_the_size_of_a_container_that_the_port_was_told_is_not_lost(source: str) -> None:
    """45G1 is 45G1."""
    sent = event(ISOEquipmentCode="45G1") if source == DLP else note()
    said = told(source, PORT, sent)
    assert said.out[0]["ISOEquipmentCode"] == "45G1"
    assert lost(said) == (PAPER if source == DTC else {})


def test_the_size_alone_is_lost_to_a_port() -> None:
    """40 feet are no size and type of ISO 6346."""
    said = told(DTC, PORT, note(wagons=[{"containers": [{"containerNo": "QTZU2001312", "sizeType": "40"}]}]))
    assert lost(said) == PAPER | {"/wagons/0/containers/0/sizeType": "40"}


def test_an_operation_that_became_the_event_is_not_lost() -> None:
    """72 is EQUIPMENT/LOAD; that it is done at a port has no field at the port."""
    said = told(DTC, PORT, note())
    assert said.out[0]["eventCode"] == "LOAD"
    assert "/operationCode" not in lost(said)


def test_the_mass_of_an_oil_note_is_told_to_the_terminal() -> None:
    """120,240 kg of the note are the 120.24 t net of the lot, in tank wagons."""
    said = told(
        DTC,
        OIL,
        note(
            departureStation="549702",
            operationCode="20",
            operationStation="549702",
            operationTime="03.02.2026 05:10",
            wagons=[{"wagonNumber": "75003111", "kind": "TANK"}, {"wagonNumber": "74123456", "kind": "TANK"}],
            goods=[{"gng": "27090090", "netKg": 120240}],
            oil={"density20": "845", "netTonnes": "120.24"},
        ),
    )
    assert {"kind": "NET", "quantity": "120.24", "unit": "TNE"} in said.out[0]["quantities"]
    assert lost(said) == PAPER | {"/goods/0/gng": "27090090"}  # the terminal has six digits of it


@pytest.mark.parametrize(("much", "unit"), [("121", "TNE"), ("121000", "KGM")])
def test_the_net_mass_of_a_lot_is_told_to_the_railway(much: str, unit: str) -> None:
    """121 t are 121 t of the oil of the note."""
    said = told(OIL, DTC, tanks(quantities=[quantity("NET", much, unit)]))
    assert said.out[0]["oil"]["netTonnes"] == "121"
    assert [pointer for pointer in lost(said) if pointer.startswith("/quantities")] == []


def test_the_goods_of_a_lot_told_by_the_dlp_are_the_oil_of_the_note() -> None:
    """60,120 kg are 60.12 t; the volume beside them has no field in a note."""
    said = told(
        DLP,
        DTC,
        event(
            eventType="BULK",
            references=[{"type": "SMGS", "value": "549702/2026-02-02/0500022"}],
            location={"UNLocationCode": "AZQDG"},
            modeOfTransport="RAIL",
            equipmentReference=None,
            cargo=[{"hsCode": "270900", "quantity": "60120", "unitCode": "KGM"}],
            bulk={"railCarReferences": ["75003111"], "gsv15": "70.9", "density15": "848.62", "bsw": "0.05"},
        ),
    )
    assert said.out[0]["oil"]["netTonnes"] == "60.12"
    found = lost(said)
    assert "/cargo/0/quantity" not in found
    assert found["/bulk/gsv15"] == "70.9"
    assert found["/bulk/bsw"] == "0.05"


def test_the_density_of_a_product_is_told_to_the_railway() -> None:
    """835 kg/m3 at 20 C are the note's own; a volume of diesel is not converted by the table of crude oil."""
    diesel = tanks(
        density={"value": "835", "reference": "C20"},
        quantities=[quantity("GROSS", "100", "MTQ", "C20")],
        product="DIESEL",
        hsCode="271019",
        unNumber="UN1202",
    )
    said = told(OIL, DTC, diesel)
    assert said.out[0]["oil"]["density20"] == "835"
    found = {entry["pointer"]: (entry["reason"], entry["value"]) for entry in said.of("loss")}
    assert "/density/value" not in found
    assert found["/quantities/0/quantity"] == ("no-equivalent", "100")


@pytest.mark.parametrize(
    ("unit", "reference"), [("MTQ", "C20"), ("MTQ", "F60"), ("BLL", "C20"), ("BLL", "F60")]
)
def test_no_volume_of_a_product_is_computed(unit: str, reference: str) -> None:
    """Table A of ASTM D1250 is for crude oil. Barrels at 15 C are cubic metres at 15 C, of whatever it is."""
    said = told(
        OIL,
        DLP,
        lot(hsCode="271019", quantities=[quantity("GROSS", "100", unit, reference)]),
    )
    assert "computed" not in said.out[0].get("bulk", {}) or "gsv15" not in said.out[0]["bulk"]["computed"]


@pytest.mark.parametrize("kind", ["PERMIT_CREATED", "PERMIT_REVOKED"])
def test_what_happens_nowhere_lacks_no_place(kind: str) -> None:
    """A permit is issued and revoked by an authority, not at a place."""
    said = told(
        PERMIT,
        DTC,
        {
            "event_id": "9135e94e-5925-5d1b-b91b-fee8fc8d2100",
            "event_type": kind,
            "event_producer": "AZ",
            "event_consumer": "KZ",
            "event_timestamp": 1768212000,
            "permit_id": "AZ-KZ-2026-2-17",
            "permit_issuer": "AZ",
            "permit_issued_for": "KZ",
            "permit_year": 2026,
            "permit_type": 2,
            "type_numbering": "current",
            "revoked_at": 1768212000 if kind == "PERMIT_REVOKED" else None,
            "note": "548703/2026-01-10/31500017",
        },
    )
    assert len(said.out) == 1
    assert said.of("finding") == []


def test_the_type_of_a_reference_is_the_field_that_it_has() -> None:
    """A bill of lading under ``billOfLading`` is one."""
    said = told(
        DLP,
        OIL,
        event(
            eventType="BULK",
            equipmentReference=None,
            references=[{"type": "BL", "value": "AKT-07"}],
            bulk={"blNumber": "AKT-07"},
        ),
    )
    assert said.out[0]["billOfLading"] == "AKT-07"
    assert lost(said) == {}


def test_the_same_words_twice_are_told_once() -> None:
    """A note that is named twice in one event is one note."""
    said = told(DLP, DTC, event(references=[{"type": "SMGS", "value": KEY}] * 2))
    assert len(said.out) == 1
    assert lost(said) == {}


def test_the_same_words_twice_are_lost_once() -> None:
    """A paper that a port has no field for is named where it stands first."""
    papers = [{"type": "SMGS", "value": KEY}, *[{"type": "BKG", "value": "B-1"}] * 2]
    assert lost(told(DLP, PORT, event(references=papers))) == {"/references/1/value": "B-1"}


def test_the_water_of_a_lot_is_lost_to_the_dlp() -> None:
    """0.05 % of mass: a DLP event has sediment and water by volume only, whatever is computed with it."""
    sent = tanks(waterMassPct="0.05", quantities=[quantity("NET", "120.24", "TNE")])
    assert lost(told(OIL, DLP, sent))["/waterMassPct"] == "0.05"


@pytest.mark.parametrize(("much", "gone"), [(60120, None), (60, "60.12")])
def test_of_two_masses_of_the_oil_of_a_note_both_are_told_or_named(much: int, gone: str | None) -> None:
    """60 kg in the goods and 60.12 t in the act: who is told the one is told that there was another."""
    sent = note(
        departureStation="549702",
        operationCode="20",
        operationStation="549702",
        operationTime="03.02.2026 05:10",
        wagons=[{"wagonNumber": "75003111", "kind": "TANK"}],
        goods=[{"gng": "27090090", "netKg": much}],
        oil={"density20": "845", "netTonnes": "60.12"},
    )
    said = told(DTC, DLP, sent)
    assert lost(said).get("/oil/netTonnes") == gone
    assert ("differs-from-computed" in said.rules("/oil/netTonnes")) == (gone is not None)
