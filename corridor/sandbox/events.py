"""What the DLP sends of its own: port calls, crossings, gate-outs and estimates in ``dlp.event.v1``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple

from corridor.sandbox.itinerary import Operation, itinerary
from corridor.sandbox.message import PlayedMessage, identity
from corridor.sandbox.shipments import GARDABANI, Box, Shipment, Train

ISO_TYPES: Final = {"40": "42G1"}

_TOLD_BEFORE: Final = range(-120, 0, 40)
"""Hours before the end at which the DLP estimates it."""

Document = dict[str, Any]


def events_of(train: Train) -> Iterator[PlayedMessage]:
    """Yield all events of the DLP about a train, its voyage and its containers."""
    shipments = train.shipments()
    journeys = [itinerary(shipment) for shipment in shipments]
    yield from _voyage(train, shipments, journeys[0])
    for shipment, operations in zip(shipments, journeys, strict=True):
        dice = train.dice(f"events/{shipment.index}")
        yield from _estimates(shipment, operations, dice)
        for box in shipment.boxes:
            yield from _crossing(shipment, box, operations, dice)
            yield from _gate_out(shipment, box, operations, dice)


def _voyage(train: Train, shipments: list[Shipment], operations: list[Operation]) -> Iterator[PlayedMessage]:
    """Port calls of the vessel at both ends: estimated and actual arrival, cargo work, departure."""
    name, imo = train.vessel
    notes = [_reference(shipment) for shipment in shipments]
    port = train.port
    ports = (
        (port.unlocode, port.facility, "+05:00", {"72", "70"}),
        ("AZALA", "ALAT-FERRY" if train.ferry else "ALAT-CT", "+04:00", {"73", "71"}),
    )
    for place, facility, offset, codes in ports:
        worked = next(operation.at for operation in operations if operation.code in codes)
        call = f"{train.voyage}-{place}"
        common = {
            "eventType": "PORTCALL",
            "publisherRole": "TR",
            "references": notes,
            "location": {"UNLocationCode": place, "facilityCode": facility, "facilityCodeProvider": "ZZZ"},
            "facilityTypeCode": "POTE",
            "modeOfTransport": "VESSEL",
            "transportCallReference": call,
            "vesselIMONumber": imo,
            "vesselName": name,
            "voyageNumber": train.voyage,
            "portVisitReference": call,
            "timeZoneOffset": offset,
        }
        steps = (
            ("ARRI", "EST", -6.0, -30.0, None),
            ("ARRI", "ACT", -4.0, -3.9, None),
            ("STRT", "ACT", -3.0, -2.9, "CRGO"),
            ("CMPL", "ACT", 2.0, 2.1, "CRGO"),
            ("DEPA", "ACT", 3.0, 3.1, None),
        )
        for code, classifier, at, told, service in steps:
            event = {**common, "eventCode": code, "eventClassifierCode": classifier}
            if service:
                event["serviceTypeCode"] = service
            keys = (train.seed, call, code, classifier)
            yield _event(keys, f"VESSEL:{imo}", worked + _hours(at), worked + _hours(told), event)


def arrivals_expected(operations: list[Operation], dice: Random) -> list[datetime]:
    """When the DLP expects the train at the destination, estimate after estimate."""
    shift, expected = 0.0, []
    for _ in _TOLD_BEFORE:
        shift += dice.uniform(-4, 8)
        expected.append(operations[-1].at - timedelta(hours=24) + _hours(shift))
    return expected


def _estimates(shipment: Shipment, operations: list[Operation], dice: Random) -> Iterator[PlayedMessage]:
    """Estimated arrival of the train at the destination: versions of one event, each replacing the last."""
    train, last = shipment.train, operations[-1].at
    expected = arrivals_expected(operations, dice)
    for version, (told, when) in enumerate(zip(_TOLD_BEFORE, expected, strict=True), 1):
        event = {
            "eventType": "TRANSPORT",
            "eventCode": "ARRI",
            "eventClassifierCode": "EST",
            "publisherRole": "SVP",
            "references": [_reference(shipment)],
            "location": {"UNLocationCode": shipment.destination.unlocode},
            "modeOfTransport": "RAIL",
            "railDepartureID": train.number,
            "transportCallReference": f"{train.number}-{train.index}-{shipment.index}",
        }
        keys = (train.seed, shipment.note_key, "ETA")
        yield _event(keys, f"TRAIN:{train.number}", when, last + _hours(told), event, version=version)


def _crossing(
    shipment: Shipment, box: Box, operations: list[Operation], dice: Random
) -> Iterator[PlayedMessage]:
    """Containers that the DLP sees crossing into Georgia by its own gate."""
    if not is_seen_crossing(operations, dice):
        return
    crossed = [operation.at for operation in operations if operation.esr == GARDABANI]
    event = {
        **_equipment(shipment, box),
        "eventCode": "CROS",
        "publisherRole": "AU",
        "location": {"UNLocationCode": "GEGAR", "facilityCode": GARDABANI, "facilityCodeProvider": "ESR"},
        "facilityTypeCode": "BORD",
        "modeOfTransport": "RAIL",
        "timeZoneOffset": "+04:00",
    }
    keys = (shipment.train.seed, shipment.note_key, box.number, "CROS")
    yield _event(keys, f"EQUIPMENT:{box.number}", crossed[0], crossed[0] + _hours(0.2), event)


class GateOut(NamedTuple):
    """How a container leaves: when, the better time that is told afterwards, or that it was taken back.

    Attributes:
        at: when it left, as it was told first.
        better: when it left, as it was told again; None when it was not.
        taken_back: it had not left.
    """

    at: datetime
    better: datetime | None
    taken_back: bool

    @classmethod
    def draw(cls, operations: list[Operation], dice: Random) -> GateOut:
        """Draw it for the next container of a consignment."""
        when = operations[-1].at + _hours(dice.uniform(2, 30))
        chance = dice.random()
        return cls(when, when - _hours(0.5) if chance < 0.06 else None, 0.06 <= chance < 0.09)


def gate_out_ids(shipment: Shipment, box: Box, out: GateOut) -> tuple[str, str]:
    """Ids of the messages that tell of it: the first, and the one that corrects it or takes it back."""
    keys = (shipment.train.seed, shipment.note_key, box.number, "GTOT")
    event_id, again = identity("dlp", *keys), _told_again(out)
    return _message_id(event_id, 1, out.at), _message_id(event_id, 2, again, retracted=out.better is None)


def _told_again(out: GateOut) -> datetime:
    return out.at + _hours(3 if out.better is not None else 4)


def _message_id(event_id: str, version: int, told: datetime, *, retracted: bool = False) -> str:
    """As the profile has it: an update and a retraction are messages of their own."""
    updated = f":{int(told.timestamp()) * 1000}" if version > 1 else ""
    return f"{event_id}:{version}{updated}{':retracted' if retracted else ''}"


def plate_of(shipment: Shipment) -> str:
    """Plate of the trucks that fetch a consignment."""
    return f"AB{100 + shipment.train.index % 900}CD" if shipment.destination.georgia else "10AA123"


def is_seen_crossing(operations: list[Operation], dice: Random) -> bool:
    """Draw whether the DLP sees the next container crossing into Georgia."""
    return any(operation.esr == GARDABANI for operation in operations) and dice.random() <= 0.3


def _gate_out(
    shipment: Shipment, box: Box, operations: list[Operation], dice: Random
) -> Iterator[PlayedMessage]:
    """The container leaves the terminal; sometimes told again better, sometimes taken back."""
    destination = shipment.destination
    out = GateOut.draw(operations, dice)
    event = {
        **_equipment(shipment, box),
        "eventCode": "GTOT",
        "publisherRole": "TR",
        "location": {
            "UNLocationCode": destination.unlocode,
            "facilityCode": destination.facility,
            "facilityCodeProvider": "ZZZ",
        },
        "facilityTypeCode": "POTE" if destination.georgia else "RAMP",
        "modeOfTransport": "TRUCK",
        "truckPlate": plate_of(shipment),
        "plateCountry": "GE" if destination.georgia else "AZ",
        "timeZoneOffset": "+04:00",
    }
    keys = (shipment.train.seed, shipment.note_key, box.number, "GTOT")
    subject, when = f"EQUIPMENT:{box.number}", out.at
    yield _event(keys, subject, when, when + _hours(0.1), event)
    if out.better is not None:
        yield _event(keys, subject, out.better, _told_again(out), event, version=2)
    elif out.taken_back:
        yield _event(keys, subject, when, _told_again(out), {**event, "isRetracted": True}, version=2)


def _equipment(shipment: Shipment, box: Box) -> Document:
    return {
        "eventType": "EQUIPMENT",
        "eventClassifierCode": "ACT",
        "references": [_reference(shipment)],
        "equipmentReference": box.number,
        "ISOEquipmentCode": ISO_TYPES.get(box.size_type, box.size_type),
        "emptyIndicatorCode": "LADEN",
        "seals": [{"number": box.seal, "source": "SHI"}],
    }


def _reference(shipment: Shipment) -> Document:
    kind = "SMGS" if shipment.note_type == "SMGS" else "CIM"
    return {"type": kind, "value": shipment.note_key}


def _event(
    keys: tuple[object, ...], subject: str, when: datetime, told: datetime, fields: Document, version: int = 1
) -> PlayedMessage:
    event_id = identity("dlp", *keys)
    document = {
        "eventID": event_id,
        "eventVersion": version,
        **({"eventUpdatedDateTime": _text(told)} if version > 1 else {}),
        "eventDateTime": _text(when),
        "eventCreatedDateTime": _text(told),
        "publisher": {"codeListProvider": "GLN", "code": "4760000000016"},
        **fields,
    }
    message_id = _message_id(event_id, version, told, retracted=bool(fields.get("isRetracted")))
    return PlayedMessage(told, message_id, subject, document)


def _hours(hours: float) -> timedelta:
    return timedelta(minutes=round(hours * 60))


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
