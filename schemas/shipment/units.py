"""Containers, wagons and trucks of a shipment: what carries each now, and what carried it before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

from schemas.shipment.fact import Fact
from schemas.shipment.moves import words

SOME_VESSEL: Final = "vessel"
"""What carries a unit at sea as long as nobody has named it."""
_SUBJECTS: Final = {"EQUIPMENT": "CONTAINER", "WAGON": "WAGON", "TRUCK": "TRUCK"}


class Span(Struct, frozen=True, omit_defaults=True):
    """What carried a unit from a moment on: wagon, vessel, truck; empty when it stood on the ground."""

    since: int
    by: str
    why: str = ""


class Carried(Struct, frozen=True, omit_defaults=True):
    """A container, wagon or truck, with everything that carried it, the last being what does so now."""

    id: str
    size: str = ""
    spans: tuple[Span, ...] = ()

    @property
    def now(self) -> str:
        """What carries it now; empty for none, or not known."""
        return self.spans[-1].by if self.spans else ""


class Units(NamedTuple):
    """Containers, wagons and trucks of a shipment, each by name."""

    containers: tuple[Carried, ...]
    wagons: tuple[Carried, ...]
    trucks: tuple[Carried, ...]


def units_of(facts: Sequence[Fact]) -> Units:
    """List containers, wagons and trucks.

    Args:
        facts: what holds, in order of time.
    """
    units: dict[str, dict[str, list[Span]]] = {"CONTAINER": {}, "WAGON": {}, "TRUCK": {}}
    sizes: dict[str, str] = {}
    for fact in facts:
        if fact.classifier != "ACT":
            continue
        kind, _, subject = fact.subject.partition(":")
        if own := _SUBJECTS.get(kind):
            _add(units[own].setdefault(subject, []), fact)
        for unit in fact.units:
            spans = units[unit.kind].setdefault(unit.id, [])
            sizes[unit.id] = unit.size or sizes.get(unit.id, "")
            if unit.parent:
                units["WAGON"].setdefault(unit.parent, [])
                if not spans:
                    spans.append(Span(fact.at, unit.parent, "named"))
    return Units(
        *(
            tuple(Carried(name, sizes.get(name, ""), tuple(found[name])) for name in sorted(found))
            for found in units.values()
        )
    )


def _add(spans: list[Span], fact: Fact) -> None:
    """Take over what an event of the unit says of its carrier."""
    by: str | None
    match (fact.code or "").partition("/")[2], fact.mode:
        case "LOAD", "VESSEL":
            by = fact.vessel or fact.imo or SOME_VESSEL
        case "LOAD", _:
            by = fact.plate or fact.car
        case "DISC", _:
            by = ""
        case "GTOT", _:
            by = fact.plate or ""
        case _:
            return
    if by and by != SOME_VESSEL and fact.mode == "VESSEL" and spans and spans[-1].by == SOME_VESSEL:
        spans[-1] = Span(spans[-1].since, by, spans[-1].why)  # one loading, told with and without the name
    if by is not None and (not spans or spans[-1].by != by):
        spans.append(Span(fact.at, by, words(fact.code or "")))
