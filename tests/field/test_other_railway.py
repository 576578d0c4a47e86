"""Another railway that speaks the same profile has the whole note as the first one gave it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.mapping.reasons import kind_of
from tests.support.crossing import C1, C2, Crossing, note

pytestmark = pytest.mark.system("dtc")

LIFTED = {
    "unit": C1, "operationCode": "72", "operationStation": "663404", "operationTime": "17.01.2026 11:45",
    "timeBasis": "LOC", "remark": "deck 2",
}  # fmt: skip
ABOUT = ("messageId", "noteVersion")


def plain(one: dict[str, Any]) -> dict[str, Any]:
    """What a note says, without what is of its message, is personal or says nothing."""
    said = {name: value for name, value in one.items() if name not in ABOUT and value not in (None, [])}
    for party in ("consignor", "consignee"):
        said[party] = {
            name: value for name, value in said[party].items() if name in {"railClientCode", "country"}
        }
    return said


def test_the_operations_of_single_units_reach_another_railway() -> None:
    """One container is lifted on the feeder, the other stands in the port: the copy says both as well."""
    crossing = Crossing(dtc="dtc.note.v1", georgia="dtc.note.v1")
    given = note("32", "663404", "17.01.2026 06:10", noteVersion=5, unitOperations=[LIFTED])
    crossing.dtc(given)
    (copy,) = crossing.total.sent["georgia"]
    assert copy["unitOperations"] == [LIFTED]
    assert plain(copy) == plain(given)


def test_a_unit_that_has_its_own_operation_no_longer_has_none_there_either() -> None:
    """The next version has both units under one operation."""
    crossing = Crossing(dtc="dtc.note.v1", georgia="dtc.note.v1")
    crossing.dtc(note("32", "663404", "17.01.2026 06:10", noteVersion=5, unitOperations=[LIFTED]))
    units = [LIFTED | {"unit": unit} for unit in (C1, C2)]
    crossing.dtc(note("72", "663404", "17.01.2026 12:10", noteVersion=6))
    crossing.dtc(note("72", "663404", "17.01.2026 12:10", noteVersion=7, unitOperations=units))
    copies = crossing.total.sent["georgia"]
    assert [len(one.get("unitOperations") or ()) for one in copies] == [1, 0, 2]


def test_of_a_note_that_is_told_whole_nothing_is_lost() -> None:
    """Key, times, declaration and number of the train stand in the copy; personal data alone stays."""
    crossing = Crossing(dtc="dtc.note.v1", georgia="dtc.note.v1")
    customs = {"transitDeclNo": "C2026-118", "status": "LODGED", "office": "39805"}
    given = note(
        "31",
        "707701",
        "12.01.2026 22:40",
        trainNumber="1203",
        etaDestination="25.01.2026 10:00",
        customs=customs,
    )
    passage = crossing.dtc(given)
    (copy,) = passage.sent["georgia"]
    assert plain(copy) == plain(given)
    told = [loss for loss in passage.losses if loss[0] == "from-corridor.georgia"]
    assert [loss for loss in told if kind_of(loss[2]) == "loss"] == []
