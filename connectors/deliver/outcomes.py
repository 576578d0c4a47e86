"""What an answer says of each message of a batch: a partner may take some and refuse others.

Two forms are known. A list of refused items, each naming its message by index, as the ``feedbackElements``
of DCSA Track & Trace 3.0 do. And a list with one entry per message that has a status of its own, as with HTTP
207 (RFC 4918, section 13, as JSON).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from connectors.deliver.verdict import one_line
from connectors.http.client import Answer
from connectors.http.pointer import Scalar, items_of, raw_at, value_at
from connectors.settings import Deliver, Outcomes
from schemas.errors import Permanent

_INDEX: Final = re.compile(r"\[(\d{1,6})\]|(?:^|/)(\d{1,6})(?:/|$)")
"""The first index of a path such as ``events[1].equipmentDetails`` or ``/events/1``."""
_STATUS: Final = re.compile(r"[1-5][0-9]{2}", re.ASCII)
_REASONS: Final = ("message", "detail", "title", "error", "reason")

REFUSED: Final = 422
"""The status of a message that stands in a list of refused ones without a status of its own."""

MOST: Final = 1000
"""Entries that are read: ten for each message of the largest batch."""
LONGEST: Final = 1000
"""Characters of a partner's words that are looked at."""

Said = Mapping[int, tuple[int, str]]
"""Index of a message to its status and the partner's words; a message that is not named was taken."""


def said_of_each(answer: Answer, settings: Deliver, count: int) -> Said | None:
    """Read the outcomes of a batch.

    Args:
        answer: a success, or 207.
        settings: where outcomes stand.
        count: messages of the batch.

    Returns:
        What is said of the messages that were not simply taken. None: the answer has outcomes, but they
        cannot be told apart; nothing of the batch is known to be taken.
    """
    where = settings.outcomes
    if where is None:
        return None if answer.status == 207 else {}
    text = _list(answer, where)
    if text is None:
        return None if answer.status == 207 or answer.fault is not None else {}
    try:
        entries = items_of(text, MOST)
    except Permanent:
        return None
    found: dict[int, tuple[int, str]] = {}
    for place, entry in enumerate(entries):
        index = _index(entry, where) if where.index else place
        if index is None or index >= count:
            return None
        if where.severity and _text(entry, where.severity).upper() not in {"", "ERROR", "FATAL"}:
            continue
        status = _status(entry, where)
        if status is None:
            return None
        if not 200 <= status < 300 and status != 409:
            found[index] = status, _words(entry)
    if not where.index and len(entries) != count:
        return None
    return found


def _list(answer: Answer, where: Outcomes) -> bytes | None:
    """The JSON text of the outcomes; None when the answer has none that could be read."""
    try:
        text = raw_at(answer.body, where.at) if answer.fault is None else None
    except Permanent:
        return None
    return None if text is None or text.strip() == b"null" else text


def _index(entry: bytes, where: Outcomes) -> int | None:
    value = _at(entry, where.index)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _INDEX.search(value[:LONGEST]) if isinstance(value, str) else None
    return int(match[1] or match[2]) if match else None


def _status(entry: bytes, where: Outcomes) -> int | None:
    """The HTTP status of an entry; what is none cannot be told, and would fit no receipt."""
    if not where.status:
        return REFUSED
    value = _at(entry, where.status)
    if isinstance(value, str) and _STATUS.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
        return value
    return None


def _words(entry: bytes) -> str:
    said = [_text(entry, name)[:LONGEST] for name in _REASONS]
    return one_line(" ".join(said))[:200]


def _text(entry: bytes, name: str) -> str:
    value = _at(entry, name)
    return value if isinstance(value, str) else ""


def _at(entry: bytes, name: str) -> Scalar:
    try:
        return value_at(entry, f"/{name}")
    except Permanent:
        return None
