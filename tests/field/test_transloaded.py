"""50, transloaded between gauges: what came off which wagon, and what went on which."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C1, Crossing, note, pick

pytestmark = pytest.mark.system("dtc", "dlp")

OLD, OTHER, NEW = "332785400125", "333384011224", "75003111"
SEALS = [{"number": "NEW-1", "owner": "CARRIER"}]


def tanks(version: int = 1, **more: object) -> dict[str, Any]:
    """50 of one tank wagon at Altynkol; its seals are those of the wagon that was loaded."""
    wagon = {"wagonNumber": NEW, "kind": "TANK", "seals": SEALS, **more}
    return note("50", "707701", "12.01.2026 16:05", noteVersion=version, wagons=[wagon], goods=[])


def moves(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What became of which wagon."""
    return pick(events, "eventCode", "railCarReference", "isRetracted")


def test_the_wagon_that_was_loaded_was_not_discharged() -> None:
    """Nobody says which wagon it came from: nothing is told of that one."""
    assert moves(Crossing().dtc(tanks()).dlp) == [("LOAD", NEW, False)]


def test_the_seals_of_the_new_wagon_are_not_on_the_old_one() -> None:
    """The discharge is of the wagon that it came from, of which the note says its number alone."""
    passage = Crossing().dtc(tanks(transloadedFrom=OLD))
    assert moves(passage.dlp) == [("DISC", OLD, False), ("LOAD", NEW, False)]
    assert [[seal["number"] for seal in one["seals"]] for one in passage.dlp] == [[], ["NEW-1"]]
    off = next(one for one in passage.corridor if one["why"]["code"] == "EQUIPMENT/DISC")
    assert off["subject"] == {"type": "WAGON", "id": OLD}
    assert [one["id"] for one in off["what"]["units"]] == [OLD]


def test_another_old_wagon_takes_the_first_one_back() -> None:
    """The number was mistyped: the first discharge did not happen."""
    crossing = Crossing()
    crossing.dtc(tanks(transloadedFrom=OTHER))
    assert set(moves(crossing.dtc(tanks(2, transloadedFrom=OLD)).dlp)) >= {
        ("DISC", OTHER, True),
        ("DISC", OLD, False),
    }


def test_a_container_comes_off_the_old_wagon() -> None:
    """In the corridor event of the discharge it is on the wagon that it came from, where that is known."""
    for known in (OLD, None):
        wagon = {"wagonNumber": NEW, "containers": [{"containerNo": C1}]}
        wagon |= {} if known is None else {"transloadedFrom": known}
        passage = Crossing().dtc(note("50", "707701", "12.01.2026 16:05", wagons=[wagon]))
        off = next(one for one in passage.corridor if one["why"]["code"] == "EQUIPMENT/DISC")
        assert [one["parent"] for one in off["what"]["units"]] == [known]
        assert off["how"]["rail_car"] == known
