"""Writing events into the view: every version is kept, and what follows from it is computed anew.

A shipment's row, links and measures are a pure function of the set of its facts, so neither the order of
arrival, nor repeats, nor where a batch ends can change what the tables hold in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, or_, select, update

from corridor.view.bulk import chunks, insert, upsert
from corridor.view.subjects import sharing, told_of
from corridor.view.tables import EVENT, LINK, MEASURE, SHIPMENT
from schemas.shipment import Measure, measures_of, settle, state_of
from schemas.shipment.fact import Fact, decode, encode
from schemas.shipment.legs import place_of
from schemas.shipment.moves import moves_of
from schemas.shipment.owners import journey_of, links_of, owner_of, shared_of
from schemas.shipment.settled import rank

TOGETHER: Final = 50
"""Owners whose facts are in memory at one time: a consignment may have thousands."""

Version = tuple[int, bool]


class _Stored(NamedTuple):
    """A version that is in the table."""

    version: Version
    owner: str
    journey: str | None


def write_events(connection: Connection, facts: Iterable[Fact]) -> set[str]:
    """Keep facts that are new, and return whose timelines change.

    All versions of one event stand with the owner of the highest: a correction may move an event.
    """
    arrived: dict[str, dict[Version, Fact]] = {}
    for fact in facts:
        versions = arrived.setdefault(fact.id, {})
        place = (fact.version, fact.retracted)
        if place not in versions or rank(fact) < rank(versions[place]):
            versions[place] = fact
    stored = _stored(connection, arrived)
    _drop_told_before(connection, arrived, stored)
    touched: set[str] = set()
    rows: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for event, versions in arrived.items():
        known = stored.get(event, [])
        if not versions:
            continue
        owner, journey = _place(versions, known)
        rows += (_row(fact, owner, journey) for fact in versions.values())
        touched |= {owner, *([journey] if journey else [])}
        if any((each.owner, each.journey) != (owner, journey) for each in known):
            touched.update(name for each in known for name in (each.owner, each.journey) if name)
            moved.append({"event": event, "new_owner": owner, "new_journey": journey})
    insert(connection, EVENT, rows)
    if moved:
        statement = update(EVENT).where(EVENT.c.id == bindparam("event"))
        connection.execute(
            statement.values(owner=bindparam("new_owner"), journey=bindparam("new_journey")), moved
        )
    shared = shared_of(fact for versions in arrived.values() for fact in versions.values())
    return touched | sharing(connection, shared, touched) if shared else touched


def _stored(connection: Connection, events: Iterable[str]) -> dict[str, list[_Stored]]:
    columns = (EVENT.c.id, EVENT.c.version, EVENT.c.retracted, EVENT.c.owner, EVENT.c.journey)
    found: dict[str, list[_Stored]] = {}
    for chunk in chunks(events):
        for row in connection.execute(select(*columns).where(EVENT.c.id.in_(chunk))):
            found.setdefault(row[0], []).append(_Stored((row[1], row[2]), row[3], row[4]))
    return found


def _drop_told_before(
    connection: Connection, arrived: dict[str, dict[Version, Fact]], stored: dict[str, list[_Stored]]
) -> None:
    """Take out what is there already. Of two that claim to be one version, the one told first stays."""
    there = {(event, each.version) for event, listed in stored.items() for each in listed}
    repeated = [event for event, versions in arrived.items() if any((event, v) in there for v in versions)]
    worse: list[dict[str, Any]] = []
    for chunk in chunks(repeated):
        for row in connection.execute(select(EVENT.c.fact).where(EVENT.c.id.in_(chunk))):
            old = decode(row[0])
            version = (old.version, old.retracted)
            new = arrived[old.id].get(version)
            if new is not None and rank(new) < rank(old):
                worse.append({"event": old.id, "number": old.version, "taken_back": old.retracted})
            else:
                arrived[old.id].pop(version, None)
    if worse:
        same = (EVENT.c.id == bindparam("event")) & (EVENT.c.version == bindparam("number"))
        connection.execute(delete(EVENT).where(same & (EVENT.c.retracted == bindparam("taken_back"))), worse)


def _place(versions: dict[Version, Fact], known: Sequence[_Stored]) -> tuple[str, str | None]:
    """Owner and journey of an event by its highest version."""
    highest = max(known, key=lambda each: each.version, default=None)
    newest = max(versions)
    if highest is not None and highest.version > newest:
        return highest.owner, highest.journey
    fact = versions[newest]
    owner, journey = owner_of(fact), journey_of(fact)
    return owner, None if journey == owner else journey


def _row(fact: Fact, owner: str, journey: str | None) -> dict[str, Any]:
    return {
        "id": fact.id, "version": fact.version, "retracted": fact.retracted, "owner": owner,
        "journey": journey, "subject": fact.subject, "code": fact.code, "classifier": fact.classifier,
        "at": fact.at, "place": place_of(fact.place, fact.esr), "fact": encode(fact).decode(),
    }  # fmt: skip


def recompute(connection: Connection, owners: Iterable[str]) -> None:
    """Write what follows from the facts of these owners: their state, links and measures."""
    sharers: set[str] = set()
    for chunk in chunks(sorted(owners), TOGETHER):
        facts = facts_of(connection, chunk)
        states: list[dict[str, Any]] = []
        gone: list[str] = []
        links: set[tuple[Any, ...]] = set()
        measures: set[tuple[Any, ...]] = set()
        for owner in chunk:
            settled = settle(facts.get(owner, ()))
            moves = moves_of(settled)
            state = state_of(owner, settled, moves)
            if state is None:
                gone.append(owner)
                continue
            states.append({"key": owner, **msgspec.structs.asdict(state)})
            links |= {(owner, *link, state.first_at) for link in links_of(settled.current)}
            if shared_of(settled.current):
                sharers.add(owner)
                continue
            measures |= {(owner, *measure) for measure in measures_of(owner, settled, moves)}
        upsert(connection, SHIPMENT, states)
        if gone:
            connection.execute(delete(SHIPMENT).where(SHIPMENT.c.key.in_(gone)))
        _bring_to(connection, LINK, chunk, links)
        _bring_to(connection, MEASURE, [owner for owner in chunk if owner not in sharers], measures)
    _measure_shared(connection, sharers)


def _measure_shared(connection: Connection, owners: Iterable[str]) -> None:
    """Write the measures of owners with lots or permits, once all links lead to who else tells of them.

    Their facts are read once more: had they been kept, those of a whole transaction would be in memory.
    """
    for chunk in chunks(sorted(owners), TOGETHER):
        settled = {owner: settle(facts) for owner, facts in facts_of(connection, chunk).items()}
        own = {owner: shared_of(each.current) for owner, each in settled.items()}
        told = told_of(connection, frozenset().union(*own.values()))
        measures: set[tuple[Any, ...]] = set()
        for owner, each in settled.items():
            shared = [fact for subject in own[owner] for fact in told[subject]]
            measures |= {(owner, *measure) for measure in measures_of(owner, each, shared=shared)}
        _bring_to(connection, MEASURE, chunk, measures)


def facts_of(connection: Connection, owners: Sequence[str]) -> dict[str, list[Fact]]:
    """Read the facts of owners, by owner; those of journeys are also in the timelines of shipments aboard."""
    wanted = set(owners)
    journeys = [owner for owner in owners if "/" in owner]
    found: dict[str, list[Fact]] = {}
    for owner, journey, text in connection.execute(
        select(EVENT.c.owner, EVENT.c.journey, EVENT.c.fact).where(
            or_(EVENT.c.owner.in_(owners), EVENT.c.journey.in_(journeys))
        )
    ):
        fact = decode(text)
        for name in {owner, journey} & wanted:
            found.setdefault(name, []).append(fact)
    return found


def _bring_to(
    connection: Connection, table: Table, owners: Sequence[str], wanted: set[tuple[Any, ...]]
) -> None:
    """Make the rows of these owners exactly those that are wanted, touching only what differs."""
    there = {tuple(row) for row in connection.execute(select(table).where(table.c.shipment.in_(owners)))}
    names = [column.name for column in table.columns]
    keys = list(table.primary_key.columns)
    if stale := there - wanted:
        statement = delete(table)
        for column in keys:
            statement = statement.where(column == bindparam(f"old_{column.name}"))
        rows = [dict(zip(names, row, strict=True)) for row in stale]
        connection.execute(statement, [{f"old_{c.name}": row[c.name] for c in keys} for row in rows])
    insert(connection, table, [dict(zip(names, row, strict=True)) for row in wanted - there])


__all__ = ["Measure", "facts_of", "recompute", "write_events"]
