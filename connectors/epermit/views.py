"""How permits, quotas and chains look as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.epermit.canonical import canonical
from schemas.epermit.ledger import Activity, Ledger, Permit

_COPIED = (
    "permit_id", "qr_code", "permit_type", "permit_year", "issued_at", "expires_at", "plate_number",
    "plate_number2", "company_name", "company_id", "departure_country", "arrival_country",
)  # fmt: skip


def permit_view(permit: Permit) -> dict[str, Any]:
    """Show a permit as the reference implementation does: every member is there, times have no zone."""
    values = permit.created.values
    claims = values.get("other_claims")
    return {
        "issuer": permit.created.producer,
        "issued_for": permit.created.consumer,
        **{name: values.get(name) for name in _COPIED},
        "claims": canonical(claims) if claims else None,
        "used": bool(permit.activities),
        "revoked": permit.revoked_at is not None,
        "revoked_at": permit.revoked_at,
        "activities": [_activity(activity) for activity in permit.activities],
    }


def _activity(activity: Activity) -> dict[str, Any]:
    return {
        "activity_type": activity.type,
        "activity_timestamp": _local(activity.timestamp),
        "activity_details": activity.details or None,
    }


def _local(second: int) -> str:
    """A time without zone; a second that no calendar has, which the protocol does not forbid, as it is."""
    try:
        at = datetime.fromtimestamp(second, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return str(second)
    return at.isoformat(timespec="seconds" if at.second else "minutes")


def overview(ledger: Ledger) -> dict[str, Any]:
    """Show keys, peers, chains, quotas and numbers of permits."""
    states = [permit.state for permit in ledger.permits.values()]
    return {
        "code": ledger.code,
        "keys": [
            {"id": kid, "revoked_at": key.revoked_at, "jwk": dict(key.jwk)}
            for kid, key in ledger.keys.items()
        ],
        "peers": [
            {"code": peer.code, "name": peer.name, "uri": peer.uri, "keys": list(peer.valid)}
            for peer in ledger.peers.values()
        ],
        "chains": [
            {"producer": ends[0], "consumer": ends[1], "events": len(chain), "head": chain.head,
             "forks": [fork._asdict() for fork in chain.forks]}
            for ends, chain in sorted(ledger.chains.items())
        ],
        "quotas": [
            {**key._asdict(), "total": quota.total, "issued": quota.issued, "revoked": quota.revoked}
            for key, quota in sorted(ledger.quotas.items())
        ],
        "permits": {state: states.count(state) for state in ("ISSUED", "USED", "REVOKED")},
        "used_after_revocation": sum(
            activity.after_revocation for permit in ledger.permits.values() for activity in permit.activities
        ),
    }  # fmt: skip
