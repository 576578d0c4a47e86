"""Of a unit that nothing is told of, all that its note says of it is lost by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp", "dtc")

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
ONE, TWO = "CSQU3054383", "TCNU7120451"
NOTE: dict[str, Any] = {
    "messageId": "5d0e2ad4-6b2f-5c07-9d3c-0c6a3e0c7a11", "messageKind": "SNAPSHOT", "noteVersion": 1,
    "noteNumber": "0012345", "contractDate": "12.01.2026", "departureStation": "707701",
}  # fmt: skip
LOADED = {
    "operationCode": "20",
    "operationStation": "707701",
    "operationTime": "12.01.2026 14:30",
    "timeBasis": "LOC",
}
FIRST = {"wagonNumber": "94001237", "containers": [{"containerNo": ONE}]}
BOX = {
    "containerNo": TWO,
    "sizeType": "45G1",
    "grossKg": 20000,
    "seals": [{"number": "Q1", "owner": "CARRIER"}],
}
SECOND = {"wagonNumber": "94002144", "containers": [BOX]}
GOODS = {"containerNo": TWO, "gng": "85414300", "netKg": 17400}


def own(unit: str, code: str, time: str = "12.01.2026 15:00") -> dict[str, str]:
    """The last operation of one unit."""
    return {
        "unit": unit, "operationCode": code, "operationStation": "707701", "operationTime": time,
        "timeBasis": "LOC",
    }  # fmt: skip


def lost(said: Told, but: str = "/unitOperations") -> dict[str, str]:
    """The fields that are lost, without those of the operations of single units."""
    return {one["pointer"]: one["value"] for one in said.of("loss") if not one["pointer"].startswith(but)}


OF_TWO = {
    "/wagons/1/wagonNumber": "94002144",
    "/wagons/1/containers/0/containerNo": TWO,
    "/wagons/1/containers/0/sizeType": "45G1",
    "/wagons/1/containers/0/grossKg": "20000",
    "/wagons/1/containers/0/seals/0/number": "Q1",
    "/wagons/1/containers/0/seals/0/owner": "CARRIER",
}
OF_ITS_GOODS = {"/goods/0/containerNo": TWO, "/goods/0/gng": "85414300", "/goods/0/netKg": "17400"}


@pytest.mark.parametrize("code", ["30", "31", "10"])
def test_a_unit_whose_own_operation_has_no_event_is_lost_with_all_that_is_in_it(code: str) -> None:
    """The loading is told of the other one alone."""
    given = NOTE | LOADED | {"wagons": [FIRST, SECOND], "unitOperations": [own(TWO, code)], "goods": [GOODS]}
    said = told(DTC, DLP, given)
    assert [one["equipmentReference"] for one in said.out] == [ONE]
    assert lost(said) == OF_TWO | OF_ITS_GOODS


def test_one_whose_own_operation_is_told_is_not_lost() -> None:
    """It is inspected at 15:00: its event has seals and goods; only the mass of the container is lost."""
    given = NOTE | LOADED | {"wagons": [FIRST, SECOND], "unitOperations": [own(TWO, "62")], "goods": [GOODS]}
    said = told(DTC, DLP, given)
    assert [(one["equipmentReference"], one["eventCode"]) for one in said.out] == [
        (TWO, "CUSI"),
        (ONE, "LOAD"),
    ]
    assert lost(said) == {"/wagons/1/containers/0/grossKg": "20000"}


def test_a_wagon_without_containers_too() -> None:
    """Tank wagons of one note; the second has passed on."""
    tanks = [{"wagonNumber": number, "kind": "TANK", "tareKg": 24000} for number in ("74123506", "74123514")]
    given = NOTE | LOADED | {"wagons": tanks, "unitOperations": [own("74123514", "31")]}
    said = told(DTC, DLP, given)
    assert [one["railCarReference"] for one in said.out] == ["74123506"]
    there = {pointer: value for pointer, value in lost(said).items() if pointer.startswith("/wagons/1/")}
    assert there == {
        "/wagons/1/wagonNumber": "74123514",
        "/wagons/1/kind": "TANK",
        "/wagons/1/tareKg": "24000",
    }


def test_goods_that_a_part_says_of_a_unit_that_it_does_not_name_are_lost() -> None:
    """The seals of the first container are changed; what the part says of the second is in no event."""
    whole = (
        NOTE | LOADED | {"wagons": [FIRST, {"wagonNumber": "94002144", "containers": [{"containerNo": TWO}]}]}
    )
    resealed = NOTE | {
        "messageId": "5d0e2ad4-6b2f-5c07-9d3c-0c6a3e0c7a12", "messageKind": "DELTA", "noteVersion": 2,
        "operationCode": "51", "operationStation": "707701", "operationTime": "12.01.2026 15:30",
        "timeBasis": "LOC", "wagons": [FIRST], "goods": [GOODS],
    }  # fmt: skip
    said = told(DTC, DLP, whole, resealed)
    assert [one["equipmentReference"] for one in said.out[2:]] == [ONE]
    assert lost(said) == OF_ITS_GOODS


def test_what_a_note_says_with_the_operations_of_all_its_units_is_told_with_them() -> None:
    """Each was released at its own time, under the declaration of the note."""
    units = [own(ONE, "61", "12.01.2026 16:00"), own(TWO, "61", "12.01.2026 16:10")]
    whole = NOTE | LOADED | {"wagons": [FIRST, SECOND]}
    released = NOTE | {
        "messageId": "5d0e2ad4-6b2f-5c07-9d3c-0c6a3e0c7a12", "messageKind": "DELTA", "noteVersion": 2,
        "customs": {"transitDeclNo": "D-1", "office": "398"}, "unitOperations": units,
    }  # fmt: skip
    said = told(DTC, DLP, whole, released)
    assert [one["customs"]["declarationNo"] for one in said.out[2:]] == ["D-1", "D-1"]
    assert [one["pointer"] for one in said.of("loss") if one["line"] == 2] == []
