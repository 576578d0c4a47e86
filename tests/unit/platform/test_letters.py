"""A dead letter for a person: when, why, at which rule of which mapping, what."""

from __future__ import annotations

import json

import pytest

from connectors.settings import Participant
from corridor.cli.letters import body, facts, line, place, whole
from corridor.settings import Settings
from schemas import profiles
from schemas.avro.wire import frame
from schemas.errors import Invalid, Violation
from schemas.records import DeadLetter, violations_of
from streams.operations.dead import Open
from tests.support.crossing import codec, form

DIED = 1_780_000_000_000
"""2026-05-28T20:26:40Z"""
SETTINGS = Settings(participants={"dtc": Participant(name="dtc", profile="dtc.note.v1")})
NOTE = profiles.load("dtc.note.v1").examples["loaded"]


def letter(content: bytes, error: Invalid, topic: str = "in.dtc") -> DeadLetter:
    """A letter of the processor into the corridor."""
    return DeadLetter(
        id="5b0c8a4e-3d0e-5f0a-9d1c-6d0c5c0b7a11", participant="dtc", stage="to-corridor.dtc",
        code=error.code, detail=error.message, pointer=error.pointer, rule=error.rule, value=error.value,
        topic=topic, partition=3, offset=42, key=b"k", body=content, headers={"id": b"m-1"}, subject="NOTE:1",
        origin="dtc/m-1", accepted=DIED - 60_000, mapping="dtc-to-corridor", violations=violations_of(error),
    )  # fmt: skip


def refusal() -> Invalid:
    """What a rule that needs a time says of a note without one."""
    said = Violation("/operationTime", "absent: consignment needs /occurredAt", "", "mapping-failed")
    found = Violation("/wagons/0/wagonNumber", "rail-wagon-check-digit", "12345678", "mapping-failed")
    return Invalid("mapping-failed", said.pointer, said.rule, violations=[said, found])


def encoded() -> bytes:
    """A note as it lies in ``in.dtc``."""
    return frame(7, codec("dtc.note.v1").encode(codec("dtc.note.v1").decode(_avro())))


def _avro() -> bytes:
    taken, _ = form("dtc.note.v1").take(json.dumps(NOTE).encode())
    return taken


def test_a_letter_is_shown_with_when_and_why_and_what() -> None:
    """The sender's fields and values, the finding, the mapping's line, and the note as JSON."""
    shown = list(whole(Open(letter(encoded(), refusal()), DIED, None, b"", []), SETTINGS))
    assert ("died", "2026-05-28T20:26:40Z") in shown
    assert ("because", "/operationTime: absent: consignment needs /occurredAt") in shown
    assert ("because", "/wagons/0/wagonNumber: rail-wagon-check-digit, got '12345678'") in shown
    name, told = shown[-1]
    assert name == "body"
    assert json.loads(told)["noteNumber"] == NOTE["noteNumber"]


def test_the_mapping_is_named_with_file_and_line() -> None:
    """The line is that of the rule which the error names."""
    lines = profiles.load("dtc.note.v1").mappings["to_corridor"].splitlines()
    number = next(n for n, text in enumerate(lines, 1) if text.strip().startswith("- rule: consignment"))
    assert place(letter(b"", refusal()), profiles.SHIPPED) == (
        f"dtc-to-corridor, dtc.note.v1/to_corridor.yaml:{number}, rule consignment"
    )
    other = Invalid("mapping-failed", "/x", "no rule that we know")
    assert place(letter(b"", other), profiles.SHIPPED) == "dtc-to-corridor, dtc.note.v1/to_corridor.yaml"


@pytest.mark.parametrize(
    ("content", "topic", "shown"),
    [
        (b'{"not": "avro"', "in.dtc", '{"not": "avro"'),
        (b"\x00\x00\x00\x00\x01\xff", "in.dtc", "AAAAAAH/"),
        (b"\xff\xfe", "foreign", "//4="),
        ("цистерна".encode(), "foreign", "цистерна"),
        (b"\x1b[31mred", "foreign", "G1szMW1yZWQ="),
    ],
)
def test_what_no_profile_can_read_is_shown_as_it_is(content: bytes, topic: str, shown: str) -> None:
    """Text as text; what could move a terminal's cursor, and what is no text, in base64."""
    assert body(letter(content, refusal(), topic), SETTINGS) == shown


def test_a_letter_that_is_under_way_is_told_as_such() -> None:
    """In the line, in the whole and in JSON."""
    found = Open(letter(b"{}", refusal()), DIED, DIED + 1000, b"", [])
    assert line(found).endswith("under way")
    assert ("under way", "since 2026-05-28T20:26:41Z") in list(whole(found, SETTINGS))
    told = facts(found)
    assert (told["died"], told["under_way"]) == ("2026-05-28T20:26:40Z", "2026-05-28T20:26:41Z")
    assert "body" not in told
