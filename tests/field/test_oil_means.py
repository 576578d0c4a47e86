"""By what oil moves: a tanker, tank wagons or a pipeline; what no terminal has a word for is told to none."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from tests.support.field import Told, told

pytestmark = pytest.mark.system("oil", "dlp", "dtc")

DTC, DLP, OIL, EVENT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "corridor.event.v1"
WAGON = "75003111"
TANKER = {"vesselIMONumber": "9319466"}


def bulk(code: str, **more: object) -> dict[str, Any]:
    """60 t of crude oil at Baku."""
    made: dict[str, Any] = {
        "eventID": str(uuid5(NAMESPACE_URL, code)), "eventVersion": 1, "eventType": "BULK", "eventCode": code,
        "eventClassifierCode": "ACT", "eventDateTime": "2026-02-03T01:10:00Z",
        "eventCreatedDateTime": "2026-02-03T01:10:00Z", "location": {"UNLocationCode": "AZBAK"},
        "cargo": [{"hsCode": "270900", "quantity": "60", "unitCode": "TNE"}],
        "bulk": {"lotNumber": "L-1"},
    }  # fmt: skip
    return made | more


def rows(said: Told) -> list[str]:
    """What the terminal was told."""
    return [one["lotEvent"] for one in said.out]


@pytest.mark.parametrize(
    ("code", "mode", "row"),
    [
        ("LOAD", "VESSEL", "LOADED"), ("LOAD", "RAIL", "TANKS_LOADED"),
        ("DISC", "VESSEL", "DISCHARGED"), ("DISC", "RAIL", "TANKS_UNLOADED"),
        ("DEPA", "VESSEL", "SAILED"), ("ARRI", "VESSEL", "ARRIVED"),
        ("INJE", "PIPELINE", "INJECTED"),
    ],
)  # fmt: skip
def test_a_row_of_the_terminal_is_told_without_loss_of_its_code(code: str, mode: str, row: str) -> None:
    """O1 to O8: the row says code and mode, so neither is lost."""
    said = told(DLP, OIL, bulk(code, modeOfTransport=mode))
    assert rows(said) == [row]
    assert {one["pointer"] for one in said.of("loss")} == set()


@pytest.mark.parametrize(
    ("code", "mode"),
    [
        ("LOAD", "TRUCK"), ("DISC", "TRUCK"), ("LOAD", "PIPELINE"), ("DISC", "PIPELINE"),
        ("DEPA", "RAIL"), ("ARRI", "RAIL"), ("DEPA", "TRUCK"), ("ARRI", "PIPELINE"),
    ],
)  # fmt: skip
def test_what_a_terminal_has_no_row_for_is_not_told_as_another(code: str, mode: str) -> None:
    """O2 to O5 are of a tanker: a train that departs has not sailed, a truck that is loaded is no tanker."""
    said = told(DLP, OIL, bulk(code, modeOfTransport=mode))
    assert said.out == []
    assert [one["reason"] for one in said.of("filtered")] == ["no-equivalent"]


@pytest.mark.parametrize("code", ["LOAD", "DISC"])
def test_oil_that_moves_nobody_says_how_lacks_its_mode(code: str) -> None:
    """A tanker or tank wagons: the message says neither, and all that it says is a loss."""
    said = told(DLP, OIL, bulk(code))
    assert said.out == []
    assert [one["reason"] for one in said.of("filtered")] == ["incomplete"]
    assert "/cargo/0/quantity" in {one["pointer"] for one in said.of("loss")}


@pytest.mark.parametrize(
    ("code", "means", "row"),
    [
        ("LOAD", {"bulk": {"lotNumber": "L-1", "railCarReferences": [WAGON]}}, "TANKS_LOADED"),
        ("DISC", {"railCarReference": WAGON}, "TANKS_UNLOADED"),
        ("LOAD", TANKER, "LOADED"),
        ("DISC", {"vesselName": "TARAZ"}, "DISCHARGED"),
        ("DEPA", TANKER, "SAILED"),
    ],
)
def test_what_is_named_says_by_what_oil_moves(code: str, means: dict[str, Any], row: str) -> None:
    """Tank wagons or a tanker named without a mode: as for trains and vessels, with a finding."""
    said = told(DLP, OIL, bulk(code, **means))
    assert rows(said) == [row]
    assert "mode-by-means" in {one["rule"] for one in said.of("finding")}


def test_a_tanker_and_wagons_together_do_not_say_it() -> None:
    """Out of the tanker into wagons, or the other way round."""
    both = TANKER | {"bulk": {"lotNumber": "L-1", "railCarReferences": [WAGON]}}
    assert told(DLP, OIL, bulk("DISC", **both)).out == []


def test_a_note_is_told_of_its_tank_wagons_without_a_mode() -> None:
    """20 of the wagons, and not words about an id that no railway knows."""
    came = bulk(
        "LOAD", references=[{"type": "SMGS", "value": "549702/2026-02-02/0770021"}],
        bulk={"railCarReferences": [WAGON]},
    )  # fmt: skip
    (note,) = told(DLP, DTC, came).out
    assert (note["operationCode"], [one["unit"] for one in note["unitOperations"]]) == ("20", [WAGON])


@pytest.mark.parametrize("mode", ["VESSEL", None])
def test_a_loading_is_taken_back_whatever_the_retraction_says(mode: str | None) -> None:
    """A retraction may say no more than whose it is."""
    loaded = bulk("LOAD", modeOfTransport="VESSEL")
    taken = {name: value for name, value in loaded.items() if name != "modeOfTransport"} | {
        "eventVersion": 2, "isRetracted": True, "eventUpdatedDateTime": "2026-02-04T00:00:00Z",
    }  # fmt: skip
    said = told(DLP, OIL, loaded, taken | ({"modeOfTransport": mode} if mode is not None else {}))
    assert [(one["lotEvent"], one.get("isRetracted", False)) for one in said.out] == [
        ("LOADED", False),
        ("LOADED", True),
    ]


def in_containers(*boxes: str) -> dict[str, Any]:
    """42.5 t in tank containers on one platform."""
    listed = [{"containerNo": box, "sizeType": "22T6", "seals": [{"number": f"S-{box}", "owner": "CARRIER"}]}
              for box in boxes]  # fmt: skip
    return {
        "messageId": str(uuid5(NAMESPACE_URL, str(boxes))), "messageKind": "SNAPSHOT", "noteType": "SMGS",
        "noteNumber": "0770031", "contractDate": "02.02.2026", "noteVersion": 1, "departureStation": "549702",
        "destinationStation": "571405", "operationCode": "20", "operationStation": "549702",
        "operationTime": "03.02.2026 05:10", "wagons": [{"wagonNumber": "94001237", "containers": listed}],
        "goods": [{"gng": "27090000", "netKg": 42500}], "oil": {"netTonnes": "42.5", "actNumber": "A-70"},
    }  # fmt: skip


A, B = "QTZU3100011", "QTZU3100027"


def test_a_lot_in_tank_containers_is_in_no_tank_wagon() -> None:
    """The platform under them is no tank wagon of the lot; its seals are those of all of them."""
    (lot,) = [one for one in told(DTC, DLP, in_containers(A, B)).out if one["eventType"] == "BULK"]
    assert "railCarReferences" not in lot["bulk"]
    assert lot["bulk"]["sealNumbers"] == [f"S-{A}", f"S-{B}"]
    assert lot["totalUnits"] == 2
    (terminal,) = told(DTC, OIL, in_containers(A, B)).out
    assert (terminal["tankWagons"], terminal["seals"]) == ([], [f"S-{A}", f"S-{B}"])


def test_a_lot_in_several_containers_is_not_told_as_in_the_first() -> None:
    """One container of a lot is named; of several the lot has no place for the numbers, and they are lost."""
    said = told(DTC, DLP, in_containers(A, B))
    (lot,) = [one for one in said.out if one["eventType"] == "BULK"]
    assert {"equipmentReference", "ISOEquipmentCode", "emptyIndicatorCode", "railCarReference"} & set(
        lot
    ) == set()
    assert lot["seals"] == []
    (alone,) = [one for one in told(DTC, DLP, in_containers(A)).out if one["eventType"] == "BULK"]
    assert (alone["equipmentReference"], alone["totalUnits"]) == (A, 1)
    assert [one["number"] for one in alone["seals"]] + alone["bulk"]["sealNumbers"] == [f"S-{A}"]


def test_a_lot_of_wagons_and_containers_keeps_its_tank_wagons() -> None:
    """A tank wagon beside a platform with a container."""
    mixed = in_containers(A)
    mixed["wagons"].append({"wagonNumber": WAGON, "kind": "TANK"})
    (lot,) = [one for one in told(DTC, DLP, mixed).out if one["eventType"] == "BULK"]
    assert (lot["bulk"]["railCarReferences"], lot["totalUnits"]) == ([WAGON], 2)
    assert told(DTC, OIL, mixed).out[0]["tankWagons"] == [WAGON]


@pytest.mark.parametrize("target", [DLP, EVENT])
def test_a_net_volume_beside_a_net_mass_is_lost_by_name(target: str) -> None:
    """The mass goes; the barrels beside it have no place, with their unit, though they were compared."""
    lot = {
        "eventId": str(uuid5(NAMESPACE_URL, "net")), "eventVersion": 1, "lot": "L-2", "lotEvent": "LOADED",
        "classifier": "ACT", "eventTime": "2026-01-25T16:00:00Z", "recordedAt": "2026-01-25T16:00:00Z",
        "density": {"value": "793.5", "reference": "C15"},
        "quantities": [
            {"kind": "NET", "quantity": "5994", "unit": "TNE"},
            {"kind": "NET", "quantity": "47585.8", "unit": "BLL", "reference": "F60"},
        ],
    }  # fmt: skip
    said = told(OIL, target, lot)
    assert {one["pointer"]: one["value"] for one in said.of("loss")} == {
        "/quantities/1/quantity": "47585.8", "/quantities/1/unit": "BLL", "/quantities/1/reference": "F60",
    }  # fmt: skip
    assert said.of("finding") == []


def test_the_quantity_of_a_part_is_not_that_of_the_lot() -> None:
    """A terminal takes each quantity as a measurement of the whole lot; that of a part is lost by name."""
    part = bulk("LOAD", modeOfTransport="VESSEL", partialIndicator=True, totalUnits=20)
    part["bulk"] = {"lotNumber": "L-1", "gsv15": "75.6", "gsv60": "475.8", "density15": "793.5"}
    part["bulk"]["grossVolumeObserved"] = "76.1"
    said = told(DLP, OIL, part)
    assert [(one["lotEvent"], one["quantities"]) for one in said.out] == [("LOADED", [])]
    assert "observedVolume" not in said.out[0]
    assert said.out[0]["density"] == {"value": "793.5", "reference": "C15"}  # holds in every part
    assert {one["pointer"] for one in said.of("loss")} >= {
        "/partialIndicator", "/totalUnits", "/cargo/0/quantity", "/bulk/gsv15", "/bulk/gsv60",
        "/bulk/grossVolumeObserved",
    }  # fmt: skip
    whole = told(DLP, OIL, part | {"partialIndicator": False}).out[0]
    assert [one["unit"] for one in whole["quantities"]] == ["TNE", "MTQ", "BLL"]
