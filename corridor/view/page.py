"""Shipments and figures as a person reads them. Times are UTC, to the minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from corridor.view.figures import Figure
from corridor.view.find import Row
from corridor.view.show import Shown
from schemas.shipment.kpis import KPIS, LEAST_DAYS
from schemas.shipment.legs import LEGS, name_of
from schemas.shipment.lots import LotBook, LotChange
from schemas.shipment.state import STATUS, Hold, ShipmentState
from schemas.shipment.timeline import Leg, Milestone, ShipmentTimeline
from schemas.shipment.units import Carried
from schemas.text import visible

INDENT: Final = "  "
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def when(at: int | None) -> str:
    """Write a time; one beyond the calendar as its number of milliseconds."""
    if at is None:
        return "-"
    try:
        return f"{_EPOCH + timedelta(milliseconds=at):%Y-%m-%d %H:%M}"
    except OverflowError:
        return f"{at} ms"


def shipment(shown: Shown) -> Iterator[str]:
    """Write a shipment as lines, what matters most first."""
    return map(visible, _shipment(shown))


def _shipment(shown: Shown) -> Iterator[str]:
    line = shown.timeline
    yield from _head(line)
    yield from _holds(line.holds)
    for leg in line.legs:
        yield from _leg(leg)
    yield from _section("Documents", (_paper(line, i) for i in range(len(line.documents))))
    yield from _section("Permits", (f"{p.id:32}{p.status:12}since {when(p.since)}" for p in shown.permits))
    happenings = (f"{when(h.at)}  {h.text:28}{h.place:22}{h.detail}".rstrip() for h in line.customs)
    yield from _section("Customs", dict.fromkeys(happenings))
    yield from _section("Papers", (f"{when(h.at)}  {h.text:28}{h.place}".rstrip() for h in line.papers))
    yield from _section("Containers", map(_carried, line.containers))
    yield from _section("Wagons", map(_carried, line.wagons))
    yield from _section("Trucks", map(_carried, line.trucks))
    yield from _section("Goods", line.goods)
    yield from _section("Mass balance, net", (text for book in line.books for text in _book(book)))
    yield from _section("Corrections", _corrections(line))
    yield from _section("Delivered", _deliveries(shown))
    yield from _section(
        "Lost in translation", (f"{x.stage:24}{x.pointer:36}{x.reason} x{x.times}" for x in shown.lost)
    )
    yield from _section(
        "Dead letters",
        (
            f"{d.id}  {d.stage:20}{d.code:20}{'open' if d.open else 'settled':8} {d.pointer or d.detail}"
            for d in shown.dead
        ),
    )
    yield from _section("Set aside", (f"{x.code:20}{x.place:24}{x.detail}" for x in shown.set_aside))
    yield from _section("Aboard", map(row, shown.aboard))
    yield from _section("Also under this name", map(row, shown.others))


def row(found: Row) -> str:
    """Write a shipment as one line of a list."""
    place = found.place_name or found.place or "-"
    route = f"{found.origin or '?'}-{found.destination or '?'}"
    held = f"  HELD {found.held}" if found.held else ""
    where = f"{found.status:12}{place:26}{when(found.last_at)}{held}"
    return visible(f"{found.key:38}{found.title:34}  {route:14}{where}")


def figure_lines(figures: Sequence[Figure], *, daily: bool) -> Iterator[str]:
    """Write figures as a table."""
    day = f"{'day':12}" if daily else ""
    yield f"{'figure':34}{day}{'leg':30}{'value':>14}{'n':>8}{'least':>10}{'most':>10}  target"
    for f in figures:
        what = f"{f.title:34}" + (f"{f.day:12}" if daily else "") + f"{LEGS.get(f.leg, f.leg):30}"
        value = f"{f.value:>10,.2f} {f.unit:3}{f.n:>8}{_number(f.least):>10}{_number(f.most):>10}"
        yield f"{what}{value}  {_target(f)}".rstrip()


def target_lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Explain the targets in a table: what was published, by whom, and how the figure is held against it."""
    named = {f.kpi: f for f in figures if f.target}
    return _section("Targets", (f"{f.title}: {f.target}; {f.source}. {_held(f)}" for f in named.values()))


def _held(f: Figure) -> str:
    """Say how a figure is held against its target."""
    kpi = KPIS[f.kpi]
    if kpi.limit is None:
        return "Not compared."
    if kpi.yearly:
        return f"Compared pro rata to the days, from {LEAST_DAYS} days on."
    return {"less": "Kept by what is not above it.", "more": "Kept by what is not below it."}[kpi.better]


