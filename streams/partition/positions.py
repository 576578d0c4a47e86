"""How far the processors of a group are in one partition that they read together.

They share the group's committed offset, the head. One that is not there, because it is new or was away for
a while, is named with an offset of its own in the commit's metadata, and so catches up on all it has not had.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple, Self

from schemas.errors import Misconfigured

MOST_METADATA: Final = 3900
"""Characters of metadata that are used; brokers take 4096 by default."""
ROOM: Final = 18
"""Characters that an entry needs besides its name: a mark, an offset, a space."""


class Positions(NamedTuple):
    """Offsets of the first record that each processor has not had.

    Attributes:
        head: the committed offset: the next record for all that are not behind.
        ours: where each processor is that runs here.
        others: where those were that ran once; they catch up should they come back.
    """

    head: int
    ours: Mapping[str, int]
    others: Mapping[str, int]

    @classmethod
    def read(cls, head: int, metadata: str, names: Collection[str]) -> Self:
        """Read a commit, as it concerns the processors that run here.

        Without metadata, as after a reset of offsets by hand, all are at the head.
        """
        if not metadata:
            return cls(head, dict.fromkeys(names, head), {})
        at: dict[str, int] = {}
        for entry in metadata.split():
            name, _, offset = entry.partition("@")
            at[name] = int(offset) if offset else head
        ours = {name: at.pop(name, 0) for name in names}
        return cls(head, ours, at)

    def is_behind(self, name: str) -> bool:
        """Tell whether a processor has yet to catch up with the head."""
        return self.ours[name] < self.head

    def advance(self, offset: int) -> Self:
        """Where all are once those that are not behind have had everything below an offset."""
        ours = {name: offset if at >= self.head else at for name, at in self.ours.items()}
        return self._replace(head=offset, ours=ours)

    def move(self, name: str, offset: int) -> Self:
        """Where all are once one that is behind has had everything below an offset."""
        return self._replace(ours={**self.ours, name: offset})

    def metadata(self) -> str:
        """What to commit beside the head. Without room for all, those that do not run here are forgotten."""
        said, size = [], 0
        for name, offset in (*self.ours.items(), *self.others.items()):
            entry = name if offset == self.head else f"{name}@{offset}"
            size += len(entry) + 1
            if size > MOST_METADATA:
                break
            said.append(entry)
        return " ".join(said)


def require_room(names: Iterable[str]) -> None:
    """Refuse more processors of one topic than a commit's metadata can name.

    Raises:
        Misconfigured: ``settings-invalid``.
    """
    size = sum(len(name) + ROOM for name in names)
    if size > MOST_METADATA:
        raise Misconfigured(
            "settings-invalid",
            f"too many processors read one topic: their names need {size} characters, {MOST_METADATA} fit",
        )
