"""The world that the sandbox plays: who is where, loaded on what, and when, whatever anybody says of it.

It follows from the seed alone, from itineraries, voyages and trucks, and never from a message or what became
of one. So it is what the audit holds against what the partners were told in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from corridor.sandbox.events import GateOut, arrivals_expected, gate_out_ids, is_seen_crossing, plate_of
from corridor.sandbox.itinerary import Operation, itinerary
from corridor.sandbox.notes import PlayedNote
from corridor.sandbox.sea import Voyage, rail_voyage, truck_voyage
from corridor.sandbox.shipments import ALTYNKOL, GARDABANI, Shipment, Train
from corridor.sandbox.vessels import arrivals_expected as vessel_expected

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
GATE_OUT, SEEN_CROSSING, LOADING, GATE_IN = "gate-out", "seen-crossing", "loading", "gate-in"
"""What others than the railway see of a unit; what the railway does is called by its operation code."""


class Deed(NamedTuple):
    """Something that happened to one unit, or is expected of it.

    Attributes:
        what: operation code of the railway, or one of the words above; of a vessel ``ARRI``, ``DEPA``, or
            the service.
        unit: container, wagon, note, train index, plate or IMO number.
        since: when it happened, at the earliest.
        until: at the latest: the same, where it is known to the minute.
        places: codes of the place, ESR or UN/LOCODE.
        carriers: wagons, train, vessel or truck that carry the unit then.
        notes: keys of the consignment note, all that it had.
        told_by: ids of the messages of the sandbox that tell of it.
        undone_by: ids of messages that put it right or take it back.
    """

    what: str
    unit: str
    since: datetime
    until: datetime
    places: frozenset[str]
    carriers: frozenset[str]
    notes: frozenset[str]
    told_by: frozenset[str] = frozenset()
    undone_by: frozenset[str] = frozenset()


class World:
    """What happens to some trains of a timetable, and to what crosses the sea on their days.

    Args:
        seed: of the timetable.
        trains: how many, from the first.

    Attributes:
        deeds: unit to everything that happens to it.
        expected: note, or IMO number, to the places and times of arrival that were ever expected.
        notes: keys of every note that there is.
    """

    def __init__(self, seed: int, trains: int) -> None:
        self.deeds: defaultdict[str, list[Deed]] = defaultdict(list)
        self.expected: defaultdict[str, list[Deed]] = defaultdict(list)
        self.notes: set[str] = set()
        for index in range(trains):
            train = Train(seed, index)
            for shipment in train.shipments():
                self._carry(shipment)
            for voyage in (rail_voyage(train), truck_voyage(train)):
                self._sail(train, voyage)

    def _carry(self, shipment: Shipment) -> None:
        operations = itinerary(shipment)
        told, undone = _told(shipment, operations)
        paper = PlayedNote(shipment)
        keys = list(paper.keys())
        notes = frozenset(keys)
        self.notes |= notes
        trains: frozenset[str] = frozenset()
        onward = False
        last_eta: datetime | None = None
        for index, operation in enumerate(operations):
            if index not in told:
                break  # annulled before
            if operation.code == "41" and operation.esr == paper.reissued_at:
                keys = keys[1:]
            onward |= operation.esr != ALTYNKOL and operation.code in {"20", "50"}
            if operation.code == "30":
                trains = frozenset({_train_index(shipment, operation.esr)})
            carriers = trains | {shipment.train.number}
            for unit, own in _units(shipment, keys[0], onward=onward):
                by = carriers | own | _vessel(shipment, operation)
                self._add(operation, unit, by, notes, told[index], undone[index])
            for train in trains if operation.code in {"31", "32", "33", "34"} else ():
                self._add(operation, train, carriers, notes, told[index], undone[index])
            if operation.eta != last_eta:
                last_eta = operation.eta
                self._expect(shipment, operation.eta, notes, told[index])
        self._end(shipment, operations, notes)

    def _add(
        self,
        operation: Operation,
        unit: str,
        carriers: frozenset[str],
        notes: frozenset[str],
        told_by: frozenset[str],
        undone_by: frozenset[str],
    ) -> None:
        at, place = operation.at, frozenset({operation.esr})
        deed = Deed(operation.code, unit, at, at, place, carriers, notes, told_by, undone_by)
        for name in notes if unit in notes else (unit,):  # whoever has one of the notes may mean all of them
            self.deeds[name].append(deed)

    def _expect(
        self, shipment: Shipment, at: datetime, notes: frozenset[str], told_by: frozenset[str]
    ) -> None:
        there = frozenset({shipment.destination.esr, shipment.destination.unlocode})
        deed = Deed("ETA", shipment.note_key, at, at, there, frozenset(), notes, told_by)
        for note in notes:
            self.expected[note].append(deed)

    def _end(self, shipment: Shipment, operations: list[Operation], notes: frozenset[str]) -> None:
        """What the DLP knows by itself: its estimates, the border that it sees, and the gate."""
        dice, destination = shipment.train.dice(f"events/{shipment.index}"), shipment.destination
        for at in arrivals_expected(operations, dice):
            self._expect(shipment, at, notes, frozenset())
        trains = {_train_index(shipment, shipment.train.port.alat), shipment.train.number}
        plate = plate_of(shipment)
        there = frozenset({destination.esr, destination.unlocode, destination.facility})
        for load in shipment.loads:
            for box in load.boxes:
                by = frozenset({load.onward, *trains})
                if is_seen_crossing(operations, dice):
                    at = next(each.at for each in operations if each.esr == GARDABANI)
                    place = frozenset({GARDABANI, "GEGAR"})
                    self.deeds[box.number].append(Deed(SEEN_CROSSING, box.number, at, at, place, by, notes))
                out = GateOut.draw(operations, dice)
                first, again = (frozenset({id_}) for id_ in gate_out_ids(shipment, box, out))
                gone = frozenset({plate}) | by
                undone = again if out.better is not None or out.taken_back else frozenset()
                for at, told_by, undone_by in (
                    (out.at, first, undone), *([(out.better, again, frozenset())] if out.better else []),
                ):  # fmt: skip
                    self.deeds[box.number].append(
                        Deed(GATE_OUT, box.number, at, at, there, gone, notes, told_by, undone_by)
                    )

    def _sail(self, train: Train, voyage: Voyage) -> None:
        here, alat = frozenset({voyage.port, voyage.facility}), frozenset({"AZALA", "ALAT-FERRY", "ALAT-CT"})
        by = frozenset({voyage.imo, voyage.number, voyage.name})
        for line in voyage.lines:
            notes = frozenset({line["noteKey"]} if "noteKey" in line else ())
            end = voyage.loading + 2 * HOUR
            aboard = Deed(LOADING, line["number"], voyage.loading, end, here, by, notes)
            self.deeds[line["number"]].append(aboard)
            if line["kind"] == "TRUCK":
                came = voyage.due - 4 * HOUR
                self.deeds[line["number"]].append(
                    Deed(GATE_IN, line["number"], came, voyage.due, here, frozenset(), notes)
                )
        for what, at, places in (
            ("ANCO", voyage.due - 3 * HOUR, here), ("PILO", voyage.loading - 1.5 * HOUR, here),
            ("FAST", voyage.loading - HOUR, here), ("CRGO", voyage.loading - 0.5 * HOUR, here),
            ("CRGO", voyage.loading + 2 * HOUR, here), ("DEPA", voyage.sails, here),
            ("PLAN", voyage.planned, here), ("ARRI", voyage.arrives, alat),
        ):  # fmt: skip
            self.deeds[voyage.imo].append(Deed(what, voyage.imo, at, at, places, by, frozenset()))
        for at, _, _ in vessel_expected(train, voyage):
            self.expected[voyage.imo].append(Deed("ETA", voyage.imo, at, at, alat, by, frozenset()))
        if voyage.number == train.voyage:
            self._call(train, voyage, by)

    def _call(self, train: Train, voyage: Voyage, by: frozenset[str]) -> None:
        """Calls of the vessel as the DLP reckons them, from the cargo work at either end."""
        operations = itinerary(train.shipments()[0])
        for places, codes in (
            (frozenset({voyage.port, voyage.facility}), {"72", "70"}),
            (frozenset({"AZALA", "ALAT-FERRY", "ALAT-CT"}), {"73", "71"}),
        ):
            worked = next(operation.at for operation in operations if operation.code in codes)
            for what, hours in (("ARRI", -4), ("CRGO", -3), ("CRGO", 2), ("DEPA", 3)):
                at = worked + hours * HOUR
                self.deeds[voyage.imo].append(Deed(what, voyage.imo, at, at, places, by, frozenset()))
            at = worked - 6 * HOUR
            self.expected[voyage.imo].append(Deed("ETA", voyage.imo, at, at, places, by, frozenset()))


def _units(shipment: Shipment, note: str, *, onward: bool) -> Iterator[tuple[str, frozenset[str]]]:
    """Units of a consignment, each with the wagon that it is on or is; the note in force is one of them."""
    yield note, frozenset()
    for load in shipment.loads:
        wagon = load.onward if onward else load.wagon
        yield wagon, frozenset({wagon})
        for box in load.boxes:
            yield box.number, frozenset({wagon})


def _vessel(shipment: Shipment, operation: Operation) -> frozenset[str]:
    name, imo = shipment.train.vessel
    at_sea = operation.code in {"70", "71", "72", "73"}
    return frozenset({name, imo, shipment.train.voyage}) if at_sea else frozenset()


def _train_index(shipment: Shipment, esr: str) -> str:
    end = shipment.train.port.esr if esr == ALTYNKOL else shipment.destination.esr
    return shipment.train.train_index(esr, end)


def _told(
    shipment: Shipment, operations: list[Operation]
) -> tuple[dict[int, frozenset[str]], dict[int, frozenset[str]]]:
    """Which messages of the railway tell of each operation, and which put it right or take it back."""
    told: defaultdict[int, set[str]] = defaultdict(set)
    annulment = ""
    for message, index in PlayedNote(shipment).told():
        if index >= 0:
            told[index].add(message.id)
        elif message.document["messageKind"] == "ANNULMENT":
            annulment = message.id
    undone = {
        index: frozenset({annulment} if annulment else ())
        | (told[index + 1] if index + 1 < len(operations) and operations[index + 1].corrects else set())
        for index in told
    }
    return {index: frozenset(ids) for index, ids in told.items()}, undone
