"""Reads what an e-Permit authority and its peers keep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from connectors.deliver.request import delivery_key
from connectors.settings import AuthoritySettings, Participant
from corridor.audit.authority import AuditedAuthority, Held, PeerLedger, PostReport, digest
from corridor.audit.facts import GotMessage, Logged
from corridor.audit.log import AuditedLog
from corridor.roles.contracts import codec
from corridor.roles.permits import PROFILE
from corridor.sandbox.authority import count_taken, read_ledger
from schemas.epermit.ledger import Ledger, read_event
from schemas.epermit.told import facts
from schemas.records import OUTBOX, PERMIT, LedgerRecord
from streams.kafka import topics
from streams.records.envelope import Envelope


async def read_authority(
    log: AuditedLog, participant: Participant, settings: AuthoritySettings, ledgers: Mapping[str, Path]
) -> AuditedAuthority:
    """Read everything about an authority.

    Args:
        log: of the broker.
        participant: its participant.
        settings: code and peers.
        ledgers: file of a peer's ledger by ``<participant>.<peer>``.

    Raises:
        Transient: ``kafka-unavailable``, ``registry-unavailable``.
    """
    name = participant.name
    authority = AuditedAuthority(name, Ledger(settings.code))
    numberings = {code: peer.permit_types for code, peer in settings.peers.items()}
    profile = codec(PROFILE)
    async for record, body in log.bodies(topics.permits(name), PERMIT.codec):
        entry = PERMIT.decode(body)
        if entry.kind == "EVENT":
            event = read_event(entry)
            told = facts(authority.ledger, event, numberings)
            digested = hashlib.sha256(profile.encode(told)).hexdigest() if told else ""
            authority.events.append(Held(event, entry.proof or "", digested))
        authority.ledger.apply(entry, record.offset)
    for code in settings.peers:
        outbox = topics.peer(name, code)
        letters = log.bodies(topics.outgoing(outbox), OUTBOX.codec)
        authority.outboxes[code] = [_put_out(record, body) async for record, body in letters]
        if outbox in ledgers:
            held = _events(read_ledger(ledgers[outbox]), {code, settings.code})
            authority.peers[code] = PeerLedger(held, count_taken(ledgers[outbox], settings.code))
    async for record, body in log.bodies(topics.outgoing(name), profile):
        authority.reports.append(_report(record, profile.decode(body)))
    return authority


def effects_at_peers(authority: AuditedAuthority) -> dict[str, list[GotMessage]]:
    """Give what the peers have of our events, as effects of what was put out for them."""
    found: dict[str, list[GotMessage]] = {}
    for code, peer in authority.peers.items():
        name = topics.peer(authority.name, code)
        known = {logged.id for logged in authority.outboxes[code]}
        ours = [held for held in peer.events if held.event.producer != code]
        found[name] = [
            GotMessage(
                delivery_key(name, held.event.id), held.event.id if held.event.id in known else "",
                held.event.id, held.message_sha256, effect=True,
            )
            for held in ours
        ]  # fmt: skip
    return found


def _events(records: Iterable[LedgerRecord], pair: set[str]) -> list[Held]:
    held = (Held(read_event(record), record.proof or "") for record in records if record.kind == "EVENT")
    return [each for each in held if {each.event.producer, each.event.consumer} == pair]


def _put_out(record: Any, body: bytes) -> Logged:  # noqa: ANN401 - aiokafka has no types
    letter = OUTBOX.decode(body)
    envelope = Envelope.of(record)
    return Logged(
        record.partition, record.offset, envelope.id, envelope.origin, envelope.subject, envelope.hops,
        digest(letter.content, letter.proof), record.key.decode(),
    )  # fmt: skip


def _report(record: Any, message: Mapping[str, Any]) -> PostReport:  # noqa: ANN401
    envelope = Envelope.of(record)
    logged = Logged(
        record.partition, record.offset, envelope.id, envelope.origin, envelope.subject, envelope.hops
    )
    activity = message["activity_type"], message["activity_timestamp"], message["activity_details"] or ""
    return PostReport(logged, message["event_id"], message["permit_id"], activity)
