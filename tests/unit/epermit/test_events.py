"""Events are checked field by field; every broken rule names field, rule and value."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from schemas.epermit.event import check_day
from schemas.epermit.permit import PermitId, parse_date, type_name
from schemas.epermit.refusal import Malformed
from tests.support.permits import CREATED, QUOTA, REVOKED, USED, event

pytestmark = pytest.mark.system("epermit")

KEY = {**QUOTA, "event_type": "KEY_CREATED", "authority": "KZ", "kid": "2", "jwk": "{}"}


@pytest.mark.parametrize(
    ("fields", "changes", "pointer", "rule"),
    [
        (QUOTA, {"quantity": 0}, "/quantity", "at least 1"),
        (QUOTA, {"quantity": "many"}, "/quantity", "a whole number of 64 bits"),
        (QUOTA, {"quantity": 1.5}, "/quantity", "a whole number of 64 bits"),
        (QUOTA, {"permit_type": 2**31}, "/permit_type", "a whole number of 32 bits"),
        (QUOTA, {"permit_type": True}, "/permit_type", "a whole number of 32 bits"),
        (QUOTA, {"permit_year": 2020}, "/permit_year", "at least 2021"),
        (QUOTA, {"permit_issuer": "KZ"}, "/permit_issuer", "must be AZ"),
        (QUOTA, {"permit_issued_for": None}, "/permit_issued_for", "must be there"),
        (QUOTA, {"event_timestamp": 1609459199}, "/event_timestamp", "at least 1609459200"),
        (QUOTA, {"event_id": "short"}, "/event_id", "at least 16 characters"),
        (QUOTA, {"event_id": "x" * 101}, "/event_id", "at most 100 characters"),
        (QUOTA, {"previous_event_id": ""}, "/previous_event_id", "at least 1 characters"),
        (CREATED, {"permit_id": "az-kz-2026-2-17"}, "/permit_id", "issuer-issuedFor-year-type-serial"),
        (CREATED, {"issued_at": "2026-01-12"}, "/issued_at", "a date as dd/MM/yyyy"),
        (CREATED, {"issued_at": "1/1/2026"}, "/issued_at", "a date as dd/MM/yyyy"),
        (CREATED, {"expires_at": "31/02/2027"}, "/expires_at", "a date as dd/MM/yyyy"),
        (CREATED, {"expires_at": "12/01/2026"}, "/expires_at", "after 12/01/2026"),
        (CREATED, {"permit_issuer": "TR"}, "/permit_issuer", "must be AZ"),
        (CREATED, {"company_name": "x" * 501}, "/company_name", "at most 500 characters"),
        (CREATED, {"other_claims": "x"}, "/other_claims", "an object"),
        (CREATED, {"other_claims": {"x": "y" * 5000}}, "/other_claims", "at most 5000 characters"),
        (USED, {"activity_type": "PASSED"}, "/activity_type", "ENTRANCE or EXIT"),
        (USED, {"activity_timestamp": 1}, "/activity_timestamp", "at least 1609459200"),
        (USED, {"activity_details": "x" * 1001}, "/activity_details", "at most 1000 characters"),
        (REVOKED, {"revoked_at": "2026-01-16T10:40:00"}, "/revoked_at", "a whole number of 64 bits"),
        (KEY, {"authority": "AZ"}, "/authority", "must be KZ"),
    ],
)  # fmt: skip
def test_a_broken_rule_names_its_field(
    fields: dict[str, Any], changes: dict[str, Any], pointer: str, rule: str
) -> None:
    """One broken rule is one violation with its pointer, its rule and the value that broke it."""
    with pytest.raises(Malformed) as refused:
        event(fields, **changes)
    (violation,) = refused.value.violations
    assert violation.pointer == pointer
    assert violation.rule.startswith(rule)
    value = next(iter(changes.values()))
    assert violation.value == ("" if value is None else str(value)[:200])


def test_all_broken_fields_are_named_at_once() -> None:
    """Whoever corrects an event need not send it once per error."""
    with pytest.raises(Malformed) as refused:
        event(USED, permit_id="x", activity_type="y", event_id=None)
    assert {v.pointer for v in refused.value.violations} == {"/permit_id", "/activity_type", "/event_id"}


@pytest.mark.parametrize(
    ("fields", "old", "new"),
    [(CREATED, "expire_at", "expires_at"), (QUOTA, "start_number", "quantity"),
     (USED, "event_issuer", "event_producer"), (USED, "event_issued_for", "event_consumer")],
)  # fmt: skip
def test_names_of_earlier_versions_are_told_apart(fields: dict[str, Any], old: str, new: str) -> None:
    """An event of an earlier version of the protocol is refused with the name that the field has today."""
    with pytest.raises(Malformed) as refused:
        event(fields, **{old: fields[new], new: None})
    (violation,) = refused.value.violations
    assert violation.pointer == f"/{new}"
    assert old in violation.rule


@pytest.mark.parametrize("spelling", ["ENTRANCE", "ENTRY", "ENTERANCE"])
def test_every_spelling_of_entering_means_it(spelling: str) -> None:
    """Text, code and old documents spell it differently; what was signed stays, what it means is one."""
    used = event(USED, activity_type=spelling)
    assert used.activity == "ENTRANCE"
    assert f'"activity_type":"{spelling}"' in used.canonical


@pytest.mark.parametrize("written", ["2", 2.0, " 2 "])
def test_a_number_may_come_as_text(written: object) -> None:
    """A type sent as text is the number that the reference implementation reads, and signs."""
    assert '"permit_type":2,' in event(QUOTA, permit_type=written).canonical


def test_plates_are_free_text() -> None:
    """A plate is kept as it was written, spaces, hyphens and letters of any script."""
    assert event(CREATED, plate_number="10 ЖЯ-123").text("plate_number") == "10 ЖЯ-123"


def test_a_permit_is_not_issued_tomorrow() -> None:
    """The day of issue is at most today's, in UTC."""
    check_day(event(CREATED), dt.date(2026, 1, 12))
    with pytest.raises(Malformed):
        check_day(event(CREATED), dt.date(2026, 1, 11))


def test_permit_ids_say_what_they_are() -> None:
    """Issuer, country, year, type and serial are read and written back."""
    permit = PermitId.parse("TR-UZ-2025-1-12")
    assert permit == ("TR", "UZ", 2025, 1, 12)
    assert str(permit) == "TR-UZ-2025-1-12"
    assert parse_date("29/02/2028") == dt.date(2028, 2, 29)


def test_four_has_two_meanings() -> None:
    """The numbering that a country uses decides what a type means."""
    assert (type_name("current", 4), type_name("old", 4)) == ("UNLADEN", "BILATERAL_FEE")
    assert (type_name("current", 5), type_name("old", 5)) == (None, "TRANSIT_FEE")
