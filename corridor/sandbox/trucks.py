"""Trucks with permits that take the ferry from Kuryk to Alat, drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

OURS: Final = "KZ"
"""Whose authority the broker is in the sandbox."""
OTHERS: Final = ("AZ", "GE", "TR", "UZ")
"""Whose authorities the sandbox plays."""
ABOARD: Final = 3
"""Trucks of one voyage."""
POSTS: Final = {
    "KZ": ("Dostyk", "Kuryk port"),
    "AZ": ("Alat", "Boyuk-Kesik"),
    "UZ": ("Tazhen", "Karakalpakiya"),
    "GE": ("Gardabani", "Sarp"),
    "TR": ("Sarp", "Halkali"),
}
"""Where a truck enters a country and where it leaves it."""
PLATES: Final = {
    "KZ": "{n:03d}ABC02",
    "AZ": "10-AA-{n:03d}",
    "UZ": "01 {n:03d} AAA",
    "GE": "AA-{n:03d}-AA",
    "TR": "34 ABC {n:03d}",
}


class Truck(NamedTuple):
    """One journey: from whose country, into which, and whether its permit is taken back before.

    Attributes:
        waybill: its CMR note, which the permit and the ferry's manifest name.
    """

    number: int
    home: str
    abroad: str
    plate: str
    waybill: str
    revoked: bool

    @classmethod
    def of(cls, seed: int, number: int, ours: str = OURS, others: Sequence[str] = OTHERS) -> Truck:
        """Draw a truck: the same seed and number give the same one."""
        dice = Random(seed * 1_000_003 + number)  # noqa: S311 - a timetable, not a secret
        pair = [ours, dice.choice(others)]
        dice.shuffle(pair)
        if pair[1] == "UZ":
            pair.reverse()  # nobody takes this ferry to Uzbekistan
        plate = PLATES[pair[0]].format(n=dice.randrange(1000))
        return cls(number, pair[0], pair[1], plate, f"CMR-{seed}-{number}", dice.random() < 0.1)


def aboard(seed: int, voyage: int) -> list[Truck]:
    """Trucks that take a voyage, by its number: those whose permit holds."""
    trucks = [Truck.of(seed, number) for number in range(voyage * ABOARD, (voyage + 1) * ABOARD)]
    return [truck for truck in trucks if not truck.revoked]
