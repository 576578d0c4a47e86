"""Showing one shipment whole: its timeline, and what the broker did with what was told about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, select

from corridor.view.bulk import chunks
from corridor.view.events import facts_of
from corridor.view.find import SHIPMENTS, Row, named
from corridor.view.subjects import history
from corridor.view.tables import LETTER, LINK, RECEIPT, REPORT, SHIPMENT, UNREAD
from schemas.mapping.reasons import kind_of
from schemas.shipment import Fact, ShipmentTimeline, timeline
from schemas.shipment.owners import CONSIGNMENT
from schemas.shipment.state import Hold

MOST_OTHERS: Final = 20
"""Other shipments under the same name that are listed."""
MOST_ROWS: Final = 200
"""Deliveries, losses and dead letters that are listed."""
MOST_JOURNEYS: Final = 50
DAY: Final = 86_400_000
MARGIN: Final = 2 * DAY
"""How long before and after its own events the journeys of a shipment's means are looked at."""
LONGEST: Final = 100 * DAY
"""How long before something a journey, or a shipment that has to do with it, may have begun."""

_MEANS: Final = {"TRAIN": "TRAIN", "VESSEL": "VESSEL", "PLATE": "TRUCK", "PERMIT": "PERMIT"}
"""Links by which a shipment has a share in other timelines, to the kind of those."""


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """One delivery to a participant: outcome, when it was accepted and when it was done."""

    participant: str
    subject: str
    outcome: str
    accepted: int
    delivered: int
    attempts: int
    code: str | None = None


