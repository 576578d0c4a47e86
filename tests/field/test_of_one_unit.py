"""What customs say of one unit is not the state of the note; papers and trains reach the field of theirs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C1, C2, NOTE, W1, Crossing, event, note
from tests.support.field import Told, told
from tests.support.receiver import merged

pytestmark = pytest.mark.system("dlp", "dtc")

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
POTI, KHORGOS, AKTAU = ({"UNLocationCode": code} for code in ("GEPTI", "KZHOR", "KZAAU"))
CUSTOMS = {"declarationNo": "D-2", "status": "RELEASED", "office": "GE69101"}
HELD = {"transitDeclNo": "D-1", "status": "LODGED", "office": "398"}
"""What the note says of its own declaration."""


def lost(said: Told) -> dict[str, str]:
    """The sender's fields that are lost, with their values."""
    return {one["pointer"]: one["value"] for one in said.of("loss")}


OF_A_UNIT = [
    ("EQUIPMENT", "CUSR", {"equipmentReference": C1}, "61"),
    ("EQUIPMENT", "CUSI", {"equipmentReference": C1}, "62"),
    ("EQUIPMENT", "CUSR", {"railCarReference": W1}, "61"),
    ("CUSTOMS", "CUSR", {"equipmentReference": C1}, "61"),
    ("CUSTOMS", "SUBM", {"railCarReference": W1}, "60"),
    ("EQUIPMENT", "LOAD", {"equipmentReference": C1, "modeOfTransport": "RAIL"}, "20"),
]


@pytest.mark.parametrize(("kind", "code", "unit", "operation"), OF_A_UNIT)
@pytest.mark.parametrize("known", [True, False])
def test_customs_of_one_unit_are_not_those_of_its_note(
    kind: str, code: str, unit: dict[str, str], operation: str, known: bool
) -> None:
    """The operation is told of the unit; the note's declaration stays, whatever came first."""
    crossing = Crossing()
    mine = note("60", "707701", "12.01.2026 15:00", customs=HELD)
    if known:
        crossing.dtc(mine)
    (one,) = crossing.dlp(event(kind, code, location=POTI, customs=CUSTOMS, **unit)).dtc
    assert [each["operationCode"] for each in one["unitOperations"]] == [operation]
    assert "customs" not in one
    after = merged([mine, one])
    assert isinstance(after, dict)
    assert after["customs"] == HELD


@pytest.mark.parametrize(("kind", "code", "unit", "operation"), OF_A_UNIT)
def test_the_declaration_of_one_unit_is_lost_by_name(
    kind: str,
    code: str,
    unit: dict[str, str],
    operation: str,  # noqa: ARG001 - of the case
) -> None:
    """A note has no place for it; so is one that is named as a reference."""
    said = told(DLP, DTC, event(kind, code, location=POTI, customs=CUSTOMS, **unit))
    assert lost(said) == {f"/customs/{name}": value for name, value in CUSTOMS.items()}
    named = [{"type": "SMGS", "value": NOTE}, {"type": "TRANSIT_DECL", "value": "D-2"}]
    said = told(DLP, DTC, event(kind, code, location=POTI, references=named, **unit))
    assert lost(said) == {"/references/1/value": "D-2"}
    assert [one.get("customs") for one in said.out] == [None]


def test_customs_of_the_note_are_told_as_before() -> None:
    """No unit is named: it is the declaration of the note, by whichever field it is named."""
    said = told(DLP, DTC, event("CUSTOMS", "CUSR", location=POTI, customs=CUSTOMS))
    assert [one["customs"] for one in said.out] == [
        {"transitDeclNo": "D-2", "status": "RELEASED", "office": "GE69101"}
    ]
    named = [{"type": "SMGS", "value": NOTE}, {"type": "TRANSIT_DECL", "value": "D-2"}]
    said = told(DLP, DTC, event("CUSTOMS", "CUSR", location=POTI, references=named))
    assert [one["customs"]["transitDeclNo"] for one in said.out] == ["D-2"]
    assert lost(said) == {}


def test_every_order_of_customs_ends_alike() -> None:
    """The note's declaration is lodged, one container is released, before it or after it."""
    lodged = event("CUSTOMS", "SUBM", eventDateTime="2026-01-17T05:45:00Z", location=POTI,
                   customs={"declarationNo": "D-1", "status": "LODGED", "office": "398"})  # fmt: skip
    released = event("EQUIPMENT", "CUSR", equipmentReference=C2, location=POTI, customs=CUSTOMS)
    for order in ((lodged, released), (released, lodged)):
        after = merged(told(DLP, DTC, *order).out)
        assert isinstance(after, dict)
        assert after["customs"] == HELD


