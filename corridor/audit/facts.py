"""What the audit compares: plain facts, wherever they were read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from corridor.audit.authority import AuditedAuthority

VIOLATIONS: Final[dict[str, str]] = {
    "lost-accepted": "The sender holds a 2xx for a message that is not in the log.",
    "phantom": "The log holds a message that the participant never sent.",
    "doubled-accepted": "One message id stands more often in the log than answers that were lost explain.",
    "altered-accepted": "The logged message is not the one that the participant sent.",
    "swapped-accepted": "Messages of one subject stand in the log in another order than they were sent.",
    "lost-in-translation": "A record has neither output, nor report, nor dead letter.",
    "doubled-output": "One message id stands twice in a topic.",
    "not-delivered": "An outgoing message has neither a receipt nor a dead letter.",
    "false-receipt": "A receipt says delivered, the partner's ledger has no effect of it.",
    "phantom-effect": "The partner holds an effect that no outgoing message explains.",
    "doubled-effect": "One message took effect twice at the partner.",
    "altered-retry": "Attempts of one delivery had different bytes.",
    "swapped-delivery": "Messages of one subject of one key took effect in another order than in the log.",
    "echo": "A message was sent back to a participant that it came from.",
    "altered-effect": "What took effect is not what was delivered.",
    "broken-chain": "An e-Permit event does not stand behind the one before it in its chain.",
    "false-proof": "The proof of an e-Permit event does not hold.",
    "swapped-output": "Messages of one key were written in another order than they come from their source.",
    "untrue": "A partner holds what is not so: not that, not there, not then, not that unit, or not on that.",
    "untold": "A partner was not told of what happened, though the broker was.",
    "told-twice": "A partner holds one happening under two identities.",
    "not-taken-back": "A partner still holds what was corrected or taken back.",
    "replay-differs": "Translating the log again gives other messages than the broker wrote.",
}
"""Every kind of violation and its one-line meaning; names follow Jepsen's where it has one."""


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """One broken promise: its kind, where it was seen, and the facts in words."""

    kind: str
    place: str
    id: str
    detail: str


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that a participant sent, in sending order.

    Attributes:
        accepted: it holds a 2xx for it.
        unsure: how often it was sent without an answer that says what became of it: none, or a 5xx. Each may
            be in the log, because the next one may have gone to another gateway.
    """

    id: str
    subject: str
    sha256: str
    accepted: bool
    unsure: int = 0


@dataclass(frozen=True, slots=True)
class GotMessage:
    """A delivery attempt as the partner saw it, in order of arrival.

    ``id`` is that of the outgoing message which this key belongs to, empty when there is none. ``identity``
    is what the partner itself calls the message: event id or note, and version.
    """

    key: str
    id: str
    identity: str
    sha256: str
    effect: bool


@dataclass(frozen=True, slots=True)
class Logged:
    """A record of a topic, by its headers and place; ``replayed``: a replay of a dead letter wrote it."""

    partition: int
    offset: int
    id: str
    origin: str
    subject: str
    hops: tuple[str, ...]
    digest: str = ""
    key: str = ""
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Reported:
    """A translation report: what became of the record ``id`` at ``stage``."""

    id: str
    stage: str
    outputs: int
    filtered: int


@dataclass(frozen=True, slots=True)
class Died:
    """A dead letter: record ``id`` ended at ``stage`` for ``code``."""

    id: str
    stage: str
    code: str


@dataclass(frozen=True, slots=True)
class ReceiptFact:
    """A receipt of one delivery."""

    id: str
    participant: str
    key: str
    sha256: str
    delivered: bool


@dataclass(slots=True)
class Evidence:
    """Everything the audit looks at. Maps are by participant name.

    Attributes:
        without_ledger: participants of whom only the log, reports and receipts tell.
    """

    sent: dict[str, list[SentMessage]] = field(default_factory=lambda: defaultdict(list))
    got: dict[str, list[GotMessage]] = field(default_factory=lambda: defaultdict(list))
    incoming: dict[str, list[Logged]] = field(default_factory=lambda: defaultdict(list))
    events: list[Logged] = field(default_factory=list)
    aboard: list[Logged] = field(default_factory=list)
    outgoing: dict[str, list[Logged]] = field(default_factory=lambda: defaultdict(list))
    reports: list[Reported] = field(default_factory=list)
    dead: list[Died] = field(default_factory=list)
    receipts: list[ReceiptFact] = field(default_factory=list)
    authorities: list[AuditedAuthority] = field(default_factory=list)
    without_ledger: tuple[str, ...] = ()

    def counts(self) -> dict[str, int]:
        """Sizes of everything looked at: an audit of nothing must not look like a pass."""
        return {
            "accepted": sum(s.accepted for sent in self.sent.values() for s in sent),
            "logged": sum(map(len, self.incoming.values())),
            "events": len(self.events),
            "outgoing": sum(map(len, self.outgoing.values())),
            "delivered": sum(r.delivered for r in self.receipts),
            "effects": sum(g.effect for got in self.got.values() for g in got),
            "dead": len(self.dead),
            "filtered": sum(r.filtered for r in self.reports),
            "permit events": sum(len(authority.events) for authority in self.authorities),
        }
