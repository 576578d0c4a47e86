"""Where goods go next: the place after a station on the route that a consignment note names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

Next = Callable[[str, str, Sequence[int], Sequence[str], Sequence[str], str], str | None]
"""Station, departure, borders (order, exits, entries) and destination to a UN/LOCODE."""

_LONGEST: Final = 256
"""Characters of all codes of a route that is remembered: those of a railway have six each."""


def next_on_route(places: Mapping[str, Any], countries: Mapping[str, Any]) -> Next:
    """``next_on_route`` over what is known of stations: ESR code to UN/LOCODE, and to country.

    The stops are the departure, at each border the station of exit and that of entry, and the destination.
    Only a station that is one of them, or lies at the place of one, has a place on the route. Stops
    without a UN/LOCODE are passed over. A route without any border says nothing of what is between its ends.
    """

    def stops(departure: str, borders: list[tuple[int, str, str]], destination: str) -> list[str] | None:
        """The stops, if one leads to the next: between two borders the country stays the same."""
        route = [departure, *chain.from_iterable(border[1:] for border in borders), destination]
        ends = [
            (countries.get(one), countries.get(other))
            for one, other in zip(route[::2], route[1::2], strict=True)
        ]
        return route if all(one == other or None in {one, other} for one, other in ends) else None

    def find(
        station: str,
        departure: str,
        order: Sequence[int],
        exits: Sequence[str],
        entries: Sequence[str],
        destination: str,
    ) -> str | None:
        if not exits or not len(order) == len(exits) == len(entries):
            return None
        borders = sorted(zip(order, exits, entries, strict=True))
        back = [(number, entry, exit_) for number, exit_, entry in reversed(borders)]
        route = stops(departure, borders, destination) or stops(departure, back, destination)
        if route is None:
            return None
        here = places.get(station)
        at = [index for index, stop in enumerate(route) if stop == station]
        at = at or [
            index for index, stop in enumerate(route) if here is not None and places.get(stop) == here
        ]
        if not at or at[-1] - at[0] >= len(at):
            return None
        onward = (places.get(stop) for stop in route[at[-1] + 1 :])
        return next((place for place in onward if place is not None and place != here), None)

    remembered = lru_cache(maxsize=1024)(find)

    def find_again(
        station: str,
        departure: str,
        order: Sequence[int],
        exits: Sequence[str],
        entries: Sequence[str],
        destination: str,
    ) -> str | None:
        """The same; every version of a note asks for the same few places."""
        size = sum(map(len, (station, departure, destination, *exits, *entries)))
        ask = remembered if size <= _LONGEST else find
        return ask(station, departure, tuple(order), tuple(exits), tuple(entries), destination)

    return find_again
