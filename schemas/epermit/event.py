"""Events: read, checked, and written as they are signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

from schemas.epermit.canonical import canonical
from schemas.epermit.fields import ACTIVITIES, ENVELOPE, OLD_NAMES, PAYLOADS, PermitField, Value
from schemas.epermit.permit import parse_date
from schemas.epermit.refusal import Malformed
from schemas.errors import Invalid

FIRST: Final = "0"
"""Previous id of the first event of a chain."""
LONGEST: Final = 10_000
"""Characters of the longest event that the reference implementation can store."""


@dataclass(frozen=True)
class PermitEvent:
    """One event between two authorities.

    Attributes:
        type: such as ``PERMIT_CREATED``.
        values: field to value in the order that is signed; absent fields are not there.
    """

    type: str
    values: Mapping[str, Value]

    @property
    def id(self) -> str:
        """Its id."""
        return self.text("event_id")

    @property
    def previous(self) -> str:
        """Id of the producer's event before it to this consumer, ``0`` for the first."""
        return self.text("previous_event_id")

    @property
    def producer(self) -> str:
        """Code of the authority that made it."""
        return self.text("event_producer")

    @property
    def consumer(self) -> str:
        """Code of the authority that it is for."""
        return self.text("event_consumer")

    @property
    def permit_id(self) -> str:
        """Id of the permit, ``""`` when it is about none."""
        return self.text("permit_id")

    @property
    def activity(self) -> str:
        """What was done with a permit, in today's spelling: ``ENTRANCE`` or ``EXIT``."""
        return ACTIVITIES[self.text("activity_type")]

    @cached_property
    def canonical(self) -> str:
        """The text that is signed, sent and stored."""
        return canonical(self.values)

    def text(self, field: str) -> str:
        """Give a text, ``""`` when it is absent."""
        return cast(str, self.values.get(field, ""))

    def number(self, field: str) -> int:
        """Give a number, 0 when it is absent."""
        return cast(int, self.values.get(field, 0))


def event_path(kind: str) -> str:
    """Give the last part of the address that events of a type are posted to."""
    return kind.lower().replace("_", "-")


PATHS: Final = {event_path(kind): kind for kind in PAYLOADS}
"""Last part of the address to the type of event."""


def make(kind: str, fields: Mapping[str, object]) -> PermitEvent:
    """Read an event of a type from fields in any order; unknown fields are left out.

    Raises:
        Malformed: naming every field that is missing or breaks its rule.
    """
    event = PermitEvent(kind, read_fields((*PAYLOADS[kind], *ENVELOPE), fields))
    if broken := _across(event):
        raise Malformed(broken)
    return event


def read_fields(wanted: Iterable[PermitField], fields: Mapping[str, object]) -> dict[str, Value]:
    """Read these fields; others are left out.

    Raises:
        Malformed: naming every field that is missing or breaks its rule.
    """
    values: dict[str, Value] = {}
    broken: list[Invalid] = []
    for field in wanted:
        value = fields.get(field.name)
        if value is None:
            if field.required:
                old = next((o for o, new in OLD_NAMES.items() if new == field.name and o in fields), None)
                hint = f"; {old} is its name in an earlier version" if old else ""
                broken.append(Invalid("schema-violation", f"/{field.name}", f"must be there{hint}"))
            continue
        try:
            values[field.name] = field.read(value)
        except Invalid as error:
            broken.append(error)
    if broken:
        raise Malformed(broken)
    return values


def check_day(event: PermitEvent, today: dt.date) -> None:
    """Refuse a permit that was issued after today (UTC).

    Raises:
        Malformed: it was.
    """
    if event.type == "PERMIT_CREATED" and parse_date(event.text("issued_at")) > today:
        raise Malformed([_broken(event, "issued_at", f"not after today, {today:%d/%m/%Y}")])


def _across(event: PermitEvent) -> list[Invalid]:
    """Check what several fields say together."""
    same: dict[str, str] = {}
    match event.type:
        case "PERMIT_CREATED":
            same = {"permit_issuer": event.producer, "permit_issued_for": event.consumer}
        case "QUOTA_CREATED":
            same = {"permit_issuer": event.consumer, "permit_issued_for": event.producer}
        case "KEY_CREATED" | "KEY_REVOKED":
            same = {"authority": event.producer}
    broken = [
        _broken(event, name, f"must be {code}") for name, code in same.items() if event.values[name] != code
    ]
    if event.text("event_type") != event.type:
        broken.append(_broken(event, "event_type", f"must be {event.type} here"))
    if event.type == "PERMIT_CREATED":
        issued, expires = parse_date(event.text("issued_at")), parse_date(event.text("expires_at"))
        if expires <= issued:
            broken.append(_broken(event, "expires_at", f"after {event.values['issued_at']}"))
    if len(event.canonical) > LONGEST:
        broken.append(Invalid("schema-violation", "", f"at most {LONGEST} characters", len(event.canonical)))
    return broken


def _broken(event: PermitEvent, field: str, rule: str) -> Invalid:
    return Invalid("schema-violation", f"/{field}", rule, event.values.get(field))
