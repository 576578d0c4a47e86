"""What is remembered of one document.

Its versions, the events it became, and the facts that later versions need.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec


class Version(msgspec.Struct, array_like=True, gc=False):
    """One version that came: what happened in it, the how-manieth time, and a digest of its bytes."""

    number: int
    what: list[Any]
    occurrence: int
    digest: bytes


class Sent(msgspec.Struct, array_like=True, gc=False):
    """One event as it was last emitted, with the facts that its retraction repeats."""

    version: int
    digest: bytes
    rule: str
    partition: bytes
    subject: str
    keep: dict[str, Any] | None = None
    retracted: bool = False


class Fact(msgspec.Struct, array_like=True, gc=False):
    """One entry of a register and the version it is from."""

    version: int
    facts: dict[str, Any]


class Past(msgspec.Struct, array_like=True):
    """The state of one document.

    Attributes:
        base: Avro of the newest whole version, ``base_version`` its number, ``deltas`` what came on top
            of it.
        versions: by rising number.
        events: by event id, each `Sent` as it is in the entry: most are not looked at.
        registers: by name and key.
        annulled: number of the version that annulled the document.
    """

    base: bytes | None = None
    base_version: int = -1
    deltas: list[tuple[int, bytes]] = []
    versions: list[Version] = []
    events: dict[str, msgspec.Raw] = {}
    registers: dict[str, dict[str, Fact]] = {}
    annulled: int | None = None
    closed: bool = False

    @property
    def last(self) -> int:
        """The highest version number seen, -1 before the first."""
        return self.versions[-1].number if self.versions else -1

    def version(self, number: int) -> Version | None:
        """The version of this number, if it came before."""
        if number > self.last:
            return None
        return next((one for one in self.versions if one.number == number), None)

    def sent(self, identity: str) -> Sent | None:
        """The event of this id as it was last emitted."""
        entry = self.events.get(identity)
        return None if entry is None else _decode_sent(entry)

    def send(self, identity: str, sent: Sent) -> None:
        """Note an event as it is emitted."""
        self.events[identity] = msgspec.Raw(encode(sent))

    def enter(self, number: int, what: list[Any], digest: bytes) -> int:
        """Note a version and tell its occurrence.

        The same thing in the versions next to it is the same occurrence, corrected; with something else
        between it is another occurrence. What was numbered once keeps its number, whatever comes late.
        """
        index = len(self.versions)
        if number < self.last:
            index = next(i for i, one in enumerate(self.versions) if one.number > number)
        for neighbour in (*self.versions[max(index - 1, 0) : index], *self.versions[index : index + 1]):
            if neighbour.what == what:
                occurrence = neighbour.occurrence
                break
        else:
            occurrence = 1 + max((one.occurrence for one in self.versions if one.what == what), default=0)
        self.versions.insert(index, Version(number, what, occurrence, digest))
        return occurrence

    def remember(self, register: str, key: str, number: int, facts: dict[str, Any]) -> None:
        """Keep a fact unless a newer version gave one already."""
        entries = self.registers.setdefault(register, {})
        known = entries.get(key)
        if known is None or known.version <= number:
            entries[key] = Fact(number, facts)

    def recall(self, register: str, key: str | None) -> dict[str, Any] | None:
        """The facts of a register under a key."""
        fact = self.registers.get(register, {}).get(key) if key is not None else None
        return fact.facts if fact is not None else None


def digest(body: bytes) -> bytes:
    """Enough of a hash to tell whether content has changed."""
    return blake2b(body, digest_size=10).digest()


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Past).decode
_decode_sent = msgspec.msgpack.Decoder(Sent).decode
