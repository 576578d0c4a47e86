"""Oil lots and permits across owners: under a note they are the consignment's, without one their own.

What follows from all that was told of one, such as the balance of a lot, needs the facts of every owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select, tuple_

from corridor.view.bulk import chunks
from corridor.view.tables import EVENT, LINK
from schemas.shipment.fact import Fact, decode
from schemas.shipment.owners import SHARED, link_of, shared_of

FURTHEST: Final = 1_000
"""Lots that a balance goes back over."""
AT_ONCE: Final = 250
"""Names in one statement."""


def sharing(connection: Connection, subjects: Iterable[str], owners: Iterable[str]) -> set[str]:
    """Keys of everything for which something changes when these subjects, or those of these owners, do."""
    names = {link_of(subject) for subject in subjects}
    for piece in chunks(sorted(owners), AT_ONCE):
        told = LINK.c.kind.in_(SHARED.values()) & LINK.c.shipment.in_(piece)
        query = select(LINK.c.kind, LINK.c.value).where(told)
        names.update((kind, value) for kind, value in connection.execute(query))
    return _owners(connection, names)


def told_of(connection: Connection, subjects: Iterable[str]) -> dict[str, list[Fact]]:
    """Facts about each of these subjects, and those that say what a lot gave to another."""
    wanted = set(subjects)
    found: dict[str, list[Fact]] = {subject: [] for subject in wanted}
    owners = _owners(connection, {link_of(subject) for subject in wanted})
    for piece in chunks(sorted(owners), AT_ONCE):
        about = EVENT.c.subject.startswith
        where = EVENT.c.owner.in_(piece) & (about("BULK_LOT:") | about("PERMIT:"))
        for text in connection.execute(select(EVENT.c.fact).where(where)).scalars():
            fact = decode(text)
            for subject in shared_of([fact]) & wanted:
                found[subject].append(fact)
    return found


def history(connection: Connection, facts: Iterable[Fact]) -> list[Fact]:
    """Facts about the lots of these facts, about those that they were formed of or became, and so on."""
    known: set[str] = set()
    found: dict[tuple[str, int, bool], Fact] = {}
    new = shared_of(facts)
    while new and len(known) < FURTHEST:
        known |= new
        told = [fact for each in told_of(connection, new).values() for fact in each]
        found |= {(fact.id, fact.version, fact.retracted): fact for fact in told}
        new = shared_of(told) - known
    return list(found.values())


def _owners(connection: Connection, names: Iterable[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    for piece in chunks(sorted(names), AT_ONCE):
        named = tuple_(LINK.c.kind, LINK.c.value).in_(piece)
        indexed = LINK.c.value.in_([value for _, value in piece])  # by the pair SQLite would read every link
        found.update(connection.execute(select(LINK.c.shipment).where(indexed, named)).scalars())
    return found
