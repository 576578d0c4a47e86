"""What an authority can do, as changes of its ledger: each act is decided on the newest state.

Nothing here reads the clock or random numbers: the time and the id of the act come in, and the ids of events
follow from them, so the same act done again changes nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from schemas.epermit.canonical import canonical
from schemas.epermit.event import PermitEvent, check_day, make
from schemas.epermit.keys import jwk_text, public_jwk, read_public
from schemas.epermit.ledger import Ledger, QuotaKey
from schemas.epermit.permit import Numbering, PermitId, date_text, type_name
from schemas.epermit.proof import Signer
from schemas.epermit.qr import QrClaims, make_qr
from schemas.epermit.refusal import LedgerRefusal
from schemas.epermit.rules import authenticate, check
from schemas.epermit.told import facts
from schemas.errors import Invalid
from schemas.records import LedgerRecord

NAMESPACE: Final = uuid.UUID("6f0c9c3e-8f0a-5d55-9a52-1f6d0a3f5c11")
"""Of the ids of our events."""


class LedgerEntry(NamedTuple):
    """One record to write.

    Attributes:
        record: the record.
        event: the event in it, None when it holds none.
        facts: what the corridor is told, a message of the profile; None when it is told nothing.
    """

    record: LedgerRecord
    event: PermitEvent | None = None
    facts: Mapping[str, Any] | None = None


class Change(NamedTuple):
    """What one act writes, all of it or nothing, and what came of it."""

    entries: tuple[LedgerEntry, ...]
    result: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Author:
    """Who acts, and when.

    Attributes:
        signers: our private keys by id.
        now: UTC milliseconds.
        act: id of the act; the same id is the same act.
        numberings: authority to the numbering of its permit types, where it is not ``current``.
    """

    signers: Mapping[str, Signer]
    now: int
    act: str = ""
    numberings: Mapping[str, Numbering] = field(default_factory=dict)

    @property
    def second(self) -> int:
        """UTC seconds."""
        return self.now // 1000

    @property
    def today(self) -> dt.date:
        """The day, UTC."""
        return dt.datetime.fromtimestamp(self.second, dt.UTC).date()

    def signer(self, ledger: Ledger, without: str = "") -> Signer:
        """Give the oldest valid key.

        Raises:
            Refusal: ``KEY_NOTFOUND``.
        """
        for kid in ledger.valid_keys:
            if kid in self.signers and kid != without:
                return self.signers[kid]
        raise LedgerRefusal("KEY_NOTFOUND", "none of our valid keys is at hand")

    def event_id(self, ledger: Ledger, kind: str, consumer: str) -> str:
        """Give the id of the event of a type that this act makes for an authority."""
        return event_id(ledger.code, consumer, kind, self.act)


def event_id(code: str, consumer: str, kind: str, act: str) -> str:
    """Give the id of the event of a type that an authority's act makes for another authority."""
    return str(uuid.uuid5(NAMESPACE, f"{code}/{consumer}/{kind}/{act}"))


class Application(NamedTuple):
    """What a haulier asks a permit for; absent values take the protocol's defaults."""

    issued_for: str
    type: int
    year: int
    company_name: str
    company_id: str
    arrival_country: str
    plate_number: str | None = None
    plate_number2: str | None = None
    departure_country: str | None = None
    expires_at: str | None = None
    other_claims: Mapping[str, Any] | None = None


def receive(ledger: Ledger, event: PermitEvent, proof: str, author: Author) -> Change:
    """Take an event that a peer sent.

    Raises:
        Untrusted, Refusal, Malformed, Invalid: it is not taken.
    """
    check_day(event, author.today)
    authenticate(ledger, event, proof)
    check(ledger, event)
    record = LedgerRecord(kind="EVENT", id=event.id, content=event.canonical, proof=proof, at=author.now)
    return Change((LedgerEntry(record, event, facts(ledger, event, author.numberings)),))


def add_peer(ledger: Ledger, code: str, uri: str, said: Mapping[str, Any], author: Author) -> Change:
    """Get to know an authority by its self-description; nothing when it is known.

    Args:
        ledger: the state.
        code: the code that it must have.
        uri: address of its public API.
        said: its self-description.
        author: when.

    Raises:
        Refusal: ``REMOTE_ERROR``: it is another one.
        Invalid: one of its keys cannot be read.
    """
    if code in ledger.peers:
        return Change(())
    if said.get("code") != code:
        raise LedgerRefusal("REMOTE_ERROR", f"{uri} is {said.get('code')!r}, not {code}")
    jwks = said.get("keys")
    if not isinstance(jwks, list) or not jwks or not all(isinstance(jwk, dict) for jwk in jwks):
        raise LedgerRefusal("REMOTE_ERROR", f"{uri} names no keys")
    from_peer = [_peer_key(jwk, number) for number, jwk in enumerate(jwks)]
    content = canonical({"name": str(said.get("name") or code), "uri": uri, "keys": from_peer})
    return Change((LedgerEntry(LedgerRecord(kind="PEER", id=code, content=content, at=author.now)),))


