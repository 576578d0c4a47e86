from typing import Any

import pytest

from schemas import profiles
from schemas.mapping.compile import compile_expression
from tests.support.crossing import C1, NOTE, codec, event, form, note

pytestmark = pytest.mark.system("dlp", "dtc", "epermit", "oil", "port", "vessel")


def evaluate(profile: str, part: str, message: dict[str, Any]) -> object:
    """One expression of a profile's http.yaml over a message."""
    import json

    http = profiles.load(profile).http
    assert http is not None
    parts = http.subject if part == "subject" else (getattr(http, part),)
    record = codec(profile).decode(form(profile).to_avro(json.dumps(message).encode()))
    made = [compile_expression(text, profiles.load(profile).schema)(record) for text in parts]
    return made if part == "subject" else made[0]


def test_a_notes_key_is_the_key_of_the_note() -> None:
    """All versions of a note have one Kafka key, which is also what its references say."""
    first, second = (
        note("20", "707701", "12.01.2026 14:30"),
        note("31", "707701", "12.01.2026 22:40", noteVersion=2),
    )
    assert evaluate("dtc.note.v1", "key", first) == evaluate("dtc.note.v1", "key", second) == NOTE
    assert evaluate("dtc.note.v1", "subject", first) == ["CONSIGNMENT", NOTE]
    assert evaluate("dtc.note.v1", "message_id", first) == first["messageId"]


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"equipmentReference": C1, "railCarReference": "94228053"}, C1),
        ({"railDepartureID": "5485-007-5721"}, "5485-007-5721"),
        ({"vesselIMONumber": "9074729"}, "9074729"),
        ({}, NOTE),
    ],
)
def test_an_events_key_is_its_object(fields: dict[str, str], key: str) -> None:
    """All events of one object have one Kafka key; without an object it is the note's."""
    assert evaluate("dlp.event.v1", "key", event("EQUIPMENT", "INSP", **fields)) == key
    assert evaluate("dlp.event.v1", "subject", event("EQUIPMENT", "INSP", **fields)) == ["EQUIPMENT", key]


def test_an_events_message_id_is_id_and_version() -> None:
    """An override is another message than the event it replaces."""
    told = event("EQUIPMENT", "INSP", equipmentReference=C1)
    assert evaluate("dlp.event.v1", "message_id", told) == f"{told['eventID']}:1"
    assert evaluate("dlp.event.v1", "message_id", told | {"eventVersion": 2}) == f"{told['eventID']}:2"
