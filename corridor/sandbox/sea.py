"""Voyages over the Caspian: drawn from the seed, tied to the block trains, and held by storms at Kuryk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from corridor.sandbox import fleet, trucks
from corridor.sandbox.itinerary import crossing, itinerary
from corridor.sandbox.shipments import HEADWAY, Shipment, Train
from corridor.sandbox.weather import Storm, storm_over, storms


@dataclass(frozen=True, slots=True)
class Voyage:
    """One crossing to Alat.

    Attributes:
        due: when loading was to begin: the vessel is in the roads three hours before.
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
    due: datetime
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


def storms_of(train: Train) -> list[Storm]:
    """Closures that begin while a train's day is told: each belongs to one train."""
    return [storm for storm in storms(train.seed, train.start + HEADWAY) if storm.begins >= train.start]


def rail_voyage(train: Train) -> Voyage:
    """The crossing of a train's wagons from Kuryk, or of its containers from Aktau."""
    shipments = train.shipments()
    at = {operation.code: operation.at for operation in itinerary(shipments[0])}
    due, loading, storm = crossing(train)
    name, imo = train.vessel
    return Voyage(
        number=train.voyage, name=name, imo=imo, port=train.port.unlocode, facility=train.port.facility,
        due=due, loading=loading, planned=due + timedelta(hours=2), sails=loading + timedelta(hours=3),
        arrives=at["71" if train.ferry else "73"] - timedelta(hours=2), storm=storm,
        lines=tuple(line for shipment in shipments for line in _lines(train, shipment)),
    )  # fmt: skip


def truck_voyage(train: Train) -> Voyage:
    """A crossing of trucks from Kuryk: on time, or when the storm is over and the queue has moved."""
    dice = train.dice("trucks")
    name, imo = fleet.vessel(fleet.FERRIES, train.index)
    planned = train.start + timedelta(hours=10)
    storm = storm_over(train.seed, planned - timedelta(hours=4), planned + timedelta(hours=2))
    late = timedelta(hours=dice.randint(3, 12)) if storm else timedelta(minutes=dice.randint(0, 90))
    sails = (storm.ends if storm else planned) + late
    return Voyage(
        number=f"KU{train.index:05d}", name=name, imo=imo, port="KZKUR", facility="KURYK-FERRY",
        due=planned - timedelta(hours=4), loading=sails - timedelta(hours=2), planned=planned, sails=sails,
        arrives=sails + timedelta(hours=dice.randint(18, 22)), storm=storm,
        lines=tuple(_truck(truck) for truck in trucks.aboard(train.seed, train.index)),
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
