"""Which records of a partition are finished, when they finish in any order.

The committed offset is that of the first unfinished record. What is known beyond it travels in the commit's
metadata: how far records were taken in, and which of those are unfinished. So a restart repeats only what
was under way.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

MOST_METADATA: Final = 3900
"""Characters of metadata that are used; brokers take 4096 by default."""
MORE: Final = 0x80
"""Bit of a byte that says that the number goes on."""


class Progress:
    """Finished and unfinished offsets of one partition.

    Args:
        offset: committed offset.
        metadata: of the commit, ``""`` for none.
    """

    def __init__(self, offset: int = 0, metadata: str = "") -> None:
        self._base = offset
        self._high, self._open = _unpack(offset, metadata)
        self._taken = self._high
        self.unfinished: set[int] = set()

    @property
    def position(self) -> int | None:
        """Offset of the first record that is not finished; None when all that were taken in are."""
        waiting = self.unfinished | self._open
        return min(waiting) if waiting else None

    def is_finished(self, offset: int) -> bool:
        """Tell whether a record was finished by an earlier owner."""
        return offset < self._base or (offset < self._high and offset not in self._open)

    def take(self, offset: int) -> bool:
        """Note a record that came in; False when it was finished or taken before."""
        if offset < self._taken and offset not in self._open:
            return False
        self._taken = max(self._taken, offset + 1)
        self._open.discard(offset)
        self.unfinished.add(offset)
        return True

    def finish(self, offset: int) -> bool:
        """Note that a record needs no more work; False when another owner has finished it meanwhile."""
        if offset not in self.unfinished:
            return False
        self.unfinished.remove(offset)
        return True

    def learn(self, known: Progress) -> None:
        """Take over what is committed, after a doubt in which another owner may have committed as well.

        Nothing that is finished there comes back, and the next commit is never below it.
        """
        own = {o for o in known._open if o < self._taken and o not in self.unfinished and o not in self._open}
        self.unfinished = {offset for offset in self.unfinished if not known.is_finished(offset)}
        still = {offset for offset in self._open if not known.is_finished(offset)}
        self._open = (still | known._open) - self.unfinished - own
        self._base = max(self._base, known._base)
        self._high = max(self._high, known._high)
        self._taken = max(self._taken, known._taken)

    def commit(self) -> tuple[int, str, int]:
        """Offset and metadata to commit, and the limit below which finished records are covered by them.

        Records at or above the limit do not fit the metadata: they must wait for a later commit.
        """
        waiting = sorted(self.unfinished | self._open)
        base = waiting[0] if waiting else self._taken
        high = self._taken
        metadata = _pack(base, high, waiting)
        while len(metadata) > MOST_METADATA:
            waiting = waiting[: len(waiting) * 3 // 4]
            high = waiting[-1] + 1
            metadata = _pack(base, high, waiting)
        return base, metadata, high


def _pack(base: int, high: int, unfinished: Iterable[int]) -> str:
    """Distances as base-128 numbers, in base64; empty when everything below ``high`` is finished."""
    if base == high:
        return ""
    packed = bytearray()
    distances, previous = [high - base], base
    for offset in unfinished:
        distances.append(offset - previous)
        previous = offset
    for distance in distances:
        while distance >= MORE:
            packed.append(distance % MORE + MORE)
            distance //= MORE
        packed.append(distance)
    return b64encode(packed).decode()


def _unpack(base: int, metadata: str) -> tuple[int, set[int]]:
    numbers: list[int] = []
    number = shift = 0
    for byte in b64decode(metadata):
        number |= (byte % MORE) << shift
        shift += 7
        if byte < MORE:
            numbers.append(number)
            number = shift = 0
    if not numbers:
        return base, set()
    high, offset, unfinished = base + numbers[0], base, set()
    for delta in numbers[1:]:
        offset += delta
        unfinished.add(offset)
    return high, unfinished
