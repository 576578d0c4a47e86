"""To a railway: no operation is told that the sender did not tell of, and what is not told has a name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C1, NOTE, W1, Crossing, event
from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp", "dtc")

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
POTI, ALAT, KHORGOS = ({"UNLocationCode": code} for code in ("GEPTI", "AZALA", "KZHOR"))
PLATE = "123ABC02"


def sent(kind: str, code: str, **more: object) -> Told:
    """What the DTC is told of an event of its note."""
    return told(DLP, DTC, event(kind, code, **more))


def box(code: str, **more: object) -> Told:
    """Likewise of a container of it."""
    return sent("EQUIPMENT", code, equipmentReference=C1, **more)


def operations(said: Told) -> list[str | None]:
    """The operations of the notes."""
    return [one.get("operationCode") for one in said.out]


def lost(said: Told) -> dict[str, str]:
    """The sender's fields that were lost, with their values."""
    return {one["pointer"]: one["value"] for one in said.of("loss")}


TRANSFER = {"modeOfTransport": "RAIL", "railCarReference": W1, "isTransshipmentMove": True}


@pytest.mark.parametrize(
    ("place", "operation"), [(ALAT, "20"), ({"UNLocationCode": "KZAAU"}, "20"), (KHORGOS, "50")]
)
def test_from_a_ship_to_a_wagon_is_not_between_gauges(place: dict[str, str], operation: str) -> None:
    """In a port a container that changes its means comes off a ship: 20. At Khorgos gauges meet: 50."""
    said = box("LOAD", location=place, **TRANSFER)
    assert operations(said) == [operation]
    assert lost(said) == ({"/isTransshipmentMove": "true"} if operation == "20" else {})


def test_an_inspection_is_no_commercial_act() -> None:
    """90 is an act on damage or shortage, which its remark says; who looked at a container has found none."""
    (looked,) = box("INSP", location=POTI).out
    assert "operationCode" not in looked
    assert looked["remark"].startswith(f"EQUIPMENT/INSP {C1} 572107 17.01.2026 10:45")
    assert operations(box("INSP", location=POTI, modeOfTransport="TRUCK")) == [None]
    assert operations(box("INSP", location=POTI, remark="hole in roof")) == ["90"]
    assert operations(box("INSP", location=POTI, modeOfTransport="RAIL")) == [None]  # so may a railway


def test_a_truck_that_crosses_is_not_taken_over_whatever_it_says_of_the_mode() -> None:
    """A plate says that it is a truck; 41 is from railway to railway."""
    said = box("CROS", location={"UNLocationCode": "GEGAR"}, truckPlate=PLATE)
    assert operations(said) == [None]
    assert PLATE not in str(said.out)
    assert operations(box("CROS", location={"UNLocationCode": "GEGAR"}, truckPlate=PLATE, **RAIL)) == ["41"]


RAIL = {"modeOfTransport": "RAIL", "railCarReference": W1}


@pytest.mark.parametrize(
    ("kind", "code", "paper", "operation"),
    [
        ("CUSTOMS", "SUBM", "CUC", "60"), ("CUSTOMS", "SUBM", None, "60"), ("CUSTOMS", "SUBM", "INV", None),
        ("CUSTOMS", "CUSR", "DGD", None), ("EQUIPMENT", "CUSR", "CUC", "61"),
        ("EQUIPMENT", "CUSR", "DGD", None),
    ],
)  # fmt: skip
def test_another_paper_at_the_customs_is_no_transit_declaration(
    kind: str, code: str, paper: str | None, operation: str | None
) -> None:
    """An invoice that was lodged is no declaration, and its number is not that of one."""
    unit = {"equipmentReference": C1} if kind == "EQUIPMENT" else {}
    said = sent(
        kind, code, documentTypeCode=paper, location=POTI, customs={"declarationNo": "I-1"}, **unit
    )  # fmt: skip
    assert operations(said) == [operation]
    whole = operation if kind == "CUSTOMS" else None  # the declaration of one unit is not that of the note
    assert [one.get("customs") for one in said.out] == [{"transitDeclNo": "I-1"} if whole else None]
    if operation is None:
        assert lost(said) == {"/documentTypeCode": paper, "/customs/declarationNo": "I-1"}


