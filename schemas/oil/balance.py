"""Mass balance of oil lots to the kilogram: gains and losses, splitting and commingling.

A lot has a book mass. A measurement sets it and books the difference as gain or loss; what a lot gives to
another is taken out; what a lot is formed of is put in. So what came in, with gains and losses, is always
what went out and what remains: integers, no rounding. Who owns how much of a commingled lot follows in
proportion, each share a whole number of kilograms and their sum the lot's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

FORMED: Final = "BULK/FORM"
"""Code of the event that tells what a lot was formed of."""


class LotReading(NamedTuple):
    """What one event says of a lot.

    Attributes:
        event_id: identity of the event.
        version: of the event; the highest counts.
        retracted: the event did not happen.
        lot: the lot.
        code: what happened, as in the list ``corridor-codes``.
        place: where, for people.
        at: UTC milliseconds.
        net_kg: net mass as measured; None when it was not.
        formed_of: lots and net kilograms that they gave to this one.
    """

    event_id: str
    version: int
    retracted: bool
    lot: str
    code: str
    place: str
    at: int
    net_kg: int | None
    formed_of: tuple[tuple[str, int], ...] = ()


class LotDifference(NamedTuple):
    """A gain (above zero) or loss between what the books say of a lot and the next measurement.

    ``before`` and ``after`` are code and place of the two; ``percent`` is of the book mass.
    """

    lot: str
    before: str
    after: str
    event_id: str
    book_kg: int
    measured_kg: int
    difference_kg: int
    percent: Decimal


class Account(NamedTuple):
    """A lot's balance: ``came_kg + difference_kg == gave_kg + remains_kg``.

    Attributes:
        came_kg: first measurement, or what it was formed of.
        difference_kg: all gains and losses.
        gave_kg: given to other lots.
        remains_kg: what is left of it, wherever it is now.
        unmeasured: it gave what nobody had measured; that much is taken to have come.
        shares: how much of the remainder came from which first lot, kilograms.
    """

    lot: str
    came_kg: int
    difference_kg: int
    gave_kg: int
    remains_kg: int
    unmeasured: bool
    shares: Mapping[str, int]


class Balance(NamedTuple):
    """All lots. ``came_kg + difference_kg == remains_kg``: what lots gave to one another cancels out."""

    differences: tuple[LotDifference, ...]
    accounts: tuple[Account, ...]
    came_kg: int
    difference_kg: int
    remains_kg: int


def balance(readings: Iterable[LotReading]) -> Balance:
    """Balance the books of all lots; the order in which readings are given does not matter."""
    books: dict[str, _Book] = {}
    differences: list[LotDifference] = []
    for reading in _valid(readings):
        book = books.setdefault(reading.lot, _Book(reading.lot))
        for source, kilograms in sorted(reading.formed_of):
            given = books.setdefault(source, _Book(source)).give(kilograms, _label(reading))
            book.take(given, _label(reading))
        if reading.net_kg is not None and (found := book.measure(reading)):
            differences.append(found)
    accounts = tuple(books[lot].account() for lot in sorted(books))
    first = sum(book.first_kg for book in books.values())
    return Balance(
        tuple(differences),
        accounts,
        first,
        sum(account.difference_kg for account in accounts),
        sum(account.remains_kg for account in accounts),
    )


def in_proportion(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide kilograms by weights into whole kilograms whose sum is the total (largest remainder, then name).

    Weights are not negative; without any weight everything goes to the first name.
    """
    names = sorted(weights)
    whole = sum(weights.values())
    if not whole:
        return {name: total if place == 0 else 0 for place, name in enumerate(names)}
    parts = {name: divmod(abs(total) * weights[name], whole) for name in names}
    left = abs(total) - sum(part for part, _ in parts.values())
    more = set(sorted(names, key=lambda name: (-parts[name][1], name))[:left])
    sign = -1 if total < 0 else 1
    return {name: sign * (parts[name][0] + (name in more)) for name in names}


class _Book:
    """The running book of one lot."""

    def __init__(self, lot: str) -> None:
        self.lot = lot
        self.mass = self.came = self.first_kg = self.gave = self.difference = 0
        self.known = self.unmeasured = False
        self.shares: dict[str, int] = {}
        self.last = ""

    def measure(self, reading: LotReading) -> LotDifference | None:
        """Set the mass to what was measured; the first measurement of a lot is what came."""
        measured = reading.net_kg or 0
        before, book = self.last, self.mass
        self.last, self.mass = _label(reading), measured
        if not self.known:
            self.known = True
            self.came = self.first_kg = measured
            self.shares = {self.lot: measured}
            return None
        self.difference += measured - book
        self.shares = in_proportion(measured, self.shares or {self.lot: 1})
        if measured == book:
            return None
        percent = Decimal(100 * (measured - book)) / Decimal(book) if book else Decimal(0)
        rounded = percent.quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        return LotDifference(
            self.lot, before, self.last, reading.event_id, book, measured, measured - book, rounded
        )

    def give(self, kilograms: int, label: str) -> dict[str, int]:
        """Take kilograms out for another lot; return which first lots they came from."""
        if not self.known:
            self.known = self.unmeasured = True
            self.mass = self.came = self.first_kg = kilograms
            self.shares = {self.lot: kilograms}
        given = in_proportion(kilograms, self.shares)
        self.gave += kilograms
        self.mass -= kilograms
        self.shares = {name: share - given[name] for name, share in self.shares.items()}
        if self.mass < 0:  # more than there was: what is owed is owed by this lot itself
            self.shares = {self.lot: 0}
        self.last = label
        return given

    def take(self, given: Mapping[str, int], label: str) -> None:
        """Put in what another lot gave."""
        self.known = True
        kilograms = sum(given.values())
        self.came += kilograms
        self.mass += kilograms
        for name, share in given.items():
            self.shares[name] = self.shares.get(name, 0) + share
        self.last = label

    def account(self) -> Account:
        """The balance now."""
        shares = {name: share for name, share in sorted(self.shares.items()) if share}
        return Account(self.lot, self.came, self.difference, self.gave, self.mass, self.unmeasured, shares)


def _valid(readings: Iterable[LotReading]) -> Sequence[LotReading]:
    """The newest version of every event that happened, in order of time; formed lots after their parts."""
    newest: dict[str, LotReading] = {}
    for reading in readings:
        known = newest.get(reading.event_id)
        if known is None or (reading.version, reading.retracted) > (known.version, known.retracted):
            newest[reading.event_id] = reading
    happened = [reading for reading in newest.values() if not reading.retracted]
    return sorted(happened, key=lambda r: (r.at, bool(r.formed_of), r.lot, r.event_id))


def _label(reading: LotReading) -> str:
    return f"{reading.code} {reading.place}".rstrip()
