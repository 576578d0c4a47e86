"""The state of one partition in memory: entries that expire by stream time, changes that hold once committed.

An entry is eight bytes of expiry (big-endian UTC milliseconds) and whatever its owner put behind them.
Stream time is the highest ``accepted`` of the partition's records; it moves record by record, so that
batch boundaries do not matter, and every move is kept among the entries, so that a restart goes on with it
even where nothing else changed. The clock is never read.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import Final

STREAM_TIME: Final = b"\xffstream-time"
"""Key of the entry that keeps the stream time."""
SCHEMAS: Final = b"\xffschema\xff"
"""In front of a mark: keys of the entries that hold the schemas which others were written with."""
FOREVER: Final = (1 << 63) - 1
"""Expiry of what never expires."""


def pack(expires: int, content: bytes) -> bytes:
    """An entry that expires once the stream time reaches ``expires`` (UTC ms)."""
    return expires.to_bytes(8, "big") + content


def expiry(entry: bytes) -> int:
    """UTC milliseconds at which an entry expires."""
    return int.from_bytes(entry[:8], "big")


class Store:
    """Entries of one partition; its length is their number, without the schemas that they were written with.

    Attributes:
        time: the stream time, UTC milliseconds.
        size: bytes of all keys and entries.
    """

    def __init__(self) -> None:
        self.time = 0
        self.size = 0
        self._entries: dict[bytes, bytes] = {}
        self._schemas: set[bytes] = set()
        self._expiring: list[tuple[int, bytes]] = []

    def __len__(self) -> int:
        return len(self._entries) - len(self._schemas)

    def load(self, key: bytes, entry: bytes | None) -> None:
        """Take one record of the changelog, in order; None deletes."""
        if key == STREAM_TIME:
            self.time = max(self.time, expiry(entry) if entry else 0)
            return
        self.size += _weight(key, entry) - _weight(key, self._entries.get(key))
        if entry is None:
            self._entries.pop(key, None)
            return
        self._entries[key] = entry
        if key.startswith(SCHEMAS):
            self._schemas.add(key)
        if (expires := expiry(entry)) < FOREVER:
            heappush(self._expiring, (expires, key))
        if len(self._expiring) > 2 * len(self._entries) + 64:
            self._expiring = [(expiry(value), key) for key, value in self._entries.items()]
            heapify(self._expiring)

    def get(self, key: bytes) -> bytes | None:
        """The committed entry, None when there is none."""
        return self._entries.get(key)

    def begin(self) -> Batch:
        """Start a batch. Only one is open at a time."""
        return Batch(self)

    def due(self, time: int) -> tuple[int, bytes] | None:
        """Take the next entry out of the order of expiry when its time has come."""
        if self._expiring and self._expiring[0][0] <= time:
            return heappop(self._expiring)
        return None

    def undue(self, expires: int, key: bytes) -> None:
        """Put back what ``due`` took."""
        heappush(self._expiring, (expires, key))


class Batch:
    """Changes on top of a store, seen by the batch at once and by the store after `commit`.

    Attributes:
        changes: what to write to the changelog, in order; None deletes.
    """

    def __init__(self, store: Store) -> None:
        self.changes: dict[bytes, bytes | None] = {}
        self._store = store
        self._time = store.time
        self._expiring: list[tuple[int, bytes]] = []
        self._taken: list[tuple[int, bytes]] = []

    def advance(self, accepted: int) -> None:
        """Move the stream time to a record's ``accepted``, if that is later, and let entries expire."""
        if accepted <= self._time:
            return
        self._time = accepted
        self.changes[STREAM_TIME] = pack(accepted, b"")
        while (item := self._store.due(accepted)) is not None:
            self._taken.append(item)
            self._expire(*item)
        while self._expiring and self._expiring[0][0] <= accepted:
            self._expire(*heappop(self._expiring))

    def get(self, key: bytes) -> bytes | None:
        """The entry as the batch sees it, None when there is none."""
        if key in self.changes:
            return self.changes[key]
        return self._store.get(key)

    def apply(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Take the changes of one record."""
        for key, entry in changes.items():
            self.changes[key] = entry
            if entry is not None and (expires := expiry(entry)) < FOREVER:
                heappush(self._expiring, (expires, key))

    def commit(self) -> None:
        """Make the changes those of the store. To be called once they are in the changelog for good."""
        for key, entry in self.changes.items():
            self._store.load(key, entry)

    def discard(self) -> None:
        """Forget the changes; the store is as it was before the batch."""
        for item in self._taken:
            self._store.undue(*item)
        self.changes.clear()

    def _expire(self, expires: int, key: bytes) -> None:
        """Delete an entry, unless it was replaced by one that lives longer."""
        entry = self.get(key)
        if entry is not None and expiry(entry) <= expires:
            self.changes[key] = None


def _weight(key: bytes, entry: bytes | None) -> int:
    return 0 if entry is None else len(key) + len(entry)
