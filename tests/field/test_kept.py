"""A failed check is a finding: the value is kept, and goes to whom it concerns (docs/identifiers.md)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import profiles
from tests.support.field import told

DTC, DLP, PORT, OIL, PERMITS = (
    "dtc.note.v1",
    "dlp.event.v1",
    "port.event.v1",
    "oil.lot.v1",
    "epermit.event.v1",
)
WRONG = "554609/2026-01-12/0012345"
"""Yalama as a public table has it: a station whose check digit should be 7."""
GOOD = "707701/2026-01-12/0012345"
FORMLESS = ["707701/2026-02-30/0012345"]


def example(profile: str, name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """An example of a profile, changed."""
    made = profiles.load(profile).examples[name]
    assert isinstance(made, dict)
    return made | changes


def values(given: Any) -> list[set[str]]:  # noqa: ANN401 - what the harness gives
    """The references of each event."""
    return [{ref["value"] for ref in one["references"]} for one in given.out]


@pytest.mark.parametrize("permit", ["AZ-KZ-2026-2-0", "AZ-KZ-2020-2-17", "AZ-KZ-2026-0-17"])
def test_a_permit_that_cannot_be_is_told_with_a_finding(permit: str) -> None:
    """Serial, year and type: the id has its form, so the event keeps its subject."""
    used = example(PERMITS, "truck-entered", permit_id=permit)
    given = told(PERMITS, DLP, used)
    assert [permit in refs for refs in values(given)] == [True]
    assert given.rules("/permit_id") != set()
    assert [one for one in given.of("loss") if one["pointer"] == "/permit_id"] == []
    entered = {
        "eventID": "80bbf005-010f-59dd-9de8-2e44702ecdb5", "eventVersion": 1, "eventType": "PERMIT",
        "eventCode": "ENTR", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-16T11:00:00Z",
        "eventCreatedDateTime": "2026-01-16T11:00:00Z", "references": [{"type": "EPERMIT", "value": permit}],
    }  # fmt: skip
    assert told(DLP, "corridor.event.v1", entered).rules("/references/0/value") != set()


@pytest.mark.parametrize("key", [WRONG, *FORMLESS])
def test_a_note_whose_station_fails_the_check_is_a_note(key: str) -> None:
    """The railway that wrote it has it under that key; what has not the form is no key."""
    loaded = {
        "eventID": "80bbf005-010f-59dd-9de8-2e44702ecdb5", "eventVersion": 1, "eventType": "EQUIPMENT",
        "eventCode": "LOAD", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-20T11:00:00Z",
        "eventCreatedDateTime": "2026-01-20T11:00:00Z", "UNLocationCode": "KZAAU", "noteKey": key,
        "equipmentReference": "CSQU3054383", "vesselIMONumber": "9074729",
    }  # fmt: skip
    to_dlp, to_dtc = told(PORT, DLP, loaded), told(PORT, DTC, loaded)
    assert to_dlp.rules("/noteKey") != set() or key != WRONG
    assert values(to_dlp) == [{key} if key == WRONG else set()]
    assert [one["departureStation"] for one in to_dtc.out] == (["554609"] if key == WRONG else [])


def test_a_note_from_such_a_station_is_named_to_the_dlp() -> None:
    """All that the railway tells of it."""
    given = told(DTC, DLP, example(DTC, "loaded", departureStation="554609", operationStation="663404"))
    assert given.out
    assert all(any(value.startswith("554609/") for value in refs) for refs in values(given))
    assert "ESR station code check digit is 9, expected 7" in given.rules("/departureStation")


CALL = {
    "eventID": "e1f9f715-e9d9-5f01-a8fe-d5efb56c18a9", "eventVersion": 2, "isRetracted": True,
    "eventType": "PORTCALL", "eventCode": "DEPA", "eventClassifierCode": "ACT",
    "eventDateTime": "2026-01-19T14:00:00Z", "eventCreatedDateTime": "2026-01-19T14:00:00Z",
    "UNLocationCode": "AZALA",
}  # fmt: skip
UNIT = CALL | {"eventType": "EQUIPMENT", "eventCode": "LOAD"}
DLP_UNIT = {name: value for name, value in UNIT.items() if name != "UNLocationCode"}


@pytest.mark.parametrize(
    ("profile", "given", "named"),
    [
        (PORT, CALL, {"vesselIMONumber": "9074729"}),
        (PORT, UNIT, {"equipmentReference": "CSQU3054383", "vesselIMONumber": "9074729"}),
        ("vessel.event.v1", CALL | {"eventType": "TRANSPORT"}, {"vesselIMONumber": "9074729"}),
        (DLP, DLP_UNIT | {"location": {"UNLocationCode": "AZALA"}}, {"equipmentReference": "CSQU3054383"}),
    ],
)
def test_the_id_says_what_is_taken_back(profile: str, given: dict[str, Any], named: dict[str, str]) -> None:
    """A retraction need not name the vessel or unit again, whether the event came before or not."""
    first = given | {"eventVersion": 1, "isRetracted": False} | named
    for messages in ([first, given], [given]):
        said = told(profile, "corridor.event.v1", *messages)
        assert {"vessel-not-named", "unit-not-named"}.isdisjoint({one["rule"] for one in said.of("finding")})
    bare = told(profile, "corridor.event.v1", given | {"isRetracted": False})
    assert {"vessel-not-named", "unit-not-named"} & {one["rule"] for one in bare.of("finding")}
