"""Reads what the broker delivers: checks it against the profile, and says what it is about."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec

from corridor.sandbox.settings import PROFILES
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema


class DocumentChecker:
    """Checks documents of one participant's profile."""

    def __init__(self, participant: str) -> None:
        file = resources.files("schemas").joinpath("profiles", PROFILES[participant], "schema.avsc")
        self._form = JsonForm(Schema.parse(file.read_text("utf-8")))
        self._describe = {"dtc": _note, "oil": _lot}.get(participant, _event)

    def read(self, body: bytes) -> tuple[str, str, int]:
        """Return subject, id and version of a document.

        Raises:
            Invalid: it does not match the profile.
        """
        self._form.decode(body)
        return self._describe(msgspec.json.decode(body))


def _note(note: dict[str, Any]) -> tuple[str, str, int]:
    day, month, year = note["contractDate"].split(".")
    key = f"{note['departureStation']}/{year}-{month}-{day}/{note['noteNumber']}"
    return f"CONSIGNMENT:{key}", key, note["noteVersion"]


def _lot(event: dict[str, Any]) -> tuple[str, str, int]:
    return f"BULK_LOT:{event['lot']}", event["eventId"], event.get("eventVersion", 1)


def _event(event: dict[str, Any]) -> tuple[str, str, int]:
    names = ("equipmentReference", "railDepartureID", "railCarReference", "vesselIMONumber", "truckPlate")
    references = [reference["value"] for reference in event.get("references", ())]
    named = [event[name] for name in names if event.get(name)]
    about = next(iter((*named, *references, event.get("shipmentReference"), event["eventID"])))
    return f"{event['eventType']}:{about}", event["eventID"], event.get("eventVersion", 1)
