"""What a newer version of an event no longer says is taken back from those who were told it."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from schemas import profiles
from tests.support.crossing import C1, NOTE, W1, Crossing, event, form
from tests.support.receiver import merged

pytestmark = pytest.mark.system("dtc", "dlp", "port", "vessel")

DLP, PORT, VESSEL = "dlp.event.v1", "port.event.v1", "vessel.event.v1"
OTHER = "707701/2026-01-12/0012346"
LOADED = event(
    "EQUIPMENT", "LOAD", equipmentReference=C1, modeOfTransport="RAIL", railCarReference=W1,
    location={"UNLocationCode": "AZALA"},
)  # fmt: skip
DEPARTED = event(
    "TRANSPORT", "DEPA", modeOfTransport="RAIL", railDepartureID="5485-007-5721",
    location={"UNLocationCode": "AZALA"},
    references=[{"type": "SMGS", "value": NOTE}, {"type": "SMGS", "value": OTHER}],
)  # fmt: skip


def later(message: dict[str, Any], number: int = 2, **more: object) -> dict[str, Any]:
    """A newer version; ``None`` leaves a field out."""
    told_at = "eventUpdatedDateTime" if "references" in message else "eventCreatedDateTime"
    made = message | {"eventVersion": number, told_at: f"2026-01-20T0{number}:00:00Z"} | more
    return {name: value for name, value in made.items() if value is not None}


def corridor(profile: str, *given: dict[str, Any]) -> list[dict[str, Any]]:
    """Corridor events of messages of one participant."""
    crossing = Crossing(me=profile)
    crossing._out.clear()
    for one in given:
        crossing.send("me", {"eventVersion": 1} | one)
    return crossing.total.corridor


def to_dtc(*given: dict[str, Any]) -> list[dict[str, Any]]:
    """What the DTC is told of messages of the DLP."""
    crossing = Crossing()
    for one in given:
        crossing.dlp(one)
    return crossing.total.sent.get("dtc", [])


def standing(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The corridor events that hold after all of them; a retraction is final."""
    newest: dict[str, dict[str, Any]] = {}
    for one in events:
        before = newest.setdefault(one["envelope"]["event_id"], one)
        if not before["correction"]["retracted"]:
            newest[one["envelope"]["event_id"]] = one
    return [one for one in newest.values() if not one["correction"]["retracted"]]


def notes(events: list[dict[str, Any]]) -> list[str]:
    """The notes that they name, sorted."""
    return sorted(
        ref["value"] for one in events for ref in one["what"]["references"] if ref["type"] == "SMGS"
    )


def of_note(messages: list[dict[str, Any]], number: str) -> Any:  # noqa: ANN401 - JSON
    """What the DTC has of one note after these messages."""
    return merged(one for one in messages if one["noteNumber"] == number)


def named(*keys: str) -> list[dict[str, str]]:
    """References to notes."""
    return [{"type": "SMGS", "value": key} for key in keys]


@pytest.mark.parametrize("message", [LOADED, DEPARTED], ids=["container", "train"])
def test_the_note_that_an_override_leaves_is_told_that(message: dict[str, Any]) -> None:
    """Version 2 names another note alone: the first no longer has the operation, the other has it."""
    said = to_dtc(message | {"references": named(NOTE)}, later(message, references=named(OTHER)))
    first, other = of_note(said, "0012345"), of_note(said, "0012346")
    assert first["operationCode"] == "12"
    assert first["remark"].startswith("RETRACTED")
    assert other["operationCode"] == ("20" if message is LOADED else "31")
    assert "remark" not in other


@pytest.mark.parametrize("message", [LOADED, DEPARTED], ids=["container", "train"])
def test_in_every_order_the_last_version_says_which_notes(message: dict[str, Any]) -> None:
    """Both notes, then one, then both again: every order ends with those of the last version."""
    versions = [
        message | {"references": named(NOTE, OTHER)},
        later(message, 2, references=named(OTHER)),
        later(message, 3, references=named(NOTE, OTHER)),
    ]
    for order in permutations(versions):
        assert notes(standing(corridor(DLP, *order))) == [NOTE, OTHER]
    for order in permutations(versions[:2]):
        assert notes(standing(corridor(DLP, *order))) == [OTHER]


@pytest.mark.parametrize("message", [LOADED, DEPARTED], ids=["container", "train"])
def test_a_retraction_that_names_nothing_reaches_whom_the_event_reached(message: dict[str, Any]) -> None:
    """The id alone voids all versions (DCSA T&T 3.0): every note that had it is told."""
    gone = later(message, isRetracted=True, references=None, equipmentReference=None, location=None)
    events = corridor(DLP, message, gone)
    assert standing(events) == []
    assert notes([one for one in events if one["correction"]["retracted"]]) == notes(
        [one for one in events if not one["correction"]["retracted"]]
    )


def test_an_event_of_two_notes_is_one_event_for_each() -> None:
    """One declaration of two notes: each of them is released; named twice, each is told once."""
    released = event(
        "CUSTOMS", "CUSR", references=named(NOTE, OTHER, NOTE), customs={"declarationNo": "D1"},
        location={"UNLocationCode": "GEPTI"},
    )  # fmt: skip
    said = to_dtc(released)
    assert sorted((one["noteNumber"], one["operationCode"]) for one in said) == [
        ("0012345", "61"),
        ("0012346", "61"),
    ]


