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
from corridor.sandbox import ledger
from corridor.sandbox.progress import settles
from schemas.avro.wire import unframe
from schemas.records import DEAD, RECEIPT, REPORT
from streams.kafka import topics
from streams.kafka.scan import scan
from streams.kafka.settings import Kafka
from streams.records.envelope import Envelope
from streams.records.letters import DISCARDED


async def collect(
    kafka: Kafka, ledgers: Mapping[str, Path], participants: Iterable[Participant]
) -> facts.Evidence:
    """Read everything that the checks compare.

    Args:
        kafka: connection.
        ledgers: participant to the file that it kept; for a peer of an authority, ``<participant>.<peer>``.
        participants: all that there are.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    evidence = facts.Evidence()
    peers: set[str] = set()
    authorities: set[str] = set()
    for each in participants:
        name = each.name
        evidence.incoming[name] = await _log(kafka, topics.incoming(name), told=each.authority is not None)
        if each.deliver:
            evidence.outgoing[name] = await _log(kafka, topics.outgoing(name))
        if each.authority:
            authorities.add(name)
            authority = await read_authority(kafka, each, each.authority, ledgers)
            evidence.authorities.append(authority)
            evidence.got |= effects_at_peers(authority)
            peers |= {topics.peer(name, code) for code in each.authority.peers}
    evidence.events = await _log(kafka, topics.EVENTS)
    evidence.aboard = await _log(kafka, topics.ABOARD)
    async for record in scan(kafka, topics.REPORTS):
        report = REPORT.decode(unframe(record.value)[1])
        evidence.reports.append(facts.Reported(report.id, report.stage, report.outputs, len(report.filtered)))
    evidence.dead = [died async for died in _dead(kafka)]
    async for record in scan(kafka, topics.RECEIPTS):
        receipt = RECEIPT.decode(unframe(record.value)[1])
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


async def _dead(kafka: Kafka) -> AsyncIterator[facts.Died]:
    """Dead letters that no replay has brought to life, also those that somebody gave up."""
    letters: dict[bytes, facts.Died] = {}
    async for record in scan(kafka, topics.DEAD):
        if record.value is None:
            if DISCARDED not in dict(record.headers):  # what was given up has ended, and stays ended
                letters.pop(record.key, None)
            continue
        letter = DEAD.decode(unframe(record.value)[1])
        id_ = letter.headers.get("id", letter.id.encode()).decode()
        letters[record.key] = facts.Died(id_, letter.stage, letter.code)
    for died in letters.values():
        yield died


async def _log(kafka: Kafka, topic: str, *, told: bool = False) -> list[facts.Logged]:
    """Read a topic.

    Args:
        kafka: connection.
        topic: which.
        told: an authority wrote it: the digest is that of the record itself, and not of what it got.
    """
    return [_logged(record, told=told) async for record in scan(kafka, topic)]


def _logged(record: Any, *, told: bool) -> facts.Logged:  # noqa: ANN401 - aiokafka has no types
    envelope = Envelope.of(record)
    return facts.Logged(
        record.partition,
        record.offset,
        envelope.id,
        envelope.origin,
        envelope.subject,
        envelope.hops,
        hashlib.sha256(unframe(record.value)[1]).hexdigest() if told else envelope.digest,
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
