"""What an authority knows: the records of its ledger, applied in order, add up to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from schemas.epermit.chain import Fork, PairChain
from schemas.epermit.event import PermitEvent
from schemas.epermit.permit import PermitId
from schemas.records import LedgerRecord

State = Literal["ISSUED", "USED", "REVOKED"]
_NO_CHAIN: Final = PairChain()


@dataclass
class Key:
    """A public key: its JSON Web Key, and the UTC second of its revocation."""

    jwk: Mapping[str, str]
    revoked_at: int | None = None


@dataclass
class Peer:
    """Another authority.

    Attributes:
        code: its code.
        name: its name.
        uri: address of its public API at the handshake.
        keys: its keys by id.
    """

    code: str
    name: str
    uri: str
    keys: dict[str, Key]

    @property
    def valid(self) -> dict[str, Mapping[str, str]]:
        """Keys that are not revoked, by id."""
        return {kid: key.jwk for kid, key in self.keys.items() if key.revoked_at is None}


class QuotaKey(NamedTuple):
    """What a quota is for."""

    issuer: str
    issued_for: str
    type: int
    year: int


@dataclass
class Quota:
    """How many permits may be issued: quotas accumulate.

    Attributes:
        total: permits granted so far.
        issued: permits issued.
        revoked: permits of them that were revoked.
        highest: highest serial number so far.
    """

    total: int = 0
    issued: int = 0
    revoked: int = 0
    highest: int = 0


class Activity(NamedTuple):
    """One use of a permit.

    Attributes:
        type: ``ENTRANCE`` or ``EXIT``.
        timestamp: UTC seconds.
        details: free text such as the border post.
        after_revocation: it came when the permit was revoked already: kept and told.
        event_id: of its event.
    """

    type: str
    timestamp: int
    details: str
    after_revocation: bool
    event_id: str


@dataclass
class Permit:
    """A permit as its events made it; expiry is not a state but a date."""

    created: PermitEvent
    revoked_at: int | None = None
    activities: list[Activity] = field(default_factory=list)

    @property
    def state(self) -> State:
        """ISSUED until it is used or revoked."""
        if self.revoked_at is not None:
            return "REVOKED"
        return "USED" if self.activities else "ISSUED"


class Ledger:
    """The state of one authority.

    Applying never fails: what stands in the log was accepted, by `schemas.epermit.rules`.

    Args:
        code: our own authority's code.

    Attributes:
        writer: the process that writes now.
        offset: of the last record applied, -1 before the first.
        peers: known authorities by code.
        keys: our own keys, the oldest first.
        quotas: what may be issued.
        permits: by id.
        issued: id of our ``PERMIT_CREATED`` event to the permit's id.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self.writer = ""
        self.offset = -1
        self.peers: dict[str, Peer] = {}
        self.keys: dict[str, Key] = {}
        self.quotas: dict[QuotaKey, Quota] = {}
        self.permits: dict[str, Permit] = {}
        self.issued: dict[str, str] = {}
        self._chains: dict[tuple[str, str], PairChain] = {}
        self._by_qr: dict[str, str] = {}

    # -- what there is

    def chain(self, producer: str, consumer: str) -> PairChain:
        """Give the chain of an ordered pair; an empty one when there is none."""
        return self._chains.get((producer, consumer), _NO_CHAIN)

    @property
    def chains(self) -> Mapping[tuple[str, str], PairChain]:
        """All chains by producer and consumer."""
        return self._chains

    @property
    def forks(self) -> list[Fork]:
        """All forks of all chains."""
        return [fork for chain in self._chains.values() for fork in chain.forks]

    def by_qr(self, code: str) -> Permit | None:
        """Give the permit with exactly this QR code."""
        found = self._by_qr.get(code)
        return self.permits[found] if found else None

    @property
    def valid_keys(self) -> list[str]:
        """Ids of our keys that are not revoked, the oldest first."""
        return [kid for kid, key in self.keys.items() if key.revoked_at is None]

    # -- what the records say

    def apply(self, record: LedgerRecord | None, offset: int = -1) -> None:
        """Take in the next record of the log; None stands for one that was not understood."""
        self.offset = offset
        if record is None:
            return
        match record.kind:
            case "WRITER":
                self.writer = record.content
            case "PEER":
                self._add_peer(record)
            case "KEY":
                self.keys.setdefault(record.id, Key(json.loads(record.content)))
            case "KEY_REVOKED":
                if record.id in self.keys:
                    self.keys[record.id].revoked_at = record.at // 1000
            case "EVENT":
                event = read_event(record)
                pair = event.producer, event.consumer
                self._chains.setdefault(pair, PairChain()).append(event, record.proof or "")
                self._carry_out(event)

    def _add_peer(self, record: LedgerRecord) -> None:
        said = json.loads(record.content)
        keys = {jwk["kid"]: Key(jwk) for jwk in said["keys"]}
        self.peers.setdefault(record.id, Peer(record.id, said["name"], said["uri"], keys))

    def _carry_out(self, event: PermitEvent) -> None:
        match event.type:
            case "QUOTA_CREATED":
                self.quotas.setdefault(quota_key(event), Quota()).total += event.number("quantity")
            case "PERMIT_CREATED":
                self._issue(event)
            case "PERMIT_USED":
                self._use(event)
            case "PERMIT_REVOKED":
                self._revoke(event)
            case _ if event.producer != self.code:
                self._change_key(event)

    def _issue(self, event: PermitEvent) -> None:
        quota = self.quotas.setdefault(quota_key(event), Quota())
        quota.issued += 1
        quota.highest = max(quota.highest, PermitId.parse(event.permit_id).serial)
        self.permits[event.permit_id] = Permit(event)
        self._by_qr[event.text("qr_code")] = event.permit_id
        if event.producer == self.code:
            self.issued[event.id] = event.permit_id

    def _use(self, event: PermitEvent) -> None:
        if permit := self.permits.get(event.permit_id):
            details, at = event.text("activity_details"), event.number("activity_timestamp")
            late = permit.revoked_at is not None
            permit.activities.append(Activity(event.activity, at, details, late, event.id))

    def _revoke(self, event: PermitEvent) -> None:
        if permit := self.permits.get(event.permit_id):
            permit.revoked_at = event.number("revoked_at")
            self.quotas.setdefault(quota_key(permit.created), Quota()).revoked += 1

    def _change_key(self, event: PermitEvent) -> None:
        peer = self.peers.get(event.producer)
        if peer is None:
            return
        if event.type == "KEY_CREATED":
            peer.keys.setdefault(event.text("kid"), Key(json.loads(event.text("jwk"))))
        elif key := peer.keys.get(event.text("key_id")):
            key.revoked_at = event.number("revoked_at")


def quota_key(event: PermitEvent) -> QuotaKey:
    """Give the quota that a quota or a permit is of."""
    return QuotaKey(
        event.text("permit_issuer"), event.text("permit_issued_for"),
        event.number("permit_type"), event.number("permit_year"),
    )  # fmt: skip


def read_event(record: LedgerRecord) -> PermitEvent:
    """Read the event of an ``EVENT`` record."""
    values = json.loads(record.content)
    return PermitEvent(values["event_type"], values)
