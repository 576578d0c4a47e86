"""What is known of an e-Permit authority: its ledger, its outboxes, and the ledgers that its peers kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from corridor.audit.facts import Logged
from schemas.avro.jsonform import JsonForm
from schemas.epermit.event import PermitEvent, event_path
from schemas.epermit.ledger import Ledger
from schemas.records import OUTBOX, OutboxRecord

_OUTBOX_FORM: Final = JsonForm(OUTBOX.codec.schema)


class Held(NamedTuple):
    """One event as one side holds it.

    Attributes:
        event: the event.
        proof: its proof.
        told: SHA-256 of what the corridor must be told of it, empty when that is nothing.
    """

    event: PermitEvent
    proof: str
    told: str = ""

    @property
    def sha256(self) -> str:
        """Of text and proof."""
        return digest(self.event.canonical, self.proof)

    @property
    def message_sha256(self) -> str:
        """Of the message to the peer, as receipts have it."""
        event = self.event
        message = OutboxRecord(
            peer=event.consumer, path=event_path(event.type), content=event.canonical, proof=self.proof
        )
        return hashlib.sha256(_OUTBOX_FORM.from_datum(msgspec.structs.asdict(message))).hexdigest()


class PostReport(NamedTuple):
    """An entry or exit that a border post told the corridor, on its way to the authority."""

    logged: Logged
    event_id: str
    permit_id: str
    activity: tuple[str, int, str]


@dataclass(slots=True)
class PeerLedger:
    """What a peer itself kept.

    Attributes:
        events: in its order.
        taken: how many of its own for us it knows to be taken.
    """

    events: list[Held]
    taken: int


@dataclass(slots=True)
class AuditedAuthority:
    """One authority of the broker.

    Attributes:
        name: of the participant.
        ledger: the state.
        events: of the ledger, in order.
        outboxes: peer to what was put out for it.
        reports: what the corridor gave it.
        peers: peer to its own ledger, where it is known.
    """

    name: str
    ledger: Ledger
    events: list[Held] = field(default_factory=list)
    outboxes: dict[str, list[Logged]] = field(default_factory=dict)
    reports: list[PostReport] = field(default_factory=list)
    peers: dict[str, PeerLedger] = field(default_factory=dict)


def digest(*texts: str) -> str:
    """Give the SHA-256 of texts, in hex."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
