"""What the vessel operator sends in ``vessel.event.v1``: schedules, estimates, manifests, movements."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from corridor.sandbox.message import PlayedMessage, identity
from corridor.sandbox.sea import Voyage, rail_voyage, text, truck_voyage
from corridor.sandbox.shipments import Train

HOUR: Final = timedelta(hours=1)
ALAT: Final = {"UNLocationCode": "AZALA", "facilityCode": "ALAT-FERRY"}


def vessels_of(train: Train) -> Iterator[PlayedMessage]:
    """Yield all events of the voyages that belong to a train's day."""
    for voyage in (rail_voyage(train), truck_voyage(train)):
        yield from _schedule(train, voyage)
        yield from _crossing(train, voyage)


def _schedule(train: Train, voyage: Voyage) -> Iterator[PlayedMessage]:
    """The plan, and every estimate of the arrival: a storm moves it, with its reason."""
    yield _event(train, voyage, "DEPA", "PLN", voyage.planned, train.start, _there(voyage))
    for version, (when, at, reason) in enumerate(arrivals_expected(train, voyage), 1):
        fields = {**ALAT, **({"delayReasonCode": reason} if reason else {})}
        yield _event(train, voyage, "ARRI", "EST", when, at, fields, version)


def arrivals_expected(train: Train, voyage: Voyage) -> list[tuple[datetime, datetime, str | None]]:
    """When the vessel is expected at Alat, when that is told, and why it is late: in the order of telling."""
    told: list[tuple[datetime, datetime, str | None]] = [(voyage.first_estimate, train.start + HOUR, None)]
    if voyage.storm is not None:
        heard = max(voyage.storm.begins, train.start) + 2 * HOUR
        told.append((max(voyage.storm.expected, voyage.planned) + 26 * HOUR, heard, "WEA"))
    told.append((voyage.arrives + HOUR, voyage.sails + HOUR / 2, "WEA" if voyage.storm else None))
    return sorted(told, key=lambda one: one[1])


def _crossing(train: Train, voyage: Voyage) -> Iterator[PlayedMessage]:
    """Manifest, departure and arrival."""
    loaded, there = voyage.sails - HOUR, _there(voyage)
    manifest = {**there, "manifest": list(voyage.lines)}
    yield _event(train, voyage, "MANI", "ACT", loaded, loaded + HOUR / 6, manifest)
    yield _event(train, voyage, "DEPA", "ACT", voyage.sails, voyage.sails + HOUR / 4, there)
    yield _event(train, voyage, "ARRI", "ACT", voyage.arrives, voyage.arrives + HOUR / 4, ALAT)


def _there(voyage: Voyage) -> dict[str, Any]:
    return {"UNLocationCode": voyage.port, "facilityCode": voyage.facility, "nextLocation": "AZALA"}


def _event(
    train: Train, voyage: Voyage, code: str, classifier: str, when: datetime, told: datetime,
    fields: dict[str, Any], version: int = 1,
) -> PlayedMessage:  # fmt: skip
    event_id = identity("vessel", train.seed, voyage.number, code, classifier)
    document = {
        "eventID": event_id,
        "eventVersion": version,
        "eventType": "VESSEL" if code == "MANI" else "TRANSPORT",
        "eventCode": code,
        "eventClassifierCode": classifier,
        "eventDateTime": text(when),
        "eventCreatedDateTime": text(told),
        "vesselIMONumber": voyage.imo,
        "vesselName": voyage.name,
        "voyageNumber": voyage.number,
        **fields,
    }
    return PlayedMessage(told, f"{event_id}:{version}", f"VESSEL:{voyage.imo}", document)
