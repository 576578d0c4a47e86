"""Subjects that wait behind a dead letter, under the policy ``wait``.

The first dead letter of a subject opens a queue of dead-letter ids in the processor's state; every later
message of the subject joins it with ``behind-dead-letter``. A replay of the letter at the head leaves the
queue when it succeeds. When the queue is empty, the subject is up to date and goes on.

A queue may grow for weeks. Its head is one entry of the state, what is behind it lies in further entries of
bounded size: pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from schemas.errors import Permanent
from schemas.translation.store import FOREVER, pack

PREFIX: Final = b"\xffbehind\xff"
"""In front of the subject: keys of queues among the translation's own."""
PAGES: Final = b"\xffpages\xff"
"""In front of the subject: keys of the pages of its queue."""
PAGE: Final = 25
"""Letters of one entry, 450 bytes: with the longest subject it fits any topic."""

_encode = msgspec.msgpack.encode


class Pages(msgspec.Struct, array_like=True):
    """The pages behind the head of a queue: ``first`` to ``last``, none when there are no letters.

    Attributes:
        first: number of the first page.
        last: number of the last page.
        letters: in all of them.
    """

    first: int = 0
    last: int = 0
    letters: int = 0


class Behind(Permanent):
    """A message that waits behind a dead letter of its subject.

    Args:
        behind: id of the dead letter at the head of the queue.
        count: letters that wait already.
    """

    def __init__(self, behind: str, count: int) -> None:
        super().__init__("behind-dead-letter", f"{count} earlier messages of the subject wait for a replay")
        self.behind = behind


class Queue:
    """The queue of one subject, read from the state.

    Args:
        subject: the unit of order.
        get: reads an entry of the state.
    """

    def __init__(self, subject: str, get: Callable[[bytes], bytes | None]) -> None:
        self._key = PREFIX + subject.encode()
        self._pages_key = PAGES + subject.encode()
        self._get = get
        self._letters = self._read(self._key)

    def admit(self, replayed: str | None = None) -> None:
        """Let a message pass, or not.

        Args:
            replayed: the dead letter that it is a replay of.

        Raises:
            Behind: the subject has earlier dead letters.
        """
        if self._letters and not (replayed and self._letters[0] == UUID(replayed).bytes):
            raise Behind(str(UUID(bytes=self._letters[0])), len(self._letters) + self._pages().letters)

    def join(self, letter: str, *, again: bool = False) -> dict[bytes, bytes | None]:
        """State changes by which a dead letter takes its place.

        Args:
            letter: its id.
            again: it is a replay that failed again, which keeps the place that it has.
        """
        identity = UUID(letter).bytes
        pages = self._pages()
        if identity in self._letters or (again and self._behind(identity, pages)):
            return {}
        if not pages.letters and len(self._letters) < PAGE:
            return {self._key: _packed([*self._letters, identity])}
        last = self._read(self._page(pages.last)) if pages.letters else []
        if len(last) >= PAGE:
            pages.last, last = pages.last + 1, []
        pages.letters += 1
        return {
            self._page(pages.last): _packed([*last, identity]),
            self._pages_key: pack(FOREVER, _encode(pages)),
        }

    def leave(self, letter: str) -> dict[bytes, bytes | None]:
        """State changes by which a replay that succeeded leaves the head."""
        identity = UUID(letter).bytes
        if identity not in self._letters:
            return {}
        rest = [one for one in self._letters if one != identity]
        pages = self._pages()
        if rest or not pages.letters:
            return {self._key: _packed(rest) if rest else None}
        head, place = self._read(self._page(pages.first)), self._page(pages.first)
        pages.first, pages.letters = pages.first + 1, pages.letters - len(head)
        left = pack(FOREVER, _encode(pages)) if pages.letters else None
        return {self._key: _packed(head), place: None, self._pages_key: left}

    def _behind(self, identity: bytes, pages: Pages) -> bool:
        numbers = range(pages.first, pages.last + 1) if pages.letters else ()
        return any(identity in self._read(self._page(number)) for number in numbers)

    def _pages(self) -> Pages:
        entry = self._get(self._pages_key)
        return msgspec.msgpack.decode(entry[8:], type=Pages) if entry else Pages()

    def _page(self, number: int) -> bytes:
        return self._pages_key + b"\xff" + number.to_bytes(8, "big")

    def _read(self, key: bytes) -> list[bytes]:
        entry = self._get(key)
        return msgspec.msgpack.decode(entry[8:], type=list[bytes]) if entry else []


def _packed(letters: list[bytes]) -> bytes:
    return pack(FOREVER, _encode(letters))
