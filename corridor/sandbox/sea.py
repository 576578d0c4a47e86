"""Voyages over the Caspian and storms that close Kuryk: drawn from the seed, tied to the block trains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

from corridor.sandbox import fleet, trucks
from corridor.sandbox.itinerary import itinerary
from corridor.sandbox.shipments import HEADWAY, START, Shipment, Train

STORMS_EVERY: Final = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Storm:
    """A closure of Kuryk: from, until, and until when the port expected it at first."""

    begins: datetime
    ends: datetime
    expected: datetime


@dataclass(frozen=True, slots=True)
class Voyage:
    """One crossing to Alat.

    Attributes:
        loading: when loading begins.
        planned: departure by the schedule.
        storm: what holds it back, if anything does.
        lines: manifest: what is aboard, as `vessel.event.v1` has it.
    """

    number: str
    name: str
    imo: str
    port: str
    facility: str
    loading: datetime
    planned: datetime
    sails: datetime
    arrives: datetime
    storm: Storm | None
    lines: tuple[dict[str, Any], ...]

    @property
    def first_estimate(self) -> datetime:
        """Arrival as it was expected before anything went wrong."""
        return self.planned + timedelta(hours=20)


def storms(seed: int, until: datetime) -> Iterator[Storm]:
    """Closures of Kuryk that begin before a time, in order."""
    for number in count():
        dice = Random(f"{seed}/storm/{number}")  # noqa: S311 - a simulation
        begins = START + number * STORMS_EVERY + timedelta(hours=dice.randint(12, 120))
        if begins >= until:
            return
        expected = begins + timedelta(hours=dice.randint(18, 30))
        yield Storm(begins, expected + timedelta(hours=dice.randint(0, 20)), expected)


def storms_of(train: Train) -> list[Storm]:
    """Closures that begin while a train's day is told: each belongs to one train."""
    return [storm for storm in storms(train.seed, train.start + HEADWAY) if storm.begins >= train.start]


def rail_voyage(train: Train) -> Voyage:
    """The crossing of a train's wagons or containers from Aktau."""
    shipments = train.shipments()
    at = {operation.code: operation.at for operation in itinerary(shipments[0])}
    loading = at["70"] if train.ferry else at["72"]
    unloading = at["71"] if train.ferry else at["73"]
    name, imo = train.vessel
    sails = loading + timedelta(hours=3)
    return Voyage(
        number=train.voyage, name=name, imo=imo, port="KZAAU",
        facility="AKTAU-FERRY" if train.ferry else "AKTAU-CT",
        loading=loading, planned=sails - timedelta(hours=1), sails=sails,
        arrives=unloading - timedelta(hours=2), storm=None,
        lines=tuple(line for shipment in shipments for line in _lines(train, shipment)),
    )  # fmt: skip


def truck_voyage(train: Train) -> Voyage:
    """A crossing of trucks from Kuryk: on time, or when the storm is over and the queue has moved."""
    dice = train.dice("trucks")
    name, imo = fleet.vessel(train.index + 3)
    planned = train.start + timedelta(hours=10)
    held = [storm for storm in storms(train.seed, planned) if storm.begins <= planned < storm.ends]
    late = timedelta(hours=dice.randint(3, 12)) if held else timedelta(minutes=dice.randint(0, 90))
    sails = (held[0].ends if held else planned) + late
    return Voyage(
        number=f"KU{train.index:05d}", name=name, imo=imo, port="KZKUR", facility="KURYK-FERRY",
        loading=sails - timedelta(hours=4), planned=planned, sails=sails,
        arrives=sails + timedelta(hours=dice.randint(18, 22)), storm=held[0] if held else None,
        lines=tuple(
            _truck(truck) for truck in trucks.aboard(train.seed, train.index)
        ),
    )  # fmt: skip


def text(at: datetime) -> str:
    """A time as the profiles write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _truck(truck: trucks.Truck) -> dict[str, Any]:
    plate = "".join(filter(str.isalnum, truck.plate))
    return {"kind": "TRUCK", "number": plate, "plateCountry": truck.home, "cmr": truck.waybill}


def _lines(train: Train, shipment: Shipment) -> Iterator[dict[str, Any]]:
    for load in shipment.loads:
        if train.ferry:
            yield {"kind": "WAGON", "number": load.wagon, "noteKey": shipment.note_key}
        for box in load.boxes:
            line = {"kind": "CONTAINER", "number": box.number, "noteKey": shipment.note_key}
            yield {**line, **({"wagon": load.wagon} if train.ferry else {}), "grossKg": box.gross_kg}