def publish_keys(ledger: Ledger, author: Author) -> Change:
    """Make keys at hand known that the ledger does not have; each known authority gets ``KEY_CREATED``."""
    entries: list[LedgerEntry] = []
    made: dict[str, str] = {}
    for kid, signer in author.signers.items():
        if kid in ledger.keys:
            continue
        jwk = public_jwk(signer.key, kid)
        entries.append(LedgerEntry(LedgerRecord(kind="KEY", id=kid, content=jwk_text(jwk), at=author.now)))
        if not ledger.valid_keys:
            continue  # the first key has nobody to be told to: peers get it at the handshake
        for peer in ledger.peers:
            fields = {"authority": ledger.code, "kid": kid, "jwk": jwk_text(jwk)}
            step = _at(author, f"key-created/{kid}")
            entries.append(_own(ledger, "KEY_CREATED", peer, fields, step, previous=made.get(peer)))
            made[peer] = entries[-1].record.id
    return Change(tuple(entries))


def revoke_key(ledger: Ledger, kid: str, author: Author) -> Change:
    """Revoke one of our keys; each known authority gets ``KEY_REVOKED``, signed with another key.

    Raises:
        Refusal: ``KEY_NOTFOUND``, or ``INSUFFICIENT_KEY`` for the last one.
    """
    if kid in ledger.keys and ledger.keys[kid].revoked_at is not None:
        return Change((), {"key_id": kid})
    if kid not in ledger.keys:
        raise LedgerRefusal("KEY_NOTFOUND")
    if len(ledger.valid_keys) < 2:
        raise LedgerRefusal("INSUFFICIENT_KEY")
    step = _at(author, f"key-revoked/{kid}")
    fields = {"authority": ledger.code, "key_id": kid, "revoked_at": author.second}
    entries = [LedgerEntry(LedgerRecord(kind="KEY_REVOKED", id=kid, content="{}", at=author.now))]
    entries += [_own(ledger, "KEY_REVOKED", peer, fields, step, without=kid) for peer in ledger.peers]
    return Change(tuple(entries), {"key_id": kid})


def grant_quota(ledger: Ledger, peer: str, kind: int, year: int, quantity: int, author: Author) -> Change:
    """Let an authority issue more permits for our country.

    Raises:
        Refusal: ``AUTHORITY_NOT_FOUND``.
        Malformed, Invalid: a value breaks its rule.
    """
    _require_peer(ledger, peer)
    _require_type(peer, kind, author)
    key = QuotaKey(peer, ledger.code, kind, year)
    before = ledger.quotas[key].total if key in ledger.quotas else 0
    result = {"issuer": peer, "issued_for": ledger.code, "type": kind, "year": year}
    if _done(ledger, "QUOTA_CREATED", peer, author):
        return Change((), {**result, "total": before})
    fields = {
        "permit_issuer": peer, "permit_issued_for": ledger.code,
        "permit_year": year, "permit_type": kind, "quantity": quantity,
    }  # fmt: skip
    entry = _own(ledger, "QUOTA_CREATED", peer, fields, author)
    return Change((entry,), {**result, "total": before + quantity})


def issue_permit(ledger: Ledger, wanted: Application, author: Author) -> Change:
    """Issue a permit under the quota that its country granted.

    Raises:
        Refusal: ``AUTHORITY_NOT_FOUND``, ``INSUFFICIENT_PERMIT_QUOTA``.
        Malformed, Invalid: a value breaks its rule.
    """
    _require_peer(ledger, wanted.issued_for)
    _require_type(wanted.issued_for, wanted.type, author)
    if _done(ledger, "PERMIT_CREATED", wanted.issued_for, author):
        permit_id = ledger.issued[author.event_id(ledger, "PERMIT_CREATED", wanted.issued_for)]
        return Change((), {"permit_id": permit_id})
    quota = ledger.quotas.get(QuotaKey(ledger.code, wanted.issued_for, wanted.type, wanted.year))
    if quota is None or quota.highest >= quota.total:
        raise LedgerRefusal("INSUFFICIENT_PERMIT_QUOTA")
    permit_id = str(PermitId(ledger.code, wanted.issued_for, wanted.year, wanted.type, quota.highest + 1))
    issued_at, expires_at = date_text(author.today), wanted.expires_at or f"31/01/{wanted.year + 1}"
    claims = QrClaims(permit_id, issued_at, expires_at, wanted.plate_number, wanted.company_name)
    fields = {
        "permit_id": permit_id, "permit_type": wanted.type,
        "permit_issuer": ledger.code, "permit_issued_for": wanted.issued_for, "permit_year": wanted.year,
        "issued_at": issued_at, "expires_at": expires_at,
        "plate_number": wanted.plate_number, "plate_number2": wanted.plate_number2,
        "company_name": wanted.company_name, "company_id": wanted.company_id,
        "departure_country": wanted.departure_country or ledger.code,
        "arrival_country": wanted.arrival_country,
        "qr_code": make_qr(claims, author.signer(ledger)), "other_claims": wanted.other_claims or None,
    }  # fmt: skip
    entry = _own(ledger, "PERMIT_CREATED", wanted.issued_for, fields, author, told=True)
    return Change((entry,), {"permit_id": permit_id})