class Lost(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value that a translation could not carry over, and how often."""

    stage: str
    pointer: str
    reason: str
    times: int = 1


class Dead(msgspec.Struct, frozen=True, omit_defaults=True):
    """A dead letter about the shipment; not open when a replay settled it."""

    id: str
    stage: str
    code: str
    subject: str
    open: bool
    detail: str = ""
    pointer: str = ""
    value: str = ""


class SetAside(msgspec.Struct, frozen=True):
    """A record about the shipment that is not in its timeline, or not whole; ``place`` is that in the log."""

    code: str
    place: str
    detail: str


class Permit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A road permit of one of its trucks, with its state."""

    id: str
    status: str
    since: int


class Shown(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shipment with everything around it.

    Attributes:
        names: kind to the names under which it is found.
        aboard: shipments of a train, vessel or truck.
        others: what else has the name that was asked for.
    """

    timeline: ShipmentTimeline
    names: dict[str, tuple[str, ...]]
    permits: tuple[Permit, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    lost: tuple[Lost, ...] = ()
    dead: tuple[Dead, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    aboard: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()


def show(connection: Connection, reference: str) -> Shown | None:
    """Show what a reference names: of several the newest shipment, the others beside it; None for nothing."""
    rows = named(connection, reference, MOST_OTHERS + 1)
    return _shown(connection, rows[0], rows[1:]) if rows else None


def _shown(connection: Connection, row: Row, others: Sequence[Row]) -> Shown:
    links = _links(connection, row.key)
    journeys = _journeys(connection, row, links)
    found = facts_of(connection, [row.key, *(journey.key for journey in journeys)])
    own = found.pop(row.key, [])
    around = (fact for facts in found.values() for fact in facts)
    line = timeline(row.key, own, around, history(connection, own))
    assert line is not None  # noqa: S101 - what has a row holds facts, in the same transaction
    dead = _dead(connection, own)
    blocked = tuple(
        Hold("dead-letter", line.state.last_at, f"{d.code} at {d.stage}", "") for d in dead if d.open
    )
    return Shown(
        timeline=msgspec.structs.replace(line, holds=line.holds + blocked),
        names={kind: tuple(sorted(values)) for kind, values in sorted(links.items())},
        permits=tuple(
            Permit(j.key.partition(":")[2], j.status, j.since) for j in journeys if j.kind == "PERMIT"
        ),
        deliveries=_deliveries(connection, own),
        lost=_lost(connection, own),
        dead=dead,
        set_aside=_set_aside(connection, own),
        aboard=_aboard(connection, row, links) if row.kind not in SHIPMENTS else (),
        others=tuple(others),
    )


def _links(connection: Connection, key: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in connection.execute(select(LINK.c.kind, LINK.c.value).where(LINK.c.shipment == key)):
        found.setdefault(kind, []).append(value)
    return found


def _journeys(connection: Connection, row: Row, links: dict[str, list[str]]) -> list[Row]:
    """Timelines of its means and permits that overlap with its own."""
    if row.kind not in SHIPMENTS:
        return []
    begin, end = row.first_at - MARGIN, row.last_at + MARGIN
    found: dict[str, Row] = {}
    for kind, of in _MEANS.items():
        query = _linked(kind, links.get(kind, ())).where(SHIPMENT.c.kind == of)
        if of != "PERMIT":  # issued long before the journey
            query = query.where(LINK.c.since.between(begin - LONGEST, end), SHIPMENT.c.last_at >= begin)
        query = query.order_by(SHIPMENT.c.first_at, SHIPMENT.c.key).limit(MOST_JOURNEYS)
        found |= {journey.key: Row(*journey) for journey in connection.execute(query)}
    return sorted(found.values(), key=lambda journey: (journey.first_at, journey.key))[:MOST_JOURNEYS]


def _linked(kind: str, values: Iterable[str]) -> Select[Any]:
    """Whatever is found under one of these names."""
    query = select(SHIPMENT).join(LINK, LINK.c.shipment == SHIPMENT.c.key)
    return query.where(LINK.c.kind == kind, LINK.c.value.in_(list(values))).distinct()


def _aboard(connection: Connection, row: Row, links: dict[str, list[str]]) -> tuple[Row, ...]:
    """Shipments that name this train, vessel, truck or permit, in the time of this journey."""
    kind = next((link for link, of in _MEANS.items() if of == row.kind), None)
    values = links.get(kind or "", [])
    if not values:
        return ()
    query = _linked(kind or "", values).where(
        LINK.c.since.between(row.first_at - LONGEST, row.last_at),
        SHIPMENT.c.kind == CONSIGNMENT,
        SHIPMENT.c.last_at >= row.first_at,
    )
    query = query.order_by(SHIPMENT.c.last_at.desc(), SHIPMENT.c.key).limit(MOST_ROWS)
    return tuple(Row(*found) for found in connection.execute(query))


def _origins(facts: Iterable[Fact]) -> list[str]:
    return sorted({fact.origin for fact in facts if fact.origin})


def _deliveries(connection: Connection, facts: Sequence[Fact]) -> tuple[Delivery, ...]:
    """Deliveries of what was told of it, newest last; a train's message is delivered for others, too."""
    subjects = {fact.subject for fact in facts}
    rows: list[Any] = []
    for chunk in chunks(_origins(facts)):
        rows += connection.execute(select(RECEIPT).where(RECEIPT.c.origin.in_(chunk)))
    rows = sorted((r for r in rows if _concerns(r.subject, subjects)), key=lambda r: (r.delivered, r.id))
    return tuple(
        Delivery(r.participant, r.subject, r.outcome, r.accepted, r.delivered, r.attempts, r.code)
        for r in rows[-MOST_ROWS:]
    )


def _concerns(subject: str, subjects: set[str]) -> bool:
    return subject in subjects or subject.startswith("CONSIGNMENT:")


def _lost(connection: Connection, facts: Sequence[Fact]) -> tuple[Lost, ...]:
    counted: dict[tuple[str, str, str], int] = {}
    for chunk in chunks(_origins(facts)):
        query = select(REPORT.c.stage, REPORT.c.detail).where(REPORT.c.origin.in_(chunk), REPORT.c.losses > 0)
        for stage, detail in connection.execute(query):
            for loss in msgspec.json.decode(detail)["losses"]:
                if kind_of(loss["reason"]) != "loss":
                    continue
                place = (stage, loss["pointer"], loss["reason"])
                counted[place] = counted.get(place, 0) + 1
    return tuple(Lost(*place, times) for place, times in sorted(counted.items())[:MOST_ROWS])


def _dead(connection: Connection, facts: Sequence[Fact]) -> tuple[Dead, ...]:
    subjects = {fact.subject for fact in facts}
    rows: dict[str, Any] = {}
    for column, names in ((LETTER.c.origin, _origins(facts)), (LETTER.c.subject, sorted(subjects))):
        for chunk in chunks(names):
            rows |= {row.id: row for row in connection.execute(select(LETTER).where(column.in_(chunk)))}
    return tuple(
        Dead(r.id, r.stage, r.code, r.subject, r.open, r.detail, r.pointer, r.value)
        for _, r in sorted(rows.items())[:MOST_ROWS]
    )


def _set_aside(connection: Connection, facts: Sequence[Fact]) -> tuple[SetAside, ...]:
    """What was told under the same subjects and cannot be shown, or not whole."""
    rows: list[Any] = []
    for chunk in chunks(sorted({fact.subject for fact in facts})):
        rows += connection.execute(select(UNREAD).where(UNREAD.c.subject.in_(chunk)))
    rows.sort(key=lambda row: (row.topic, row.partition, row.log_offset))
    return tuple(
        SetAside(row.code, f"{row.topic}/{row.partition}@{row.log_offset}", row.detail)
        for row in rows[-MOST_ROWS:]
    )
