"""Wagons and containers of lots, and what single units of a note are told: neither lost nor misnamed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C2, NOTE, W2, event, note
from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp", "dtc", "oil")

DTC, DLP, OIL, EVENT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "corridor.event.v1"
DUBENDI = {"UNLocationCode": "AZQDG"}
TANK1, TANK2, BOX = "75003111", "75003129", "QTZU2001312"
"""Tank wagons by their first digit; a container by the form of ISO 6346."""
LOT: dict[str, Any] = {
    "eventId": "2d3f5bfe-0e97-57a3-b82a-435692b50239", "eventVersion": 1, "lot": "L-1",
    "lotEvent": "TANKS_LOADED", "classifier": "ACT", "eventTime": "2026-01-17T06:45:00Z",
    "recordedAt": "2026-01-17T06:45:00Z", "noteKey": NOTE, "UNLocationCode": "AZQDG",
}  # fmt: skip


def lost(said: Told) -> dict[str, str]:
    """The sender's fields that are lost, with their values."""
    return {one["pointer"]: one["value"] for one in said.of("loss")}


def lots(wagons: list[str], *, loaded: bool = True) -> list[tuple[str, str, dict[str, Any]]]:
    """A lot with these wagons, as an oil company tells it and as the DLP does: profile, list, message."""
    bulk = {"lotNumber": "L-1", "railCarReferences": wagons}
    more = {"modeOfTransport": "RAIL"} if loaded else {"modeOfTransport": "VESSEL"}
    made = event("BULK", "LOAD" if loaded else "DISC", location=DUBENDI, bulk=bulk, **more)
    oil = LOT | {"tankWagons": wagons, "lotEvent": "TANKS_LOADED" if loaded else "DISCHARGED"}
    return [(OIL, "/tankWagons", oil), (DLP, "/bulk/railCarReferences", made)]


def test_a_tank_container_is_no_tank_wagon() -> None:
    """In the list of wagons, too: it is told as a container, on a wagon that nobody named."""
    for profile, field, message in lots([BOX]):
        said = told(profile, DTC, message)
        (one,) = said.out
        assert one["wagons"] == [{"containers": [{"containerNo": BOX}]}]
        assert [(u["unit"], u["operationCode"]) for u in one["unitOperations"]] == [(BOX, "20")]
        assert [entry for entry in said.report if entry.get("pointer", "").startswith(field)] == []
    (lot,) = told(OIL, DLP, LOT | {"tankWagons": [BOX]}).out
    assert (lot["equipmentReference"], lot["bulk"].get("railCarReferences")) == (BOX, None)


def test_a_lot_in_wagons_and_a_container_is_told_of_each() -> None:
    """20 of the tank wagon and of the container."""
    for profile, _, message in lots([TANK1, BOX]):
        (one,) = told(profile, DTC, message).out
        assert {u["unit"] for u in one["unitOperations"]} == {TANK1, BOX}
        kinds = [wagon.get("wagonNumber") for wagon in one["wagons"]]
        assert sorted(map(str, kinds)) == [TANK1, "None"]
        assert all("kind" not in wagon for wagon in one["wagons"] if "wagonNumber" not in wagon)


def test_what_is_no_number_of_a_wagon_names_none() -> None:
    """Seven digits: the other wagon is told, this one is lost at its place in the list."""
    for profile, field, message in lots([TANK1, "7500312"]):
        said = told(profile, DTC, message)
        (one,) = said.out
        assert [wagon["wagonNumber"] for wagon in one["wagons"]] == [TANK1]
        assert [u["unit"] for u in one["unitOperations"]] == [TANK1]
        assert lost(said)[f"{field}/1"] == "7500312"


@pytest.mark.parametrize("wagons", [[TANK1, TANK2], [TANK1, TANK2, TANK1], [TANK2]])
def test_each_item_of_a_list_of_texts_is_lost_at_its_place(wagons: list[str]) -> None:
    """The words name the lot: each wagon is lost, and not the list beside them."""
    for profile, field, message in lots(wagons, loaded=False):
        said = told(profile, DTC, message)
        assert len(said.out) == 1
        found = {at: value for at, value in lost(said).items() if at.startswith(field)}
        first = {wagon: wagons.index(wagon) for wagon in wagons}
        assert found == {f"{field}/{place}": wagon for wagon, place in first.items()}, profile


def test_a_tank_wagon_that_is_told_is_not_lost_in_the_list() -> None:
    """A wagon was loaded; the list of its lot names it again, in another spelling."""
    bulk = {"productCode": "K", "railCarReferences": [TANK1, "7500-3111", TANK2]}
    for unit in ({"railCarReference": TANK1}, {"railCarReference": TANK1, "equipmentReference": BOX}):
        said = told(DLP, DTC, event("EQUIPMENT", "LOAD", modeOfTransport="RAIL", location=DUBENDI,
                                    bulk=bulk, **unit))  # fmt: skip
        assert lost(said) == {"/bulk/railCarReferences/2": TANK2}


