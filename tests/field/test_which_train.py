"""An operation of a train is not told under the index or number of another train."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.crossing import C1, NOTE, Crossing, event, note
from tests.support.field import told
from tests.support.receiver import merged

pytestmark = pytest.mark.system("dlp", "dtc")

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
INDEX, OTHER = "7077-317-6634", "7077-318-6634"
NAMES = ("trainIndex", "trainNumber")


def train(day: int, name: str | None, code: str = "DEPA", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A train of this name, on a day of January at noon in UTC, from Khorgos."""
    return event(
        "TRANSPORT", code, eventDateTime=f"2026-01-{day}T12:00:00Z",
        eventCreatedDateTime=f"2026-01-{day}T12:01:00Z", location={"UNLocationCode": "KZHOR"},
        modeOfTransport="RAIL", railDepartureID=name, **more,
    )  # fmt: skip


def numbered(number: str) -> dict[str, Any]:
    """The references of an event that names the number of a train beside its index."""
    return {"references": [{"type": "SMGS", "value": NOTE}, {"type": "TRAIN", "value": number}]}


def names(*events: dict[str, Any]) -> tuple[Any, Any]:
    """By what the note names its train after these events."""
    note = merged(told(DLP, DTC, *events).out)
    assert isinstance(note, dict)
    return note.get("trainIndex"), note.get("trainNumber")


FIRST = train(17, INDEX, **numbered("1402"))


@pytest.mark.parametrize("code", ["DEPA", "ARRI", "WAYP"])
def test_a_train_of_a_name_that_a_note_cannot_tell_clears_the_train_before(code: str) -> None:
    """The name itself is lost; the operation is not one of the train that left the day before."""
    said = told(DLP, DTC, FIRST, train(18, "KTZ-X17", code))
    assert [said.out[0].get(name) for name in NAMES] == [INDEX, "1402"]
    assert {name: said.out[1].get(name, "as it was") for name in NAMES} == dict.fromkeys(NAMES)
    assert {one["pointer"]: one["value"] for one in said.of("loss")} == {"/railDepartureID": "KTZ-X17"}


def test_so_does_a_loading_on_such_a_train() -> None:
    """Not only what a train does: whatever is told of a unit with the train that it is on."""
    loaded = train(18, "KTZ-X17", "LOAD", eventType="EQUIPMENT", equipmentReference=C1)
    assert names(FIRST, loaded) == (None, None)


@pytest.mark.parametrize(
    ("second", "right"),
    [
        (train(18, OTHER), (OTHER, None)),              # the number was that of the first
        (train(18, "1502"), (None, "1502")),            # so was the index
        (train(18, INDEX), (INDEX, "1402")),            # the same train
        (train(18, "1402"), (INDEX, "1402")),
        (train(18, OTHER, **numbered("1402")), (OTHER, "1402")),
        (train(18, None), (INDEX, "1402")),             # which train it was nobody says
    ],
)  # fmt: skip
def test_index_and_number_are_of_one_train(second: dict[str, Any], right: tuple[Any, Any]) -> None:
    """What is said of one is not told of another."""
    assert names(FIRST, second) == right


def test_in_every_order_the_last_train_counts() -> None:
    """By the times at which they left, not by when they were told."""
    trains = [FIRST, train(18, OTHER), train(19, "KTZ-X17")]
    for order in itertools.permutations(trains):
        assert names(*order) == (None, None)


def test_a_train_that_is_taken_back_leaves_the_one_before() -> None:
    """The second did not leave."""
    crossing = Crossing()
    second = train(18, "KTZ-X17")
    sent = [
        crossing.dlp(one).dtc for one in (FIRST, second, second | {"eventVersion": 2, "isRetracted": True})
    ]
    note = merged([one for each in sent for one in each])
    assert isinstance(note, dict)
    assert [note.get(name) for name in NAMES] == [INDEX, "1402"]


@pytest.mark.parametrize("name", [INDEX, "1402", "KTZ-X17"])
def test_an_estimate_in_words_names_its_train(name: str) -> None:
    """Whether Khorgos is the destination nobody knows yet. Noon in UTC is 17:00 there; nothing is lost."""
    said = told(DLP, DTC, train(17, name, "ARRI", eventClassifierCode="EST"))
    assert [one["remark"] for one in said.out] == [
        f"TRANSPORT/ARRI EST 707701 17.01.2026 17:00 LOC RAIL TRAIN {name}"
    ]
    assert [one["pointer"] for one in said.of("loss")] == []


@pytest.mark.parametrize(("name", "number"), [(INDEX, None), ("1402", "1402"), ("KTZ-X17", None)])
def test_an_estimate_of_the_destination_has_room_for_a_number_only(name: str, number: str | None) -> None:
    """572107 is Poti: of the train that is expected there the note has its number."""
    crossing = Crossing()
    crossing.dtc(note("11", "707701", "12.01.2026 09:10"))
    expected = train(17, name, "ARRI", eventClassifierCode="EST") | {"location": {"UNLocationCode": "GEPTI"}}
    passage = crossing.dlp(expected)
    assert [(one["etaDestination"], one.get("trainNumber")) for one in passage.dtc] == [
        ("17.01.2026 16:00", number)
    ]
    lost = [value for stage, pointer, _, value in passage.losses if pointer == "/how/train"]
    assert lost == ([] if number else [name])
