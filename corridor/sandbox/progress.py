"""How far a participant has come with its timetable, and what of it need not be sent again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from corridor.sandbox.ledger import Answered, Entry, SentEntry


class TimetableProgress:
    """Which places of the timetable are settled: accepted, or refused for good.

    Attributes:
        low: all places before this one are settled.
        sent: places sent so far, whatever became of them.
        accepted: messages with a 2xx.
        refused: messages that were refused on their own account.
        statuses: answers by status, 0 for none.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._settled: set[int] = set()
        self.low = 0
        self.sent = 0
        self.accepted = 0
        self.refused = 0
        self.statuses: Counter[int] = Counter()
        for entry in entries:
            if isinstance(entry, SentEntry):
                self.sent = max(self.sent, entry.n + 1)
            elif isinstance(entry, Answered):
                self.answer(entry)

    def answer(self, answered: Answered) -> None:
        """Take an answer in."""
        self.statuses[answered.status] += 1
        for n in answered.ns if settles(answered.status) else ():
            if not self.settled(n):
                self._settled.add(n)
                self.accepted += answered.status < 300
                self.refused += answered.status >= 300
        while self.low in self._settled:
            self._settled.remove(self.low)
            self.low += 1

    def settled(self, n: int) -> bool:
        """Whether the message at a place needs no more sending."""
        return n < self.low or n in self._settled


def settles(status: int) -> bool:
    """Whether an answer ends the sending of a message: accepted, or refused on its own account."""
    return 200 <= status < 300 or status in (400, 409, 413, 415, 422)
