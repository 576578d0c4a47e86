"""An event of several units reaches the DLP as one event of each, whatever stands first."""

from __future__ import annotations

import copy
from itertools import permutations
from typing import Any

import pytest

from schemas import profiles
from tests.support.crossing import C1, C2, W1, W2
from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp")

EVENT, DLP = "corridor.event.v1", "dlp.event.v1"
LOADED = profiles.load(EVENT).examples["container-loaded"]


def unit(kind: str, number: str, **more: object) -> dict[str, Any]:
    """A unit of a corridor event."""
    return {"kind": kind, "id": number, **more}


def loaded(*units: dict[str, Any], version: int = 1, **more: object) -> dict[str, Any]:
    """Units put on wagons: the subject is the first container."""
    made = copy.deepcopy(LOADED) | {"cargo": []} | more
    made["subject"] = {"type": "EQUIPMENT", "id": C1}
    made["envelope"] |= {"source": "third", "hops": ["third"], "known": []}
    made["correction"] = {"version": version, "retracted": False}
    made["what"] |= {"units": list(units)}
    made["how"] = {"mode": "RAIL"}
    return made


WAGON = unit("WAGON", W1, seals=[{"number": "W-1", "source": "CAR"}])
FIRST = unit("CONTAINER", C1, parent=W1, iso_type="22G1", seals=[{"number": "A-1", "source": "SHI"}])
SECOND = unit("CONTAINER", C2, parent=W2, laden=False)


def told_of(said: Told) -> set[tuple[Any, ...]]:
    """Container, wagon, type, load and seals of each event."""
    return {
        (
            one.get("equipmentReference"),
            one.get("railCarReference"),
            one.get("ISOEquipmentCode"),
            one.get("emptyIndicatorCode"),
            *(seal["number"] for seal in one["seals"]),
        )
        for one in said.out
        if not one["isRetracted"]
    }


def test_each_unit_is_told_once_with_its_own_facts_in_any_order() -> None:
    """The wagon under a container is not told alone; an empty wagon beside them is."""
    empty = unit("WAGON", "50734565")
    for units in list(permutations([WAGON, FIRST, SECOND, empty]))[::7]:
        said = told(EVENT, DLP, loaded(*units))
        assert len(said.out) == 3
        assert told_of(said) == {
            (C1, W1, "22G1", None, "A-1"),
            (C2, W2, None, "EMPTY"),
            (None, "50734565", None, None),
        }
        assert len({one["eventID"] for one in said.out}) == 3
        (own,) = [one for one in said.out if one.get("equipmentReference") == C1]
        assert own["eventID"] == LOADED["envelope"]["event_id"]


def test_goods_go_with_the_container_that_holds_them() -> None:
    """What is in no container in particular is not shared out by guess."""
    goods = [{"container": C1, "hs6": "854143"}, {"container": C2, "hs6": "847130"}, {"hs6": "270900"}]
    said = told(EVENT, DLP, loaded(FIRST, SECOND, cargo=goods))
    assert {(one["equipmentReference"], *(c["hsCode"] for c in one["cargo"])) for one in said.out} == {
        (C1, "854143"),
        (C2, "847130"),
    }
    assert ("/cargo/2/hs6", "270900") in {(loss["pointer"], loss["value"]) for loss in said.of("loss")}


def test_a_unit_that_is_gone_is_taken_back() -> None:
    """Version 2 names one container; version 3 both again, the second one under another id."""
    versions = [loaded(FIRST, SECOND), loaded(FIRST, version=2), loaded(FIRST, SECOND, version=3)]
    for order in permutations(versions):
        newest: dict[str, dict[str, Any]] = {}
        for one in told(EVENT, DLP, *order).out:
            if one["eventID"] not in newest or not newest[one["eventID"]]["isRetracted"]:
                newest[one["eventID"]] = one
        standing = [one["equipmentReference"] for one in newest.values() if not one["isRetracted"]]
        assert sorted(standing) == sorted([C1, C2])


def test_a_wagon_that_is_the_subject_is_told_with_its_containers() -> None:
    """Rolled on a ferry: the wagon, and what stands on it."""
    event = loaded(FIRST, WAGON) | {"subject": {"type": "WAGON", "id": W1}}
    assert told_of(told(EVENT, DLP, event)) == {
        (None, W1, None, None, "W-1"),
        (C1, W1, "22G1", None, "A-1"),
    }
