"""What a message says twice of one unit is one unit; the repetition is found at the sender's field."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import profiles
from tests.support.field import Told, told

WAGONS = ["75003111", "74123456", "7500 3111"]
"""A blank is how one operator writes it and another does not: the first and the last are one wagon."""


def example(profile: str, name: str, **changes: Any) -> Any:  # noqa: ANN401 - JSON values
    """An example of a profile, changed."""
    made = profiles.load(profile).examples[name]
    assert isinstance(made, dict)
    return made | changes


def found(given: Told, rule: str) -> set[str]:
    """The sender's fields at which a rule is broken."""
    return {one["pointer"] for one in given.of("finding") if one["rule"] == rule}


def lot(profile: str) -> tuple[dict[str, Any], str]:
    """A lot in tank wagons as either profile has it, and where its wagons stand."""
    if profile == "oil.lot.v1":
        return example(profile, "o7-tanks-loaded", tankWagons=WAGONS), "/tankWagons"
    plain = example(profile, "oil-loaded", modeOfTransport="RAIL", vesselIMONumber=None, vesselName=None)
    return plain | {"bulk": plain["bulk"] | {"railCarReferences": WAGONS}}, "/bulk/railCarReferences"


@pytest.mark.parametrize("profile", ["oil.lot.v1", "dlp.event.v1"])
def test_a_tank_wagon_that_a_lot_lists_twice_is_one(profile: str) -> None:
    """Found at both places; the event has the wagon once, and so has whoever is told of it."""
    message, at = lot(profile)
    given = told(profile, "corridor.event.v1", message)
    assert found(given, "wagon-twice") == {f"{at}/0", f"{at}/2"}
    (event,) = given.out
    assert [unit["id"] for unit in event["what"]["units"]] == ["75003111", "74123456"]
    assert event["what"].get("total_units") in {None, 2}


def test_the_dlp_hears_of_each_tank_wagon_once() -> None:
    """Of a lot of an oil company, and the railway likewise."""
    message, _ = lot("oil.lot.v1")
    (event,) = told("oil.lot.v1", "dlp.event.v1", message).out
    assert (event["bulk"]["railCarReferences"], event["totalUnits"]) == (["75003111", "74123456"], 2)
    (note,) = told("oil.lot.v1", "dtc.note.v1", message).out
    assert [wagon["wagonNumber"] for wagon in note["wagons"]] == ["75003111", "74123456"]
    assert [one["unit"] for one in note["unitOperations"]] == ["75003111", "74123456"]


def test_a_wagon_number_of_a_lot_that_is_none_is_found_at_its_place() -> None:
    """Seven digits are no wagon; the lot goes on."""
    message = lot("oil.lot.v1")[0] | {"tankWagons": ["74123456", "7500311"]}
    given = told("oil.lot.v1", "corridor.event.v1", message)
    assert [one["pointer"] for one in given.of("finding")] == ["/tankWagons/1"]
    assert len(given.out) == 1


def test_a_unit_that_a_manifest_lists_twice_is_aboard_once() -> None:
    """A wagon, a container and a truck, each on two lines: found at all lines, aboard once, counted once."""
    plain = example("vessel.event.v1", "manifest")
    lines = plain["manifest"]
    assert [line["kind"] for line in lines] == ["WAGON", "CONTAINER", "WAGON", "TRUCK"]
    given = told(
        "vessel.event.v1", "corridor.event.v1", plain | {"manifest": [*lines, lines[0], lines[1], lines[3]]}
    )
    assert {rule: found(given, rule) for rule in ("wagon-twice", "container-twice", "truck-twice")} == {
        "wagon-twice": {"/manifest/0/number", "/manifest/4/number"},
        "container-twice": {"/manifest/1/number", "/manifest/5/number"},
        "truck-twice": {"/manifest/3/number", "/manifest/6/number"},
    }
    whole, *listed = given.out
    assert [unit["id"] for unit in whole["what"]["units"]] == [
        "94001237",
        "CSQU3054383",
        "94002144",
        "10AA123",
    ]
    assert whole["what"]["total_units"] == 4
    assert len({one["envelope"]["event_id"] for one in listed}) == len(listed) == 4


def test_a_wagon_that_a_note_lists_twice_counts_once() -> None:
    """Two lines of one wagon are one unit of the consignment."""
    plain = example("dtc.note.v1", "customs-released")
    wagon = {"wagonNumber": "94001237", "containers": []}
    given = told(
        "dtc.note.v1",
        "corridor.event.v1",
        plain | {"wagons": [wagon, wagon, {"wagonNumber": "74123456"}], "goods": []},
    )
    assert found(given, "wagon-twice") == {"/wagons/0/wagonNumber", "/wagons/1/wagonNumber"}
    assert {one["what"]["total_units"] for one in given.out if "total_units" in one["what"]} == {2}
