"""The audit of e-Permit authorities: peers, ledger, outboxes and corridor, each against the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from corridor.audit.authority import AuditedAuthority, Held, PeerLedger, PostReport
from corridor.audit.compare import accepted, effects, first, settled, swapped
from corridor.audit.facts import BrokenPromise, Evidence, Logged, SentMessage
from schemas.epermit.acts import event_id
from schemas.epermit.chain import PairChain
from schemas.epermit.event import PermitEvent
from schemas.epermit.permit import PermitId
from schemas.epermit.proof import proof_kid, verify_proof
from schemas.epermit.refusal import Untrusted
from streams.kafka import topics


def check_authority(authority: AuditedAuthority, evidence: Evidence) -> Iterator[BrokenPromise]:
    """Compare everything about one authority after a drain."""
    us = authority.ledger.code
    yield from _chains(topics.permits(authority.name), authority.events)
    yield from _proofs(authority)
    expected = _expected(authority)
    yield from _told(authority, set(expected), evidence)
    yield from _reported(authority, expected, evidence)
    for code, outbox in authority.outboxes.items():
        name = topics.peer(authority.name, code)
        ours = _sent(held for held in _of(authority.events, us) if held.event.consumer == code)
        yield from accepted(topics.outgoing(name), ours, outbox)
        yield from settled(name, outbox, evidence)
        if (peer := authority.peers.get(code)) is not None:
            yield from _peer(authority, code, peer)
            yield from effects(name, outbox, evidence)


def _peer(authority: AuditedAuthority, code: str, peer: PeerLedger) -> Iterator[BrokenPromise]:
    """What a peer made against what our ledger has of it."""
    place, theirs = topics.permits(authority.name), _of(authority.events, code)
    yield from _chains(f"ledger of {topics.peer(authority.name, code)}", peer.events)
    made = _of(peer.events, code)
    yield from accepted(place, _sent(made, peer.taken), [_logged(n, held) for n, held in enumerate(theirs)])
    there = {held.event.id for held in theirs}
    for held in made[peer.taken :]:
        if held.event.id not in there:
            yield BrokenPromise("not-delivered", place, held.event.id, f"{code} has not sent it yet")


def _chains(place: str, events: Iterable[Held]) -> Iterator[BrokenPromise]:
    """Each event of an ordered pair stands behind the one before it."""
    chains: dict[tuple[str, str], PairChain] = {}
    for held in events:
        event = held.event
        chain = chains.setdefault((event.producer, event.consumer), PairChain())
        if event.previous != chain.head:
            detail = f"{event.producer} to {event.consumer}: behind {event.previous}, not {chain.head}"
            yield BrokenPromise("broken-chain", place, event.id, detail)
        chain.append(event, held.proof)


def _proofs(authority: AuditedAuthority) -> Iterator[BrokenPromise]:
    """Each event was signed by its producer; by which of its keys is of no interest any more."""
    ledger = authority.ledger
    keys = {code: peer.keys for code, peer in ledger.peers.items()} | {ledger.code: ledger.keys}
    for event, proof, _ in authority.events:
        try:
            key = keys[event.producer][proof_kid(proof)]
            verify_proof(proof, event.canonical, key.jwk)
        except (Untrusted, KeyError):
            place = topics.permits(authority.name)
            yield BrokenPromise("false-proof", place, event.id, f"not signed by {event.producer}")


def _told(authority: AuditedAuthority, reported: set[str], evidence: Evidence) -> Iterator[BrokenPromise]:
    """Events about permits against ``in.<participant>``; what the corridor told is not told to it again."""
    told = [
        SentMessage(held.event.id, f"PERMIT:{held.event.permit_id}", held.told, accepted=True)
        for held in authority.events
        if held.told and held.event.id not in reported
    ]
    yield from accepted(topics.incoming(authority.name), told, evidence.incoming[authority.name])


def _expected(authority: AuditedAuthority) -> dict[str, PostReport]:
    """The use that each report for our own country makes, by its id; only the first of an event makes one."""
    us = authority.ledger.code
    expected: dict[str, PostReport] = {}
    for report in authority.reports:
        permit = PermitId.parse(report.permit_id)
        if permit.issued_for == us:
            expected.setdefault(event_id(us, permit.issuer, "PERMIT_USED", report.event_id), report)
    return expected


def _reported(
    authority: AuditedAuthority, expected: dict[str, PostReport], evidence: Evidence
) -> Iterator[BrokenPromise]:
    """Each entry or exit that was handed over is one ``PERMIT_USED``, in order, as it was told."""
    name, place = authority.name, topics.permits(authority.name)
    delivered = {
        receipt.id for receipt in evidence.receipts if receipt.participant == name and receipt.delivered
    }
    told = {logged.id for logged in evidence.incoming[name]}
    uses = {
        held.event.id: held.event
        for held in _of(authority.events, authority.ledger.code)
        if held.event.type == "PERMIT_USED" and held.event.id not in told
    }
    for id_, report in expected.items():
        use = uses.get(id_)
        if use is None:
            if report.logged.id in delivered:
                yield BrokenPromise("false-receipt", place, report.logged.id, f"no use {id_} in the ledger")
            continue
        if (said := _said(use)) != (report.permit_id, *report.activity):
            yield BrokenPromise("altered-effect", place, report.logged.id, f"{report.activity} became {said}")
    for said, count in Counter(map(_said, uses.values())).items():
        if count > 1:
            yield BrokenPromise("doubled-effect", place, said[0], f"{count} times {said}")
    reported = first((id_, report.permit_id) for id_, report in expected.items())
    used = first((id_, use.permit_id) for id_, use in uses.items())
    yield from swapped("swapped-delivery", place, reported, used)


def _said(use: PermitEvent) -> tuple[str, str, int, str]:
    return (
        use.permit_id, use.activity, use.number("activity_timestamp"), use.text("activity_details"),
    )  # fmt: skip


def _of(events: Iterable[Held], producer: str) -> list[Held]:
    return [held for held in events if held.event.producer == producer]


def _sent(events: Iterable[Held], taken: int | None = None) -> list[SentMessage]:
    """What an authority made for another one, all of one chain; the first ``taken`` were answered."""
    return [
        SentMessage(
            held.event.id, f"CHAIN:{held.event.producer}", held.sha256, accepted=taken is None or n < taken
        )
        for n, held in enumerate(events)
    ]


def _logged(number: int, held: Held) -> Logged:
    event = held.event
    return Logged(0, number, event.id, f"{event.producer}/{event.id}", "", (event.producer,), held.sha256)
