"""An override that names other units: to those that it leaves out it did not happen, and the note says so."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, C2, event
from tests.support.field import Told, told
from tests.support.receiver import merged

DTC, DLP, OIL = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1"
W1, W2, W3 = "75003111", "75003129", "74123456"
KEY = "549702/2026-02-02/0780107"
ALAT = {"UNLocationCode": "AZALA"}
Message = dict[str, Any]


def lot(number: int, *wagons: str, **more: Any) -> Message:  # noqa: ANN401 - JSON values
    """A version of the loading of a lot of oil on tank wagons, each made an hour after the one before."""
    return {
        "eventId": "22da50d7-c42e-552c-8252-9cdbec0a8e01", "eventVersion": number, "lot": "S1",
        "lotEvent": "TANKS_LOADED", "classifier": "ACT", "eventTime": "2026-02-03T01:10:00Z",
        "recordedAt": f"2026-02-03T0{1 + number}:10:00Z", "UNLocationCode": "AZQDG", "noteKey": KEY,
        "tankWagons": list(wagons), "quantities": [{"kind": "NET", "quantity": "60", "unit": "TNE"}],
    } | more  # fmt: skip


def versions(kind: str, code: str, *changes: Message, **more: Any) -> list[Message]:  # noqa: ANN401 - JSON values
    """Versions of one DLP event."""
    first = event(kind, code, location=ALAT, modeOfTransport="RAIL", **more)
    return [
        first | {"eventVersion": n, "eventUpdatedDateTime": f"2026-01-18T0{n}:00:00Z"} | one
        for n, one in enumerate(changes, 1)
    ]


def cars(*numbers: str) -> Message:
    """Tank wagons of a lot."""
    return {"bulk": {"lotNumber": "S1", "railCarReferences": list(numbers)}}


KINDS: dict[str, tuple[str, list[Message]]] = {
    "lot of a terminal": (OIL, [lot(1, W1), lot(2, W2), lot(3, W3)]),
    "lot of the DLP": (DLP, versions("BULK", "LOAD", cars(W1), cars(W2), cars(W3))),
    "departure of a wagon": (
        DLP, versions("TRANSPORT", "DEPA", *({"railCarReference": one} for one in (W1, W2, W3)))
    ),
    "departure of a wagon of a train": (
        DLP, versions("TRANSPORT", "DEPA", *({"railCarReference": one} for one in (W1, W2, W3)),
                      railDepartureID="5485-007-5721")
    ),
    "release of a container": (
        DLP, versions("CUSTOMS", "CUSR", *({"equipmentReference": one} for one in (C1, C2, "CSQU3054383")),
                      customs={"declarationNo": "D1"})
    ),
}  # fmt: skip
CODES = {"lot of a terminal": "20", "lot of the DLP": "20", "release of a container": "61"}


def operations(said: Told) -> dict[str, str]:
    """The last operation of each unit that the DTC has in the end."""
    held = merged(said.out)
    assert isinstance(held, dict)
    return {one["unit"]: one["operationCode"] for one in held["unitOperations"]}


def units(message: Message) -> list[str]:
    """What a message names."""
    found = message.get("tankWagons") or message.get("bulk", {}).get("railCarReferences")
    return found or [message.get("railCarReference") or message["equipmentReference"]]


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_that_an_override_leaves_out_is_told_that(kind: str) -> None:
    """Version 2 names another: it is the only one with the operation, the first has an amendment (12)."""
    profile, (first, second, third) = KINDS[kind]
    (one,), (two,), (three,) = (units(each) for each in (first, second, third))
    code = CODES.get(kind, "31")
    said = told(profile, DTC, first, second)
    assert operations(said) == {one: "12", two: code}
    (amended,) = (
        unit for each in said.out for unit in each["unitOperations"] if unit["operationCode"] == "12"
    )
    assert amended["remark"].startswith("RETRACTED ")
    assert amended["remark"].endswith(one)
    assert merged(said.out)["operationCode"] == code
    assert operations(told(profile, DTC, first, second, third)) == {one: "12", two: "12", three: code}


@pytest.mark.parametrize("kind", KINDS)
def test_in_every_order_one_unit_has_the_operation(kind: str) -> None:
    """That of the last version; the others an amendment, or nothing where they were never named."""
    profile, given = KINDS[kind]
    (last,), code = units(given[-1]), CODES.get(kind, "31")
    for order in permutations(given):
        held = operations(told(profile, DTC, *order))
        assert {unit for unit, one in held.items() if one != "12"} == {last}
        assert held[last] == code
    back = [*given, given[0] | {"eventVersion": 4, "eventUpdatedDateTime": "2026-01-18T09:00:00Z"}]
    if profile == OIL:
        back[-1] = lot(4, W1)
    (first,) = units(given[0])
    for order in permutations(back):
        held = operations(told(profile, DTC, *order))
        assert {unit for unit, one in held.items() if one != "12"} == {first}


def test_of_several_wagons_only_the_one_that_is_gone_is_amended() -> None:
    """And it is told once: a third version that changes nothing of it does not tell it again."""
    said = told(OIL, DTC, lot(1, W1, W2), lot(2, W2, W3), lot(3, W2, W3, actNumber="A1"))
    assert operations(said) == {W1: "12", W2: "20", W3: "20"}
    assert [[one["unit"] for one in each["unitOperations"]] for each in said.out] == [
        [W1, W2], [W2, W3], [W1], [W2, W3]
    ]  # fmt: skip


def test_what_happened_to_it_since_stands() -> None:
    """The wagon was unloaded by another event: it was loaded after all, and its last operation holds."""
    other = lot(1, W1, eventId="22da50d7-c42e-552c-8252-9cdbec0a8eff", lotEvent="TANKS_UNLOADED",
                eventTime="2026-02-06T10:10:00Z", UNLocationCode="GEBUS")  # fmt: skip
    for order in permutations([lot(1, W1), lot(2, W2), other]):
        said = told(OIL, DTC, *order)
        assert operations(said)[W1] not in {"12", "20"}
        assert [one for one in said.of("loss") if one["pointer"].startswith("/tankWagons")] == []


def test_taken_back_as_a_whole_no_unit_has_it() -> None:
    """After an override and a retraction both wagons have an amendment."""
    gone = lot(3, W2, isRetracted=True)
    for order in permutations([lot(1, W1), lot(2, W2), gone]):
        said = told(OIL, DTC, *order)
        if said.out:
            assert set(operations(said).values()) == {"12"}


def test_a_container_that_is_named_on_its_wagon_does_not_take_the_wagon_back() -> None:
    """The wagon alone, then the container on it: both have left."""
    first, second = versions(
        "TRANSPORT", "DEPA", {"railCarReference": W1}, {"railCarReference": W1, "equipmentReference": C1}
    )
    held = operations(told(DLP, DTC, first, second))
    assert (held[C1], held[W1]) == ("31", "31")


def test_the_same_version_again_is_a_duplicate() -> None:
    """Also of one that has left a wagon out."""
    said = told(OIL, DTC, lot(1, W1), lot(2, W2), lot(2, W2))
    assert (len(said.out), said.of("finding")) == (3, [])
