"""What happens to a consignment, operation by operation, from Altynkol to the Black Sea or Baku."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from corridor.sandbox.shipments import ALTYNKOL, BOYUK_KESIK, GARDABANI, Shipment, Train
from corridor.sandbox.weather import Storm, storm_over

PORT, ALAT = "port", "alat"
"""Stations that differ by train."""
ALMATY, BEYNEU, GANJA = "700007", "662905", "556208"


@dataclass(frozen=True, slots=True)
class Operation:
    """One rail operation.

    Attributes:
        code: operation code of the DTC profile.
        esr: station.
        at: when, UTC.
        eta: estimated arrival at the destination as known then.
        delay: reason, when the train stands.
        corrects: the operation says again, better, what the one before said.
    """

    code: str
    esr: str
    at: datetime
    eta: datetime
    delay: str | None = None
    corrects: bool = False


# Operation, station (empty: the destination), and the hours since the operation before, least and most.
_SEA: Final = ("72", "73"), ("70", "71")
_TO_ALAT: Final = (
    ("10", ALTYNKOL, 0, 1),
    ("11", ALTYNKOL, 1, 4),
    ("60", ALTYNKOL, 0, 1),
    ("61", ALTYNKOL, 0, 1),
    ("20", ALTYNKOL, 1, 6),
    ("30", ALTYNKOL, 1, 3),
    ("31", ALTYNKOL, 1, 3),
    ("33", ALMATY, 6, 10),
    ("33", BEYNEU, 44, 60),
    ("32", PORT, 8, 14),
    ("40", PORT, 2, 12),
    ("lift on", PORT, 6, 48),
    ("lift off", ALAT, 18, 22),
    ("41", ALAT, 1, 4),
    ("20", ALAT, 2, 12),
    ("30", ALAT, 1, 2),
    ("31", ALAT, 1, 4),
)
_GEORGIA: Final = (
    ("33", GANJA, 7, 10),
    ("32", BOYUK_KESIK, 3, 6),
    ("40", BOYUK_KESIK, 1, 4),
    ("41", GARDABANI, 1, 3),
    ("31", GARDABANI, 1, 2),
)
_END: Final = (("32", "", 4, 12), ("80", "", 0, 2), ("63", "", 1, 6), ("81", "", 2, 30))


def itinerary(shipment: Shipment) -> list[Operation]:
    """Operations of a consignment in order of time; the train's own are the same for all its consignments."""
    train = shipment.train
    dice = train.dice("itinerary")
    operations: list[Operation] = []
    at = train.start
    eta = at + timedelta(days=12 if shipment.destination.georgia else 9)
    stations = {PORT: train.port.esr, ALAT: train.port.alat}
    for code, esr, least, most in _TO_ALAT:
        at += _hours(dice, least, most)
        if code == "lift on":
            due, at, storm = crossing(train)
            if storm:
                eta += at - due
                stands = max(storm.begins, operations[-1].at) + timedelta(hours=1)
                operations.append(Operation("34", train.port.esr, stands, eta, "WEA"))
        code = _SEA[train.ferry][code == "lift off"] if code.startswith("lift") else code
        operations.append(Operation(code, stations.get(esr, esr), at, eta))
    own = train.dice(f"itinerary/{shipment.index}")
    for code, esr, least, most in (*_GEORGIA, *_END) if shipment.destination.georgia else _END:
        at += _hours(own, least, most)
        operations.append(Operation(code, esr or shipment.destination.esr, at, eta))
    return _with_incidents(operations, own)


def crossing(train: Train) -> tuple[datetime, datetime, Storm | None]:
    """When a train's loading on the vessel is due, when it begins, and the storm that holds it."""
    dice, due = train.dice("itinerary"), train.start
    for code, _, least, most in _TO_ALAT:
        due += _hours(dice, least, most)
        if code == "lift on":
            break
    storm = storm_over(train.seed, due, due + timedelta(hours=4)) if train.ferry else None
    return due, storm.ends + _hours(train.dice("storm"), 3, 12) if storm else due, storm


def _with_incidents(operations: list[Operation], dice: Random) -> list[Operation]:
    """Add what does not always happen: new seals, inspection, a train left standing, damage, corrections."""
    result: list[Operation] = []
    for operation in operations:
        result.append(operation)
        at = operation.at + timedelta(minutes=dice.randint(10, 50))
        if operation.code == "60" and dice.random() < 0.15:
            result.append(Operation("62", operation.esr, at, operation.eta))
        elif operation.code == "33" and dice.random() < 0.1:
            reason = dice.choice(("WEA", "BER", "LOC", "WAG"))
            result.append(Operation("34", operation.esr, at, operation.eta + timedelta(hours=20), reason))
        elif operation.code == "41" and dice.random() < 0.25:
            result.append(Operation("51", operation.esr, at, operation.eta))
        elif operation.code == "80" and dice.random() < 0.05:
            result.append(Operation("90", operation.esr, at, operation.eta))
        elif operation.code in {"20", "32", "40"} and dice.random() < 0.06:
            earlier = operation.at - timedelta(minutes=dice.randint(5, 45))
            result.append(Operation(operation.code, operation.esr, earlier, operation.eta, corrects=True))
    return result


def _hours(dice: Random, least: int, most: int) -> timedelta:
    return timedelta(minutes=dice.randint(least * 60 + 1, most * 60))
