"""What an answer says of each message of a batch: a partner may take some and refuse others.

Two forms are known. A list of refused items, each naming its message by index, as the ``feedbackElements``
of DCSA Track & Trace 3.0 do. And a list with one entry per message that has a status of its own, as with HTTP
207 (RFC 4918, section 13, as JSON).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from connectors.deliver.verdict import one_line
from connectors.http.client import Answer
from connectors.http.pointer import value_at
from connectors.settings import Deliver, Outcomes
from schemas.errors import Permanent

_INDEX: Final = re.compile(r"\[(\d{1,6})\]|(?:^|/)(\d{1,6})(?:/|$)")
"""The first index of a path such as ``events[1].equipmentDetails`` or ``/events/1``."""
_REASONS: Final = ("message", "detail", "title", "error", "reason")

REFUSED: Final = 422
"""The status of a message that stands in a list of refused ones without a status of its own."""

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
    try:
        entries = value_at(answer.body, where.at) if answer.fault is None else None
    except Permanent:
        entries = None
    if entries is None:
        return None if answer.status == 207 or answer.fault is not None else {}
    if not isinstance(entries, list):
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


def _index(entry: Any, where: Outcomes) -> int | None:  # noqa: ANN401 - whatever the partner wrote
    value = _at(entry, where.index)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _INDEX.search(value) if isinstance(value, str) else None
    return int(match[1] or match[2]) if match else None


def _status(entry: Any, where: Outcomes) -> int | None:  # noqa: ANN401
    if not where.status:
        return REFUSED
    value = _at(entry, where.status)
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _words(entry: Any) -> str:  # noqa: ANN401
    if not isinstance(entry, dict):
        return ""
    said = " ".join(str(entry[name]) for name in _REASONS if isinstance(entry.get(name), str))
    return one_line(said)[:200]


def _text(entry: Any, name: str) -> str:  # noqa: ANN401
    value = _at(entry, name)
    return value if isinstance(value, str) else ""


def _at(entry: Any, name: str) -> Any:  # noqa: ANN401
    return entry.get(name) if isinstance(entry, dict) else None
