"""The loss report: what was in the message and is in no output, once, with the sender's field and value."""

from __future__ import annotations

import json

from tests.support.field import Told, case, messages, told

DTC, DLP, EVENT = "dtc.note.v1", "dlp.event.v1", "corridor.event.v1"


def lost(said: Told) -> dict[str, str]:
    """Pointer in the sender's message to value of all losses."""
    return {entry["pointer"]: entry["value"] for entry in said.of("loss")}


def test_there_is_no_loss_of_what_is_not_there() -> None:
    """A note of containers without oil: nothing is lost under oil or bulk."""
    said = case("155-loss-phantom-density", DTC, DLP)
    assert [pointer for pointer in lost(said) if "bulk" in pointer or "oil" in pointer] == []


def test_a_loss_has_its_value() -> None:
    """Size type 40 has no ISO code: the line says where, and that it was 40."""
    said = case("157-loss-values-empty", DTC, DLP)
    assert lost(said)["/wagons/0/containers/0/sizeType"] == "40"
    assert "" not in lost(said).values()


def test_every_field_that_the_receiver_does_not_get_is_named_once() -> None:
    """A departure tells train, time and place: all else of the note is named, and nothing twice."""
    name = "158-loss-inverted"
    said = case("158-loss-inverted", DTC, DLP)
    pointers = [entry["pointer"] for entry in said.of("loss")]
    assert len(pointers) == len(set(pointers))
    (note,) = messages(name)
    roots = {pointer.split("/")[1] for pointer in pointers}
    withheld = {entry["pointer"].split("/")[1] for entry in said.of("withheld")}
    sent = json.dumps(said.out, ensure_ascii=False)
    for field in ("goods", "wagons", "consignor"):
        assert field in note
        assert field in roots | withheld, field
    eta = "2026-01-24T08:00:00Z" in sent or "etaDestination" in roots
    assert eta


def test_what_is_carried_under_another_name_is_not_lost() -> None:
    """The number of a block train is its railDepartureID."""
    said = case("159-loss-number-carried-yet-lost", DTC, DLP)
    assert said.out[0]["railDepartureID"] == "1402"
    assert [pointer for pointer in lost(said) if "rain" in pointer] == []


def test_names_that_never_leave_are_no_loss() -> None:
    """60 notes of the sandbox into the corridor: names are withheld by design, and no message has a loss."""
    said = case("160-loss-sandbox-aim-unreachable", DTC, EVENT, 1_768_212_000_000)
    assert said.of("loss") == []
    assert {entry["reason"] for entry in said.of("withheld")} == {"personal-data"}
    assert {entry["value"] for entry in said.of("withheld")} <= {"", None, "***"}


def test_what_was_told_before_is_not_lost_again() -> None:
    """The same note with another operation: its route was named as lost once."""
    first, second = messages("013-second-note-corrects-last")[0], messages("013-second-note-corrects-last")[2]
    said = told(DTC, DLP, first, second)
    routes = [entry["line"] for entry in said.of("loss") if entry["pointer"].startswith("/borderStations")]
    assert set(routes) <= {1}
