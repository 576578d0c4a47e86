"""The comparisons of the audit: two records of the same messages, held against each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from corridor.audit.facts import BrokenPromise, Evidence, GotMessage, Logged, SentMessage


def accepted(place: str, sent: Sequence[SentMessage], logged: Sequence[Logged]) -> Iterator[BrokenPromise]:
    """What was sent against a topic: lost, phantom, doubled, altered, swapped."""
    by_id = {record.id: record for record in logged}
    digests = {message.id: message.sha256 for message in sent}
    for message in sent:
        if message.accepted and message.id not in by_id:
            yield BrokenPromise("lost-accepted", place, message.id, "acknowledged, not in the log")
    for record in logged:
        if record.id not in digests:
            yield BrokenPromise("phantom", place, record.id, f"at {record.partition}:{record.offset}")
        elif record.digest and record.digest != digests[record.id]:
            yield BrokenPromise(
                "altered-accepted", place, record.id, f"{digests[record.id]} became {record.digest}"
            )
    unsure = {message.id: message.unsure for message in sent}
    for id_, count in Counter(record.id for record in logged if not record.replayed).items():
        if count > 1 + unsure.get(id_, 0):
            yield BrokenPromise("doubled-accepted", place, id_, f"{count} times")
    subjects = {message.id: message.subject for message in sent}
    first_sent = first((message.id, message.subject) for message in sent if message.id in by_id)
    in_log = first((record.id, subjects[record.id]) for record in logged if record.id in subjects)
    yield from swapped("swapped-accepted", place, first_sent, in_log)


def reused(place: str, logged: Iterable[Logged]) -> Iterator[BrokenPromise]:
    """One id in the log has one body, however often it was sent: what the log alone can prove of it."""
    digests: dict[str, str] = {}
    for record in logged:
        first_digest = digests.setdefault(record.id, record.digest)
        if record.digest and first_digest and record.digest != first_digest:
            yield BrokenPromise("altered-accepted", place, record.id, f"{first_digest} and {record.digest}")


def doubled(
    topic: str, logged: Iterable[Logged], taken_in: Mapping[str, int] = MappingProxyType({})
) -> Iterator[BrokenPromise]:
    """One id from several origins is by design: a train that n notes tell of is one event, n times.

    Args:
        topic: where.
        logged: its records; a replay of a dead letter writes one again, and is no double.
        taken_in: how often the message of an origin is in the log; each may be told of, under one key.
    """
    told = Counter((record.id, record.origin) for record in logged if not record.replayed)
    for (id_, origin), count in told.items():
        if count > max(1, taken_in.get(origin, 1)):
            yield BrokenPromise("doubled-output", topic, id_, f"{count} times from {origin}")


def echoes(name: str, outgoing: Iterable[Logged]) -> Iterator[BrokenPromise]:
    """No message goes back to a participant that it passed."""
    for record in outgoing:
        if name in record.hops:
            yield BrokenPromise("echo", f"out.{name}", record.id, f"hops {','.join(record.hops)}")


def settled(name: str, outgoing: Sequence[Logged], evidence: Evidence) -> Iterator[BrokenPromise]:
    """Every outgoing message has a receipt or a dead letter."""
    receipts = {
        receipt.id for receipt in evidence.receipts if receipt.participant == name and receipt.delivered
    }
    dead = {died.id for died in evidence.dead if died.stage == f"deliver.{name}"}
    for record in outgoing:
        if record.id not in receipts and record.id not in dead:
            place = f"{record.partition}:{record.offset}"
            yield BrokenPromise(
                "not-delivered", f"out.{name}", record.id, f"at {place}, subject {record.subject}"
            )


def effects(name: str, outgoing: Sequence[Logged], evidence: Evidence) -> Iterator[BrokenPromise]:
    """The partner's ledger against receipts and ``out.<participant>``."""
    attempts = evidence.got[name]
    took_effect = [attempt for attempt in attempts if attempt.effect]
    effect_keys = {attempt.key for attempt in took_effect}
    for receipt in evidence.receipts:
        if receipt.participant == name and receipt.delivered and receipt.key not in effect_keys:
            yield BrokenPromise("false-receipt", name, receipt.id, f"no effect under key {receipt.key}")
    for effect in took_effect:
        if not effect.id:
            yield BrokenPromise("phantom-effect", name, effect.identity, f"key {effect.key} is not ours")
    for identity, count in Counter(effect.identity for effect in took_effect).items():
        if count > 1:
            yield BrokenPromise("doubled-effect", name, identity, f"{count} times")
    yield from _altered(name, attempts, evidence)
    replayed = {record.id for record in outgoing if record.replayed}  # they come when somebody repeats them
    # what is told of a unit without its note has a key of its own: between two keys no order is promised
    subjects = {
        record.id: f"{record.subject} of {record.key}" for record in outgoing if record.id not in replayed
    }
    in_log = first((record.id, subjects[record.id]) for record in outgoing if record.id in subjects)
    arrived = first((effect.id, subjects[effect.id]) for effect in took_effect if effect.id in subjects)
    yield from swapped("swapped-delivery", name, in_log, arrived)


def _altered(name: str, attempts: Iterable[GotMessage], evidence: Evidence) -> Iterator[BrokenPromise]:
    bodies: dict[str, set[str]] = defaultdict(set)
    for attempt in attempts:
        bodies[attempt.id or attempt.identity].add(attempt.sha256)
    for receipt in evidence.receipts:
        if receipt.participant == name and receipt.delivered and receipt.sha256 and receipt.id in bodies:
            bodies[receipt.id].add(receipt.sha256)
    for id_, digests in bodies.items():
        if len(digests) > 1:
            yield BrokenPromise("altered-retry", name, id_, f"{len(digests)} different bodies")


def first(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """First appearance of every id, in order, per subject."""
    seen: set[Hashable] = set()
    ordered: dict[str, list[str]] = defaultdict(list)
    for id_, subject in pairs:
        if id_ not in seen:
            seen.add(id_)
            ordered[subject].append(id_)
    return ordered


def swapped(
    kind: str, place: str, expected: dict[str, list[str]], actual: dict[str, list[str]]
) -> Iterator[BrokenPromise]:
    """Ids that both sides know stand in the same order within each subject."""
    for subject, ids in expected.items():
        here = actual.get(subject, [])
        common = set(ids) & set(here)
        wanted = [id_ for id_ in ids if id_ in common]
        got = [id_ for id_ in here if id_ in common]
        if wanted != got:
            at = next(i for i, (a, b) in enumerate(zip(wanted, got, strict=True)) if a != b)
            yield BrokenPromise(kind, place, got[at], f"subject {subject}: came before {wanted[at]}")
