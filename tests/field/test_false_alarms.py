"""Nothing is told again, found odd or reported lost that is not so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import NOTE, event
from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp", "dtc", "oil")

DTC, DLP, OIL, EVENT = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1", "corridor.event.v1"
ONE, TWO = "CSQU3054383", "TCNU7120451"


def version(number: int, kind: str = "SNAPSHOT", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A version of a note with two containers on two wagons."""
    made = {
        "messageId": f"5d0e2ad4-6b2f-5c07-9d3c-0c6a3e0c7a1{number}", "messageKind": kind,
        "noteVersion": number, "noteNumber": "0012345", "contractDate": "12.01.2026",
        "departureStation": "707701",
    }  # fmt: skip
    whole: dict[str, Any] = {
        "destinationStation": "572107",
        "wagons": [
            {"wagonNumber": wagon, "containers": [{"containerNo": box}]}
            for wagon, box in (("94001237", ONE), ("94002144", TWO))
        ],
    }
    return made | (whole if kind == "SNAPSHOT" else {}) | more


def operation(code: str, station: str, time: str) -> dict[str, str]:
    """What happened, of the note or of a unit."""
    return {"operationCode": code, "operationStation": station, "operationTime": time, "timeBasis": "LOC"}


TAKEN = operation("41", "562800", "21.01.2026 10:05")
BORDERS = [{"seq": 1, "exitEsr": "663404", "entryEsr": "549204", "ferry": True}]
"""Of a note that does not say where it leaves Azerbaijan."""


@pytest.mark.parametrize("borders", [BORDERS, []])
@pytest.mark.parametrize("waits", [[], [{"unit": TWO, **operation("40", "558701", "21.01.2026 08:20")}]])
def test_what_is_odd_in_the_crossing_of_one_unit_is_no_news_of_another(
    borders: list[Any], waits: list[Any]
) -> None:
    """One crossed with the note, and is not told again when it is said that the other one crossed later."""
    of_one = version(1, **TAKEN, borderStations=borders, unitOperations=[{"unit": ONE, **TAKEN}, *waits])
    later = {"unit": TWO, **operation("41", "562800", "21.01.2026 12:05")}
    said = told(DTC, DLP, of_one, version(2, "DELTA", unitOperations=[later]))
    crossed = [(one["equipmentReference"], one["eventVersion"], one["eventDateTime"]) for one in said.out]
    assert crossed == [(ONE, 1, "2026-01-21T06:05:00Z"), (TWO, 1, "2026-01-21T08:05:00Z")]


@pytest.mark.parametrize(("borders", "odd"), [(BORDERS, {"border-not-in-note"}), ([], set()), (None, set())])
def test_a_border_is_missed_only_in_a_note_that_names_borders(borders: Any, odd: set[str]) -> None:  # noqa: ANN401
    """A note need not name any."""
    given = version(1, **TAKEN, borderStations=borders)
    said = told(DTC, DLP, {name: value for name, value in given.items() if value is not None})
    assert said.rules("/operationStation") == odd
    assert [one["eventCode"] for one in said.out] == ["CROS", "CROS"]


ANNULLED = version(4, "ANNULMENT")
LOADED = version(1, **operation("20", "707701", "12.01.2026 14:30"), trainIndex="7077-619-6634", remark="x")
LEFT = version(3, "DELTA", **operation("31", "707701", "12.01.2026 18:30"), trainIndex="7077-619-6634")


@pytest.mark.parametrize("before", [[ANNULLED], [LOADED, ANNULLED]])
@pytest.mark.parametrize("late", [LEFT, LOADED | {"noteVersion": 2, "messageId": LEFT["messageId"]}])
def test_an_older_version_of_an_annulled_note_is_annulled(before: list[Any], late: Any) -> None:  # noqa: ANN401
    """That, and nothing else, is why it is not told; it loses nothing."""
    said = told(DTC, DLP, *before, late)
    mine = [one for one in said.report if one["line"] == len(before) + 1]
    assert [(one["kind"], one["reason"]) for one in mine if one["kind"] != "finding"] == [
        ("filtered", "annulled")
    ]


def pumped(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """Barrels on a tanker: a volume of cargo says nowhere at which temperature it holds."""
    return {
        "eventId": "2d3f5bfe-0e97-57a3-b82a-435692b50239", "eventVersion": 1, "lot": "L-1",
        "lotEvent": "LOADED", "classifier": "ACT", "eventTime": "2026-01-25T16:00:00Z",
        "recordedAt": "2026-01-25T16:00:00Z",
        "UNLocationCode": "KZAAU", "hsCode": "270900", "vesselIMONumber": "9319466",
        "quantities": [{"kind": "NET", "quantity": "47000", "unit": "BLL", "reference": "F60"}], **more,
    }  # fmt: skip


def losses(said: Told) -> dict[str, str]:
    """The sender's fields that are lost, with their values."""
    return {one["pointer"]: one["value"] for one in said.of("loss")}


@pytest.mark.parametrize(("target", "reason"), [(OIL, "echo"), (DTC, "not-concerned")])
def test_nothing_is_lost_of_what_is_not_for_the_target(target: str, reason: str) -> None:
    """Oil under no note is none of a railway's business; to its own sender it does not go back."""
    said = told(OIL, target, pumped())
    assert (said.out, [one["reason"] for one in said.of("filtered")]) == ([], [reason])
    assert losses(said) == {}
    assert losses(told(OIL, DLP, pumped())) == {"/quantities/0/reference": "F60"}


def test_of_a_second_net_quantity_all_is_lost() -> None:
    """Cargo has one, and what was weighed goes first: 47000 of what, nobody would know."""
    weighed = {"kind": "NET", "quantity": "5900", "unit": "TNE"}
    said = told(OIL, DLP, pumped(quantities=[weighed, *pumped()["quantities"]]))
    assert [(one["cargo"][0]["quantity"], one["cargo"][0]["unitCode"]) for one in said.out] == [
        ("5900", "TNE")
    ]
    assert losses(said) == {
        "/quantities/1/quantity": "47000", "/quantities/1/unit": "BLL", "/quantities/1/reference": "F60"
    }  # fmt: skip


def test_an_annulment_has_no_place() -> None:
    """A departure has one, and where it is not said that is odd."""
    void = event("SHIPMENT", "VOID", documentTypeCode="TRD")
    said = told(DLP, DTC, void)
    assert [one["messageKind"] for one in said.out] == ["ANNULMENT"]
    assert {one["rule"] for one in said.of("finding")} == set()
    left = event("TRANSPORT", "DEPA", modeOfTransport="RAIL")
    assert "place-unknown" in {one["rule"] for one in told(DLP, DTC, left).of("finding")}


@pytest.mark.parametrize("loaded", ["TANKS_LOADED", "TANKS_UNLOADED"])
def test_the_wagons_of_a_lot_are_told_and_not_lost(loaded: str) -> None:
    """In the note where it is an operation, else in words: nobody knows yet that this is the destination."""
    lot = pumped(
        lotEvent=loaded, vesselIMONumber=None, noteKey=NOTE, tankWagons=["74123506"], UNLocationCode="GEBUS",
        quantities=[{"kind": "NET", "quantity": "120.1", "unit": "TNE"}],
    )  # fmt: skip
    lot = {name: value for name, value in lot.items() if value is not None}
    said = told(OIL, DTC, lot)
    assert any("74123506" in str(one) for one in said.out)
    assert [pointer for pointer in losses(said) if pointer.startswith("/tankWagons")] == []
