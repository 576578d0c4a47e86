"""What the corridor is told of an event: a message of the profile ``epermit.event.v1``.

An event about a permit says little more than the permit's id. The ledger knows the truck, the countries and
the claims; they go with it, so that no later stage needs the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from schemas.epermit.canonical import canonical
from schemas.epermit.event import PermitEvent
from schemas.epermit.ledger import Ledger
from schemas.epermit.permit import Numbering


def facts(ledger: Ledger, event: PermitEvent, numberings: Mapping[str, Numbering]) -> dict[str, Any] | None:
    """Describe an event about a permit, as a datum of the profile; None for other events.

    Args:
        ledger: the state before the event.
        event: the event.
        numberings: code of an authority to the numbering of its permit types.
    """
    if not event.permit_id:
        return None
    permit = ledger.permits.get(event.permit_id)
    created = event if event.type == "PERMIT_CREATED" or permit is None else permit.created
    other = event.consumer if event.producer == ledger.code else event.producer
    claims = cast(Mapping[str, object], created.values.get("other_claims") or {})
    return {
        "event_id": event.id,
        "event_type": event.type,
        "event_producer": event.producer,
        "event_consumer": event.consumer,
        "event_timestamp": event.number("event_timestamp"),
        "previous_event_id": event.previous,
        "permit_id": event.permit_id,
        "permit_issuer": created.text("permit_issuer"),
        "permit_issued_for": created.text("permit_issued_for"),
        "permit_year": created.values.get("permit_year"),
        "permit_type": created.values.get("permit_type"),
        "type_numbering": numberings.get(other, "current"),
        "issued_at": event.values.get("issued_at"),
        "expires_at": event.values.get("expires_at"),
        "plate_number": created.values.get("plate_number"),
        "plate_number2": created.values.get("plate_number2"),
        "company_name": event.values.get("company_name"),
        "company_id": event.values.get("company_id"),
        "departure_country": created.values.get("departure_country"),
        "arrival_country": created.values.get("arrival_country"),
        "note": _claim(claims, "smgs"),
        "waybill": _claim(claims, "cmr"),
        "other_claims": canonical(claims) if claims else None,
        "activity_type": event.activity if event.type == "PERMIT_USED" else None,
        "activity_timestamp": event.values.get("activity_timestamp"),
        "activity_details": event.values.get("activity_details"),
        "revoked_at": event.values.get("revoked_at"),
        "after_revocation": permit is not None and permit.revoked_at is not None,
    }


def _claim(claims: Mapping[str, object], name: str) -> str | None:
    """Give a claim that links the permit to a shipment; issuers who do not know these names give none."""
    value = claims.get(name)
    return value if isinstance(value, str) and value else None
