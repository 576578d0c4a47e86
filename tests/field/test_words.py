"""What the broker says of a message is true: the sender's own letters, places and values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas import profiles
from tests.support.field import told, translate

DLP, PORT, VESSEL, EVENT, PERMITS = (
    "dlp.event.v1", "port.event.v1", "vessel.event.v1", "corridor.event.v1", "epermit.event.v1",
)  # fmt: skip


def example(profile: str, name: str, **changes: Any) -> Any:  # noqa: ANN401 - JSON values
    """An example of a profile, changed."""
    made = profiles.load(profile).examples[name]
    assert isinstance(made, dict)
    return made | changes


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("\u0421SQU3054383", "normalised: Cyrillic \u0421 (U+0421) as C"),
        ("\u0441squ3054383", "normalised: Cyrillic \u0441 (U+0441) as C"),
        ("CSQu 305438-3", "normalised"),
    ],
)
def test_a_letter_that_looks_alike_is_shown_as_it_was_written(written: str, words: str) -> None:
    """Small or capital: by Unicode U+0441 is the small letter, U+0421 the capital."""
    given = told(DLP, EVENT, example(DLP, "loaded-on-wagon", equipmentReference=written))
    assert given.rules("/equipmentReference") == {words}
    assert given.out[0]["subject"]["id"] == "CSQU3054383"


def test_a_letter_where_a_digit_belongs_is_named() -> None:
    """A Cyrillic capital Ze looks like a three, and is none."""
    given = told(DLP, EVENT, example(DLP, "loaded-on-wagon", equipmentReference="CSQU305438\u0417"))
    (letter,) = given.of("dead-letter")
    assert (
        letter["rule"]
        == "expected the form [A-Z]{4}[0-9]{7}; Cyrillic \u0417 (U+0417) is no Latin letter or digit"
    )


@pytest.mark.parametrize("bad", [b"\xff", b"\xcf\xee\xf2\xe8", b"\xc0\x80"])
@pytest.mark.parametrize("place", ["in a text", "between"])
def test_a_byte_that_is_no_utf8_is_named_with_its_place(bad: bytes, place: str) -> None:
    """The number of the line, and the byte counted from its beginning."""
    line = json.dumps(example(DLP, "loaded-on-wagon")).encode()
    at = line.index(b"94009917") if place == "in a text" else line.index(b'"eventVersion"')
    given = translate(line + b"\n" + line[:at] + bad + line[at:] + b"\n", DLP, EVENT)
    (letter,) = given.of("dead-letter")
    assert (letter["line"], letter["code"]) == (2, "json-malformed")
    assert (
        letter["rule"]
        == f"expected JSON in UTF-8: byte {at} (from 0), 0x{bad[0]:02x}, is no part of such a text"
    )


def test_the_form_of_a_permit_id_is_said() -> None:
    """A year of two digits, and slashes: the words have the form that is wanted, wherever it stands."""
    plain = example(VESSEL, "manifest")
    truck = plain["manifest"][3] | {"permit": "KZ-AZ-26-2-17"}
    given = [
        told(VESSEL, EVENT, plain | {"manifest": [truck]}).rules("/manifest/0/permit"),
        told(PERMITS, EVENT, example(PERMITS, "permit-issued", permit_id="AZ/KZ/2026/2/17")).rules(
            "/permit_id"
        ),
        told(
            DLP, EVENT, example(DLP, "truck-entered", references=[{"type": "EPERMIT", "value": "17"}])
        ).rules("/references/0/value"),
    ]
    for rules in given:
        (rule,) = rules
        assert "issuer-issuedFor-year-type-serial" in rule
        assert "TR-UZ-2025-1-1" in rule


@pytest.mark.parametrize(
    "written", ["az-kz-2026-2-17", "\u0410Z-KZ-2026-2-17", " AZ\u2013KZ\u20132026\u20132\u201317 "]
)
def test_a_permit_is_the_same_in_each_spelling(written: str) -> None:
    """Small letters, a Cyrillic A, blanks and other dashes: one permit, with its issuer."""
    truck = example(DLP, "truck-entered", references=[{"type": "EPERMIT", "value": written}])
    (event,) = told(DLP, EVENT, truck).out
    assert event["subject"] == {"type": "PERMIT", "id": "AZ-KZ-2026-2-17"}
    assert event["what"]["references"] == [{"type": "EPERMIT", "value": "AZ-KZ-2026-2-17"}]
    (use,) = told(DLP, PERMITS, truck).out
    assert (use["permit_id"], use["event_consumer"]) == ("AZ-KZ-2026-2-17", "AZ")
    plain = example(VESSEL, "manifest")
    manifest = plain | {"manifest": [plain["manifest"][3] | {"permit": written}]}
    assert {"type": "EPERMIT", "value": "AZ-KZ-2026-2-17"} in told(VESSEL, EVENT, manifest).out[1]["what"][
        "references"
    ]


def test_the_id_of_an_event_is_not_told_as_the_number_of_a_vessel_or_unit() -> None:
    """Nobody wrote a value where the name of the vessel or the number of the unit is missing."""
    nameless = {"vesselIMONumber": None, "vesselName": None}
    unit = {"equipmentReference": None, "railCarReference": None, "truckPlate": None}
    for profile, message, at, rule in [
        (PORT, example(PORT, "at-berth", **nameless), "/vesselIMONumber", "vessel-not-named"),
        (VESSEL, example(VESSEL, "arrived", **nameless), "/vesselIMONumber", "vessel-not-named"),
        (PORT, example(PORT, "wagon-rolled-on", **unit), "/equipmentReference", "unit-not-named"),
        (DLP, example(DLP, "loaded-on-wagon", **unit), "/equipmentReference", "unit-not-named"),
    ]:
        given = told(profile, EVENT, message)
        assert len(given.out) == 1
        assert [(x["rule"], x["value"]) for x in given.of("finding") if x["pointer"] == at] == [(rule, "")]


def test_what_is_lost_of_a_permit_is_its_number() -> None:
    """A number that is no permit id reaches no authority: lost is the reference, not the id of the event."""
    truck = example(DLP, "truck-entered", references=[{"type": "EPERMIT", "value": "17"}])
    lost = {entry["pointer"] for entry in told(DLP, PERMITS, truck).of("loss")}
    assert "/references/0/value" in lost
    assert "/eventID" not in lost