def _target(f: Figure) -> str:
    """Write the target; of a yearly one also the part that the figure is held against."""
    span = f"{f.days} days" if f.days > 1 else "a day"
    part = ""
    if f.limit and KPIS[f.kpi].yearly:
        part = f": {f.limit:,.{0 if f.limit >= 100 else 1}f} {f.unit}".rstrip() + f" in {span}"
    return f.target + part + {None: "", True: "  met", False: "  MISSED"}[f.met]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def _head(line: ShipmentTimeline) -> Iterator[str]:
    state = line.state
    yield f"{state.title[:1].upper()}{state.title[1:]}  ({line.key})"
    yield f"{INDENT}{state.status.upper()}: {STATUS[state.status]}"
    yield f"{INDENT}where        {_where(state)}"
    if state.origin or state.destination:
        yield f"{INDENT}route        {name_of(state.origin) or '?'} to {name_of(state.destination) or '?'}"
    if state.eta is not None:
        yield f"{INDENT}expected     {when(state.eta)} UTC ({len(line.estimates)} estimates so far)"
    if line.tonnes:
        yield f"{INDENT}mass         {line.tonnes} t"
    told = f"{state.events} events from {when(state.first_at)} to {when(state.last_at)} UTC"
    yield f"{INDENT}told by      {told}, {state.corrections} corrected"


def _where(state: ShipmentState) -> str:
    place = f"{state.place_name} ({state.place})" if state.place else "not known"
    onward = f", next {name_of(state.next)}" if state.next else ""
    return f"{place} since {when(state.since)} UTC, {LEGS[state.leg]}{onward}"


def _holds(holds: Sequence[Hold]) -> Iterator[str]:
    for hold in holds:
        place = f" at {hold.place}" if hold.place else ""
        yield f"{INDENT}HELD         {hold.kind}: {hold.reason}{place} since {when(hold.since)} UTC"


def _leg(leg: Leg) -> Iterator[str]:
    yield ""
    yield f"{leg.title:54}{'plan':18}{'estimate':18}actual"
    yield from (INDENT + _milestone(milestone) for milestone in leg.milestones)


def _milestone(step: Milestone) -> str:
    text = f"{step.text}, {step.name or step.place}"
    actual = when(step.first) + (f" .. {when(step.last)}" if step.last is not None else "")
    notes = [
        f"{step.units} units" if step.units else "",
        step.by,
        f"reason {step.reason}" if step.reason else "",
        "corrected" if step.corrected else "",
    ]
    extra = ", ".join(filter(None, notes))
    return f"{text[:50]:52}{when(step.plan):18}{when(step.estimate):18}{actual:18}  {extra}".rstrip()


def _paper(line: ShipmentTimeline, number: int) -> str:
    paper = line.documents[number]
    successor = f" replaced by {paper.replaced_by}" if paper.replaced_by else ""
    return f"{paper.type:14}{paper.value:36} since {when(paper.since)}  {paper.state}{successor}".rstrip()


def _carried(unit: Carried) -> str:
    spans = " > ".join(f"{span.by or 'ground'} ({when(span.since)})" for span in unit.spans)
    return f"{unit.id:14}{unit.size:6}{spans}".rstrip()


def _book(book: LotBook) -> Iterator[str]:
    shares = ", ".join(f"{lot} {kilograms:,}" for lot, kilograms in book.shares.items())
    yield (
        f"{book.lot}: came {book.came_kg:,} kg, gained or lost {book.difference_kg:+,}, "
        f"gave {book.gave_kg:,}, remains {book.remains_kg:,}"
        + (" (never measured)" if book.unmeasured else "")
        + (f", of {shares}" if shares else "")
    )
    yield from map(_change, book.changes)


def _change(change: LotChange) -> str:
    word = "gain" if change.difference_kg > 0 else "loss"
    found = f"{word} {change.difference_kg:+,} kg ({change.percent} %)"
    return f"{when(change.at)}  {found:36}{change.after}, against {change.before}"


def _corrections(line: ShipmentTimeline) -> Iterator[str]:
    for correction in line.corrections:
        versions = " > ".join(f"v{number} {when(at)}" for number, _, at in correction.versions)
        taken = "  taken back" if correction.retracted else ""
        yield f"{correction.subject:28}{correction.text:24}{versions}{taken}"


def _deliveries(shown: Shown) -> Iterator[str]:
    counted: dict[tuple[str, str], list[int]] = {}
    for delivery in shown.deliveries:
        counted.setdefault((delivery.participant, delivery.outcome), []).append(delivery.delivered)
    for (participant, outcome), times in sorted(counted.items()):
        yield f"{participant:14}{outcome.lower():12}{len(times):5} messages, the last at {when(max(times))}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield ""
        yield title
        yield from (INDENT + text for text in listed)
