"""Dead letters: those that are open, one at a time or as a list of what they are without their content."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from operator import itemgetter
from sys import intern
from typing import Any, Final, NamedTuple

import msgspec

from schemas.records import DEAD, DeadLetter
from streams.kafka import topics
from streams.kafka.scan import scan
from streams.kafka.settings import Kafka
from streams.records.contracts import HEAD

DIED: Final = "died"
REPLAYED: Final = "replayed"
"""Headers of a letter that is under way: when it died, and when it was sent again, in UTC milliseconds."""


class WantedLetters(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: all that match every given fact.

    Attributes:
        ids: any of these.
        stage: processor where they died.
        code: why.
        subject: unit of order.
        since: UTC milliseconds at which they died, or later.
    """

    ids: Collection[str] = ()
    stage: str | None = None
    code: str | None = None
    subject: str | None = None
    since: int | None = None

    def matches(self, letter: DeadLetter, died: int) -> bool:
        """Tell whether a letter is one of them."""
        return (
            (not self.ids or letter.id in self.ids)
            and self.stage in {None, letter.stage}
            and self.code in {None, letter.code}
            and self.subject in {None, letter.subject}
            and (self.since is None or died >= self.since)
        )


class Open(NamedTuple):
    """A letter that is not settled.

    Attributes:
        letter: itself.
        died: UTC milliseconds.
        replayed: UTC milliseconds at which it was sent again, and its stage has not decided yet; else None.
        value: of its record.
        headers: of its record.
    """

    letter: DeadLetter
    died: int
    replayed: int | None
    value: bytes
    headers: Sequence[tuple[str, bytes | None]]


class Listed(NamedTuple):
    """What an open letter is, without its content: of these any number can be held.

    Attributes:
        id: of the letter.
        stage: where it died.
        code: why.
        subject: unit of order.
        behind: the letter that it waits behind.
        topic: of the record.
        partition: of the record.
        offset: of the record; negative when it never was one.
        cut: bytes of the record's body when only a part could be kept.
        place: partition and offset in the topic of the letters.
        died: UTC milliseconds.
        replayed: UTC milliseconds at which it was sent again, if its stage has not decided yet.
    """

    id: str
    stage: str
    code: str
    subject: str | None
    behind: str | None
    topic: str
    partition: int
    offset: int
    cut: int | None
    place: tuple[int, int]
    died: int
    replayed: int | None

    @property
    def is_whole(self) -> bool:
        """True when it can be sent again: it was a record, and all of it is kept."""
        return self.cut is None and self.offset >= 0


async def opened(
    kafka: Kafka, wanted: WantedLetters | None = None, topic: str = topics.DEAD
) -> AsyncIterator[Open]:
    """Yield the dead letters that nothing has settled yet, as they lie in their topic, one at a time.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    wanted = wanted or WantedLetters()
    newest: dict[bytes, int] = {}
    async for record in scan(kafka, topic):
        if record.value is None:
            newest.pop(record.key, None)
        else:
            newest[record.key] = record.offset  # a letter stays in one partition
    async for record in scan(kafka, topic):
        if newest.get(record.key) == record.offset and record.value is not None:
            found = opening(record)
            if wanted.matches(found.letter, found.died):
                yield found


async def listed(kafka: Kafka, wanted: WantedLetters | None = None, topic: str = topics.DEAD) -> list[Listed]:
    """List the open dead letters, in the order of their records in the log.

    Raises:
        Transient: ``kafka-unavailable``.
    """
    wanted = wanted or WantedLetters()
    found: dict[bytes, Listed | None] = {}
    places: dict[bytes, tuple[str, int, int]] = {}  # the first: a replay that failed has a later one
    async for record in scan(kafka, topic):
        if record.value is None:
            found.pop(record.key, None)
            continue
        one = opening(record)
        letter = one.letter
        places.setdefault(record.key, (intern(letter.topic), letter.partition, letter.offset))
        found[record.key] = _listed(one, record) if wanted.matches(letter, one.died) else None
    chosen = ((places[key], one) for key, one in found.items() if one is not None)
    return [one for _, one in sorted(chosen, key=itemgetter(0))]


def _listed(found: Open, record: Any) -> Listed:  # noqa: ANN401
    letter = found.letter
    return Listed(
        letter.id, intern(letter.stage), intern(letter.code), letter.subject, letter.behind,
        intern(letter.topic), letter.partition, letter.offset, letter.cut, (record.partition, record.offset),
        found.died, found.replayed,
    )  # fmt: skip


def opening(record: Any) -> Open:  # noqa: ANN401
    """Read the record of an open letter."""
    told = dict(record.headers)
    return Open(
        DEAD.decode(record.value[HEAD:]),
        _number(told.get(DIED)) or record.timestamp,
        _number(told.get(REPLAYED)),
        record.value,
        record.headers,
    )


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() else None
