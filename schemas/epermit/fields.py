"""The fields of every event, in the order in which they are signed, and the rule of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from schemas.epermit.canonical import canonical
from schemas.epermit.permit import ID, parse_date
from schemas.errors import Invalid
from schemas.text import forbidden

Value = str | int | dict[str, object]
INT: Final = 1 << 31
LONG: Final = 1 << 63
FIRST_SECOND: Final = 1_609_459_200
"""2021-01-01: no time of the protocol is earlier."""
FIRST_YEAR: Final = 2021

TYPES: Final = (
    "PERMIT_CREATED", "PERMIT_USED", "PERMIT_REVOKED", "QUOTA_CREATED", "KEY_CREATED", "KEY_REVOKED",
)  # fmt: skip
ACTIVITIES: Final[dict[str, str]] = {
    "ENTRANCE": "ENTRANCE",
    "EXIT": "EXIT",
    "ENTRY": "ENTRANCE",  # what the specification's text says
    "ENTERANCE": "ENTRANCE",  # what older documents say
}
"""Activity as a peer may write it to what it means. We write the first two only."""
OLD_NAMES: Final[dict[str, str]] = {
    "expire_at": "expires_at",
    "event_issuer": "event_producer",
    "event_publisher": "event_producer",
    "event_issued_for": "event_consumer",
    "start_number": "quantity",
    "end_number": "quantity",
}
"""Names of earlier versions of the protocol to those of this one; only for saying what is wrong."""

_DIGITS: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class PermitField(NamedTuple):
    """One field of an event.

    Attributes:
        name: on the wire.
        kind: ``int`` is 32 bits wide, ``long`` 64.
        required: present and not null.
        low: least number, or least length of a text.
        high: largest number, or largest length.
        rule: names a further check.
        prose: a text that may have several lines.
    """

    name: str
    kind: Literal["text", "int", "long", "object"]
    required: bool = True
    low: int | None = None
    high: int | None = None
    rule: str = ""
    prose: bool = False

    def read(self, value: object) -> Value:
        """Take a value as the reference implementation would: numbers in text and whole doubles are numbers.

        Raises:
            Invalid: ``schema-violation``, with the field, its rule and the value.
        """
        taken = _READERS[self.kind](value)
        if taken is None:
            raise self._broken(_KINDS[self.kind], value)
        size = taken if isinstance(taken, int) else len(taken if isinstance(taken, str) else canonical(taken))
        unit = "" if isinstance(taken, int) else " characters"
        if self.low is not None and size < self.low:
            raise self._broken(f"at least {self.low}{unit}", value)
        if self.high is not None and size > self.high:
            raise self._broken(f"at most {self.high}{unit}", value)
        for text in _texts(taken):
            if broken := forbidden(text, prose=self.prose):
                raise self._broken(broken, text)
        if self.rule and not _RULES[self.rule](taken):
            raise self._broken(self.rule, value)
        return taken

    def _broken(self, rule: str, value: object) -> Invalid:
        return Invalid("schema-violation", f"/{self.name}", rule, value)


def _texts(value: object) -> Iterator[str]:
    """Yield all texts of a value, names of its fields included."""
    match value:
        case str():
            yield value
        case dict():
            for name, item in value.items():
                yield name
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return canonical(value) if isinstance(value, int) else None


def _whole(bound: int) -> Callable[[object], int | None]:
    def read(value: object) -> int | None:
        if (isinstance(value, str) and _DIGITS.fullmatch(value.strip(" "))) or (
            isinstance(value, float) and value.is_integer()
        ):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value if -bound <= value < bound else None

    return read


def _object(value: object) -> dict[str, object] | None:
    return value if isinstance(value, dict) else None


def _is_date(value: object) -> bool:
    try:
        parse_date(str(value))
    except ValueError:
        return False
    return True


_READERS: Final[dict[str, Callable[[object], Value | None]]] = {
    "text": _text, "int": _whole(INT), "long": _whole(LONG), "object": _object,
}  # fmt: skip
_KINDS: Final = {
    "text": "a text",
    "int": "a whole number of 32 bits",
    "long": "a whole number of 64 bits",
    "object": "an object",
}
PERMIT_ID_RULE: Final = "issuer-issuedFor-year-type-serial, such as AZ-KZ-2026-2-17"
DATE_RULE: Final = "a date as dd/MM/yyyy"
ACTIVITY_RULE: Final = "ENTRANCE or EXIT"
TYPE_RULE: Final = f"one of {', '.join(TYPES)}"
_RULES: Final[dict[str, Callable[[object], bool]]] = {
    PERMIT_ID_RULE: lambda value: ID.fullmatch(str(value)) is not None,
    DATE_RULE: _is_date,
    ACTIVITY_RULE: lambda value: value in ACTIVITIES,
    TYPE_RULE: lambda value: value in TYPES,
}


def _code(name: str) -> PermitField:
    return PermitField(name, "text", low=1, high=10)


_PERMIT_ID: Final = PermitField("permit_id", "text", high=255, rule=PERMIT_ID_RULE)

ENVELOPE: Final = (
    _code("event_producer"),
    _code("event_consumer"),
    PermitField("event_timestamp", "long", low=FIRST_SECOND),
    PermitField("event_type", "text", rule=TYPE_RULE),
    PermitField("event_id", "text", low=16, high=100),
    PermitField("previous_event_id", "text", low=1, high=100),
)
PAYLOADS: Final[dict[str, tuple[PermitField, ...]]] = {
    "PERMIT_CREATED": (
        _PERMIT_ID,
        PermitField("permit_type", "int"),
        _code("permit_issuer"),
        _code("permit_issued_for"),
        PermitField("permit_year", "int", low=FIRST_YEAR),
        PermitField("issued_at", "text", rule=DATE_RULE),
        PermitField("expires_at", "text", rule=DATE_RULE),
        PermitField("plate_number", "text", required=False, high=255),
        PermitField("plate_number2", "text", required=False, high=255),
        PermitField("company_name", "text", high=500, prose=True),
        PermitField("company_id", "text", high=255),
        PermitField("departure_country", "text", high=10),
        PermitField("arrival_country", "text", high=10),
        PermitField("qr_code", "text", high=5000),
        PermitField("other_claims", "object", required=False, high=5000, prose=True),
    ),
    "PERMIT_USED": (
        _PERMIT_ID,
        PermitField("activity_type", "text", rule=ACTIVITY_RULE),
        PermitField("activity_timestamp", "long", low=FIRST_SECOND),
        PermitField("activity_details", "text", required=False, high=1000, prose=True),
    ),
    "PERMIT_REVOKED": (_PERMIT_ID, PermitField("revoked_at", "long")),
    "QUOTA_CREATED": (
        _code("permit_issuer"),
        _code("permit_issued_for"),
        PermitField("permit_year", "int", low=FIRST_YEAR),
        PermitField("permit_type", "int"),
        PermitField("quantity", "long", low=1),
    ),
    "KEY_CREATED": (
        _code("authority"),
        PermitField("kid", "text", low=1, high=255),
        PermitField("jwk", "text", high=5000, prose=True),
    ),
    "KEY_REVOKED": (
        _code("authority"),
        PermitField("key_id", "text", low=1, high=255),
        PermitField("revoked_at", "long"),
    ),
}
"""Type to its own fields, in the order of the reference implementation's classes; the envelope follows."""
