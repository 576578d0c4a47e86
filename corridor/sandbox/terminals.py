"""What oil terminals send in ``oil.lot.v1``: tanker lots from Aktau into BTC, and tank wagons to Batumi."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from corridor.sandbox import fleet
from corridor.sandbox.message import PlayedMessage, identity
from corridor.sandbox.sea import text
from corridor.sandbox.shipments import Train
from schemas.oil.quantity import convert

HOUR = timedelta(hours=1)
TANKER: Final = "SYNTHETIC TANKER"
AKTAU: Final = {"terminal": "AKTAU-OIL", "UNLocationCode": "KZAAU", "timeZoneOffset": "+05:00"}
SANGACHAL: Final = {"terminal": "SANGACHAL", "UNLocationCode": "AZSAN", "timeZoneOffset": "+04:00"}
EVERY: Final = 4
"""One lot for so many trains: a tanker a day."""


def terminals_of(train: Train) -> Iterator[PlayedMessage]:
    """Yield the events of the lot that is loaded on a train's day; most days there is none."""
    if train.index % EVERY:
        return
    dice = train.dice("oil")
    density = Decimal(dice.randrange(78_500, 84_500)) / 100
    loaded = dice.randrange(5_500_000, 6_500_000)
    lost = round(loaded * dice.uniform(0.0002, 0.0015))
    number = train.index // EVERY + 1
    lot, tank = f"AKT-{train.start:%Y}-{number:03d}", f"SAN-T{number % 6 + 1}-{number:03d}"
    _, imo = fleet.vessel(fleet.TANKERS, number)
    tanker = {"vesselIMONumber": imo, "vesselName": TANKER, "voyageNumber": f"OIL{number:04d}"}
    oil = {
        "product": dice.choice(("KASHAGAN", "TENGIZ", "CPC BLEND")),
        "hsCode": "270900",
        "unNumber": "UN1267",
        "density": {"value": f"{density:f}", "reference": "C15"},
    }
    volume = convert(Decimal(loaded), "kg", "m3@15C", density)
    gross = {
        "kind": "GROSS",
        "quantity": f"{volume / Decimal('0.999'):.3f}",
        "unit": "MTQ",
        "reference": "C15",
    }
    at = train.start
    given, taken = _net(loaded), _net(loaded - lost)
    steps: tuple[tuple[str, str, float, dict[str, Any]], ...] = (
        (lot, "NOMINATED", 2, {**AKTAU, **oil, "nextLocation": "AZSAN", "quantities": [given]}),
        (lot, "LOADED", 30, {**AKTAU, **tanker, **oil, "quantities": [given, gross], "bswPct": "0.10"}),
        (lot, "SAILED", 34, {**AKTAU, **tanker, "nextLocation": "AZSAN"}),
        (lot, "ARRIVED", 58, {**SANGACHAL, **tanker}),
        (lot, "DISCHARGED", 72, {**SANGACHAL, **tanker, **oil, "quantities": [taken]}),
        (tank, "FORMED", 73, {**SANGACHAL, **oil, "quantities": [taken], "formedOf": [
            {"lot": lot, "netKg": loaded - lost}]}),
        (tank, "INJECTED", 100, {**SANGACHAL, **oil, "nextLocation": "TRCEY", "pipeline": "BTC",
                                 "quantities": [_net(loaded - lost - dice.randint(50, 400))]}),
    )  # fmt: skip
    for which, what, hours, fields in steps:
        planned = {"classifier": "PLN"} if what == "NOMINATED" else {}
        yield _event(train, which, what, at + hours * HOUR, {**fields, **planned})
    yield from _tank_wagons(train, at)


def _tank_wagons(train: Train, at: datetime) -> Iterator[PlayedMessage]:
    """A group of tank wagons from Garadagh to Batumi."""
    dice = train.dice("tanks")
    wagons = [fleet.tank(train.index * 4 + number) for number in range(4)]
    loaded = dice.randrange(235_000, 245_000)
    oil = {
        "product": "AZERI LIGHT",
        "hsCode": "270900",
        "density": {"value": f"{Decimal(dice.randrange(84_000, 85_500)) / 100:f}", "reference": "C20"},
        "tankWagons": wagons,
        "waterMassPct": "0.05",
    }
    lot = f"A-{train.index // EVERY + 1:04d}/{train.start:%y}"
    there = {"UNLocationCode": "AZQDG", "timeZoneOffset": "+04:00", "nextLocation": "GEBUS"}
    batumi = {"terminal": "BATUMI-OIL", "UNLocationCode": "GEBUS", "timeZoneOffset": "+04:00"}
    first = {**there, **oil, "quantities": [_net(loaded)]}
    last = {**batumi, **oil, "quantities": [_net(loaded - dice.randint(20, 300))]}
    yield _event(train, lot, "TANKS_LOADED", at + 20 * HOUR, first)
    yield _event(train, lot, "TANKS_UNLOADED", at + 130 * HOUR, last)


def _net(kilograms: int) -> dict[str, str]:
    return {"kind": "NET", "quantity": f"{Decimal(kilograms) / 1000:f}", "unit": "TNE"}


def _event(train: Train, lot: str, what: str, when: datetime, fields: dict[str, Any]) -> PlayedMessage:
    event_id = identity("oil", train.seed, lot, what)
    document = {
        "eventId": event_id,
        "eventVersion": 1,
        "lot": lot,
        "lotEvent": what,
        "eventTime": text(when),
        "recordedAt": text(when),
        **fields,
    }
    return PlayedMessage(when + timedelta(minutes=10), f"{event_id}:1", f"BULK_LOT:{lot}", document)
