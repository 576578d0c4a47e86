"""A dead letter names the field of whoever sent the message, and its value as he wrote it."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from schemas import profiles
from tests.support.field import Told, told

pytestmark = pytest.mark.system("dlp", "oil", "epermit")

DLP, OIL, PERMITS, EVENT = "dlp.event.v1", "oil.lot.v1", "epermit.event.v1", "corridor.event.v1"
EARLY = "2015-01-20T14:00:00Z"
"""The protocol of e-Permit takes no second before 2021."""


def died(said: Told) -> tuple[str, str]:
    """Pointer and value of the one dead letter."""
    (letter,) = said.of("dead-letter")
    assert letter["code"] == "mapping-failed"
    return letter["pointer"], letter["value"]


def entered(**changes: str) -> dict[str, Any]:
    """A truck that enters under a permit, as the DLP tells it."""
    made: dict[str, Any] = json.loads(json.dumps(profiles.load(DLP).examples["truck-entered"]))
    return made | changes


def test_an_error_of_the_second_translation_is_at_the_senders_field() -> None:
    """He wrote a time of RFC 3339, whatever the receiver has for it."""
    assert told(DLP, PERMITS, entered()).of("dead-letter") == []
    early = entered(eventDateTime=EARLY, eventCreatedDateTime=EARLY)
    assert died(told(DLP, PERMITS, early)) == ("/eventCreatedDateTime", EARLY)


def test_an_error_about_a_corridor_event_is_at_its_field() -> None:
    """That is the record that a stage of its own reads, and the letter holds."""
    (event,) = told(DLP, EVENT, entered(eventDateTime=EARLY, eventCreatedDateTime=EARLY)).out
    assert died(told(EVENT, PERMITS, event)) == ("/when/recorded_at", EARLY)
    del event["when"]["recorded_at"]  # then it is made of the time of the event itself
    assert died(told(EVENT, PERMITS, event)) == ("/when/occurred_at", EARLY)


@pytest.mark.parametrize("at", [0, 1])
def test_a_number_that_is_too_large_is_named_where_it_stands(at: int) -> None:
    """A corridor event has 12 digits of a net mass in tonnes, three of them decimals."""
    both = [{"kind": "GROSS", "quantity": "60", "unit": "TNE"}]
    both.insert(at, {"kind": "NET", "quantity": "9999999999", "unit": "TNE"})
    lot = {
        "eventId": str(uuid5(NAMESPACE_URL, "large")), "eventVersion": 1, "lot": "A-1", "lotEvent": "LOADED",
        "classifier": "ACT", "eventTime": "2026-02-03T01:10:00Z", "recordedAt": "2026-02-03T01:10:00Z",
        "quantities": both,
    }  # fmt: skip
    assert died(told(OIL, DLP, lot)) == (f"/quantities/{at}/quantity", "9999999999")


def test_what_is_made_of_several_fields_is_named_by_what_should_become_of_it() -> None:
    """A volume and a density, each of which is in order: the rule says what it is made of."""
    bulk = {
        "eventID": str(uuid5(NAMESPACE_URL, "volume")), "eventVersion": 1, "eventType": "BULK",
        "eventCode": "LOAD", "eventClassifierCode": "ACT", "eventDateTime": "2026-02-03T01:10:00Z",
        "eventCreatedDateTime": "2026-02-03T01:10:00Z", "modeOfTransport": "RAIL",
        "cargo": [], "bulk": {"gsv15": "99999999999", "density15": "845", "bsw": "0.1"},
    }  # fmt: skip
    (letter,) = told(DLP, OIL, bulk).of("dead-letter")
    assert letter["pointer"] == "/bulk/net_tonnes"
    assert "/bulk/gsv15" in letter["rule"]
    assert "<class" not in letter["rule"]
