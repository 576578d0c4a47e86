"""Brings together what the audit by truth needs: the world of the timetable, and what the partners hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec

from corridor.audit.claims import Statement, ToldMessage, claims_of_events, claims_of_notes
from corridor.audit.facts import BrokenPromise, Evidence
from corridor.audit.log import AuditedLog
from corridor.audit.truth import TO_EVENTS, TO_NOTES, Truth
from corridor.roles.contracts import codec, json_form
from corridor.sandbox.settings import PROFILES
from corridor.sandbox.shipments import HEADWAY, START
from corridor.sandbox.timetable import MAKERS, messages
from corridor.sandbox.world import World
from corridor.settings import Settings
from schemas.errors import Misconfigured
from streams.kafka import topics
from streams.records.envelope import Envelope

JUDGED: Final[dict[str, tuple[Callable[[Iterable[ToldMessage]], Iterator[Statement]], frozenset[str]]]] = {
    "dlp": (claims_of_events, TO_EVENTS | {"ETA"}),
    "dtc": (claims_of_notes, TO_NOTES),
}
"""Partner to how it reads what it was told, and the kinds of deed that it must be told of."""


async def hold_against_world(
    settings: Settings, log: AuditedLog, evidence: Evidence, seed: int
) -> list[BrokenPromise]:
    """Find what partners were told and is not so, what they were not told, and what they hold twice.

    Raises:
        Misconfigured: ``settings-invalid``: what was sent is not of the timetable with this seed.
        Transient: ``kafka-unavailable``.
    """
    latest = START
    for name, sent in evidence.sent.items():
        if name in MAKERS and sent:
            latest = max(latest, _latest(name, seed, {each.id for each in sent}))
    world = World(seed, (latest - START) // HEADWAY + 1)
    truth = Truth(world, _came_through(evidence))
    found: list[BrokenPromise] = []
    for name, (read, must) in JUDGED.items():
        if name in evidence.got and name in settings.participants:
            effects = {got.id for got in evidence.got[name] if got.effect}
            told = [each for each in await _told(log, name) if each.id in effects]
            found += truth.check(name, list(read(told)), must)
    return found


def _latest(name: str, seed: int, sent: set[str]) -> datetime:
    """When the last of what a participant sent is due; its messages are the first of its timetable."""
    due = [message for message in islice(messages(name, seed), 2 * len(sent)) if message.id in sent]
    if not due:
        raise Misconfigured("settings-invalid", f"{name} did not send the timetable with the seed {seed}")
    return max(message.at for message in due)


def _came_through(evidence: Evidence) -> frozenset[str]:
    """Ids of messages that were taken in, and neither died on their way nor were told before."""
    died = {each.id for each in evidence.dead}
    logged = [*evidence.events, *(each for listed in evidence.outgoing.values() for each in listed)]
    origins = {each.origin for each in logged if each.id in died}
    for name, incoming in evidence.incoming.items():
        stage = f"to-corridor.{name}"
        nothing = {each.id for each in evidence.reports if each.stage == stage and not each.outputs}
        origins |= {each.origin for each in incoming if each.id in died | nothing}
    return frozenset(
        each.id for incoming in evidence.incoming.values() for each in incoming if each.origin not in origins
    )


async def _told(log: AuditedLog, name: str) -> list[ToldMessage]:
    form, avro = json_form(PROFILES[name]), codec(PROFILES[name])
    told = []
    async for record, body in log.bodies(topics.outgoing(name), avro):
        envelope = Envelope.of(record)
        message = msgspec.json.decode(form.from_datum(avro.decode(body)))
        told.append(ToldMessage(envelope.id, envelope.origin.partition("/")[0], message))
    return told
