"""The timeline of a shipment: everything that was told about it, put in order for a person.

Pure: facts in, timeline out. Neither the order in which facts arrived nor how often they came changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from schemas.shipment.fact import NOTE, Fact
from schemas.shipment.legs import LEGS, name_of
from schemas.shipment.lots import LotBook, books_of
from schemas.shipment.moves import Estimate, Move, estimates_of, moves_of, words
from schemas.shipment.settled import Settled, settle
from schemas.shipment.state import Hold, ShipmentState, holds_of, state_of
from schemas.shipment.units import Carried, units_of

_MILESTONES: Final = (
    "TRANSPORT/", "EQUIPMENT/", "PORTCALL/", "PORT/", "BULK/", "BORDER/", "TRAIN/STOP", "PERMIT/",
)  # fmt: skip


class Milestone(Struct, frozen=True, omit_defaults=True):
    """One step at one place: what was planned, what is estimated, what happened. UTC milliseconds.

    Attributes:
        units: containers or wagons for which it happened.
        first: when it first happened.
        last: when it last happened, where that differs.
        corrected: it was put right after it had been told.
    """

    code: str
    text: str
    place: str
    name: str
    by: str = ""
    plan: int | None = None
    estimate: int | None = None
    first: int | None = None
    last: int | None = None
    units: int = 0
    reason: str = ""
    corrected: bool = False


class Leg(Struct, frozen=True):
    """One leg with its milestones in order of time."""

    leg: str
    title: str
    milestones: tuple[Milestone, ...]


class Paper(Struct, frozen=True, omit_defaults=True):
    """A document or declaration: when it was first named, its last state, and what took its place."""

    type: str
    value: str
    since: int
    state: str = ""
    replaced_by: str = ""


class Happening(Struct, frozen=True, omit_defaults=True):
    """Something about customs or documents, in order of time."""

    at: int
    code: str
    text: str
    place: str = ""
    detail: str = ""


class Correction(Struct, frozen=True, omit_defaults=True):
    """One event and how it changed: each version with when it was told and when it was said to happen."""

    event: str
    subject: str
    text: str
    versions: tuple[tuple[int, int, int], ...]
    retracted: bool = False


class ShipmentTimeline(Struct, frozen=True, omit_defaults=True):
    """Everything there is to say about a shipment."""

    key: str
    state: ShipmentState
    holds: tuple[Hold, ...]
    legs: tuple[Leg, ...]
    documents: tuple[Paper, ...]
    customs: tuple[Happening, ...]
    papers: tuple[Happening, ...]
    containers: tuple[Carried, ...]
    wagons: tuple[Carried, ...]
    trucks: tuple[Carried, ...]
    estimates: tuple[Estimate, ...]
    corrections: tuple[Correction, ...]
    goods: tuple[str, ...] = ()
    tonnes: str = ""
    books: tuple[LotBook, ...] = ()
    losses: int = 0


def timeline(
    key: str, facts: Iterable[Fact], around: Iterable[Fact] = (), lots: Iterable[Fact] = ()
) -> ShipmentTimeline | None:
    """Put the timeline of a shipment together; None when there is nothing, or all was taken back.

    Args:
        key: the owner.
        facts: its own.
        around: those of its trains, vessels, trucks and permits while it used them.
        lots: those of other owners about its oil lots, and of lots that these became or were formed of.
    """
    settled = settle(facts)
    own = moves_of(settled)
    state = state_of(key, settled, own)
    if state is None:
        return None
    means = moves_of(settle(around))
    moves = sorted([*own, *_new(means, own, state)], key=lambda move: move.fact.order)
    units = units_of(settled.current)
    return ShipmentTimeline(
        key=key,
        state=state,
        holds=() if state.status in {"delivered", "void"} else tuple(holds_of(moves)),
        legs=_legs(moves),
        documents=_documents(settled.current),
        customs=tuple(_happening(m) for m in own if _about_customs(m)),
        papers=tuple(_happening(m) for m in own if m.code.startswith("SHIPMENT/")),
        containers=units.containers,
        wagons=units.wagons,
        trucks=units.trucks,
        estimates=tuple(estimates_of(settled)),
        corrections=_corrections(settled),
        goods=_goods(settled.current),
        tonnes=_tonnes(settled.current),
        books=books_of(settled.current, lots),
        losses=sum(fact.losses for fact in settled.current),
    )


def _new(means: Iterable[Move], own: Sequence[Move], state: ShipmentState) -> list[Move]:
    """What the means add: nothing told of the shipment itself, no estimate for where it does not go."""
    told = {(m.fact.source, m.fact.message, m.code) for m in own}
    calls = {m.place for m in own} | {state.destination}
    return [
        m
        for m in means
        if (m.fact.source, m.fact.message, m.code) not in told and (m.classifier == "ACT" or m.place in calls)
    ]


def _legs(moves: Sequence[Move]) -> tuple[Leg, ...]:
    """Gather moves into milestones; the same step at the same place for many containers is one."""
    grouped: dict[str, dict[tuple[str, str, str], list[Move]]] = {}
    for move in moves:
        if move.code.startswith(_MILESTONES) and not _about_customs(move):
            step = (move.code, move.fact.service or "", move.place or "")
            grouped.setdefault(move.leg, {}).setdefault(step, []).append(move)
    return tuple(
        Leg(leg, LEGS[leg], tuple(sorted(map(_milestone, grouped[leg].values()), key=_when)))
        for leg in sorted(grouped, key=lambda leg: _began(grouped[leg].values()))
    )


def _began(groups: Iterable[list[Move]]) -> int:
    return min(move.at for group in groups for move in group)


def _when(milestone: Milestone) -> tuple[int, str, str]:
    at = next(t for t in (milestone.first, milestone.estimate, milestone.plan, 0) if t is not None)
    return at, milestone.code, milestone.place


def _milestone(moves: Sequence[Move]) -> Milestone:
    last = moves[-1]
    actual = [m.at for m in moves if m.classifier == "ACT"]
    units = {unit for m in moves if m.classifier == "ACT" for unit in m.units}
    return Milestone(
        code=last.code,
        text=words(last.code) + (f" ({last.fact.service})" if last.fact.service else ""),
        place=last.place or "",
        name=name_of(last.fact.place, last.fact.esr) or last.fact.name or "",
        by=_means(last.fact),
        plan=_latest(moves, "PLN"),
        estimate=_latest(moves, "EST"),
        first=min(actual) if actual else None,
        last=max(actual) if actual and max(actual) != min(actual) else None,
        units=len(units),
        reason=next((m.fact.reason for m in reversed(moves) if m.fact.reason), "") or "",
        corrected=any(m.corrected for m in moves),
    )


def _means(fact: Fact) -> str:
    match fact.mode:
        case "VESSEL":
            return fact.vessel or fact.imo or ""
        case "TRUCK":
            return fact.plate or ""
    return fact.train or fact.car or fact.vessel or fact.plate or ""


def _latest(moves: Sequence[Move], classifier: str) -> int | None:
    told = [(m.told, m.at) for m in moves if m.classifier == classifier]
    return max(told)[1] if told else None


def _about_customs(move: Move) -> bool:
    return move.code.startswith(("CUSTOMS/", "EQUIPMENT/CUS"))


def _happening(move: Move) -> Happening:
    fact = move.fact
    detail = [fact.declaration or "", *move.units] if _about_customs(move) else [fact.document or ""]
    return Happening(
        move.at, move.code, words(move.code), name_of(fact.place, fact.esr), " ".join(filter(None, detail))
    )


def _documents(facts: Sequence[Fact]) -> tuple[Paper, ...]:
    papers: dict[tuple[str, str], Paper] = {}
    replaced: dict[str, str] = {}
    for fact in facts:
        if fact.replaced:
            replaced[fact.replaced[1]] = fact.replaced[2]
        named = [(r.type, r.value) for r in fact.references if r.type != "TRAIN"]
        named += [("TRANSIT_DECL", fact.declaration)] if fact.declaration else []
        for place in named:
            known = papers.get(place)
            state = (fact.customs or "") if place[0] == "TRANSIT_DECL" else ""
            papers[place] = Paper(
                *place, known.since if known else fact.at, state or (known.state if known else "")
            )
    return tuple(
        Paper(p.type, p.value, p.since, p.state, _successor(p.value, replaced))
        for p in sorted(papers.values(), key=lambda p: (p.since, p.type, p.value))
    )


def _successor(value: str, replaced: dict[str, str]) -> str:
    return replaced.get(value) or replaced.get(value.rpartition("/")[2], "")


def _corrections(settled: Settled) -> tuple[Correction, ...]:
    return tuple(
        Correction(
            event,
            versions[-1].subject,
            words(versions[-1].code) if versions[-1].code else versions[-1].operation or "",
            tuple((fact.version, fact.told, fact.at) for fact in versions),
            any(fact.retracted for fact in versions),
        )
        for event, versions in settled.versions.items()
    )


def _goods(facts: Sequence[Fact]) -> tuple[str, ...]:
    """Goods by the newest note, else by all events."""
    notes = [fact for fact in facts if fact.code == NOTE and fact.goods]
    items = notes[-1].goods if notes else [item for fact in facts for item in fact.goods]
    texts = (" ".join(filter(None, (item.code, item.name, item.un_number))) for item in items)
    return tuple(dict.fromkeys(texts))


def _tonnes(facts: Sequence[Fact]) -> str:
    """Mass of an oil lot as it was told last, in tonnes."""
    masses = [fact.lot.kg for fact in facts if fact.lot and fact.lot.kg is not None]
    return f"{masses[-1] // 1000}.{masses[-1] % 1000:03d}" if masses else ""
