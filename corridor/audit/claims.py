"""What partners were told, taken apart into claims: each says that one thing happened to one unit.

Nothing of the translation is used: an event of the DLP is read by the code lists of DCSA, a note of the DTC
by its operation codes and clocks, as the partners read them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from corridor.sandbox.world import GATE_IN, GATE_OUT, LOADING, SEEN_CROSSING
from schemas.codes.lists import CodeLists

Document = Mapping[str, Any]

OF_EVENT: Final[dict[tuple[str, str | None], frozenset[str]]] = {
    ("SHIPMENT/DRFT", None): frozenset({"10"}),
    ("SHIPMENT/ISSU", None): frozenset({"11", "80"}),
    ("CUSTOMS/SUBM", None): frozenset({"60"}),
    ("CUSTOMS/CUSR", None): frozenset({"61"}),
    ("CUSTOMS/CUSI", None): frozenset({"62"}),
    ("CUSTOMS/CMPL", None): frozenset({"63"}),
    ("EQUIPMENT/CUSR", None): frozenset({"61"}),
    ("EQUIPMENT/CUSI", None): frozenset({"62"}),
    ("EQUIPMENT/RSEA", None): frozenset({"51"}),
    ("EQUIPMENT/INSP", None): frozenset({"90"}),
    ("EQUIPMENT/CROS", None): frozenset({"40", "41", SEEN_CROSSING}),
    ("EQUIPMENT/GTIN", None): frozenset({GATE_IN}),
    ("EQUIPMENT/GTOT", None): frozenset({"81", GATE_OUT}),
    ("EQUIPMENT/AVPU", None): frozenset({"81"}),
    ("EQUIPMENT/LOAD", "RAIL"): frozenset({"20", "50"}),
    ("EQUIPMENT/DISC", "RAIL"): frozenset({"50"}),
    ("EQUIPMENT/LOAD", "VESSEL"): frozenset({"70", "72", LOADING}),
    ("EQUIPMENT/DISC", "VESSEL"): frozenset({"71", "73"}),
    ("TRANSPORT/DEPA", "RAIL"): frozenset({"31"}),
    ("TRANSPORT/ARRI", "RAIL"): frozenset({"32"}),
    ("TRANSPORT/WAYP", "RAIL"): frozenset({"33"}),
    ("TRANSPORT/DEPA", "VESSEL"): frozenset({"DEPA"}),
    ("TRANSPORT/ARRI", "VESSEL"): frozenset({"ARRI"}),
    ("PORTCALL/DEPA", "VESSEL"): frozenset({"DEPA"}),
    ("PORTCALL/ARRI", "VESSEL"): frozenset({"ARRI"}),
}
"""Code and mode of an event to the deeds that it may tell of; a service of a port call is one by its name."""
ALSO: Final = {
    "40": SEEN_CROSSING, "41": SEEN_CROSSING, "70": LOADING, "72": LOADING, "81": GATE_OUT,
}  # fmt: skip
"""Operation of a note to what others than the railway see of it."""
BASES: Final = {"AST": timedelta(hours=5), "MSK": timedelta(hours=3)}
ETA: Final = frozenset({"ETA"})


class Statement(NamedTuple):
    """One thing that a partner was told of one unit.

    Attributes:
        id: of the message.
        identity: what the partner knows it by: event, or note.
        text: for people.
        whats: kinds of deed, of which it claims one.
        holds: the partner holds it to be so in the end.
        lasting: that it was told counts for good, as a note goes on from operation to operation.
    """

    id: str
    identity: str
    text: str
    whats: frozenset[str]
    unit: str
    at: datetime
    places: frozenset[str]
    carriers: frozenset[str]
    notes: frozenset[str]
    source: str
    holds: bool = True
    lasting: bool = False


class ToldMessage(NamedTuple):
    """One message that a partner has: its id, the participant it comes from, and what it says."""

    id: str
    source: str
    document: Document


def claims_of_events(told: Iterable[ToldMessage]) -> Iterator[Statement]:
    """Take events in ``dlp.event.v1`` apart; of each the highest version holds, unless it was taken back."""
    versions: defaultdict[str, list[ToldMessage]] = defaultdict(list)
    for message in told:
        versions[message.document["eventID"]].append(message)
    for event, listed in versions.items():
        last = max(listed, key=lambda each: (each.document["eventVersion"], each.document["isRetracted"]))
        gone = any(each.document["isRetracted"] for each in listed)
        for message in listed:
            yield from _of_event(event, message, holds=message is last and not gone)


def _of_event(event: str, message: ToldMessage, *, holds: bool) -> Iterator[Statement]:
    said, place = message.document, message.document.get("location", {})
    code, mode = f"{said['eventType']}/{said['eventCode']}", said.get("modeOfTransport")
    classifier, service = said["eventClassifierCode"], said.get("serviceTypeCode")
    expected = classifier == "EST" and said["eventCode"] == "ARRI"
    whats = ETA if expected else OF_EVENT.get((code, mode)) or OF_EVENT.get((code, None))
    if service and not expected:
        whats = frozenset({service})
    if whats is None or not (expected or classifier == "ACT") or said["isRetracted"]:
        return
    esr = place.get("facilityCode") if place.get("facilityCodeProvider") == "ESR" else None
    notes = frozenset(r["value"] for r in said.get("references", ()) if r["type"] in {"SMGS", "CIM"})
    at = datetime.fromisoformat(said["eventDateTime"])
    for unit in _units(said, notes):
        yield Statement(
            message.id, event, f"{code} {classifier}", whats, unit, at,
            _some(place.get("UNLocationCode"), esr),
            _some(said.get("railCarReference"), said.get("vesselIMONumber"), said.get("railDepartureID")),
            notes, message.source, holds,
        )  # fmt: skip


def _units(said: Document, notes: frozenset[str]) -> Iterable[str]:
    """What an event is about: the one unit that it names; without one each note."""
    match said["eventType"]:
        case "EQUIPMENT":
            named = said.get("equipmentReference") or said.get("railCarReference") or said.get("truckPlate")
            return (named,) if named else ()
        case "TRANSPORT" | "PORTCALL":
            named = said.get("vesselIMONumber") or said.get("railDepartureID")
            return (named,) if named else notes
    return notes


def claims_of_notes(told: Iterable[ToldMessage]) -> Iterator[Statement]:
    """Take notes in ``dtc.note.v1`` apart; in the end the newest version of a note holds."""
    notes: defaultdict[str, list[ToldMessage]] = defaultdict(list)
    for message in told:
        notes[key_of(message.document)].append(message)
    for key, listed in notes.items():
        listed.sort(key=lambda each: each.document["noteVersion"])
        state: dict[str, Any] = {}
        for message in listed:
            said = message.document
            state = {**state, **said} if said["messageKind"] == "DELTA" else dict(said)
            yield from _of_note(key, message, state, holds=message is listed[-1])


def key_of(note: Document) -> str:
    """Key of a note, as references carry it."""
    day, month, year = note["contractDate"].split(".")
    return f"{note['departureStation']}/{year}-{month}-{day}/{note['noteNumber']}"


def _of_note(key: str, message: ToldMessage, state: Document, *, holds: bool) -> Iterator[Statement]:
    said, of = message.document, frozenset({key})
    operation, station = said.get("operationCode"), said.get("operationStation")
    if operation and station and said.get("operationTime") and operation != "19":
        at = _utc(said["operationTime"], said.get("timeBasis") or state.get("timeBasis"), station)
        whats = frozenset({operation, *([ALSO[operation]] if operation in ALSO else [])})
        for unit, carriers in _carried(key, said):
            yield Statement(
                message.id, key, f"operation {operation}", whats, unit, at, frozenset({station}), carriers,
                of, message.source, holds, lasting=True,
            )  # fmt: skip
    if said.get("etaDestination") and (end := state.get("destinationStation")):
        at = _utc(said["etaDestination"], state.get("timeBasis"), end)
        yield Statement(
            message.id, key, "etaDestination", ETA, key, at, frozenset({end}), frozenset(), of,
            message.source, holds, lasting=True,
        )  # fmt: skip


def _carried(key: str, said: Document) -> Iterator[tuple[str, frozenset[str]]]:
    """Every unit that a note names beside its operation, with its wagon; a note that names none is one."""
    wagons = said.get("wagons") or ()
    for wagon in wagons:
        number = wagon.get("wagonNumber")
        for box in wagon.get("containers") or ():
            yield box["containerNo"], _some(number)
        if number and not wagon.get("containers"):
            yield number, frozenset()
    if not wagons:
        yield key, frozenset()


def _utc(text: str, basis: str | None, station: str) -> datetime:
    local = datetime.strptime(text, "%d.%m.%Y %H:%M")  # noqa: DTZ007 - the basis says in which zone
    if basis in BASES:
        return (local - BASES[basis]).replace(tzinfo=UTC)
    return local.replace(tzinfo=ZoneInfo(_zones().get(station, "UTC"))).astimezone(UTC)


@cache
def _zones() -> dict[str, str]:
    return {esr: str(row["zone"]) for esr, row in CodeLists.load().rows("stations")}


def _some(*values: str | None) -> frozenset[str]:
    return frozenset(value for value in values if value)