@pytest.mark.parametrize("named", [TANK2, "7500 3129"])
def test_a_wagon_beside_the_list_is_of_the_lot_as_well(named: str) -> None:
    """The list has one, the event names another: both are told."""
    bulk = {"lotNumber": "L-1", "railCarReferences": [TANK1]}
    said = told(DLP, DTC, event("BULK", "LOAD", modeOfTransport="RAIL", location=DUBENDI, bulk=bulk,
                                railCarReference=named))  # fmt: skip
    assert {wagon["wagonNumber"] for wagon in said.out[0]["wagons"]} == {TANK1, TANK2}
    same = event("BULK", "LOAD", modeOfTransport="RAIL", location=DUBENDI, bulk=bulk, railCarReference=TANK1)
    assert [wagon["wagonNumber"] for wagon in told(DLP, DTC, same).out[0]["wagons"]] == [TANK1]


def test_equal_texts_are_lost_each_at_its_own_place() -> None:
    """Three notes, and two papers of one number: each of these is lost to each note."""
    notes = [NOTE, "707701/2026-01-12/0044444", "707701/2026-01-12/0044445"]
    named = [{"type": "SMGS", "value": value} for value in notes]
    named += [{"type": "BL", "value": "X-1"}, {"type": "BKG", "value": "X-1"}]
    said = told(DLP, DTC, event("TRANSPORT", "DEPA", modeOfTransport="RAIL", references=named,
                                location={"UNLocationCode": "KZHOR"}))  # fmt: skip
    assert len(said.out) == 3
    assert lost(said) == {"/references/3/value": "X-1", "/references/4/value": "X-1"}


OWN = [{"unit": C2, "operationCode": "20", "operationStation": "707701", "operationTime": "12.01.2026 14:30"}]
SEALED = {"number": "S-1", "owner": "CARRIER"}


@pytest.mark.parametrize("operation", ["31", "30", "11"])
def test_what_an_operation_of_one_unit_tells_is_not_lost_of_the_note(operation: str) -> None:
    """20 of the second container, on its wagon, with its seal and its goods; the first one's stay behind."""
    given = note(operation, "707701", "12.01.2026 18:40", trainIndex="7077-041-5721", unitOperations=OWN)
    for wagon in given["wagons"]:
        wagon["containers"][0]["seals"] = [SEALED]
    said = told(DTC, DLP, given)
    (loaded,) = [one for one in said.out if one["eventCode"] == "LOAD"]
    assert (loaded["equipmentReference"], loaded["railCarReference"]) == (C2, W2)
    gone = lost(said)
    told_of_two = ["wagonNumber", "containers/0/containerNo", "containers/0/seals/0/number"]
    assert [name for name in told_of_two if f"/wagons/1/{name}" in gone] == []
    assert {f"/wagons/0/{name}" for name in told_of_two} <= set(gone)
    if operation != "11":  # of the contract all goods are told
        assert {at for at in gone if at.startswith("/goods/1/")} == {"/goods/1/name", "/goods/1/grossKg"}
        assert "/goods/0/netKg" in gone


def test_an_operation_of_one_tank_wagon_is_not_lost_of_the_note() -> None:
    """The wagon is told by its own operation; the other, and what nobody has a field for, is lost."""
    wagons = [{"wagonNumber": number, "kind": "TANK"} for number in (TANK1, TANK2)]
    own = [OWN[0] | {"unit": TANK1}]
    said = told(DTC, DLP, note("31", "707701", "12.01.2026 18:40", trainIndex="7077-041-5721", goods=None,
                               wagons=wagons, unitOperations=own))  # fmt: skip
    assert {"/wagons/0/wagonNumber", "/wagons/1/wagonNumber"} & set(lost(said)) == {"/wagons/1/wagonNumber"}


FIRST = note("11", "707701", "12.01.2026 09:10", trainIndex="7077-041-5721")
LATER = {name: FIRST[name] for name in ("noteNumber", "contractDate", "departureStation", "messageId")} | {
    "messageKind": "DELTA", "noteVersion": 2, "operationCode": "31", "operationStation": "707701",
    "operationTime": "12.01.2026 18:40",
}  # fmt: skip


@pytest.mark.parametrize("operation", ["30", "31", "32", "34"])
@pytest.mark.parametrize("unit", [True, False])
def test_a_train_that_the_note_has_is_not_missing(operation: str, unit: bool) -> None:
    """It was told with an earlier version; nor does an operation of one unit miss it."""
    own: dict[str, Any] = {"unitOperations": [OWN[0] | {"operationCode": operation}]} if unit else {}
    said = told(DTC, DLP, FIRST, LATER | ({} if unit else {"operationCode": operation}) | own)
    assert said.rules("/trainIndex") == set()


def test_a_train_is_missing_once_the_note_is_known() -> None:
    """A DELTA onto nothing may leave out what was told before; a whole note may not."""
    plain = {name: value for name, value in FIRST.items() if name != "trainIndex"}
    assert told(DTC, DLP, LATER).rules("/trainIndex") == set()
    assert told(DTC, DLP, plain, LATER).rules("/trainIndex") == {"train-missing"}
    stands = LATER | {"operationCode": "34"}
    assert told(DTC, DLP, stands).rules("/etaDestination") == set()
    assert told(DTC, DLP, FIRST, stands).rules("/etaDestination") == {"eta-missing"}


def test_what_is_odd_in_the_operation_of_a_unit_is_still_found() -> None:
    """A station whose check digit is wrong, at its own field: by the ESR rule 1 follows 70770."""
    own = [OWN[0] | {"operationStation": "707702"}]
    said = told(DTC, EVENT, FIRST | {"unitOperations": own})
    assert any("check digit" in rule for rule in said.rules("/unitOperations/0/operationStation"))
