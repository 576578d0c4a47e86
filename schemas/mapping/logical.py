"""Logical types are types: what of one goes into another as it is, what is converted, and what is refused.

A number that was computed has none, and is taken as it is wanted: whoever computes says the unit.
"""

from __future__ import annotations

from typing import Final

from schemas.mapping.types import Type

MILLIS: Final = "timestamp-millis"
DAYS: Final = "date"
UUID: Final = "uuid"

_UNITS: Final = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}
"""Ticks of a second by the end of a logical type's name."""
_HINTS: Final = {
    (DAYS, "timestamp"): "a day is no instant: `{} * 86400000` is its midnight in UTC, in milliseconds",
    ("timestamp", DAYS): "an instant is no day: use date_days() of its local text",
    ("local-timestamp", "timestamp"): "a local time is no instant: it needs a zone",
    ("timestamp", "local-timestamp"): "an instant is no local time: it needs a zone",
}


class Unlike(ValueError):
    """One logical type does not go into another; the text says what to write instead."""


def converted(code: str, have: Type, want: Type) -> str | None:
    """Source of a number in the logical type that is wanted, of an atom that is not null.

    Returns:
        None when it may stay as it is. What is finer than the unit that is wanted is cut.

    Raises:
        Unlike: there is no conversion.
    """
    ours, theirs = have.logical, want.logical
    if have.kind != "int" or want.kind != "int" or ours == theirs or not ours or not theirs:
        return None
    family, wanted = _family(ours), _family(theirs)
    if family != wanted:
        hint = _HINTS.get((family, wanted), "there is no conversion: compute the number that is meant")
        raise Unlike(f"this is {ours}; {hint.format('x')}")
    few, many = _ticks(theirs), _ticks(ours)
    return f"({code} // {many // few})" if many > few else f"({code} * {few // many})"


def differ(one: Type, other: Type) -> bool:
    """Whether two numbers count different things, and so may not be compared, added or chosen between."""
    both = one.kind == other.kind == "int"
    return both and bool(one.logical) and bool(other.logical) and one.logical != other.logical


def either(one: Type, other: Type) -> str:
    """The logical type of a value that is one or the other."""
    if one.kind == "int" or "null" in {one.kind, other.kind}:
        return one.logical or other.logical
    return one.logical if one.logical == other.logical else ""


def loses(have: Type, want: Type) -> str:
    """Why items of a list or map cannot go into another as they are; empty when they can."""
    if differ(have, want):
        return f"its items are {have.logical}, not {want.logical}: use `each` with `value`"
    if UUID in {have.logical, want.logical} and want.logical == UUID != have.logical:
        return "its items are text, not checked to be UUIDs: use `each` with `value`"
    if have.kind == want.kind == "decimal" and have.scale != want.scale:
        return f"its items have {have.scale} decimal places, not {want.scale}: use `each` with `value`"
    return ""


def _family(logical: str) -> str:
    kind, _, unit = logical.rpartition("-")
    return kind if unit in _UNITS else logical


def _ticks(logical: str) -> int:
    return _UNITS[logical.rpartition("-")[2]]
