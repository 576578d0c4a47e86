"""Legs of a shipment: which part of the corridor something belongs to."""

from __future__ import annotations

from typing import Final

from schemas.shipment.codes import places, stations
from schemas.shipment.fact import Fact

LEGS: Final[dict[str, str]] = {
    "rail-kz": "Rail, Kazakhstan",
    "caspian": "Caspian Sea",
    "rail-tm": "Rail, Turkmenistan",
    "rail-az-ge": "Rail, Azerbaijan and Georgia",
    "rail-tr": "Rail, Türkiye",
    "terminal": "Oil terminals",
    "pipeline": "Pipeline",
    "road": "Road",
    "black-sea": "Black Sea",
    "corridor": "Whole corridor",
    "other": "Elsewhere",
}
"""Every leg with its title, in the order of a journey west."""

_RAIL: Final = {
    "CN": "rail-kz", "KZ": "rail-kz", "TM": "rail-tm", "AZ": "rail-az-ge", "GE": "rail-az-ge",
    "TR": "rail-tr",
}  # fmt: skip
_BLACK_SEA: Final = frozenset({"GE", "TR", "BG", "RO", "UA"})
_IMPLIED: Final = {
    "VESSEL": "VESSEL", "TRUCK": "TRUCK", "PERMIT": "TRUCK", "TRAIN": "RAIL", "WAGON": "RAIL",
}  # fmt: skip


def leg_of(fact: Fact) -> str:
    """Tell the leg that a fact belongs to, from its means of transport and its country."""
    mode = "VESSEL" if (fact.code or "").startswith("PORTCALL/") else fact.mode or _IMPLIED.get(fact.kind)
    country = fact.country or country_of(fact.place, fact.esr)
    match mode:
        case "VESSEL":
            return "black-sea" if country in _BLACK_SEA else "caspian"
        case "TRUCK":
            return "road"
        case "PIPELINE":
            return "pipeline"
    if mode is None and fact.kind == "BULK_LOT":
        return "terminal"
    return _RAIL.get(country or "", "other")


def country_of(place: str | None, esr: str | None) -> str | None:
    """Country of a place by either of its codes."""
    if place in places():
        return places()[place][1]
    return stations()[esr][2] if esr in stations() else place[:2] if place else None


def place_of(place: str | None, esr: str | None) -> str | None:
    """One code for a place: its UN/LOCODE where there is one, else the railway's."""
    if place:
        return place
    return (stations()[esr][0] or esr) if esr in stations() else esr


def name_of(place: str | None, esr: str | None = None) -> str:
    """Name of a place for people."""
    if esr in stations():
        return stations()[esr][1]
    if place in places():
        return places()[place][0]
    return stations()[place][1] if place in stations() else place or esr or ""