def test_an_export_declaration_of_a_loading_is_lost_by_name() -> None:
    """Number, office, state and procedure of what is no transit: the note has no place for them."""
    customs = {"declarationNo": "EXP-9", "procedure": "EXPORT", "office": "398", "status": "RELEASED"}
    said = box("LOAD", location={"UNLocationCode": "KZAAU"}, modeOfTransport="VESSEL", customs=customs)
    assert operations(said) == ["72"]
    assert "customs" not in said.out[0]
    assert lost(said) == {f"/customs/{name}": value for name, value in customs.items()}


@pytest.mark.parametrize("kind", ["EPERMIT", "TRAIN"])
def test_an_amendment_is_told_whatever_was_replaced(kind: str) -> None:
    """12 happened; the note has no word for that kind of paper, and its numbers are lost."""
    replaced = {"type": kind, "oldValue": "A-1", "newValue": "A-2"}
    said = sent(
        "SHIPMENT", "CONF", documentTypeCode="TRD", location=KHORGOS, documentReferenceReplacement=replaced
    )
    assert operations(said) == ["12"]
    assert lost(said) == {f"/documentReferenceReplacement/{name}": value for name, value in replaced.items()}
    assert said.of("finding") == []


OF_OIL = {
    "location": {"UNLocationCode": "AZQDG"}, "modeOfTransport": "RAIL",
    "references": [{"type": "SMGS", "value": NOTE}],
    "cargo": [{"hsCode": "270900", "quantity": "60", "unitCode": "TNE"}],
    "bulk": {"lotNumber": "L-1", "railCarReferences": ["75003111"]},
}  # fmt: skip


def test_a_part_is_not_the_oil_of_the_whole_note() -> None:
    """60 t of one of twenty wagons: 20 of that wagon, and no mass of the note."""
    said = sent("BULK", "LOAD", **OF_OIL, partialIndicator=True, totalUnits=20)
    assert operations(said) == ["20"]
    assert "netTonnes" not in said.out[0].get("oil", {})
    assert lost(said)["/cargo/0/quantity"] == "60"
    whole: dict[str, Any] = sent("BULK", "LOAD", **OF_OIL, partialIndicator=False).out[0]
    assert whole["oil"]["netTonnes"] == "60"


def test_wagons_of_what_happened_beside_the_operations_are_lost_by_name() -> None:
    """The words name the lot or the container; wagons beside it have no place in them."""
    cars = ["75003111", "74123456"]
    bulk = {"lotNumber": "L-1", "railCarReferences": cars}
    lot = Crossing().dlp(event("BULK", "DISC", location=ALAT, modeOfTransport="VESSEL", bulk=bulk))
    assert lot.dtc[0]["remark"].startswith("BULK/DISC L-1 ")
    assert [
        (pointer, value)
        for stage, pointer, _, value in lot.losses
        if stage == "from-corridor.dtc" and "/id" in pointer
    ] == [(f"/what/units/{place}/id", car) for place, car in enumerate(cars)]
    gate = box("GTOT", location=ALAT, nextLocation="GEGAR", railCarReference=W1)
    assert operations(gate) == [None]
    assert lost(gate)["/railCarReference"] == W1
    assert "/equipmentReference" not in lost(gate)


def test_a_lot_without_a_number_has_none() -> None:
    """The id of a message is not that of a lot, and no railway knows it."""
    (told_of,) = sent("BULK", "ARRI", location=ALAT, modeOfTransport="VESSEL").out
    assert told_of["remark"] == "BULK/ARRI 548502 17.01.2026 10:45 LOC VESSEL"


def test_lot_and_tank_wagons_of_what_is_no_lot_are_lost_by_name() -> None:
    """`bulk` of an event of a container: the number of a lot and its wagons have no place elsewhere."""
    bulk = {"productCode": "K", "lotNumber": "L-1", "railCarReferences": ["75003111"]}
    said = box("LOAD", location=KHORGOS, modeOfTransport="RAIL", bulk=bulk)
    assert operations(said) == ["20"]
    assert lost(said) == {"/bulk/lotNumber": "L-1", "/bulk/railCarReferences/0": "75003111"}