def use_permit(
    ledger: Ledger, permit_id: str, activity: Mapping[str, Any], author: Author, *, told: bool = True
) -> Change:
    """Tell the issuer that a truck came or left under its permit.

    Args:
        ledger: the state.
        permit_id: of a permit that was issued for us.
        activity: ``activity_type``, ``activity_timestamp`` (UTC seconds) and ``activity_details``.
        author: who acts.
        told: tell the corridor too; not when it was the corridor that told us.

    Raises:
        Refusal: ``PERMIT_NOTFOUND``, ``PERMIT_ALREADY_REVOKED``.
        Malformed: a value breaks its rule.
    """
    permit = ledger.permits.get(permit_id)
    if permit is None or permit.created.consumer != ledger.code:
        raise LedgerRefusal("PERMIT_NOTFOUND")
    issuer = permit.created.producer
    result = {"permit_id": permit_id}
    if _done(ledger, "PERMIT_USED", issuer, author):
        return Change((), result)
    if permit.revoked_at is not None:
        raise LedgerRefusal("PERMIT_ALREADY_REVOKED")
    entry = _own(ledger, "PERMIT_USED", issuer, {"permit_id": permit_id, **activity}, author, told=told)
    return Change((entry,), result)


def revoke_permit(ledger: Ledger, permit_id: str, author: Author) -> Change:
    """Revoke a permit that we issued and that was not used.

    Raises:
        Refusal: ``PERMIT_NOTFOUND``, ``PERMIT_USED``, ``PERMIT_ALREADY_REVOKED``.
    """
    permit = ledger.permits.get(permit_id)
    if permit is None or permit.created.producer != ledger.code:
        raise LedgerRefusal("PERMIT_NOTFOUND")
    consumer = permit.created.consumer
    result = {"permit_id": permit_id}
    if _done(ledger, "PERMIT_REVOKED", consumer, author):
        return Change((), result)
    if permit.revoked_at is not None:
        raise LedgerRefusal("PERMIT_ALREADY_REVOKED")
    if permit.activities:
        raise LedgerRefusal("PERMIT_USED")
    fields = {"permit_id": permit_id, "revoked_at": author.second}
    return Change((_own(ledger, "PERMIT_REVOKED", consumer, fields, author, told=True),), result)


def _own(
    ledger: Ledger,
    kind: str,
    consumer: str,
    fields: Mapping[str, Any],
    author: Author,
    *,
    told: bool = False,
    previous: str | None = None,
    without: str = "",
) -> LedgerEntry:
    """Make, check and sign one of our events; it stands behind the chain's head."""
    event = make(kind, {
        **fields,
        "event_producer": ledger.code, "event_consumer": consumer, "event_timestamp": author.second,
        "event_type": kind, "event_id": author.event_id(ledger, kind, consumer),
        "previous_event_id": previous or ledger.chain(ledger.code, consumer).head,
    })  # fmt: skip
    if previous is None:
        check(ledger, event)
    proof = author.signer(ledger, without).proof(event.canonical)
    record = LedgerRecord(kind="EVENT", id=event.id, content=event.canonical, proof=proof, at=author.now)
    return LedgerEntry(record, event, facts(ledger, event, author.numberings) if told else None)


def _done(ledger: Ledger, kind: str, consumer: str, author: Author) -> bool:
    return author.event_id(ledger, kind, consumer) in ledger.chain(ledger.code, consumer)


def _at(author: Author, act: str) -> Author:
    return Author(author.signers, author.now, act, author.numberings)


def _peer_key(jwk: Mapping[str, Any], number: int) -> dict[str, str]:
    return read_public(jwk, str(jwk.get("kid")), f"/keys/{number}")


def _require_peer(ledger: Ledger, code: str) -> None:
    if code not in ledger.peers:
        raise LedgerRefusal("AUTHORITY_NOT_FOUND", f"{code} is not known here")


def _require_type(peer: str, kind: int, author: Author) -> None:
    numbering = author.numberings.get(peer, "current")
    if type_name(numbering, kind) is None:
        raise Invalid("schema-violation", "/permit_type", f"a type of the {numbering} numbering", kind)
