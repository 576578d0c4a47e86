"""What the DTC sends: versions of consignment notes in the profile ``dtc.note.v1``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from corridor.sandbox.itinerary import Operation, itinerary
from corridor.sandbox.message import PlayedMessage, identity
from corridor.sandbox.shipments import (
    ALTYNKOL,
    BOYUK_KESIK,
    GARDABANI,
    Shipment,
    Train,
)

ZONES: Final = {
    "66": "Asia/Aqtau",
    "69": "Asia/Aqtau",
    "70": "Asia/Almaty",
    "54": "Asia/Baku",
    "55": "Asia/Baku",
}
"""First digits of a station to its zone; all others of the timetable lie in Georgia."""
REMARKS: Final = {"34": "Ожидание отправления", "90": "Коммерческий акт: вмятина"}
BASES: Final = {"AST": "Asia/Almaty", "MSK": "Europe/Moscow"}

Document = dict[str, Any]


def notes_of(train: Train) -> Iterator[PlayedMessage]:
    """Yield all versions of all notes of a train."""
    for shipment in train.shipments():
        yield from (message for message, _ in PlayedNote(shipment).told())


@dataclass(slots=True)
class _Identity:
    """What a note is called; changes when it is reissued."""

    station: str
    date: datetime
    number: str

    @property
    def fields(self) -> Document:
        return {
            "noteNumber": self.number,
            "contractDate": f"{self.date:%d.%m.%Y}",
            "departureStation": self.station,
        }

    @property
    def key(self) -> str:
        return f"{self.station}/{self.date:%Y-%m-%d}/{self.number}"


class PlayedNote:
    """One consignment note through its versions.

    Args:
        shipment: what it is about.

    Attributes:
        annulled_at: number of the operation in whose place it is annulled; -1 for never.
        reissued_at: station where another note takes its place; empty for none.
    """

    def __init__(self, shipment: Shipment) -> None:
        self.shipment = shipment
        self.dice: Random = shipment.train.dice(f"note/{shipment.index}")
        self.basis: str = self.dice.choice(("LOC", "LOC", "LOC", "AST", "AST", "MSK"))
        self.name = _Identity(ALTYNKOL, shipment.date, shipment.number)
        self.version = 0
        self.state: Document = _opening(shipment)
        self.annulled_at = 2 if self.dice.random() < 0.03 else -1
        alat = shipment.train.port.alat
        self.reissued_at = alat if shipment.note_type == "CIM_SMGS" and self.dice.random() < 0.3 else ""

    def keys(self) -> Iterator[str]:
        """Yield every key that the note of this consignment has, one after the other."""
        yield self.name.key
        if self.reissued_at:
            at = next(each.at for each in itinerary(self.shipment) if each.code == "41")
            yield _reissued(self.name, self.reissued_at, at).key

    def told(self) -> Iterator[tuple[PlayedMessage, int]]:
        """Yield every message about it, with the number of the operation in the itinerary that it tells of.

        What annuls or reissues the note tells of none: its number is -1.
        """
        for index, operation in enumerate(itinerary(self.shipment)):
            if index == self.annulled_at:
                yield self._annulment(operation), -1
                return
            if operation.esr == self.reissued_at and operation.code == "41":
                yield from ((message, -1) for message in self._reissue(operation))
            changed = self._apply(operation)
            yield from ((message, index) for message in self._sent(operation, changed))

    def _apply(self, operation: Operation) -> Document:
        """Carry an operation into the note; return the fields that it changed."""
        shipment, at = self.shipment, operation.at
        changed: Document = {
            "operationCode": operation.code,
            "operationStation": operation.esr,
            "operationTime": self._local(at, operation.esr),
            "timeBasis": self.basis,
            "etaDestination": self._local(operation.eta, shipment.destination.esr),
            "delayReason": operation.delay,
            "remark": REMARKS.get(operation.code),
        }
        match operation.code:
            case "60" | "61" | "63":
                status = {"60": "LODGED", "61": "RELEASED", "63": "CLOSED"}[operation.code]
                customs = {"transitDeclNo": shipment.declaration, "status": status, "office": "KZ50500"}
                changed["customs"] = customs
            case "20" | "50":
                changed["wagons"] = _wagons(shipment, onward=operation.esr == shipment.train.port.alat)
            case "30":
                changed["trainIndex"] = _train_index(shipment, operation.esr)
            case "51":
                changed["wagons"] = _wagons(shipment, onward=True, resealed=True)
        changed = {name: value for name, value in changed.items() if self.state.get(name) != value}
        self.state = {**self.state, **changed}
        return changed

    def _sent(self, operation: Operation, changed: Document) -> Iterator[PlayedMessage]:
        """Yield the version as it is sent: as snapshot or delta, at once or late, once or twice."""
        dice, at = self.dice, operation.at + timedelta(minutes=self.dice.randint(2, 15))
        if operation.corrects:
            at += timedelta(minutes=50)
        delta = self.version > 0 and dice.random() < 0.2
        message = self._message(at, "DELTA" if delta else "SNAPSHOT", changed if delta else self.state)
        if not delta and dice.random() < 0.03:
            message = replace(message, at=at + timedelta(hours=dice.randint(3, 30)))
        yield message
        if dice.random() < 0.02:
            yield replace(message, at=message.at + timedelta(minutes=dice.randint(1, 90)))

    def _annulment(self, operation: Operation) -> PlayedMessage:
        at = operation.at + timedelta(minutes=5)
        fields = {
            "operationCode": "19",
            "operationStation": operation.esr,
            "operationTime": self._local(operation.at, operation.esr),
            "timeBasis": self.basis,
        }
        return self._message(at, "ANNULMENT", fields)

    def _reissue(self, operation: Operation) -> Iterator[PlayedMessage]:
        """Replace the CIM/SMGS note by an SMGS note of the next carrier: same consignment, another key."""
        old = self.name
        self.name = _reissued(old, self.shipment.train.port.alat, operation.at)
        first = old.fields
        replacement = {"documentType": "SMGS", "oldNumber": old.key, "newNumber": self.name.key}
        self.version = 0
        self.state = {
            **self.state,
            "noteType": "SMGS",
            "contractCarrier": "57",
            "departureStationName": "Алят",
            "originalNote": first,
        }
        at = operation.at - timedelta(minutes=20)
        fields = {
            **self.state,
            "documentReplacement": replacement,
            "operationCode": "12",
            "operationStation": operation.esr,
            "operationTime": self._local(at, operation.esr),
        }
        yield self._message(at, "SNAPSHOT", fields)

    def _message(self, at: datetime, kind: str, fields: Document) -> PlayedMessage:
        self.version += 1
        shipment, key = self.shipment, self.name.key
        message_id = identity("dtc", shipment.train.seed, key, self.version)
        document = {
            "messageId": message_id,
            "messageKind": kind,
            **self.name.fields,
            "noteVersion": self.version,
            **(fields if kind == "DELTA" else _without_nulls(fields)),
        }
        return PlayedMessage(at, message_id, f"CONSIGNMENT:{key}", document)

    def _local(self, at: datetime, esr: str) -> str:
        zone = BASES.get(self.basis) or ZONES.get(esr[:2], "Asia/Tbilisi")
        return f"{at.astimezone(ZoneInfo(zone)):%d.%m.%Y %H:%M}"


def _reissued(old: _Identity, station: str, at: datetime) -> _Identity:
    return _Identity(station, at, f"{int(old.number) + 50_000_000:08d}")


def _opening(shipment: Shipment) -> Document:
    """The note as it is drafted."""
    georgia, port = shipment.destination.georgia, shipment.train.port
    borders = [{"seq": 1, "exitEsr": port.esr, "entryEsr": port.alat, "ferry": True}]
    carriers = [
        {"code": "27", "fromEsr": ALTYNKOL, "toEsr": port.esr},
        {"code": "57", "fromEsr": port.alat, "toEsr": BOYUK_KESIK if georgia else shipment.destination.esr},
    ]
    if georgia:
        borders.append({"seq": 2, "exitEsr": BOYUK_KESIK, "entryEsr": GARDABANI, "ferry": False})
        carriers.append({"code": "28", "fromEsr": GARDABANI, "toEsr": shipment.destination.esr})
    goods: Document = {
        "gng": shipment.gng,
        "name": shipment.goods_name,
        "places": 20 * len(shipment.boxes),
        "grossKg": sum(box.gross_kg - box.tare_kg for box in shipment.boxes),
    }
    if shipment.un_number:
        goods["dangerous"] = {"unNumber": shipment.un_number, "hazardClass": "9"}
    return {
        "noteType": shipment.note_type,
        "contractCarrier": "27",
        "departureStationName": "Алтынколь",
        "destinationStation": shipment.destination.esr,
        "borderStations": borders,
        "carriers": carriers,
        "consignor": {"railClientCode": "1234", "name": shipment.consignor, "country": "CN"},
        "consignee": {"name": shipment.consignee, "country": "GE" if georgia else "AZ"},
        "trainNumber": shipment.train.number,
        "wagons": _wagons(shipment),
        "goods": [goods],
        "customs": {"status": "NONE"},
    }


def _wagons(shipment: Shipment, *, onward: bool = False, resealed: bool = False) -> list[Document]:
    wagons = []
    for load in shipment.loads:
        wagon = {
            "wagonNumber": load.onward if onward else load.wagon,
            "ownerAdmin": "57" if onward else "27",
            "kind": "FITTING_PLATFORM",
            "tareKg": 22_000,
            "loadCapacityKg": 72_000,
            "containers": [
                {
                    "containerNo": box.number,
                    "sizeType": box.size_type,
                    "tareKg": box.tare_kg,
                    "grossKg": box.gross_kg,
                    "seals": [
                        {"number": f"AZ{box.seal[2:]}", "owner": "CUSTOMS"}
                        if resealed
                        else {"number": box.seal, "owner": "CONSIGNOR"}
                    ],
                }
                for box in load.boxes
            ],
        }
        if onward:
            wagon["transloadedFrom"] = load.wagon
        wagons.append(wagon)
    return wagons


def _train_index(shipment: Shipment, esr: str) -> str:
    destination = shipment.train.port.esr if esr == ALTYNKOL else shipment.destination.esr
    return shipment.train.train_index(esr, destination)


def _without_nulls(fields: Document) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
