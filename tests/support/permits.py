"""Authorities and events for tests of the e-Permit protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.epermit import acts, keys
from schemas.epermit.acts import Author, Change
from schemas.epermit.event import PermitEvent, make
from schemas.epermit.keys import public_jwk
from schemas.epermit.ledger import Ledger
from schemas.epermit.proof import Signer
from schemas.records import LedgerRecord

NOON = 1_768_219_200_000
"""2026-01-12 12:00 UTC, in milliseconds."""
QUOTA = {
    "permit_issuer": "AZ", "permit_issued_for": "KZ", "permit_year": 2026, "permit_type": 2, "quantity": 500,
    "event_producer": "KZ", "event_consumer": "AZ", "event_timestamp": 1767600000,
    "event_type": "QUOTA_CREATED", "event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0001",
    "previous_event_id": "0",
}  # fmt: skip
CREATED = {
    "permit_id": "AZ-KZ-2026-2-17", "permit_type": 2, "permit_issuer": "AZ", "permit_issued_for": "KZ",
    "permit_year": 2026, "issued_at": "12/01/2026", "expires_at": "31/01/2027", "plate_number": "10AA123",
    "plate_number2": "99XX456", "company_name": "Xəzər Trans MMC", "company_id": "1401555071",
    "departure_country": "AZ", "arrival_country": "UZ", "qr_code": "<header>.<claims>.<sig>",
    "other_claims": {"res": "transit via Kuryk only"}, "event_producer": "AZ", "event_consumer": "KZ",
    "event_timestamp": 1768212000, "event_type": "PERMIT_CREATED",
    "event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0002", "previous_event_id": "0",
}  # fmt: skip
USED = {
    "permit_id": "AZ-KZ-2026-2-17", "activity_type": "ENTRANCE", "activity_timestamp": 1768557600,
    "activity_details": "Kuryk port", "event_producer": "KZ", "event_consumer": "AZ",
    "event_timestamp": 1768557660, "event_type": "PERMIT_USED",
    "event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0003",
    "previous_event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0001",
}  # fmt: skip
REVOKED = {
    "permit_id": "AZ-KZ-2026-2-17", "revoked_at": 1768560000, "event_producer": "AZ", "event_consumer": "KZ",
    "event_timestamp": 1768560000, "event_type": "PERMIT_REVOKED",
    "event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0004",
    "previous_event_id": "6c1f0a9e-7d1b-4b0e-9c53-2f6f5a3c0002",
}  # fmt: skip
"""Messages of the protocol's documentation, between Azerbaijan and Kazakhstan."""


def signer(kid: str = "1") -> Signer:
    """Make a new key."""
    return Signer(kid, keys.read_private(keys.generate(kid), kid))


def event(fields: Mapping[str, Any], **changes: object) -> PermitEvent:
    """Make an event of example fields, some of them changed; None takes one away."""
    merged = {**fields, **changes}
    return make(str(merged["event_type"]), merged)


class Party:
    """An authority in memory: its ledger, its keys and a clock that stands still until it is moved.

    Args:
        code: its code.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.ledger = Ledger(code)
        self.signers = {"1": signer()}
        self.now = NOON
        self.records: list[LedgerRecord] = []
        self._acts = 0
        self.write(acts.publish_keys(self.ledger, self.author()))

    def author(self, act: str = "") -> Author:
        """Be the author of a new act, or of the named one."""
        self._acts += not act
        return Author(self.signers, self.now, act or f"{self.code}-{self._acts}")

    def write(self, change: Change) -> Change:
        """Take a change into the ledger."""
        for entry in change.entries:
            self.records.append(entry.record)
            self.ledger.apply(entry.record, len(self.records) - 1)
        return change

    def description(self) -> dict[str, Any]:
        """Say who we are, as at ``GET /``."""
        jwks = [public_jwk(signer.key, kid) for kid, signer in self.signers.items()]
        return {"code": self.code, "name": self.code, "version": "1", "keys": jwks}

    def meet(self, other: Party) -> None:
        """Get to know another authority."""
        uri = f"https://{other.code.lower()}.example"
        self.write(acts.add_peer(self.ledger, other.code, uri, other.description(), self.author()))

    def take(self, change: Change) -> None:
        """Receive what another authority has written for us."""
        for entry in change.entries:
            if entry.event is not None and entry.event.consumer == self.code:
                self.write(acts.receive(self.ledger, entry.event, entry.record.proof or "", self.author()))


def pair(one: str = "AZ", two: str = "KZ") -> tuple[Party, Party]:
    """Make two authorities that know each other."""
    first, second = Party(one), Party(two)
    first.meet(second)
    second.meet(first)
    return first, second
