"""What the ports of Aktau and Kuryk send in ``port.event.v1``: calls, loading, closures and queues."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from corridor.sandbox.message import PlayedMessage, identity
from corridor.sandbox.sea import Voyage, rail_voyage, storms_of, text, truck_voyage
from corridor.sandbox.shipments import Train
from corridor.sandbox.weather import Storm

HOUR = timedelta(hours=1)


def ports_of(train: Train) -> Iterator[PlayedMessage]:
    """Yield all events of the ports about the voyages and storms of a train's day."""
    for voyage in (rail_voyage(train), truck_voyage(train)):
        yield from _call(train, voyage)
        yield from _loading(train, voyage)
    yield from _gate(train, truck_voyage(train))
    for storm in storms_of(train):
        yield from _closure(train, storm)


def _call(train: Train, voyage: Voyage) -> Iterator[PlayedMessage]:
    """Anchorage, pilot, berth, cargo work and departure of the vessel."""
    steps = (
        ("STRT", "ANCO", voyage.due - 3 * HOUR),
        ("STRT", "PILO", voyage.loading - 1.5 * HOUR),
        ("ARRI", "FAST", voyage.loading - 1 * HOUR),
        ("STRT", "CRGO", voyage.loading - 0.5 * HOUR),
        ("CMPL", "CRGO", voyage.loading + 2 * HOUR),
    )
    for code, service, when in steps:
        fields = {"serviceTypeCode": service, **_vessel(voyage)}
        yield _event(train, voyage.port, "PORTCALL", code, when, (voyage.number, service), fields)
    fields = {"nextLocation": "AZALA", **_vessel(voyage)}
    yield _event(train, voyage.port, "PORTCALL", "DEPA", voyage.sails, (voyage.number,), fields)


def _loading(train: Train, voyage: Voyage) -> Iterator[PlayedMessage]:
    """Every unit as it comes aboard; the port does not always know the note."""
    dice = train.dice(f"loading/{voyage.number}")
    names = {"WAGON": "railCarReference", "CONTAINER": "equipmentReference", "TRUCK": "truckPlate"}
    for line in voyage.lines:
        if line["kind"] == "CONTAINER" and "wagon" in line:
            continue  # rolls on with its wagon
        note = {"noteKey": line["noteKey"]} if "noteKey" in line and dice.random() < 0.7 else {}
        when = voyage.loading + dice.uniform(0, 1.8) * HOUR
        fields = {names[line["kind"]]: line["number"], **note, **_vessel(voyage)}
        keys = (voyage.number, line["number"])
        yield _event(train, voyage.port, "EQUIPMENT", "LOAD", when, keys, fields)


def _gate(train: Train, voyage: Voyage) -> Iterator[PlayedMessage]:
    """Trucks come to the gate in time for the ferry, whether it sails or not."""
    dice = train.dice(f"gate/{voyage.number}")
    for line in voyage.lines:
        when = voyage.due - dice.uniform(0, 4) * HOUR
        fields = {"truckPlate": line["number"], "plateCountry": line["plateCountry"]}
        yield _event(train, voyage.port, "EQUIPMENT", "GTIN", when, (voyage.number, line["number"]), fields)


def _closure(train: Train, storm: Storm) -> Iterator[PlayedMessage]:
    """Kuryk closes, its queue grows every six hours, and it opens again."""
    closed = {"delayReasonCode": "WEA", "expectedReopening": text(storm.expected)}
    yield _event(train, "KZKUR", "PORT", "CLOS", storm.begins, (text(storm.begins),), closed)
    dice = train.dice(f"queue/{text(storm.begins)}")
    trucks, wagons, at = dice.randint(20, 80), dice.randint(10, 40), storm.begins
    while (at := at + 6 * HOUR) < storm.ends:
        trucks, wagons = trucks + dice.randint(20, 70), wagons + dice.randint(10, 45)
        waiting = {"trucksWaiting": trucks, "wagonsWaiting": wagons}
        yield _event(train, "KZKUR", "PORT", "QUEU", at, (text(at),), waiting)
    yield _event(train, "KZKUR", "PORT", "OPEN", storm.ends, (text(storm.begins),), {})


def _vessel(voyage: Voyage) -> dict[str, Any]:
    return {
        "facilityCode": voyage.facility,
        "vesselIMONumber": voyage.imo,
        "vesselName": voyage.name,
        "voyageNumber": voyage.number,
        "portVisitReference": f"{voyage.number}-{voyage.port}",
    }


def _event(
    train: Train, port: str, kind: str, code: str, when: datetime, keys: tuple[str, ...],
    fields: dict[str, Any],
) -> PlayedMessage:  # fmt: skip
    when = when.replace(second=0, microsecond=0)  # a tally has minutes
    event_id = identity("port", train.seed, port, code, *keys)
    document = {
        "eventID": event_id,
        "eventVersion": 1,
        "eventType": kind,
        "eventCode": code,
        "eventClassifierCode": "ACT",
        "eventDateTime": text(when),
        "timeZoneOffset": "+05:00",
        "eventCreatedDateTime": text(when),
        "UNLocationCode": port,
        **fields,
    }
    about = fields.get("portVisitReference") or fields.get("truckPlate", port)
    return PlayedMessage(when + timedelta(minutes=5), f"{event_id}:1", f"{kind}:{about}", document)
