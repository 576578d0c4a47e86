"""What may get into the ledger. The same rules hold for what a peer sends and for what we make ourselves.

The receiver of our events checks them as well, and an event that it refuses would stop our chain to it: so
ours are checked by its rules before they exist.
"""

from __future__ import annotations

from schemas.epermit.event import FIRST, PermitEvent
from schemas.epermit.keys import read_public
from schemas.epermit.ledger import Ledger, Permit, quota_key
from schemas.epermit.permit import PermitId
from schemas.epermit.proof import proof_kid, verify_proof
from schemas.epermit.refusal import LedgerRefusal, Untrusted


def authenticate(ledger: Ledger, event: PermitEvent, proof: str) -> None:
    """Check who sent an event, and that it is for us.

    A repetition that was checked before is not checked again: its key may be revoked meanwhile.

    Raises:
        Untrusted: 401.
        Refusal: ``KEY_NOTFOUND``.
    """
    peer = ledger.peers.get(event.producer)
    if peer is None:
        raise Untrusted("Invalid authority")
    if event.consumer != ledger.code:
        raise Untrusted("Invalid jws")
    if ledger.chain(event.producer, event.consumer).holds(event, proof):
        raise LedgerRefusal("EVENT_ALREADY_EXISTS")
    kid = proof_kid(proof)
    jwk = peer.valid.get(kid)
    if jwk is None:
        raise LedgerRefusal("KEY_NOTFOUND", f"{peer.code} has no valid key {kid}")
    verify_proof(proof, event.canonical, jwk)


def check(ledger: Ledger, event: PermitEvent) -> None:
    """Check an event against everything before it.

    Raises:
        Refusal: naming the rule.
        Invalid: a key that cannot be read.
    """
    chain = ledger.chain(event.producer, event.consumer)
    if event.id in chain:
        raise LedgerRefusal("EVENT_ALREADY_EXISTS")
    if event.previous == FIRST:
        if len(chain):
            raise LedgerRefusal("GENESIS_EVENT_ALREADY_EXISTS")
    elif event.previous not in chain:
        raise LedgerRefusal("PREVIOUS_EVENT_NOTFOUND")
    match event.type:
        case "PERMIT_CREATED":
            _check_created(ledger, event)
        case "PERMIT_USED":
            _between(ledger, event, issuer=event.consumer, issued_for=event.producer)
        case "PERMIT_REVOKED":
            permit = _between(ledger, event, issuer=event.producer, issued_for=event.consumer)
            if permit.revoked_at is not None:
                raise LedgerRefusal("PERMIT_ALREADY_REVOKED")
        case "KEY_CREATED" if event.producer != ledger.code:
            _check_key_created(ledger, event)
        case "KEY_REVOKED" if event.producer != ledger.code:
            _check_key_revoked(ledger, event)


def _check_created(ledger: Ledger, event: PermitEvent) -> None:
    if event.permit_id in ledger.permits:
        raise LedgerRefusal("PERMITID_ALREADY_EXISTS")
    permit_id, key = PermitId.parse(event.permit_id), quota_key(event)
    if permit_id[:4] != (key.issuer, key.issued_for, key.year, key.type):
        raise LedgerRefusal("INVALID_PERMITID")
    quota = ledger.quotas.get(key)
    if quota is None:
        raise LedgerRefusal("INSUFFICIENT_PERMIT_QUOTA")
    if not 1 <= permit_id.serial <= quota.total:
        raise LedgerRefusal("INVALID_PERMIT_QUOTA_RANGE", f"serial {permit_id.serial} of {quota.total}")


def _between(ledger: Ledger, event: PermitEvent, issuer: str, issued_for: str) -> Permit:
    permit = ledger.permits.get(event.permit_id)
    if permit is None or (permit.created.producer, permit.created.consumer) != (issuer, issued_for):
        raise LedgerRefusal("PERMIT_NOTFOUND")
    return permit


def _check_key_created(ledger: Ledger, event: PermitEvent) -> None:
    """Take a key that the handshake has brought already once more: refusing it would stop the chain."""
    kid = event.text("kid")
    jwk = read_public(event.text("jwk"), kid)
    known = ledger.peers[event.producer].keys.get(kid)
    if known is not None and dict(known.jwk) != jwk:
        raise LedgerRefusal("KEYID_ALREADY_EXISTS")


def _check_key_revoked(ledger: Ledger, event: PermitEvent) -> None:
    valid = ledger.peers[event.producer].valid
    if event.text("key_id") not in valid:
        raise LedgerRefusal("KEY_NOTFOUND")
    if len(valid) == 1:
        raise LedgerRefusal("INSUFFICIENT_KEY")
