"""What is remembered of one document.

Its versions, what they say happened, and the events it became.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

import msgspec

from schemas.translation.timeline import Timeline

MAX_VERSIONS: Final = 64
"""Versions kept with their bodies; beyond them the older half is folded into one."""
MAX_BYTES: Final = 128 * 1024
"""Bytes of all bodies kept, as they are stored."""
MAX_FOLDED: Final = 256
"""Versions known by number and digest after they were folded."""
MAX_ENTRY: Final = 512 * 1024
"""Bytes of an entry; beyond them the events told first are forgotten."""


class Version(msgspec.Struct, array_like=True, gc=False):
    """One version that came.

    Its body is ``head`` and the last ``tail`` bytes of the next version's body: successive versions of a
    document differ in front and share the long rest.
    """

    number: int
    digest: bytes
    kind: str
    head: bytes
    tail: int = 0


class LastTold(msgspec.Struct, array_like=True, gc=False):
    """One event as it was last emitted, with the facts that its retraction repeats.

    ``again`` counts how often it was told anew after a retraction, each time under another id: a retraction
    is final for those who read it. ``written`` is the mark of the schema that the digest is of, empty for
    that of the whole entry.
    """

    version: int
    digest: bytes
    rule: str
    partition: bytes
    subject: str
    keep: dict[str, Any] | None = None
    retracted: bool = False
    again: int = 0
    written: bytes = b""


class Past(msgspec.Struct, array_like=True):
    """The state of one document.

    Attributes:
        versions: with their bodies, in order: by number, those of one number by time and digest.
        whole: Avro of the whole document as of the newest version; None when that is a whole one itself.
        now: the timeline as of the newest version.
        events: by id, each `LastTold` as it is in the entry: most are not looked at.
        annulled: number of the version that annulled the document.
        closed: whether the newest version closed it.
        floor: number of the newest version that was folded, -1 when none was.
        base: Avro of the whole document as of that version, ``before`` the timeline then.
        folded: number and digest of versions whose bodies are gone.
        loose: ids of events that versions older than ``floor`` told when they came late.
        source: mark of the schema of all bodies here (`schemas.translation.written`), empty in an entry from
            before there were marks; ``target`` that of the schema of the events.
        elder: marks of other schemas that digests in ``folded`` may be of.
    """

    versions: list[Version] = []
    whole: bytes | None = None
    now: Timeline = msgspec.field(default_factory=Timeline)
    events: dict[str, msgspec.Raw] = {}
    annulled: int | None = None
    closed: bool = False
    floor: int = -1
    base: bytes | None = None
    before: Timeline | None = None
    folded: list[tuple[int, bytes]] = []
    loose: list[str] = []
    source: bytes = b""
    target: bytes = b""
    elder: list[bytes] = []

    def knows(self, number: int, digest: bytes) -> bool:
        """Whether this very version came before."""
        return any(one.number == number and one.digest == digest for one in self.versions) or (
            number <= self.floor and (number, digest) in self.folded
        )

    def numbered(self, number: int) -> bool:
        """Whether a version of this number came before."""
        return any(one.number == number for one in self.versions) or (
            number <= self.floor and any(one == number for one, _ in self.folded)
        )

    @property
    def last(self) -> int:
        """The highest version number seen, -1 before the first."""
        return self.versions[-1].number if self.versions else self.floor

    def bodies(self) -> list[bytes]:
        """The bodies of all kept versions, in their order."""
        made: list[bytes] = []
        body = b""
        for one in reversed(self.versions):
            body = one.head + body[len(body) - one.tail :]
            made.append(body)
        return made[::-1]

    def append(self, version: Version) -> None:
        """Add the newest version; ``head`` is its whole body."""
        if self.versions:
            _shorten(self.versions[-1], version.head)
        self.versions.append(version)

    def keep(self, versions: list[tuple[Version, bytes]]) -> None:
        """Replace all kept versions by these with their bodies."""
        self.versions = []
        for one, body in versions:
            one.head, one.tail = body, 0
            self.append(one)

    def rewrite(self, source: bytes, read: Callable[[bytes], bytes]) -> None:
        """Make all bodies those of another version of their schema.

        Args:
            source: its mark.
            read: gives a body of that version for one that is kept; when it raises, nothing has changed.
        """
        bodies = [read(body) for body in self.bodies()]
        whole, base = (None if body is None else read(body) for body in (self.whole, self.base))
        for one, body in zip(self.versions, bodies, strict=True):
            one.digest = digest(body)
        self.keep(list(zip(self.versions, bodies, strict=True)))
        self.whole, self.base = whole, base
        self._age(source)

    def give_up(self, source: bytes) -> None:
        """Fold all versions without their bodies, which cannot be read: what they told stays told."""
        self.folded = [*self.folded, *((one.number, one.digest) for one in self.versions)][-MAX_FOLDED:]
        self.floor = self.last
        self.before, self.base, self.whole, self.versions = self.now.copied(), None, None, []
        self._age(source)

    def _age(self, source: bytes) -> None:
        if self.folded and self.source and self.source not in self.elder:
            self.elder = [*self.elder, self.source]
        self.source = source

    def retarget(self, target: bytes) -> None:
        """Note of all events told so far which schema their digests are of, for others are of another."""
        for identity in self.events if self.target else ():
            sent = _decode_sent(self.events[identity])
            sent.written = sent.written or self.target
            self.send(identity, sent)
        self.target = target

    @property
    def size(self) -> int:
        """Bytes of the bodies as they are stored."""
        return sum(len(one.head) for one in self.versions)

    def newest(self) -> bytes | None:
        """Avro of the whole document as of the newest version."""
        if self.whole is not None or not self.versions:
            return self.whole
        return self.versions[-1].head

    def sent(self, identity: str) -> LastTold | None:
        """The event of this id as it was last emitted."""
        entry = self.events.get(identity)
        return None if entry is None else _decode_sent(entry)

    def send(self, identity: str, sent: LastTold) -> None:
        """Note an event as it is emitted."""
        self.events[identity] = msgspec.Raw(_encode(sent))

    def entry(self) -> bytes:
        """Its bytes; too many of them make it forget what was told first."""
        body = _encode(self)
        while len(body) > MAX_ENTRY and self.events:
            for identity in list(self.events)[: 1 + len(self.events) // 4]:
                del self.events[identity]
            for timeline in (self.now, self.before or Timeline()):
                for occurrence in timeline.occurrences:
                    occurrence.members = [one for one in occurrence.members if one in self.events]
            self.loose = [one for one in self.loose if one in self.events]
            body = _encode(self)
        return body


def digest(body: bytes) -> bytes:
    """Enough of a hash to tell whether content has changed."""
    return blake2b(body, digest_size=10).digest()


def decode(entry: bytes) -> Past:
    """The state in the bytes of `Past.entry`."""
    return _decode(entry)


def _shorten(one: Version, after: bytes) -> None:
    """Leave away the end of a body that the next one has, too."""
    body = one.head
    shared = min(len(body), len(after))
    # as whole numbers, they differ from the first bit on at which one is not the other
    differ = int.from_bytes(body[len(body) - shared :], "big") ^ int.from_bytes(
        after[len(after) - shared :], "big"
    )
    if differ:
        shared = ((differ & -differ).bit_length() - 1) // 8
    one.head, one.tail = body[: len(body) - shared], shared


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Past).decode
_decode_sent = msgspec.msgpack.Decoder(LastTold).decode
