"""The chain of events from one authority to another."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from schemas.epermit.event import FIRST, PermitEvent


class Fork(NamedTuple):
    """Two events that name the same one before them.

    Attributes:
        producer: who made both.
        consumer: who they are for.
        previous: the id that both name.
        first: id of the one that came first.
        second: id of the other.
    """

    producer: str
    consumer: str
    previous: str
    first: str
    second: str


def fingerprint(event: PermitEvent, proof: str) -> bytes:
    """Give what is remembered of an event, to know it again."""
    return hashlib.sha256(f"{event.canonical}\n{proof}".encode()).digest()[:16]


class PairChain:
    """The events of one ordered pair, as far as order and identity go.

    Attributes:
        head: id of the last event, ``0`` when there is none.
        forks: events that do not stand behind the head. The protocol allows them; they are told, not refused.
    """

    __slots__ = ("_followed", "_known", "forks", "head")

    def __init__(self) -> None:
        self.head = FIRST
        self.forks: list[Fork] = []
        self._known: dict[str, bytes] = {}
        self._followed: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._known

    def holds(self, event: PermitEvent, proof: str) -> bool:
        """Tell whether this very event, with this very proof, is in the chain."""
        return self._known.get(event.id) == fingerprint(event, proof)

    def append(self, event: PermitEvent, proof: str) -> Fork | None:
        """Put an event behind the others; give the fork that it makes, if it makes one."""
        first = self._followed.setdefault(event.previous, event.id)
        self._known[event.id] = fingerprint(event, proof)
        self.head = event.id
        if first == event.id:
            return None
        fork = Fork(event.producer, event.consumer, event.previous, first, event.id)
        self.forks.append(fork)
        return fork
