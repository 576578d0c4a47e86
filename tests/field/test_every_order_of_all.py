"""Small journeys told by the DLP, a port, a vessel operator and a permit authority: all orders end alike."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from schemas import profiles
from tests.support.crossing import C1, C2, NOTE, W1, Crossing, event, form, note
from tests.support.receiver import bare, merged, taken

pytestmark = pytest.mark.system("dtc", "dlp", "port", "vessel", "epermit")

PROFILES = {
    "dtc": "dtc.note.v1",
    "dlp": "dlp.event.v1",
    "port": "port.event.v1",
    "ferry": "vessel.event.v1",
    "permits": "epermit.event.v1",
}
OTHER = "707701/2026-01-12/0012346"
AKTAU, ALAT, POTI = ({"UNLocationCode": code} for code in ("KZAAU", "AZALA", "GEPTI"))
VESSEL = {"vesselIMONumber": "9074729", "vesselName": "SYNTHETIC FEEDER", "voyageNumber": "026W"}

Said = tuple[str, dict[str, Any]]


def at(hour: int) -> dict[str, str]:
    """Times of what happened on 20 January and was told a minute later."""
    return {
        "eventDateTime": f"2026-01-20T{hour:02}:00:00Z",
        "eventCreatedDateTime": f"2026-01-20T{hour:02}:01:00Z",
    }


def dlp(hour: int, kind: str, code: str, **more: Any) -> Said:  # noqa: ANN401 - JSON values
    """An event of the DLP."""
    return "dlp", event(kind, code, **at(hour) | more)


def quay(hour: int, code: str, number: str = C1, **more: Any) -> Said:  # noqa: ANN401 - JSON values
    """A container at the quay."""
    one = {"eventType": "EQUIPMENT", "eventCode": code, "equipmentReference": number, "noteKey": NOTE}
    return "port", _named(one | VESSEL | {"eventClassifierCode": "ACT"} | at(hour) | more)


def ferry(hour: int, code: str, place: dict[str, str], classifier: str = "ACT", **more: Any) -> Said:  # noqa: ANN401
    """A movement of the vessel."""
    one = {"eventType": "TRANSPORT", "eventCode": code, "eventClassifierCode": classifier}
    return "ferry", _named(one | VESSEL | place | at(hour) | more)


def manifest(hour: int, *numbers: str) -> Said:
    """Containers of the note aboard."""
    lines = [{"kind": "CONTAINER", "number": number, "noteKey": NOTE} for number in numbers]
    one = {"eventType": "VESSEL", "eventCode": "MANI", "eventClassifierCode": "ACT", "manifest": lines}
    return "ferry", _named(one | VESSEL | at(hour))


def _named(one: dict[str, Any]) -> dict[str, Any]:
    return event("", "", **one, references=None)


def again(said: Said, hour: int, number: int = 2, **more: Any) -> Said:  # noqa: ANN401 - JSON values
    """A newer version; ``None`` leaves a field out."""
    sender, one = said
    updated = "eventUpdatedDateTime" if sender == "dlp" else "eventCreatedDateTime"
    made = one | {"eventVersion": number, updated: f"2026-01-20T{hour:02}:30:00Z"} | more
    return sender, {name: value for name, value in made.items() if value is not None}


def train(hour: int, day: int, place: dict[str, str], classifier: str = "EST", **more: Any) -> Said:  # noqa: ANN401
    """When the train arrives, as said at an hour of 20 January."""
    said = f"2026-01-20T{hour:02}:01:00Z"
    times = {"eventDateTime": f"2026-01-{day}T08:00:00Z", "eventCreatedDateTime": said}
    means = {"modeOfTransport": "RAIL", "railDepartureID": "5487-007-5721", "location": place}
    return "dlp", event("TRANSPORT", "ARRI", eventClassifierCode=classifier, **times | means | more)


ENTERED = profiles.load("epermit.event.v1").examples["truck-entered"]
BOXED = {"equipmentReference": C1, "modeOfTransport": "VESSEL"} | VESSEL
BY_RAIL = {"modeOfTransport": "RAIL", "railCarReference": W1}
WHOLE: Said = (
    "dtc",
    note("31", "707701", "12.01.2026 18:40", noteVersion=3, etaDestination="24.01.2026 12:00"),
)

JOURNEYS: dict[str, list[Said]] = {
    "lifted, sailed, discharged": [
        quay(1, "LOAD", UNLocationCode="KZAAU", nextLocation="AZALA"),
        ferry(2, "DEPA", AKTAU, nextLocation="AZALA"),
        dlp(20, "EQUIPMENT", "DISC", **BOXED, location=ALAT),
        ferry(21, "DEPA", ALAT),
    ],
    "a manifest that is corrected": [
        first := manifest(1, C1, C2),
        again(first, 2, manifest=first[1]["manifest"][:1]),
        ferry(3, "DEPA", AKTAU),
        quay(20, "DISC", UNLocationCode="AZALA"),
    ],
    "a lift that was on another note": [
        lifted := quay(1, "LOAD", UNLocationCode="KZAAU"),
        again(lifted, 2, noteKey=OTHER),
        dlp(3, "EQUIPMENT", "RSEA", equipmentReference=C1, location=ALAT),
    ],
    "a loading that leaves the note, and comes back": [
        loaded := dlp(1, "EQUIPMENT", "LOAD", equipmentReference=C1, location=ALAT, **BY_RAIL),
        again(loaded, 2, references=[{"type": "SMGS", "value": OTHER}]),
        again(loaded, 3, 3),
        dlp(4, "EQUIPMENT", "GTOT", equipmentReference=C1, location=POTI),
    ],
    "retracted by its id alone": [
        told := dlp(1, "EQUIPMENT", "LOAD", equipmentReference=C1, location=ALAT, **BY_RAIL),
        again(told, 2, isRetracted=True, references=None, equipmentReference=None, location=None),
        quay(3, "GTIN", UNLocationCode="AZALA"),
    ],
    "a permit beside the rail": [
        ("permits", ENTERED | {"note": NOTE}),
        dlp(3, "EQUIPMENT", "RSEA", equipmentReference=C1, railCarReference=W1, location=POTI, remark="cut"),
        quay(4, "GTIN", UNLocationCode="KZKUR", vesselIMONumber=None, vesselName=None, truckPlate="10AA123"),
    ],
    "estimates of way point, plan, destination, taken back": [
        train(1, 22, ALAT),
        train(2, 23, POTI, "PLN"),
        train(3, 25, POTI, delayReasonCode="LOC"),
        again(late := train(4, 26, POTI), 6, isRetracted=True),
        late,
    ],
    "an estimate that a correction clears": [
        dated := dlp(
            1, "TRANSPORT", "DEPA", location=ALAT, modeOfTransport="RAIL", railDepartureID="5487-007-5721",
            nextLocation="GEPTI", estimatedArrival="2026-01-25T08:00:00Z",
        ),
        again(dated, 2, estimatedArrival=None),
        train(3, 22, ALAT),
    ],
}  # fmt: skip


def ended(order: list[Said]) -> tuple[Any, Any]:
    """What the DTC has of each note, and the events that stand at the DLP."""
    crossing = Crossing(aboard=True, **PROFILES)
    for sender, one in order:
        one = one if sender in {"dtc", "permits"} else {"eventVersion": 1} | one
        body = form(PROFILES[sender]).to_avro(json.dumps(one).encode())
        crossing.send_avro(sender, body, str(one.get("messageId") or one.get("event_id") or one["eventID"]))
    own = [one for sender, one in order if sender == "dtc"]
    sent = [*own, *crossing.total.sent.get("dtc", [])]
    notes = {
        number: merged(one for one in sent if one["noteNumber"] == number)
        for number in sorted({one["noteNumber"] for one in sent})
    }
    return notes, _standing(crossing.total.sent.get("dlp", []))


ABOUT = ("eventID", "eventVersion", "eventUpdatedDateTime")
"""How an event is told: not what it says."""


def _standing(events: list[dict[str, Any]]) -> list[str]:
    return sorted(
        json.dumps(bare({n: v for n, v in one.items() if n not in ABOUT}), sort_keys=True, default=str)
        for one in taken(events)
    )


OPEN = {
    "a loading that leaves the note, and comes back",
    "retracted by its id alone",
}
"""Journeys whose note differs: of what the DTC was never told, no amendment says that it is gone."""


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_order_of_a_journey_ends_alike(name: str) -> None:
    """At the DLP, and at the DTC whose note is known; of long journeys some orders."""
    orders = [list(order) for order in permutations(JOURNEYS[name])]
    ends = [ended([WHOLE, *order]) for order in orders[:: 1 if len(orders) <= 6 else 7]]
    assert [end[1] for end in ends if end[1] != ends[0][1]] == []
    if name not in OPEN:
        assert [end[0] for end in ends if end[0] != ends[0][0]] == []
