"""Where a shipment is and what holds it: its state now, as one row of a list shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from schemas.shipment.fact import Fact
from schemas.shipment.legs import name_of, place_of
from schemas.shipment.moves import Estimate, Move, estimates_of, moves_of
from schemas.shipment.owners import CONSIGNMENT, kind_of
from schemas.shipment.settled import Settled

STATUS: Final[dict[str, str]] = {
    "drafted": "The document is drafted.",
    "issued": "The document is issued.",
    "formed": "An oil lot split off or commingled, not yet on its way.",
    "loaded": "Loaded, not yet under way.",
    "under-way": "Moving by rail or road.",
    "at-station": "At a station on the way.",
    "at-border": "Handed over, not yet taken over, or just crossed.",
    "at-port": "In a port, before or after the sea.",
    "at-sea": "Aboard a vessel.",
    "arrived": "At its destination, not yet handed out.",
    "delivered": "Handed out, or injected into the pipeline.",
    "standing": "The train was left standing.",
    "entered": "The truck entered on this permit.",
    "left": "The truck left again.",
    "void": "Annulled, revoked or cancelled.",
    "open": "The port is open.",
    "closed": "The port is closed.",
    "told": "Only planned or estimated so far.",
}
"""Every status with its meaning."""

_BY_CODE: Final = {
    "SHIPMENT/DRFT": "drafted", "SHIPMENT/ISSU": "issued", "SHIPMENT/CONF": "issued",
    "SHIPMENT/RECE": "issued", "SHIPMENT/VOID": "void", "SHIPMENT/CANC": "void", "SHIPMENT/CMPL": "delivered",
    "EQUIPMENT/LOAD": "loaded", "EQUIPMENT/DISC": "at-station", "EQUIPMENT/GTIN": "at-station",
    "EQUIPMENT/GTOT": "delivered", "EQUIPMENT/AVPU": "arrived", "EQUIPMENT/CROS": "at-border",
    "TRANSPORT/DEPA": "under-way", "TRANSPORT/WAYP": "under-way", "TRANSPORT/ARRI": "at-station",
    "PORTCALL/ARRI": "at-port", "PORTCALL/DEPA": "at-sea",
    "BORDER/HAND": "at-border", "BORDER/TAKE": "at-border", "TRAIN/STOP": "standing",
    "BULK/NOMI": "issued", "BULK/FORM": "formed", "BULK/LOAD": "loaded", "BULK/DEPA": "at-sea",
    "BULK/ARRI": "at-port", "BULK/DISC": "arrived", "BULK/INJE": "delivered",
    "PERMIT/ISSU": "issued", "PERMIT/ENTR": "entered", "PERMIT/EXIT": "left", "PERMIT/VOID": "void",
    "PORT/OPEN": "open", "PORT/CLOS": "closed",
}  # fmt: skip
_AT_SEA: Final = {"EQUIPMENT/LOAD": "at-sea", "TRANSPORT/DEPA": "at-sea", "EQUIPMENT/DISC": "at-port",
                  "TRANSPORT/ARRI": "at-port"}  # fmt: skip
_FINAL: Final = frozenset({"delivered", "void"})
_DOCUMENTS: Final = frozenset({"drafted", "issued"})


class Hold(Struct, frozen=True, omit_defaults=True):
    """Something that keeps a shipment from going on.

    Attributes:
        kind: ``customs``, ``delay``, ``document``, ``authority`` or ``dead-letter``; of a port ``closed``
            or ``queue``.
        since: UTC milliseconds.
        reason: code or words.
        place: where.
    """

    kind: str
    since: int
    reason: str
    place: str = ""


class ShipmentState(Struct, frozen=True, omit_defaults=True):
    """What is so now. Places are UN/LOCODE, else ESR; times UTC milliseconds.

    Attributes:
        title: what people call it.
        status: key of ``STATUS``.
        since: when that began.
        held: why it is held; empty when it is not.
        corrections: events that were put right or taken back.
    """

    kind: str
    title: str
    status: str
    since: int
    leg: str
    place: str | None
    place_name: str
    next: str | None
    origin: str | None
    destination: str | None
    eta: int | None
    held: str
    first_at: int
    last_at: int
    events: int
    corrections: int


def state_of(owner: str, settled: Settled, moves: Sequence[Move] | None = None) -> ShipmentState | None:
    """Tell the state of an owner; None when all that was told was taken back."""
    facts = settled.current
    if not facts:
        return None
    moves = moves_of(settled) if moves is None else moves
    now = _last(moves)
    origin, destination = _ends(facts)
    holds = holds_of(moves)
    status = _status(now, destination) if now else ("void" if _void(facts) else "told")
    if status in _FINAL:
        holds = []
    if kind_of(owner) == "PORT":
        eta = _reopening(moves, now)
    else:
        estimate = _estimate(estimates_of(settled), moves, destination, now)
        eta = estimate.at if estimate and status not in _FINAL else None
    return ShipmentState(
        kind=kind_of(owner),
        title=title_of(owner, facts),
        status=status,
        since=now.at if now else facts[-1].at,
        leg=now.leg if now else "other",
        place=now.place if now else None,
        place_name=_name(now) if now else "",
        next=now.fact.next if now else None,
        origin=origin,
        destination=destination,
        eta=eta,
        held="; ".join(f"{hold.kind}: {hold.reason}" for hold in holds),
        first_at=facts[0].at,
        last_at=facts[-1].at,
        events=len(facts),
        corrections=len(settled.versions),
    )


def holds_of(moves: Iterable[Move]) -> list[Hold]:
    """Find what holds a shipment: what began and has not ended, in order of time."""
    open_: dict[str, Hold] = {}
    moves = list(moves)
    happened = {(move.code, move.place) for move in moves if move.classifier == "ACT"}
    for move in moves:
        code, fact = move.code, move.fact
        if code.startswith("PORT/"):
            _hold_port(open_, move)
            continue
        if move.classifier == "ACT":
            _act(open_, move)
        elif (code, move.place) in happened:
            continue  # what was expected has come
        if fact.reason:
            open_["delay"] = Hold("delay", min(move.told, move.at), fact.reason, _name(move))
    return list(open_.values())


def _act(open_: dict[str, Hold], move: Move) -> None:
    """Let what happened begin or end a hold."""
    code = move.code
    if code in {"CUSTOMS/CUSI", "EQUIPMENT/CUSI", "EQUIPMENT/CUSS"}:
        open_["customs"] = Hold("customs", move.at, "inspection", _name(move))
    elif code in {"CUSTOMS/CUSR", "EQUIPMENT/CUSR", "CUSTOMS/CMPL"}:
        open_.pop("customs", None)
    elif code == "SHIPMENT/HOLD":
        open_["authority"] = Hold("authority", move.at, move.fact.remark or "on hold", _name(move))
    elif code == "SHIPMENT/RELS":
        open_.pop("authority", None)
    elif code == "SHIPMENT/PENU":
        open_["document"] = Hold("document", move.at, "amendment pending", _name(move))
    elif code in {"SHIPMENT/CONF", "SHIPMENT/ISSU"}:
        open_.pop("document", None)
    elif code.startswith(("TRANSPORT/", "EQUIPMENT/", "PORTCALL/", "BULK/")) and not move.fact.reason:
        open_.pop("delay", None)


def _hold_port(open_: dict[str, Hold], move: Move) -> None:
    """A port is closed until it opens; what waits there is told now and then."""
    if move.classifier != "ACT":
        return
    if move.code == "PORT/CLOS":
        open_["closed"] = Hold("closed", move.at, move.fact.reason or "", _name(move))
    elif move.code == "PORT/OPEN":
        open_.clear()
    elif move.code == "PORT/QUEU" and move.fact.total_units:
        what = "trucks" if move.mode == "TRUCK" else "wagons"
        open_[what] = Hold("queue", move.at, f"{move.fact.total_units} {what}", _name(move))


def title_of(owner: str, facts: Sequence[Fact]) -> str:
    """Name an owner as people do: a consignment by its newest note, others by their own number."""
    kind = kind_of(owner)
    if kind == CONSIGNMENT:
        notes = [f.note.number for f in facts if f.note and not f.note.annulled]
        named = [r.value for f in facts for r in f.references if r.type in {"SMGS", "CIM", "CMR"}]
        if notes or named:
            return f"note {notes[-1] if notes else named[-1].rpartition('/')[2]}"
    return f"{kind.lower().replace('_', ' ')} {owner.partition(':')[2] or owner}"


def _last(moves: Sequence[Move]) -> Move | None:
    """The last that happened; a document issued later does not move what is on its way."""
    last: Move | None = None
    for move in moves:
        if move.classifier != "ACT" or move.code not in _BY_CODE:
            continue
        paper = _BY_CODE[move.code] in _DOCUMENTS and move.code.startswith("SHIPMENT/")
        if last is None or not paper or _BY_CODE[last.code] in _DOCUMENTS:
            last = move
    return last


def _status(now: Move, destination: str | None) -> str:
    status = _BY_CODE[now.code]
    if now.mode == "VESSEL" and not now.code.startswith("BULK/"):
        status = _AT_SEA.get(now.code, status)
    if now.code in {"TRANSPORT/ARRI", "EQUIPMENT/DISC"} and destination and now.place == destination:
        return "arrived"
    return status


def _void(facts: Sequence[Fact]) -> bool:
    return any(fact.note is not None and fact.note.annulled for fact in facts)


def _ends(facts: Sequence[Fact]) -> tuple[str | None, str | None]:
    """Origin and destination by the newest note."""
    for fact in reversed(facts):
        if fact.note:
            return place_of(None, fact.note.departure), place_of(None, fact.note.destination)
    return None, None


def _estimate(
    estimates: Sequence[Estimate], moves: Sequence[Move], destination: str | None, now: Move | None
) -> Estimate | None:
    """The last estimate for the destination; without one, for wherever it goes next and has not been yet."""
    wanted = destination or (now.fact.next if now else None)
    found = [e for e in estimates if wanted is None or e.place == wanted]
    if not found:
        return None
    last = found[-1]
    came = any(
        m.classifier == "ACT" and m.code.endswith("/ARRI") and m.place == last.place and m.at >= last.told
        for m in moves
    )
    return None if came else last


def _reopening(moves: Sequence[Move], now: Move | None) -> int | None:
    """When a closed port expects to open again."""
    expected = [m.at for m in moves if m.code == "PORT/OPEN" and m.classifier == "EST"]
    closed = now is not None and now.code == "PORT/CLOS"
    return next((at for at in expected if now and at > now.at), None) if closed else None


def _name(move: Move) -> str:
    return name_of(move.fact.place, move.fact.esr) or move.fact.name or ""
