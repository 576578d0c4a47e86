"""Subjects that wait behind a dead letter, under the policy ``wait``.

The first dead letter of a subject opens a queue of dead-letter ids in the processor's state; every later
message of the subject joins it with ``behind-dead-letter``. A replay of the letter at the head leaves the
queue when it succeeds. When the queue is empty, the subject is up to date and goes on.
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
        entry = get(self._key)
        self._letters: list[bytes] = msgspec.msgpack.decode(entry[8:], type=list[bytes]) if entry else []

    def admit(self, replayed: str | None = None) -> None:
        """Let a message pass, or not.

        Args:
            replayed: the dead letter that it is a replay of.

        Raises:
            Behind: the subject has earlier dead letters.
        """
        if self._letters and not (replayed and self._letters[0] == UUID(replayed).bytes):
            raise Behind(str(UUID(bytes=self._letters[0])), len(self._letters))

    def join(self, letter: str) -> dict[bytes, bytes | None]:
        """State changes by which a dead letter takes its place, which a replay that failed again keeps."""
        identity = UUID(letter).bytes
        if identity not in self._letters:
            self._letters.append(identity)
        return self._entry()

    def leave(self, letter: str) -> dict[bytes, bytes | None]:
        """State changes by which a replay that succeeded leaves the head."""
        identity = UUID(letter).bytes
        if identity not in self._letters:
            return {}
        self._letters.remove(identity)
        return self._entry()

    def _entry(self) -> dict[bytes, bytes | None]:
        return {self._key: pack(FOREVER, msgspec.msgpack.encode(self._letters)) if self._letters else None}
