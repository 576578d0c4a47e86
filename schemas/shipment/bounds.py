"""What a fact may hold, so that no value of one event stops a view: times, masses and texts within bounds.

Databases and calendars end somewhere: a year has four digits, a sum 63 bits, a text of PostgreSQL no U+0000,
a key of an index some 2,700 bytes. A sender's typing error must not find out where.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from schemas.shipment.fact import Border, Fact, Lot, decode, encode

EARLIEST: Final = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""First time that an event is believed to have, UTC milliseconds."""
LATEST: Final = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Time from which on no event is believed."""
MOST_KG: Final = 10**10
"""Ten million tonnes: more than the corridor carries in a year, and less than what spoils a sum."""
NAME: Final = 200
"""Characters of a name or number: with four bytes each, two of them fit into a key of an index."""
TEXT: Final = 2_000
"""Characters of a remark."""

_ODD: Final = re.compile(rb'\\u0000|"[^"]{%d}' % NAME)
_FREE: Final = frozenset({"remark"})


def bounded(fact: Fact) -> tuple[Fact | None, tuple[str, ...]]:
    """Give a fact whose values are all within bounds, and what was left out, as ``pointer: value``.

    A fact whose own time cannot be is none: nothing can be said of when it belongs into a timeline. Of any
    other, what cannot be is left out, and the rest stays.
    """
    for pointer, at in (("/when/occurred_at", fact.at), ("/envelope/ingested_at", fact.ingested)):
        if not _is_time(at):
            return None, (f"{pointer}: {at}",)
    left: list[str] = []
    changes: dict[str, Any] = {}
    if not _is_time(fact.told):
        left.append(f"/when/recorded_at: {fact.told}")
        changes["told"] = fact.ingested
    if fact.eta is not None and not _is_time(fact.eta):
        left.append(f"/when/eta: {fact.eta}")
        changes["eta"] = None
    if fact.border is not None:
        changes |= _border(fact.border, left)
    if fact.lot is not None:
        changes |= _lot(fact.lot, left)
    if left:
        fact = replace(fact, **changes)
    return _storable(fact), tuple(left)


def short(text: str, most: int = NAME) -> str:
    """Write a text so that every database keeps it: without U+0000, and no longer than ``most`` characters.

    A longer one keeps its beginning and gets a digest of the whole, so that different ones stay different.
    """
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: most - 17]}…{digest}"


def _is_time(at: int) -> bool:
    return EARLIEST <= at < LATEST


def _border(border: Border, left: list[str]) -> dict[str, Any]:
    wrong = {
        name: None
        for name in ("handed_over", "taken_over")
        if (at := getattr(border, name)) is not None and not _is_time(at)
    }
    left.extend(f"/where/border/{name}_at: {getattr(border, name)}" for name in wrong)
    return {"border": replace(border, **wrong)} if wrong else {}


def _lot(lot: Lot, left: list[str]) -> dict[str, Any]:
    before = len(left)
    if lot.kg is not None and not -MOST_KG <= lot.kg <= MOST_KG:
        left.append(f"/bulk: {lot.kg} kg")
        lot = replace(lot, kg=None, basis=None, measured=False)
    wrong = [(name, kg) for name, kg in lot.formed_of if not -MOST_KG <= kg <= MOST_KG]
    if wrong:
        left.extend(f"/bulk/formed_of/net_kg: {kg}" for _, kg in wrong)
        lot = replace(lot, formed_of=tuple(part for part in lot.formed_of if part not in wrong))
    return {"lot": lot} if len(left) > before else {}


def _storable(fact: Fact) -> Fact:
    """Shorten texts where one is too long or has U+0000: a look at the JSON form tells that there is none."""
    text = encode(fact)
    if _ODD.search(text) is None:
        return fact
    return decode(msgspec.json.encode(_shortened(msgspec.json.decode(text))))


def _shortened(value: Any, most: int = NAME) -> Any:  # noqa: ANN401 - JSON
    match value:
        case str():
            return short(value, most)
        case list():
            return [_shortened(each, most) for each in value]
        case dict():
            return {name: _shortened(each, TEXT if name in _FREE else NAME) for name, each in value.items()}
    return value