def test_a_line_that_is_gone_from_a_manifest_is_taken_back() -> None:
    """Version 2 lists one of the units; version 3 lists both again, the second one under another id."""
    manifest = profiles.load(VESSEL).examples["manifest"]
    lines = manifest["manifest"][:2]
    versions = [manifest | {"manifest": lines}] + [
        later(manifest, number, manifest=listed) for number, listed in ((2, lines[:1]), (3, lines))
    ]

    def listed(count: int) -> list[list[str]]:
        return [
            sorted(one["subject"]["id"] for one in standing(corridor(VESSEL, *order)) if _listed(one))
            for order in permutations(versions[:count])
        ]

    both = sorted(line["number"] for line in lines)
    assert listed(2) == [[lines[0]["number"]]] * 2
    assert listed(3) == [both] * 6


def _listed(one: dict[str, Any]) -> bool:
    return bool(one["why"]["code"] == "VESSEL/LIST")


def test_a_unit_that_goes_to_another_note_leaves_the_first() -> None:
    """A manifest and a quay: the line, or the lift, is corrected to another note."""
    lifted = profiles.load(PORT).examples["wagon-rolled-on"] | {"noteKey": NOTE}
    manifest = profiles.load(VESSEL).examples["manifest"]
    line = {"kind": "CONTAINER", "number": C1, "noteKey": NOTE}
    for profile, message, moved in (
        (PORT, lifted, later(lifted, noteKey=OTHER)),
        (VESSEL, manifest | {"manifest": [line]}, later(manifest, manifest=[line | {"noteKey": OTHER}])),
    ):
        for order in permutations([message, moved]):
            assert notes(standing(corridor(profile, *order))) == [OTHER]


@pytest.mark.parametrize(
    "changed", [{"voyageNumber": "027W"}, {"vesselIMONumber": "9319466"}], ids=["voyage", "vessel"]
)
def test_what_was_on_another_vessel_or_voyage_is_taken_off_it(changed: dict[str, str]) -> None:
    """A container is on one vessel: the boarding of the mistyped one does not stand."""
    loaded = event(
        "EQUIPMENT", "LOAD", equipmentReference=C1, modeOfTransport="VESSEL", vesselIMONumber="9074729",
        voyageNumber="026W", location={"UNLocationCode": "KZAAU"},
    )  # fmt: skip
    events = corridor(DLP, loaded, later(loaded, 2, **changed))
    assert [(one["how"]["vessel_imo"], one["how"]["voyage"]) for one in standing(events)] == [
        (changed.get("vesselIMONumber", "9074729"), changed.get("voyageNumber", "026W"))
    ]
    taken = [one for one in events if one["correction"]["retracted"]]
    assert [(one["how"]["vessel_imo"], one["how"]["voyage"]) for one in taken] == [("9074729", "026W")]


def test_any_other_correction_keeps_the_event() -> None:
    """Another time or wagon is the next version of the same event, and nothing is taken back."""
    corrected = later(LOADED, eventDateTime="2026-01-17T07:00:00Z", railCarReference="94002144")
    first, second = corridor(DLP, LOADED, corrected)
    assert first["envelope"]["event_id"] == second["envelope"]["event_id"]
    assert (second["correction"]["version"], second["correction"]["retracted"]) == (2, False)


@pytest.mark.parametrize("profile", [DLP, PORT, VESSEL, "oil.lot.v1"])
def test_what_makes_ids_and_retractions_is_no_loss(profile: str) -> None:
    """The id and the word that it did not happen are in every event that is made."""
    for message in profiles.load(profile).examples.values():
        crossing = Crossing(me=profile)
        crossing._out.clear()
        body = form(profile).to_avro(json.dumps(message).encode())
        crossing.send_avro("me", body, "1")
        lost = {pointer.rsplit("/", 1)[-1] for _, pointer, _, _ in crossing.total.losses}
        assert not lost & {"eventID", "eventId", "isRetracted"}


def at_unit(note: Any) -> tuple[Any, Any]:  # noqa: ANN401 - JSON
    """Wagon and seals that the DTC has of the container."""
    (found,) = [
        (wagon.get("wagonNumber"), [seal["number"] for seal in one.get("seals") or ()])
        for wagon in note["wagons"]
        for one in wagon.get("containers") or ()
        if one["containerNo"] == C1
    ]
    return found


SEALED = LOADED | {
    "eventID": "6a0f3f0a-0000-5000-8000-000000000001",
    "seals": [{"number": "O1", "source": "SHI"}],
}


@pytest.mark.parametrize("code", ["LOAD", "RSEA"])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_unit_is_as_before_where_its_last_event_is_taken_back(code: str, order: tuple[int, ...]) -> None:
    """On the wagon that it was on, with the seals that it had, in every order of arrival."""
    more = (
        {"railCarReference": "94002144"}
        if code == "LOAD"
        else {"modeOfTransport": None, "railCarReference": None}
    )
    second = SEALED | more | {
        "eventID": "6a0f3f0a-0000-5000-8000-000000000002", "eventCode": code,
        "eventDateTime": "2026-01-19T06:45:00Z", "seals": [{"number": "N1", "source": "CUS"}],
    }  # fmt: skip
    second = {name: value for name, value in second.items() if value is not None}
    given = [SEALED, second, later(second, isRetracted=True)]
    told = to_dtc(*(given[index] for index in order))
    assert at_unit(of_note(told, NOTE.rpartition("/")[2])) == (W1, ["O1"])
