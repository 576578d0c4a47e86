"""The broker's own records so that their topics take them: whole, or cut with a mark.

Nobody could do anything about a report, receipt or dead letter that Kafka refuses: it would hold up everyone
who shares its partition. So each can be made smaller and smaller, whatever stands in it. Names of a record
are bounded where its headers are read (`streams.records.envelope`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from schemas.records import CUT, DeadLetter, Filtered, Finding, Loss, Report
from streams.kafka.sizes import size_of
from streams.kafka.transactions import Row
from streams.records.contracts import Contracts
from streams.records.envelope import LONGEST, HeaderList, short

T = TypeVar("T", bound=msgspec.Struct)
I = TypeVar("I", Loss, Finding, Filtered)  # noqa: E741 - an item of a report

OURS: Final = frozenset({"stage", "topic", "participant", "mapping"})
"""Texts that come from the settings, and lead to other things."""
MOST_SAID: Final = 100
"""Losses, findings and filtered rules of one report; how many there were in all is said as well."""
LEFT: Final = 512
"""Bytes that a dead letter leaves free: for what is noted beside it when it is replayed."""


_MORE: Final = re.compile(r"([0-9]+) more")


class _Measure(NamedTuple):
    """How much is kept.

    Attributes:
        names: bytes of each text.
        headers: bytes of all headers of a foreign record, and of its key.
        items: violations, losses, findings and filtered rules, of each.
        beside: the row has the headers of its message.
    """

    names: int
    headers: int
    items: int
    beside: bool


MEASURES: Final = (
    _Measure(LONGEST, 16_384, MOST_SAID, beside=True),
    _Measure(256, 1024, 10, beside=True),
    _Measure(64, 0, 0, beside=False),
)
"""From generous to what any topic takes."""


def fitted(
    contracts: Contracts, topic: str, record: T, most: int, key: bytes, listed: HeaderList
) -> tuple[T, Row]:
    """Give a record of the broker's own, and the row of it that its topic takes.

    A dead letter that is cut bears the mark ``cut``: it says what happened, and cannot be replayed. A report
    that is cut says how many more there were.

    Args:
        contracts: encodes it.
        topic: the kind of record; topics of pipes are written as `topics.DEAD`.
        record: dead letter, report or receipt.
        most: bytes that the topic takes.
        key: of the row.
        listed: headers of the row.
    """
    room = most - LEFT if isinstance(record, DeadLetter) else most
    for smaller, beside in _smaller(record, listed):
        row = _row(contracts, topic, smaller, key, beside)
        over = size_of(*row) - room
        if over > 0 and isinstance(smaller, DeadLetter) and smaller.cut is not None:
            rest = (smaller.body or b"")[: max(0, len(smaller.body or b"") - over)]
            smaller = msgspec.structs.replace(smaller, body=rest)
            row = _row(contracts, topic, smaller, key, beside)
            over = size_of(*row) - room
        if over <= 0:
            break
    return smaller, row


def some(said: Sequence[I], more: Callable[[str], I], most: int = MOST_SAID) -> list[I]:
    """The first of many, and how many more there are: those included that were left out before."""
    if len(said) <= most:
        return list(said)
    last = msgspec.structs.astuple(said[-1])
    before = next((found for text in last if (found := _MORE.fullmatch(text or ""))), None)
    left = len(said) - most + (int(before[1]) - 1 if before else 0)
    kept = list(said[:most])
    kept.append(more(f"{left} more"))
    return kept


def more_losses(text: str) -> Loss:
    """Say how many losses are left out."""
    return Loss("", text)


def more_findings(text: str) -> Finding:
    """Say how many findings are left out."""
    return Finding("", text, "info")


def more_filtered(text: str) -> Filtered:
    """Say how many filtered rules are left out."""
    return Filtered("", text)


def _row(contracts: Contracts, topic: str, record: Any, key: bytes, listed: HeaderList) -> Row:  # noqa: ANN401
    return key, contracts.encode(topic, record), [*listed]


def _smaller(record: T, listed: HeaderList) -> Iterator[tuple[T, HeaderList]]:
    """The record whole, then less and less of it."""
    yield record, listed
    for measure in MEASURES:
        cut: Any = _texts(record, measure.names)
        if isinstance(cut, DeadLetter):
            cut = _letter(cut, measure)
        elif isinstance(cut, Report):
            cut = msgspec.structs.replace(
                cut,
                losses=_items(cut.losses, more_losses, measure),
                findings=_items(cut.findings, more_findings, measure),
                filtered=_items(cut.filtered, more_filtered, measure),
            )
        yield cut, listed if measure.beside else []


def _letter(letter: DeadLetter, measure: _Measure) -> DeadLetter:
    """A letter without headers that have no room, and with a mark that it is not whole."""
    kept: dict[str, bytes] = {}
    left = measure.headers
    if letter.subject and left:
        kept["subject"] = letter.subject.encode()  # by which it is found among those that wait
    for name, text in letter.headers.items():
        left -= len(name.encode()) + len(text) + 8
        if left >= 0 and len(text) <= measure.names:
            kept[name] = text
    kept[CUT] = b"%d" % len(letter.body or b"")
    return msgspec.structs.replace(
        letter,
        headers=kept,
        key=None if letter.key is None else letter.key[: measure.names],
        violations=[_texts(one, measure.names) for one in letter.violations[: measure.items]],
    )


def _items(said: Sequence[I], more: Callable[[str], I], measure: _Measure) -> list[I]:
    """The first of what a report says, each in few words, and how many more there are."""
    return some([_texts(one, measure.names) for one in said], more, measure.items)


def _texts(record: T, most: int) -> T:
    """A record with all texts cut that are no names of ours."""
    long = {
        name: short(text, most)
        for name in record.__struct_fields__
        if name not in OURS and isinstance(text := getattr(record, name), str) and len(text) * 4 > most
    }
    return msgspec.structs.replace(record, **long) if long else record
