"""Oil lots in the timeline: the mass balance of each, with gains and losses between what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from schemas.oil.balance import Account, LotDifference, LotReading, balance
from schemas.shipment.fact import Fact
from schemas.shipment.legs import leg_of
from schemas.shipment.moves import words
from schemas.shipment.settled import settle

_LOT = "BULK_LOT:"


class LotChange(Struct, frozen=True):
    """A gain (above zero) or loss between what the books said of a lot and what was measured next.

    Attributes:
        at: when it was measured, UTC milliseconds.
        leg: leg of that measurement.
        before: what the books rested on, in words.
        after: what was measured, in words.
        book_kg: net mass by the books.
        measured_kg: net mass as measured.
        difference_kg: the second minus the first.
        percent: the same in per cent of the books, a decimal as text.
    """

    event: str
    at: int
    leg: str
    before: str
    after: str
    book_kg: int
    measured_kg: int
    difference_kg: int
    percent: str


class LotBook(Struct, frozen=True, omit_defaults=True):
    """The balance of one lot, net: ``came_kg + difference_kg == gave_kg + remains_kg``.

    Attributes:
        came_kg: first measurement, or what it was formed of.
        difference_kg: all gains and losses.
        gave_kg: given to other lots.
        remains_kg: what is left of it.
        unmeasured: it gave what nobody had measured.
        shares: kilograms of what is left by the lot they came from first, where that is another.
    """

    lot: str
    came_kg: int
    difference_kg: int
    gave_kg: int
    remains_kg: int
    unmeasured: bool = False
    shares: dict[str, int] = {}
    changes: tuple[LotChange, ...] = ()


def books_of(own: Sequence[Fact], around: Iterable[Fact] = ()) -> tuple[LotBook, ...]:
    """Balance the lots that an owner's facts are about, by name.

    Args:
        own: what holds of the owner's facts.
        around: facts of other owners that are about these lots, or say what these lots gave.
    """
    lots = {fact.subject.removeprefix(_LOT) for fact in own if fact.kind == "BULK_LOT"}
    if not lots:
        return ()
    known = {fact.id: fact for fact in (*settle(around).current, *own)}
    books = balance(reading for fact in known.values() if (reading := reading_of(fact)))
    return tuple(
        _book(account, [_change(d, known[d.event_id]) for d in books.differences if d.lot == account.lot])
        for account in books.accounts
        if account.lot in lots
    )


def reading_of(fact: Fact) -> LotReading | None:
    """Read a fact for the balance; None for plans, estimates, nominations and other subjects."""
    code, happened = fact.code or "", fact.classifier == "ACT" and fact.code != "BULK/NOMI"
    if fact.kind != "BULK_LOT" or not code.startswith("BULK/") or not happened or not fact.lot:
        return None
    return LotReading(
        event_id=fact.id,
        version=fact.version,
        retracted=fact.retracted,
        lot=fact.subject.removeprefix(_LOT),
        code=code,
        place=fact.facility or fact.place or fact.name or "",
        at=fact.at,
        net_kg=fact.lot.kg if fact.lot.measured else None,
        formed_of=fact.lot.formed_of,
    )


def _book(account: Account, changes: Sequence[LotChange]) -> LotBook:
    shares = dict(account.shares) if set(account.shares) - {account.lot} else {}
    return LotBook(
        account.lot, account.came_kg, account.difference_kg, account.gave_kg, account.remains_kg,
        account.unmeasured, shares, tuple(changes),
    )  # fmt: skip


def _change(found: LotDifference, fact: Fact) -> LotChange:
    return LotChange(
        found.event_id, fact.at, leg_of(fact), _said(found.before), _said(found.after),
        found.book_kg, found.measured_kg, found.difference_kg, str(found.percent),
    )  # fmt: skip


def _said(label: str) -> str:
    code, _, place = label.partition(" ")
    return f"{words(code)} at {place}" if place else words(code)
