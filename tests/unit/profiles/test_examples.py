"""The examples of the reference pages, sent through the corridor."""

import json

import pytest

from schemas import profiles
from tests.support.crossing import Crossing, form

pytestmark = pytest.mark.system("dlp", "dtc", "epermit", "oil", "port", "vessel")

CORRIDOR = {
    "note": ("dtc", "loaded", 0),
    "container-loaded": ("dtc", "loaded", 1),
    "train-departed": ("dtc", "train-departed", 1),
    "loaded-on-feeder": ("dlp", "loaded-on-feeder", 0),
    "oil-loaded": ("dlp", "oil-loaded", 0),
}
"""Example of the corridor event: sender, its example, which of the corridor events it becomes."""


@pytest.mark.parametrize("name", profiles.load("dtc.note.v1").examples)
def test_every_note_becomes_corridor_events(name: str) -> None:
    """An example note is told to the corridor, at least as the note itself."""
    passage = Crossing().dtc(profiles.load("dtc.note.v1").examples[name])
    assert passage.corridor[-1 if name == "annulled" else 0]["why"]["code"] is not None
    assert "NOTE/SNAP" in [told["why"]["code"] for told in passage.corridor]


@pytest.mark.parametrize("name", profiles.load("dlp.event.v1").examples)
def test_every_event_becomes_corridor_events(name: str) -> None:
    """An example event is told to the corridor under a code that the corridor knows, without findings."""
    passage = Crossing().dlp(profiles.load("dlp.event.v1").examples[name])
    assert passage.corridor
    assert None not in [told["why"]["code"] for told in passage.corridor]
    assert [found for found in passage.findings if found[0] == "to-corridor.dlp"] == []


def test_the_story_of_the_examples() -> None:
    """The example notes tell the DLP one journey in order; the annulment takes it back."""
    crossing = Crossing()
    examples = profiles.load("dtc.note.v1").examples
    told = [
        told
        for name, message in sorted(examples.items(), key=lambda item: item[1]["noteVersion"])
        if message["noteNumber"] == "0012345" and name != "annulled"
        for told in crossing.dtc(message).dlp
    ]
    assert [f"{one['eventType']}/{one['eventCode']}" for one in told] == [
        "SHIPMENT/ISSU",
        "EQUIPMENT/LOAD",
        "EQUIPMENT/LOAD",
        "EQUIPMENT/DISC",
        "EQUIPMENT/DISC",
        "EQUIPMENT/LOAD",
        "EQUIPMENT/LOAD",
        "CUSTOMS/CUSR",
        "EQUIPMENT/CUSR",
        "EQUIPMENT/CUSR",
        "TRANSPORT/DEPA",
        "TRANSPORT/ARRI",  # the estimate
        "TRANSPORT/ARRI",  # another one: the train stands
        "EQUIPMENT/LOAD",
        "EQUIPMENT/LOAD",
        "EQUIPMENT/CROS",
        "EQUIPMENT/CROS",
        "TRANSPORT/ARRI",  # cleared: the estimate is taken back
        "EQUIPMENT/RSEA",
    ]
    cleared = {one["eventID"] for one in told if one["isRetracted"]}
    annulled = crossing.dtc(examples["annulled"]).dlp
    taken_back = {one["eventID"] for one in annulled if one["isRetracted"]}
    assert taken_back == {one["eventID"] for one in told} - cleared
    assert len(cleared) == 1


def test_every_corridor_example_has_its_source() -> None:
    """No example of the corridor event stands without the message that it comes from."""
    assert set(profiles.load(profiles.CANONICAL).examples) == set(CORRIDOR)


@pytest.mark.parametrize("name", CORRIDOR)
def test_corridor_examples_are_what_translation_gives(name: str) -> None:
    """An example of the corridor event is what the sender's example becomes."""
    sender, example, index = CORRIDOR[name]
    crossing = Crossing()
    message = profiles.load(crossing.participants[sender]).examples[example]
    told = crossing.send(sender, message).corridor[index]
    made = form(profiles.CANONICAL).from_datum(told)
    assert json.loads(made) == profiles.load(profiles.CANONICAL).examples[name]
