"""What generated code calls while a message is translated: pure functions over plain values.

A function that may have something to report exists twice: the fast one returns None when there is
something to say (or nothing to return), and then the slow one is called with the report and the pointer.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from schemas.mapping import times
from schemas.mapping.remembered import remembering
from schemas.mapping.report import MessageReport, shorten

MATH = decimal.Context(prec=50, rounding=decimal.ROUND_HALF_EVEN)
"""Decimal arithmetic of mappings: the same on every machine, exact to fifty digits."""

_NAMESPACE = bytes.fromhex("6f7c1e0a5d3b5c8e9a41c0221dd07e55")
_SEPARATOR = "\x1f"
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}
"""Two bits of an id are given; the others of that digit are the hash's."""
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MILLISECOND = datetime.timedelta(milliseconds=1)
_SKEW = 5
"""Minutes that clocks may differ."""
_DAY_ZERO = datetime.date(1970, 1, 1).toordinal()


def uuid5(*parts: object) -> str:
    """Deterministic id of the parts (RFC 9562, version 5, in the broker's own namespace)."""
    name = _SEPARATOR.join(map(str, parts)).encode()
    text = hashlib.sha1(_NAMESPACE + name, usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def plain(value: Decimal) -> str:
    """A decimal as text without exponent."""
    return format(value, "f")


def text_of(value: object) -> str:
    """Any scalar as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else str(value)


def excerpt(value: object, logical: str = "") -> str:
    """A value as a report shows it: of a list its items, at most 200 characters.

    Args:
        value: of a field.
        logical: its logical type; an instant or a day is shown as one (RFC 3339), as its sender wrote it.
    """
    if isinstance(value, list):
        return shorten(", ".join(excerpt(item, logical) for item in value))
    if logical == "timestamp-millis":
        moment = isinstance(value, datetime.datetime)
        return times.instant_text(milliseconds(value) if moment else value)  # type: ignore[arg-type]
    if logical == "date" and isinstance(value, int):
        return (datetime.date(1970, 1, 1) + datetime.timedelta(days=value)).isoformat()
    return shorten(value if isinstance(value, Decimal) else text_of(value))


def fit(value: Decimal, scale: int) -> Decimal:
    """A decimal rounded half to even at the scale of its target; unchanged when it has no more digits."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -scale:
        return value.quantize(Decimal(1).scaleb(-scale), context=MATH)
    return value


def to_decimal(value: object) -> Decimal | None:
    """A decimal from a number or its text; None when the text is none."""
    if type(value) is int and -(10**39) < value < 10**40:
        return Decimal(value)
    text = str(value).strip()
    if len(text) > 40 or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except decimal.InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= 40 else None


def to_int(value: object) -> int | None:
    """An integer from a number or its text; None when it is none or has a fraction."""
    number = to_decimal(value)
    return int(number) if number is not None and number == number.to_integral_value() else None


def unreadable(rule: str) -> Callable[..., None]:
    """The slow half of a conversion that failed: a finding, and null."""

    def report(to: MessageReport, pointer: str, value: object, *_: object) -> None:
        to.odd(pointer, rule, "error", value)

    return report


@cache
def checked(check: Callable[[str], str | None]) -> tuple[Callable[[str], str | None], Callable[..., str]]:
    """Fast and slow half of ``check(identifier, value)``; the same ones for every mapping."""

    def fast(value: str) -> str | None:
        return value if check(value) is None else None

    def slow(to: MessageReport, pointer: str, value: str) -> str:
        to.odd(pointer, check(value) or "", "warning", value)
        return value

    return remembering(fast), slow


def within(low: Decimal | None, high: Decimal | None) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Fast and slow half of ``within(value, low, high)``; a limit of None is none."""

    def fast(value: Any) -> Any:  # noqa: ANN401 - a number, as it came
        inside = (low is None or value >= low) and (high is None or value <= high)
        return value if inside else None

    def slow(to: MessageReport, pointer: str, value: Any) -> Any:  # noqa: ANN401
        to.odd(pointer, "out-of-range", "error", value)
        return value

    return fast, slow


def utc_millis_slow(to: MessageReport, pointer: str, text: str, zone: str) -> int | None:
    """The slow half of ``utc_millis``: unreadable, or in a gap or fold."""
    read = times.read_local(text, zone)
    if read is None:
        to.finding(pointer, "time-invalid", "error", text)
        return None
    to.finding(pointer, "ambiguous", "warning", f"{text} {zone}")
    return read[0]


def converter(units: Mapping[str, tuple[str, Decimal]]) -> Callable[..., Decimal | None]:
    """``convert`` over the units of Rec 20: unit to dimension and factor."""

    def convert(quantity: int | Decimal, source: str, target: str) -> Decimal | None:
        one, other = units.get(source), units.get(target)
        if one is None or other is None or one[0] != other[0]:
            return None
        if source == target:
            return Decimal(quantity)
        scaled = MATH.divide(MATH.multiply(Decimal(quantity), one[1]), other[1])
        return scaled.normalize(MATH) if scaled else Decimal(0)

    return convert


def mass(volume: int | Decimal | None, density: int | Decimal | None) -> Decimal | None:
    """Kilograms of cubic metres at a density in kg/m3."""
    if volume is None or density is None:
        return None
    return MATH.multiply(Decimal(volume), Decimal(density))


def volume(weight: int | Decimal | None, density: int | Decimal | None) -> Decimal | None:
    """Cubic metres of kilograms at a density in kg/m3."""
    if weight is None or not density:
        return None
    return MATH.divide(Decimal(weight), Decimal(density))


def needs_density(to: MessageReport, pointer: str, quantity: object, *_: object) -> None:
    """No density: a loss, unless there was nothing to convert."""
    if quantity is not None:
        to.loss(pointer, "needs-density", quantity)


def doubled(values: list[Any]) -> list[Any] | None:
    """What is in a list twice or more, once each, or None."""
    if len(set(values)) == len(values):
        return None
    return [value for place, value in enumerate(values) if value in values[:place]]


def distinct(key: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    """``distinct(list, …)``: the first item of each key, and all items that have none."""

    def first_of_each(items: list[Any]) -> list[Any]:
        kept: dict[Any, Any] = {}
        for item in items:
            kept.setdefault(key(item) or id(item), item)
        return list(kept.values())

    return first_of_each


def future_text(millis: int | None, accepted: int | None, zone: str | None) -> str | None:
    """A time that lies after its receipt, with what explains it: local time of the zone taken for UTC."""
    if millis is None or accepted is None:
        return None
    text = times.instant_text(millis)
    minutes = times.offset_minutes(millis, zone) if zone is not None else 0
    if not 0 < millis - accepted <= (minutes + _SKEW) * 60_000:
        return text
    hours = f"{minutes / 60:g} h"
    return f"{text} ({hours}, the offset of the place: local time sent as UTC?)"


def or_null(convert: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401
    """Apply a conversion unless the value is null."""
    return None if value is None else convert(value)


def milliseconds(value: datetime.datetime) -> int:
    """A timestamp as JSON gives it, as a datum.

    Raises:
        ValueError: it has a fraction of a millisecond.
        TypeError: it has no offset.
    """
    if value.microsecond % 1000:
        raise ValueError("a fraction of a millisecond")
    return (value - _EPOCH) // _MILLISECOND


def days(value: datetime.date) -> int:
    """A date as JSON gives it, as a datum."""
    return value.toordinal() - _DAY_ZERO
