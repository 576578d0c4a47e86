"""Where a place is and which zone it has: by the place itself, else by what its code says.

A station that is in no list still has a country and a zone: the first digits of an ESR code are the railway's
district. A place that is in no list still has a country: the first two letters of a UN/LOCODE.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from schemas.codes.identifiers import normal
from schemas.codes.lists import CodeLists
from schemas.mapping import times
from schemas.mapping.report import MessageReport


class Places:
    """The lists of places, read once.

    Args:
        codes: ``stations``, ``esr-prefixes``, ``facilities``, ``places``, ``place-aliases``, ``countries``.
    """

    def __init__(self, codes: CodeLists) -> None:
        self._zones: Mapping[str, Any] = codes.column("stations", "zone")
        self._countries: Mapping[str, Any] = codes.column("stations", "country")
        self._district_zones: Mapping[str, Any] = codes.column("esr-prefixes", "zone")
        self._district_countries: Mapping[str, Any] = codes.column("esr-prefixes", "country")
        self._place_zones: Mapping[str, Any] = codes.column("places", "zone")
        self._preferred: Mapping[str, Any] = codes.column("places", "preferred")
        self._station_places: Mapping[str, Any] = codes.column("stations", "unlocode")
        self._facility_places: Mapping[str, Any] = codes.column("facilities", "unlocode")
        names: Mapping[str, Any] = codes.column("place-aliases", "unlocode")
        self._named = lru_cache(maxsize=4096)(lambda name: names.get(normal.name(name)))
        self._country_zones: Mapping[str, Any] = {
            key: row["zone"] for key, row in codes.rows("countries") if row["one_zone"]
        }

    def zone_of(self, esr: str | None, basis: str) -> str | None:
        """Zone of a railway time; the fast half of the mapping function, see ``unlisted``.

        Args:
            esr: the station; not needed for a basis that has a zone of its own.
            basis: ``LOC``, or a key of ``times.BASES``.
        """
        if basis != "LOC":
            return times.BASES.get(basis)
        return self._zones.get(esr) if esr is not None else None

    def unlisted(self, to: MessageReport, pointer: str, esr: str | None, basis: str) -> str | None:
        """Zone of a station that is in no list, by its district, with a finding; null where not known."""
        if esr is None or basis != "LOC":
            return None
        zone = _by_prefix(self._district_zones, esr)
        to.finding(pointer, "station-unknown", "warning" if zone else "error", esr)
        return zone

    def country_of(self, esr: str) -> str | None:
        """Country of a station, by its district where it is in no list."""
        found: str | None = self._countries.get(esr)
        return found if found is not None else _by_prefix(self._district_countries, esr)

    def place_zone(self, unlocode: str) -> str | None:
        """Zone of a UN/LOCODE: its own, else its country's where all of that has one."""
        return self.clock_at(unlocode, None)

    def clock_at(self, unlocode: str | None, facility: str | None) -> str | None:
        """Zone of a place: the UN/LOCODE's, else the facility's, else the country's where that has one."""
        found: str | None = self._place_zones.get(unlocode)  # type: ignore[arg-type]
        if found is None and facility is not None:
            found = self._zones.get(facility) or self._place_zones.get(self._place_of(facility) or "")
        if found is None and unlocode is not None:
            found = self._country_zones.get(unlocode[:2])
        if found is None and facility is not None:
            found = _by_prefix(self._district_zones, facility)
        return found

    def elsewhere(self, unlocode: str, facility: str) -> str | None:
        """The UN/LOCODE of a facility or station that lies at another place; null when not known."""
        found = self._place_of(facility)
        return None if found is None or self.preferred(found) == self.preferred(unlocode) else found

    def misnamed(self, esr: str, name: str) -> bool:
        """Whether a name is known as that of another place than the station's."""
        here, named = self._station_places.get(esr), self._named(name)
        return here is not None and named is not None and self.preferred(here) != self.preferred(named)

    def _place_of(self, facility: str) -> str | None:
        found: str | None = self._facility_places.get(facility)
        return found if found is not None else self._station_places.get(facility)

    def preferred(self, unlocode: str) -> str:
        """The UN/LOCODE that a duplicate or an old name stands for; others are their own."""
        found: str | None = self._preferred.get(unlocode)
        return unlocode if found is None else found


def _by_prefix(districts: Mapping[str, Any], esr: str) -> str | None:
    found: str | None = districts.get(esr[:3])
    return found if found is not None else districts.get(esr[:2])
