"""What a partner is told is so: of which train, by which gate, at which station, and when it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import note
from tests.support.field import told

pytestmark = pytest.mark.system("dtc", "dlp", "port")

TO_DLP, TO_DTC = ("dtc.note.v1", "dlp.event.v1"), ("dlp.event.v1", "dtc.note.v1")


def trains(one: dict[str, Any]) -> list[str]:
    """The trains and declarations that an event names."""
    return [ref["value"] for ref in one["references"] if ref["type"] in {"TRAIN", "TRANSIT_DECL"}]


def test_what_is_taken_back_is_of_the_train_that_was_told() -> None:
    """Version 2 of the note says train 117: it was not 117 that did not depart, but 116."""
    left = [
        note("31", "707701", "12.01.2026 22:40", trainIndex=f"7077-{train}-5721", noteVersion=version)
        for version, train in ((1, 116), (2, 117))
    ]
    found = told(*TO_DLP, *left)
    assert [(one["isRetracted"], one["railDepartureID"], trains(one)) for one in found.out] == [
        (False, "7077-116-5721", ["7077-116-5721"]),
        (True, "7077-116-5721", ["7077-116-5721"]),
        (False, "7077-117-5721", ["7077-117-5721"]),
    ]


def test_what_is_taken_back_is_of_the_declaration_that_was_told() -> None:
    """Version 2 says that D2 was lodged somewhere else and later: that D1 was is taken back with the note."""
    lodged = note("60", "707701", "12.01.2026 15:00", customs={"transitDeclNo": "D1", "status": "LODGED"})
    annulled = note("19", None, None, noteVersion=2, messageKind="ANNULMENT", trainIndex="7077-117-5721",
                    customs={"transitDeclNo": "D2"})  # fmt: skip
    gone = [one for one in told(*TO_DLP, lodged, annulled).out if one["isRetracted"]]
    assert [(one["eventCode"], one["customs"]["declarationNo"]) for one in gone] == [("SUBM", "D1")]
    assert "D2" not in str(gone)
    assert "117" not in str(gone)
