"""What goes beside an event: what is personal in it, and what another event of the same message said."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from schemas import profiles
from schemas.avro.jsonform import JsonForm
from schemas.mapping.profiles import find_mapping
from schemas.translation import Context, Result, Translator
from schemas.translation import Record as Message
from streams.records.envelope import Envelope, headers

ACCEPTED = 1_779_900_000_000


def run(profile: str, way: str, message: Any, **context: Any) -> Result:  # noqa: ANN401 - JSON or Avro
    """Translate one message from or to a profile."""
    mapping = find_mapping(profile, way)
    assert mapping is not None
    form = JsonForm(profiles.load(profile).schema)
    body = message if isinstance(message, bytes) else form.to_avro(json.dumps(message).encode())
    me = profile.partition(".")[0]
    told: dict[str, Any] = {"hops": ("them",)} | context
    about = Context("1", "them/1", me, 1, ACCEPTED, **told)
    return Translator(mapping).translate(Message(b"k", body, about), lambda _: None)


def example(profile: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """A copy of an example of a profile."""
    return copy.deepcopy(profiles.load(profile).examples[name])


def on(result: Result, profile: str) -> list[Result]:
    """The events of a message translated on, as a role does it."""
    return [
        run(profile, "from_corridor", one.body, hops=one.hops, known=one.known, personal=one.personal)
        for one in result.outputs
    ]


@pytest.mark.parametrize("plate", ["10AA123", "A1"])
def test_a_field_made_of_personal_data_is_marked_however_short(plate: str) -> None:
    """The number of a unit on a manifest is personal: so is the unit of its event, and no other field."""
    manifest = example("vessel.event.v1", "manifest")
    truck = next(line for line in manifest["manifest"] if line["kind"] == "TRUCK")
    truck["number"] = plate
    made = run("vessel.event.v1", "to_corridor", manifest).outputs
    listed = [one for one in made if one.rule is not None and one.rule.name == "listed"]
    assert listed
    for one in listed:
        assert "/what/units/id" in one.personal
        assert not {"/where/unlocode", "/when/occurred_at", "/how/vessel_imo"} & set(one.personal)


def test_what_could_be_made_of_personal_data_and_is_not_is_no_secret() -> None:
    """A plate may name the unit of an event; of a lot that no truck carries the number is told."""
    lot = example("dlp.event.v1", "oil-loaded")
    assert "truckPlate" not in lot
    (made,) = run("dlp.event.v1", "to_corridor", lot).outputs
    assert made.personal == ()
    assert made.subject.startswith("BULK_LOT:")
    (with_plate,) = run("dlp.event.v1", "to_corridor", {**lot, "truckPlate": "10AA123"}).outputs
    assert "/how/truck_plate" in with_plate.personal


def test_the_same_words_elsewhere_are_marked() -> None:
    """A name that the sender has in its field, and again in the remark."""
    note = example("dtc.note.v1", "loaded")
    note["consignor"] = {**(note.get("consignor") or {}), "name": "IVANOV IVAN"}
    note["remark"] = "call IVANOV IVAN"
    made = run("dtc.note.v1", "to_corridor", note).outputs
    assert made
    assert all("/why/remark" in one.personal for one in made)


def test_a_message_that_becomes_several_events_loses_a_field_once() -> None:
    """A vessel with three notes aboard: where it lies has no field in a note, and that is said once."""
    call = example("dlp.event.v1", "pilot-aboard")
    call["references"] = [{"type": "SMGS", "value": f"707701/2026-01-12/001234{n}"} for n in range(3)]
    call["location"] = {**call["location"], "latitude": "39.94"}
    made = run("dlp.event.v1", "to_corridor", call)
    assert len(made.outputs) == 3
    lost = [loss.pointer for result in on(made, "dtc.note.v1") for loss in result.losses]
    assert lost.count("/where/latitude") == 1
    assert len(lost) == len(set(lost))


def test_headers_bring_the_marks_along() -> None:
    """Written and read again they are the same; a record without them has none."""

    class Written:
        topic, partition, offset, timestamp, key = "corridor.events", 0, 0, 0, b""
        headers = headers("i", "o", ["dtc"], 1, known=("when", "how.mode"), personal=("/why/remark",))

    read = Envelope.of(Written)
    assert (read.known, read.personal) == (("when", "how.mode"), ("/why/remark",))
    Written.headers = headers("i", "o", ["dtc"], 1)
    assert (Envelope.of(Written).known, Envelope.of(Written).personal) == ((), ())
