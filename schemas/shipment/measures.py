"""What one shipment adds to the figures: whole numbers by figure, leg and day, so that sums are exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final, NamedTuple

from schemas.shipment.codes import sizes
from schemas.shipment.days import day_of
from schemas.shipment.fact import NOTE, Fact
from schemas.shipment.lots import books_of
from schemas.shipment.moves import Move, estimates_of, moves_of
from schemas.shipment.owners import kind_of
from schemas.shipment.settled import Settled, settle

HOUR: Final = 3_600_000
ALTYNKOL: Final = "KZHOR"
BOYUK_KESIK: Final = frozenset({"558701", "558631"})
ABSHERON: Final = frozenset({"548004"})
PORTS: Final = {"KZAAU": "aktau", "KZKUR": "kuryk", "AZALA": "alat", "AZBAK": "alat"}


class Measure(NamedTuple):
    """What one owner adds to one figure on one day: how often, the sum, the least and the most."""

    kpi: str
    leg: str
    day: str
    n: int
    total: int
    least: int
    most: int


class FigureReading(NamedTuple):
    """One single value of a figure: at which time it counts, and in which leg."""

    kpi: str
    leg: str
    at: int
    value: int


def measures_of(
    owner: str, settled: Settled, moves: Sequence[Move] | None = None, shared: Sequence[Fact] = ()
) -> list[Measure]:
    """Take every measure of one owner, sorted.

    Args:
        owner: its key.
        settled: its facts.
        moves: what follows from them, when it is at hand.
        shared: facts of all owners about its oil lots and permits.
    """
    moves = moves_of(settled) if moves is None else moves
    actual = [move for move in moves if move.classifier == "ACT"]
    match kind_of(owner):
        case "TRAIN":
            readings = _trains(actual)
        case "VESSEL":
            readings = chain(_berth_wait(actual), _planned(moves), _estimated(settled, actual))
        case "TRUCK" | "PORT":
            readings = iter(())
        case "PERMIT":
            readings = chain(_permits(settled, shared), _latency(actual))
        case "BULK_LOT":
            readings = chain(
                _oil(actual), _differences(settled, shared), _estimated(settled, actual), _latency(actual)
            )
        case _:
            readings = chain(
                _units(actual), _transit(actual), _planned(moves), _estimated(settled, actual),
                _documents(actual), _latency(actual), _oil(actual), _differences(settled, shared),
                _permits(settled, shared),
            )  # fmt: skip
    summed: dict[tuple[str, str, str], list[int]] = {}
    for kpi, leg, at, value in readings:
        summed.setdefault((kpi, leg, day_of(at)), []).append(value)
    return [
        Measure(*place, len(values), sum(values), min(values), max(values))
        for place, values in sorted(summed.items())
    ]


def hundredths_of_teu(size: str) -> int:
    """TEU of a container by its size or ISO type, in hundredths; 0 when it is not known."""
    if size in sizes():
        return int(sizes()[size] * 100)
    return {"2": 100, "4": 200, "L": 225}.get(size[:1], 0)


def _seconds(later: int, earlier: int) -> int:
    return (later - earlier) // 1000


def _units(moves: Sequence[Move]) -> Iterator[FigureReading]:
    """Dwell in ports, sea leg, border time and TEU, container by container."""
    shared = [move for move in moves if not move.units and move.code.startswith("TRANSPORT/")]
    by_unit: dict[str, list[Move]] = {}
    for move in moves:
        for unit in move.units:
            by_unit.setdefault(unit, []).append(move)
    for unit in sorted(by_unit):
        own = sorted([*shared, *by_unit[unit]], key=lambda move: move.fact.order)
        yield from _dwells(own)
        yield from _sea(own)
        yield from _border(own)
        yield from _teu(unit, own)


def _dwells(moves: Sequence[Move]) -> Iterator[FigureReading]:
    arrived: dict[str, Move] = {}
    for move in moves:
        port = PORTS.get(move.place or "")
        if port is None:
            continue
        at_sea = move.mode == "VESSEL"
        if move.code in {"TRANSPORT/ARRI", "EQUIPMENT/GTIN"} or (move.code == "EQUIPMENT/DISC" and at_sea):
            arrived.setdefault(port, move)
        elif port in arrived and (
            move.code in {"TRANSPORT/DEPA", "EQUIPMENT/GTOT"} or (move.code == "EQUIPMENT/LOAD" and at_sea)
        ):
            yield FigureReading(f"dwell-{port}", "caspian", move.at, _seconds(move.at, arrived.pop(port).at))


def _sea(moves: Sequence[Move]) -> Iterator[FigureReading]:
    loaded: Move | None = None
    for move in moves:
        if move.mode != "VESSEL" or move.leg != "caspian":
            continue
        if move.code == "EQUIPMENT/LOAD":
            loaded = move
        elif move.code == "EQUIPMENT/DISC" and loaded is not None:
            yield FigureReading("sea-leg", move.leg, move.at, _seconds(move.at, loaded.at))
            loaded = None


def _border(moves: Sequence[Move]) -> Iterator[FigureReading]:
    for move in moves:
        border = move.fact.border
        if move.code != "EQUIPMENT/CROS" or border is None or border.taken_over is None:
            continue
        arrivals = [
            m.at
            for m in moves
            if m.code == "TRANSPORT/ARRI" and m.fact.esr == border.exit and m.at <= border.taken_over
        ]
        if arrivals and not _over_the_sea(border.from_admin, border.to_admin):
            yield FigureReading(
                "border-time", move.leg, border.taken_over, _seconds(border.taken_over, arrivals[-1])
            )


def _over_the_sea(one: str | None, other: str | None) -> bool:
    return {one, other} in ({"27", "57"}, {"67", "57"})


def _teu(unit: str, moves: Sequence[Move]) -> Iterator[FigureReading]:
    legs: set[str] = set()
    for move in moves:
        if move.code != "EQUIPMENT/LOAD" or unit not in move.units or move.leg in legs:
            continue
        legs.add(move.leg)
        size = next((u.size for u in move.fact.units if u.kind == "CONTAINER" and u.size), None)
        if size and (value := hundredths_of_teu(size)):
            yield FigureReading("teu", move.leg, move.at, value)


def _transit(moves: Sequence[Move]) -> Iterator[FigureReading]:
    loaded = [m.at for m in moves if m.code == "EQUIPMENT/LOAD" and m.place == ALTYNKOL]
    out = [m for m in moves if m.code in {"EQUIPMENT/GTOT", "EQUIPMENT/AVPU", "EQUIPMENT/DISC"}]
    absheron = [m.at for m in out if m.fact.esr in ABSHERON or m.fact.facility == "ABSHERON"]
    georgia = [m.at for m in out if m.place in {"GEPTI", "GEBUS"}]
    for kpi, ends in (("transit-absheron", absheron), ("transit-poti-batumi", georgia)):
        if loaded and ends and max(ends) >= min(loaded):
            yield FigureReading(kpi, "corridor", max(ends), _seconds(max(ends), min(loaded)))
    arrived = [m for m in moves if m.code == "TRANSPORT/ARRI" and m.fact.esr in BOYUK_KESIK]
    if arrived:
        first = arrived[0]
        left = [
            m.at
            for m in moves
            if m.code == "TRANSPORT/DEPA" and m.place == "AZALA" and m.leg == first.leg and m.at <= first.at
        ]
        if left:
            yield FigureReading("transit-alat-boyuk-kesik", first.leg, first.at, _seconds(first.at, left[-1]))


def _planned(moves: Sequence[Move]) -> Iterator[FigureReading]:
    planned = [m for m in moves if m.classifier == "PLN" and m.place]
    for step in sorted({(m.code, m.place, m.fact.service or "") for m in planned if m.place}):
        happened = [
            m for m in moves
            if m.classifier == "ACT" and (m.code, m.place, m.fact.service or "") == step
        ]  # fmt: skip
        plans = [
            (m.told, m.at) for m in planned
            if (m.code, m.place, m.fact.service or "") == step and happened and m.told <= happened[0].told
        ]  # fmt: skip
        if happened and plans:
            first = happened[0]
            yield FigureReading("schedule-deviation", first.leg, first.at, _seconds(first.at, max(plans)[1]))


def _estimated(settled: Settled, moves: Sequence[Move]) -> Iterator[FigureReading]:
    estimates = estimates_of(settled)
    arrivals: dict[str, Move] = {}
    for move in moves:
        if move.code in {"TRANSPORT/ARRI", "PORTCALL/ARRI", "BULK/ARRI"} and move.place:
            arrivals.setdefault(move.place, move)
    for place, arrival in sorted(arrivals.items()):
        for hours in (72, 24):
            stood = [e for e in estimates if e.place == place and e.told <= arrival.at - hours * HOUR]
            if stood:
                error = abs(_seconds(arrival.at, stood[-1].at))
                yield FigureReading(f"eta-error-{hours}h", arrival.leg, arrival.at, error)


def _documents(moves: Sequence[Move]) -> Iterator[FigureReading]:
    issued = [m.at for m in moves if m.code == "SHIPMENT/ISSU" and m.fact.document == "TRD"]
    lodged = [m.at for m in moves if m.code == "CUSTOMS/SUBM"]
    released = [m for m in moves if m.code in {"CUSTOMS/CUSR", "EQUIPMENT/CUSR"}]
    after = [m for m in released if issued and m.at >= issued[0]]
    if after:
        yield FigureReading("document-lead", after[0].leg, after[0].at, _seconds(after[0].at, issued[0]))
    after = [m for m in released if lodged and m.code == "CUSTOMS/CUSR" and m.at >= lodged[0]]
    if after:
        yield FigureReading("customs-release", after[0].leg, after[0].at, _seconds(after[0].at, lodged[0]))


def _latency(moves: Sequence[Move]) -> Iterator[FigureReading]:
    for move in moves:
        fact = move.fact
        if fact.version != 1 or fact.code == NOTE:
            continue
        heard = fact.told if fact.simulated else fact.ingested
        if not fact.simulated or fact.told != fact.ingested:
            yield FigureReading("data-latency", move.leg, move.at, max(0, _seconds(heard, move.at)))


def _trains(moves: Sequence[Move]) -> Iterator[FigureReading]:
    seen: set[str] = set()
    for move in moves:
        if move.code == "TRANSPORT/DEPA" and move.leg not in seen:
            seen.add(move.leg)
            yield FigureReading("trains", move.leg, move.at, 1)


def _berth_wait(moves: Sequence[Move]) -> Iterator[FigureReading]:
    anchored: int | None = None
    for move in moves:
        if move.fact.service == "ANCO" and anchored is None:
            anchored = move.at
        elif move.fact.service == "FAST" and anchored is not None:
            yield FigureReading("berth-wait", move.leg, move.at, _seconds(move.at, anchored))
            return


def _permits(settled: Settled, shared: Sequence[Fact]) -> Iterator[FigureReading]:
    """Figures of each permit, taken from all that was told of it; each counts with the owner of its event."""
    own = {fact.id for fact in settled.current if fact.kind == "PERMIT"}
    if not own:
        return
    told: dict[str, list[Move]] = {}
    for move in moves_of(settle((*shared, *settled.current))):
        if move.fact.kind == "PERMIT" and move.classifier == "ACT":
            told.setdefault(move.fact.subject, []).append(move)
    for moves in told.values():
        for kpi, move in _permit(moves):
            if move.fact.id in own:
                yield FigureReading(kpi, "road", move.at, 1)


def _permit(moves: Sequence[Move]) -> Iterator[tuple[str, Move]]:
    """Name the figures of one permit, each with the event that it counts with."""
    issued = [m for m in moves if m.code == "PERMIT/ISSU"]
    entered = [m for m in moves if m.code == "PERMIT/ENTR"]
    revoked = [m for m in moves if m.code == "PERMIT/VOID"]
    yield from (("permits-issued", move) for move in issued[:1])
    yield from (("permits-used", move) for move in entered[:1])
    if revoked and not [m for m in entered if m.at <= revoked[0].at]:
        yield "permits-refused", revoked[0]
    yield from (
        ("permits-used-void", m) for m in [e for e in entered if revoked and e.at > revoked[0].at][:1]
    )
    if entered and not [m for m in issued if m.at <= entered[0].at]:
        yield "permits-missing", entered[0]


def _oil(moves: Sequence[Move]) -> Iterator[FigureReading]:
    names = {"BULK/LOAD": "oil-loaded", "BULK/DISC": "oil-discharged", "BULK/INJE": "oil-injected"}
    for move in moves:
        if move.code in names and move.fact.lot and move.fact.lot.kg is not None:
            yield FigureReading(names[move.code], move.leg, move.at, move.fact.lot.kg)


def _differences(settled: Settled, shared: Iterable[Fact]) -> Iterator[FigureReading]:
    own = {fact.id for fact in settled.current}
    for book in books_of(settled.current, shared):
        for change in book.changes:
            if change.event in own:
                yield FigureReading("oil-difference", change.leg, change.at, change.difference_kg)
