"""What is new in one version of a document."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from schemas.avro.differing import Differing
from schemas.mapping.compile import CompiledRule
from schemas.mapping.remains import Left
from schemas.translation.message import Message
from schemas.translation.own import own

_OF_COURSE: Final = {"envelope", "correction", "subject", "consignment_id", "quality"}
"""Who the event is about, and how it came: it is the same in every version, and nobody counts it as lost."""


class News:
    """Holds a document against the one before it.

    Args:
        message: has the document, and the rules have run.
        body: of the document, None where it was merged from several.
        before: body of the document before, None at the first.
        differing: of both.
        decode: reads them.
    """

    def __init__(
        self,
        message: Message,
        body: bytes | None,
        before: bytes | None,
        differing: Differing,
        decode: Callable[[bytes], Any],
    ) -> None:
        self._message: Final = message
        self._own: Final = message.record
        self._body: Final = body
        self._old: Final = before
        self._differing: Final = differing
        self._decode: Final = decode

    @cached_property
    def before(self) -> Any:  # noqa: ANN401 - a datum
        """The document before, None at the first."""
        return None if self._old is None else self._decode(self._old)

    def untold(self) -> Sequence[Left]:
        """What is new and stands only in the output of the rule that holds the rest."""
        before, changed = (None, None) if self._old is None else self._changed
        new, record = self._message.untold(before, changed), self._message.record
        if record is self._own:
            return new
        placed = ((left, own(self._message.kind, record, self._own, left.pointer)) for left in new)
        return [left._replace(pointer=place) for left, place in placed if place is not None]

    def known(self, rule: CompiledRule) -> Sequence[str]:
        """Paths of the rule's output that hold nothing new."""
        if self._old is None or rule.rest or rule.beside:
            return ()
        return known_paths(rule, self._changed[1])

    @cached_property
    def _changed(self) -> tuple[Any, frozenset[str]]:
        """The fields of the document before, as far as they matter, and the names of those that changed."""
        record = self._message.record
        if self._old is not None and self._body is not None and record is self._own:
            before = self._differing.before(self._old, self._body)
            return before, frozenset([name for name, value in before.items() if value != record[name]])
        before = self.before
        return before, frozenset([name for name in record if before.get(name) != record[name]])


@lru_cache(maxsize=4096)
def known_paths(rule: CompiledRule, changed: frozenset[str]) -> Sequence[str]:
    """Parts of a rule's output that are made of unchanged fields only: fields of its root, and lists.

    That is as fine as it pays: each path is written into every event.

    Args:
        rule: that made the output.
        changed: fields of the source's root.
    """
    known: dict[str, bool] = {}
    for pointer, claims in rule.claims.items():
        same = not any(claim.path[0] in changed for claim in claims)
        root, *rest = pointer[1:].split("/")
        inside = ".".join([root, *itertools.takewhile(lambda name: name != "*", rest)])
        for part in {root, inside} if "*" in rest else {root}:
            known[part] = known.get(part, True) and same
    return [
        part
        for part, same in known.items()
        if same and part not in _OF_COURSE and not known.get(part.partition(".")[0] if "." in part else "")
    ]
