"""The audit: every message of every system, at every stage of its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from corridor.audit.compare import accepted, doubled, echoes, effects, reused, settled
from corridor.audit.facts import BrokenPromise, Evidence
from corridor.audit.permits import check_authority


def check(evidence: Evidence) -> list[BrokenPromise]:
    """Compare all evidence after a drain; an empty list means that every promise held.

    Of a participant without a ledger the log, the reports and the receipts are held against each other: that
    nothing was lost, doubled or sent back on the way through, not that the partner says the same.
    """
    found = list(_translated(evidence))
    taken_in = Counter(
        record.origin for logged in evidence.incoming.values() for record in logged if not record.replayed
    )
    for name in evidence.without_ledger:
        found += reused(f"in.{name}", evidence.incoming[name])
    for name, sent in evidence.sent.items():
        found += accepted(f"in.{name}", sent, evidence.incoming[name])
    found += doubled("corridor.events", evidence.events, taken_in)
    found += doubled("corridor.aboard", evidence.aboard, taken_in)
    for name, outgoing in evidence.outgoing.items():
        found += doubled(f"out.{name}", outgoing, taken_in)
        found += echoes(name, outgoing)
        found += settled(name, outgoing, evidence)
        if name in evidence.got:
            found += effects(name, outgoing, evidence)
    for authority in evidence.authorities:
        found += check_authority(authority, evidence)
    return found


def _translated(evidence: Evidence) -> Iterator[BrokenPromise]:
    """Every record of every stage ends in an output, a report or a dead letter."""
    ended = {(report.stage, report.id) for report in evidence.reports}
    ended |= {(died.stage, died.id) for died in evidence.dead}
    origins = {event.origin for event in evidence.events}
    for name, logged in evidence.incoming.items():
        stage = f"to-corridor.{name}"
        for record in logged:
            if record.origin not in origins and (stage, record.id) not in ended:
                yield BrokenPromise("lost-in-translation", stage, record.id, f"origin {record.origin}")
    for name, outgoing in evidence.outgoing.items():
        stage = f"from-corridor.{name}"
        sources = {":".join(record.id.split(":")[:2]) for record in outgoing}
        # what n notes tell of one train goes out as one event with an id of its own
        trains = {
            (record.origin, record.subject) for record in outgoing if record.subject.startswith("TRAIN:")
        }
        for event in evidence.events:
            if name in event.hops or event.id in sources or (stage, event.id) in ended:
                continue
            if (event.origin, event.subject) in trains:
                continue
            yield BrokenPromise("lost-in-translation", stage, event.id, f"origin {event.origin}")