@pytest.mark.parametrize("code", ["DRFT", "ISSU", "CONF", "VOID"])
@pytest.mark.parametrize("paper", ["BKG", "INV", "DGD"])
def test_the_paper_of_somebody_else_has_no_equivalent(code: str, paper: str) -> None:
    """A booking, an invoice: nothing lacks for an operation of the note, it is none of it."""
    said = told(DLP, DTC, event("SHIPMENT", code, documentTypeCode=paper, location=POTI))
    assert (said.out, [one["reason"] for one in said.of("filtered")]) == ([], ["no-equivalent"])


def test_a_paper_that_nobody_names_is_still_what_lacks() -> None:
    """Of the note or of a booking: with its paper it would be 11."""
    said = told(DLP, DTC, event("SHIPMENT", "ISSU", location=POTI))
    assert (said.out, [one["reason"] for one in said.of("filtered")]) == ([], ["incomplete"])


@pytest.mark.parametrize("kind", ["BL", "BKG", "CMR", "CARRIER_REF"])
def test_papers_beside_an_operation_are_lost_by_name(kind: str) -> None:
    """The operation is told; a paper of another kind has no place in the note."""
    named = [{"type": "SMGS", "value": NOTE}, {"type": kind, "value": "X-1"}]
    said = told(DLP, DTC, event("EQUIPMENT", "LOAD", equipmentReference=C1, location=KHORGOS,
                                modeOfTransport="RAIL", references=named,
                                documentTypeCode="BKG"))  # fmt: skip
    assert [one["operationCode"] for one in said.out] == ["20"]
    assert {one["pointer"]: (one["reason"], one["value"]) for one in said.of("loss")} == {
        "/documentTypeCode": ("no-equivalent", "BKG"), "/references/1/value": ("no-equivalent", "X-1")
    }  # fmt: skip


INDEX = "7077-041-5721"


def aboard(*trains: str, **more: Any) -> Told:  # noqa: ANN401 - JSON values
    """A departure that names trains as references."""
    named = [{"type": "SMGS", "value": NOTE}, *({"type": "TRAIN", "value": one} for one in trains)]
    return told(DLP, DTC, event("TRANSPORT", "DEPA", location=KHORGOS, references=named,
                                **{"modeOfTransport": "RAIL"} | more))  # fmt: skip


@pytest.mark.parametrize(
    ("trains", "named", "expected"),
    [
        (["1402"], None, (None, "1402")),
        (["1402"], INDEX, (INDEX, "1402")),
        ([INDEX], None, (INDEX, None)),
        ([INDEX, "1402"], None, (INDEX, "1402")),
        (["1402", "1402"], None, (None, "1402")),
        ([INDEX], "1402", (INDEX, "1402")),
        ([], "1402", (None, "1402")),
        ([INDEX, "1402"], INDEX, (INDEX, "1402")),
    ],
)
def test_a_train_reaches_the_field_of_its_form(
    trains: list[str], named: str | None, expected: tuple[str | None, str | None]
) -> None:
    """Four digits are the number of a block train, three parts an index; either may come as a reference."""
    said = aboard(*trains, railDepartureID=named)
    assert [(one.get("trainIndex"), one.get("trainNumber")) for one in said.out] == [expected]
    assert lost(said) == {}


@pytest.mark.parametrize("trains", [["1402", "1403"], ["Z-9"], ["1402", "1403", "1403"]])
def test_a_train_that_fits_nowhere_is_lost(trains: list[str]) -> None:
    """Of two numbers nobody knows which it is."""
    said = aboard(*trains)
    assert [(one.get("trainIndex"), one.get("trainNumber")) for one in said.out] == [(None, None)]
    assert set(lost(said).values()) == set(trains)


def test_a_train_beside_a_ship_is_not_that_of_the_operation() -> None:
    """72 is no operation of a train."""
    named = [{"type": "SMGS", "value": NOTE}, {"type": "TRAIN", "value": "1402"}]
    said = told(DLP, DTC, event("EQUIPMENT", "LOAD", equipmentReference=C1, location=AKTAU,
                                modeOfTransport="VESSEL", references=named))  # fmt: skip
    assert [one.get("trainNumber") for one in said.out] == [None]
    assert lost(said) == {"/references/1/value": "1402"}


def test_a_train_with_both_names_is_back() -> None:
    """DTC note, DLP event, DTC note: index and number."""
    there, here = Crossing(), Crossing()
    mine = note("31", "707701", "12.01.2026 18:40", trainIndex=INDEX, trainNumber="1402")
    (departed,) = [one for one in there.dtc(mine).dlp if one["eventCode"] == "DEPA"]
    (back,) = here.dlp({"eventVersion": 1} | departed).dtc
    assert (back["trainIndex"], back["trainNumber"]) == (INDEX, "1402")
