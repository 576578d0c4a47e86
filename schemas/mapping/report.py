"""What a translation has to say about one message beside its outputs: losses and findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas.avro.schema import Schema
from schemas.avro.structs import member
from schemas.avro.violation import HIDDEN, step
from schemas.mapping.reasons import PERSONAL
from schemas.records import Finding, Loss

EDGE = -2
"""Origin of what was said when the message was taken in: it belongs to every output."""


INDEX: Final = re.compile(r"/[0-9]+(?=/|$)")
"""Steps of a JSON pointer that are indexes of lists (RFC 6901, section 4)."""


@lru_cache(maxsize=4096)
def plain(pointer: str) -> str:
    """A JSON pointer without the indexes of lists: the field, not the item."""
    return INDEX.sub("", pointer)


@lru_cache(maxsize=4096)
def starred(pointer: str) -> str:
    """A JSON pointer with ``*`` for each index: the field in any item."""
    return INDEX.sub("/*", pointer)


def personal(schema: Schema) -> frozenset[str]:
    """Pointers, without indexes, of the fields that hold personal data."""
    return frozenset(
        "/" + path.replace(".", "/") for path, field in schema.fields() if field.properties.get("personal")
    )


def kinds(schema: Schema) -> frozenset[str]:
    """Pointers, without indexes, of the fields whose code says a kind and identifies nothing."""
    return frozenset(
        "/" + path.replace(".", "/")
        for path, field in schema.fields()
        if "codeList" in field.properties and "identifier" not in field.properties
    )


Shown = Callable[[Any, str], str | None]
"""Gives what a record has at a pointer, as text."""


class Noted(NamedTuple):
    """Losses and findings with their ``let``, by pointer and reason or rule."""

    lost: dict[tuple[str, str], tuple[int, Loss]]
    found: dict[tuple[str, str], tuple[int, Finding]]


class MessageReport:
    """Collects losses and findings of one message; generated code calls it on slow paths only.

    Args:
        edge: findings of the edge that took the message in.
        personal: pointers, without indexes, of the fields whose values are never told.
        shown: gives what a record has at a pointer, as text; None where there is nothing.

    Attributes:
        record: the message that is spoken of.
        origin: the ``let`` being computed, -1 for a rule. What a ``let`` reports belongs to every output
            that uses it.
        moved: what an item of the message says is read as a record: pointer of the item, and the fields of
            the record that are its own.
        took: the numbers of what was written or taken, each with the item of the source that it was, if any.
    """

    __slots__ = ("_found", "_lost", "_personal", "_read", "_unsure", "moved", "origin", "record", "took")

    def __init__(
        self,
        edge: Iterable[Finding] = (),
        personal: Collection[str] = (),
        shown: Shown | None = None,
        record: Any = None,  # noqa: ANN401 - a datum or struct
    ) -> None:
        self._personal = personal
        self._read, self.record = shown, record
        self._lost: dict[tuple[str, str], tuple[int, Loss]] = {}
        self._found: dict[tuple[str, str], tuple[int, Finding]] = {}
        for finding in edge:
            self._found[finding.pointer, finding.rule] = EDGE, finding
        self._unsure: set[tuple[str, str]] = set()
        self.origin = -1
        self.moved: tuple[str, Collection[str]] | None = None
        self.took: list[tuple[int, Any]] = []

    def loss(self, pointer: str, reason: str, value: object) -> None:
        """Note a loss, with the value that the sender wrote; the same one twice is one."""
        sent = self._sent(pointer, value)
        if self.moved is not None:
            pointer = self._place(pointer)
        told = self._shown(pointer, sent)
        self._lost.setdefault((pointer, reason), (self.origin, Loss(pointer, reason, told)))

    def rest(self, pointer: str, reason: str, value: object) -> None:
        """Note what no rule carried, unless it was said why; what is withheld by design is that only."""
        said = [place for place in self._lost if place[0] == pointer]
        if reason == PERSONAL:
            for place in said:
                del self._lost[place]
        elif said:
            return
        told = self._shown(pointer, value)
        self._lost.setdefault((pointer, reason), (self.origin, Loss(pointer, reason, told)))

    def odd(self, pointer: str, rule: str, severity: str, value: object) -> None:
        """Note a finding about what the sender wrote, whatever became of it before it was looked at."""
        self.finding(pointer, rule, severity, self._sent(pointer, value))

    def found(self, pointer: str, rule: str) -> bool:
        """Whether there is such a finding."""
        return (pointer, rule) in self._found

    def finding(self, pointer: str, rule: str, severity: str, value: object) -> None:
        """Note a finding; the same one twice is one."""
        if self.moved is not None:
            pointer = self._place(pointer)
        told = self._shown(pointer, value)
        self._found.setdefault((pointer, rule), (self.origin, Finding(pointer, rule, severity, told)))

    def _place(self, pointer: str) -> str:
        """Where a field of the record stands in the message."""
        item, names = self.moved or ("", ())
        return item + pointer if pointer[1:] in names else pointer

    def told(self, known: Iterable[str]) -> None:
        """Take back the losses of fields that hold nothing new: they were told with another event."""
        for path in known:
            top = "/" + path.replace(".", "/")
            for place in [one for one in self._lost if f"{plain(one[0])}/".startswith(f"{top}/")]:
                del self._lost[place]

    def forget(self) -> None:
        """Take back all losses: of a message that came from its target, nothing is lost there."""
        self._lost.clear()

    def sent(self, pointer: str) -> str:
        """What the sender wrote at a pointer, nothing of personal data."""
        return self._shown(pointer, self._sent(pointer, None))

    def _sent(self, pointer: str, value: object) -> object:
        """What the sender wrote at a pointer; what was made of it where he did not."""
        sent = None if self._read is None else self._read(self.record, pointer)
        return value if sent is None else sent

    def _shown(self, pointer: str, value: object) -> str:
        """A value as text, nothing of personal data."""
        if value is None or value == "" or not self._personal:
            return shorten(value)
        return HIDDEN if self.is_personal(pointer) else shorten(value)

    def apart(self) -> Noted:
        """What was said so far, taken out."""
        said, self._lost, self._found = Noted(self._lost, self._found), {}, {}
        return said

    def again(self, said: Noted, *, aside: bool = False) -> None:
        """Say what was taken out; ``aside`` of it what is of no rule, or stands in the item that is read."""
        place = None if self.moved is None else self.moved[0] + "/"
        for lost, (origin, loss) in said.lost.items():
            if not aside or origin != -1 or (place and loss.pointer.startswith(place)):
                self._lost.setdefault(lost, (origin, loss))
        for found, (origin, finding) in said.found.items():
            if not aside or origin != -1 or (place and finding.pointer.startswith(place)):
                self._found.setdefault(found, (origin, finding))

    def unverified(self, name: str, key: str) -> None:
        """Note the use of a row that is not verified; the same one twice is one."""
        self._unsure.add((name, key))

    def is_personal(self, pointer: str) -> bool:
        """Whether the value at a pointer is personal data."""
        return plain(pointer) in self._personal

    @property
    def silent(self) -> bool:
        """Tell whether nothing was said at all."""
        return not (self._lost or self._found or self._unsure)

    def mark(self) -> tuple[int, int]:
        """How much was said so far, for ``losses_since`` and ``findings_since``."""
        return len(self._lost), len(self._found)

    def losses_since(self, mark: tuple[int, int], lets: Collection[int]) -> list[Loss]:
        """Losses noted since a mark, and those of these lets."""
        return _since(list(self._lost.values()), mark[0], lets) if self._lost else []

    def findings_since(self, mark: tuple[int, int], lets: Collection[int]) -> list[Finding]:
        """Findings noted since a mark, and those of these lets."""
        return self._alone(_since(list(self._found.values()), mark[1], lets)) if self._found else []

    @property
    def losses(self) -> list[Loss]:
        """All losses of the message."""
        return [loss for _, loss in self._lost.values()] if self._lost else []

    @property
    def findings(self) -> list[Finding]:
        """All findings of the message."""
        return self._alone([finding for _, finding in self._found.values()]) if self._found else []

    def _alone(self, findings: list[Finding]) -> list[Finding]:
        """Findings without those that a loss, or a station that nobody knows, tells at the same place."""
        return [
            one
            for one in findings
            if (one.pointer, one.rule) not in self._lost
            and not (one.rule == "unknown-code" and (one.pointer, "station-unknown") in self._found)
        ]

    @property
    def unsure(self) -> list[str]:
        """The code list of each row that was used and is not verified."""
        return sorted(name for name, _ in self._unsure) if self._unsure else []


class OutputReport:
    """Losses and findings of one output, as far as they are asked for."""

    __slots__ = ("_lets", "_mark", "_report")

    def __init__(self, report: MessageReport, mark: tuple[int, int], lets: frozenset[int]) -> None:
        self._report, self._mark, self._lets = report, mark, lets

    @property
    def losses(self) -> list[Loss]:
        """What was lost of what it was made of."""
        return self._report.losses_since(self._mark, self._lets)

    @property
    def findings(self) -> list[Finding]:
        """What was found in it."""
        return self._report.findings_since(self._mark, self._lets)


def _since(entries: list[tuple[int, Any]], mark: int, lets: Collection[int]) -> list[Any]:
    return [
        entry
        for index, (origin, entry) in enumerate(entries)
        if origin in lets or origin == EDGE or (index >= mark and origin == -1)
    ]


def shorten(value: object) -> str:
    """A value as text of at most 200 characters; empty for null, a number without the zeros of its scale."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text)[:200]
    return "" if value is None else str(value)[:200]


def present(root: Any, path: tuple[str, ...]) -> bool:  # noqa: ANN401
    """Whether a record has a value at a path; of what is behind a list that is not asked."""
    for name in path:
        if isinstance(root, list):
            return True
        root = root.get(name) if isinstance(root, dict) else member(root, name)
        if root is None:
            return False
    return True


def locate(root: Any, wanted: Any) -> str:  # noqa: ANN401
    """JSON pointer of an object in the input, found by identity.

    Pointers are made only when something is wrong.
    """
    found = _search(root, wanted)
    return "" if found is None else found


def _search(here: Any, wanted: Any) -> str | None:  # noqa: ANN401
    if here is wanted:
        return ""
    if isinstance(here, dict):
        steps = here.items()
    elif isinstance(here, list):
        steps = enumerate(here)  # type: ignore[assignment]
    else:
        steps = [
            (name.removesuffix("_"), getattr(here, name)) for name in getattr(here, "__struct_fields__", ())
        ]  # type: ignore[assignment]
    for name, value in steps:
        found = _search(value, wanted)
        if found is not None:
            return step("", name) + found
    return None
