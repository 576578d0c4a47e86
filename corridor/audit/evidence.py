"""Collects evidence: the topics of the broker, and the ledgers of the sandbox's participants."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from connectors.deliver.request import delivery_key
from connectors.settings import Participant
from corridor.audit import facts
from corridor.audit.ledgers import effects_at_peers, read_authority
from corridor.audit.log import AuditedLog
from corridor.roles.contracts import codec
from corridor.roles.permits import PROFILE
from corridor.sandbox import ledger
from corridor.sandbox.progress import settles
from schemas.records import DEAD, RECEIPT, REPORT
from streams.kafka import topics
from streams.records.envelope import Envelope
from streams.records.letters import DISCARDED


async def collect(
    log: AuditedLog, ledgers: Mapping[str, Path], participants: Iterable[Participant]
) -> facts.Evidence:
    """Read everything that the checks compare.

    Args:
        log: of the broker.
        ledgers: participant to the file that it kept; for a peer of an authority, ``<participant>.<peer>``.
        participants: all that there are.

    Raises:
        Transient: ``kafka-unavailable``, ``registry-unavailable``.
    """
    evidence = facts.Evidence()
    peers: set[str] = set()
    authorities: set[str] = set()
    for each in participants:
        name = each.name
        incoming = topics.incoming(name)
        evidence.incoming[name] = await (_told(log, incoming) if each.authority else _log(log, incoming))
        if each.deliver:
            evidence.outgoing[name] = await _log(log, topics.outgoing(name))
        if each.authority:
            authorities.add(name)
            authority = await read_authority(log, each, each.authority, ledgers)
            evidence.authorities.append(authority)
            evidence.got |= effects_at_peers(authority)
            peers |= {topics.peer(name, code) for code in each.authority.peers}
    evidence.events = await _log(log, topics.EVENTS)
    evidence.aboard = await _log(log, topics.ABOARD)
    async for _, body in log.bodies(topics.REPORTS, REPORT.codec):
        report = REPORT.decode(body)
        evidence.reports.append(facts.Reported(report.id, report.stage, report.outputs, len(report.filtered)))
    evidence.dead = [died async for died in _dead(log)]
    async for _, body in log.bodies(topics.RECEIPTS, RECEIPT.codec):
        receipt = RECEIPT.decode(body)
        evidence.receipts.append(
            facts.ReceiptFact(
                receipt.id,
                receipt.participant,
                receipt.idempotency_key,
                receipt.body_sha256,
                delivered=receipt.outcome == "DELIVERED",
            )
        )
    for name, path in ledgers.items():
        if name not in peers:
            _read_ledger(name, path, evidence)
    evidence.without_ledger = tuple(
        name for name in evidence.incoming if name not in ledgers and name not in authorities
    )
    return evidence


async def _dead(log: AuditedLog) -> AsyncIterator[facts.Died]:
    """Dead letters that no replay has brought to life, also those that somebody gave up."""
    letters: dict[bytes, facts.Died] = {}
    async for record, body in log.values(topics.DEAD, DEAD.codec):
        if body is None:
            if DISCARDED not in dict(record.headers):  # what was given up has ended, and stays ended
                letters.pop(record.key, None)
            continue
        letter = DEAD.decode(body)
        id_ = letter.headers.get("id", letter.id.encode()).decode()
        letters[record.key] = facts.Died(id_, letter.stage, letter.code)
    for died in letters.values():
        yield died


async def _log(log: AuditedLog, topic: str) -> list[facts.Logged]:
    """Read a topic; the digest of a record is that of what its sender was acknowledged."""
    return [_logged(record, Envelope.of(record).digest) async for record in log.records(topic)]


async def _told(log: AuditedLog, topic: str) -> list[facts.Logged]:
    """Read what an authority told the corridor; the digest is that of the record itself."""
    found = log.bodies(topic, codec(PROFILE))
    return [_logged(record, hashlib.sha256(body).hexdigest()) async for record, body in found]


def _logged(record: Any, digest: str) -> facts.Logged:  # noqa: ANN401 - aiokafka has no types
    envelope = Envelope.of(record)
    return facts.Logged(
        record.partition,
        record.offset,
        envelope.id,
        envelope.origin,
        envelope.subject,
        envelope.hops,
        digest,
        (record.key or b"").decode("utf-8", "replace"),
        replayed=bool(envelope.replay),
    )


def _read_ledger(name: str, path: Path, evidence: facts.Evidence) -> None:
    """Add what a participant sent, each id at its first place, with what it was answered; and what it got."""
    ids = {delivery_key(name, record.id): record.id for record in evidence.outgoing.get(name, ())}
    sent: dict[str, ledger.SentEntry] = {}
    id_of: dict[int, str] = {}
    accepted: set[str] = set()
    unsure: Counter[str] = Counter()
    for entry in ledger.read(path):
        match entry:
            case ledger.SentEntry():
                sent.setdefault(entry.id, entry)
                id_of[entry.n] = entry.id
                unsure[entry.id] += 1
            case ledger.Answered():
                about = [id_of[n] for n in entry.ns]
                if 200 <= entry.status < 300:
                    accepted.update(about)
                if settles(entry.status):
                    unsure.subtract(about)
            case ledger.GotEntry():
                identity = f"{entry.id}:{entry.version}"
                got = facts.GotMessage(
                    entry.key, ids.get(entry.key, ""), identity, entry.sha256, entry.effect
                )
                evidence.got[name].append(got)
    evidence.sent[name] = [
        facts.SentMessage(
            entry.id, entry.subject, entry.sha256, accepted=entry.id in accepted, unsure=unsure[entry.id]
        )
        for entry in sent.values()
    ]
