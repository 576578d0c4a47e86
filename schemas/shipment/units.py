"""Containers and wagons of a shipment: what carries each now, and what carried it before."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from schemas.shipment.fact import Fact
from schemas.shipment.moves import words


class Span(Struct, frozen=True, omit_defaults=True):
    """What carried a unit from a moment on: wagon, vessel, truck; empty when it stood on the ground."""

    since: int
    by: str
    why: str = ""


class Carried(Struct, frozen=True, omit_defaults=True):
    """A container or wagon, with everything that carried it, the last being what does so now."""

    id: str
    size: str = ""
    spans: tuple[Span, ...] = ()

    @property
    def now(self) -> str:
        """What carries it now; empty for none, or not known."""
        return self.spans[-1].by if self.spans else ""


def units_of(facts: Sequence[Fact]) -> tuple[tuple[Carried, ...], tuple[Carried, ...]]:
    """List containers and wagons.

    Args:
        facts: what holds, in order of time.
    """
    containers: dict[str, list[Span]] = {}
    wagons: dict[str, list[Span]] = {}
    sizes: dict[str, str] = {}
    for fact in facts:
        if fact.classifier != "ACT":
            continue
        kind, _, subject = fact.subject.partition(":")
        if kind == "EQUIPMENT":
            _add(containers.setdefault(subject, []), fact)
        elif kind == "WAGON":
            _add(wagons.setdefault(subject, []), fact)
        for unit in fact.units:
            if unit.kind == "WAGON":
                wagons.setdefault(unit.id, [])
                continue
            spans = containers.setdefault(unit.id, [])
            sizes[unit.id] = unit.size or sizes.get(unit.id, "")
            if unit.parent:
                wagons.setdefault(unit.parent, [])
                if not spans:
                    spans.append(Span(fact.at, unit.parent, "named"))
    return (
        tuple(Carried(name, sizes.get(name, ""), tuple(containers[name])) for name in sorted(containers)),
        tuple(Carried(name, "", tuple(wagons[name])) for name in sorted(wagons)),
    )


def _add(spans: list[Span], fact: Fact) -> None:
    """Take over what an event of the unit says of its carrier."""
    by: str | None
    match (fact.code or "").partition("/")[2], fact.mode:
        case "LOAD", "VESSEL":
            by = fact.vessel or fact.imo or "vessel"
        case "LOAD", _:
            by = fact.plate or fact.car
        case "DISC", _:
            by = ""
        case "GTOT", _:
            by = fact.plate or ""
        case _:
            return
    if by is not None and (not spans or spans[-1].by != by):
        spans.append(Span(fact.at, by, words(fact.code or "")))
