"""What is new in one version of a document."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from schemas.mapping.compile import CompiledRule
from schemas.mapping.remains import Left
from schemas.translation.message import Message

_OF_COURSE: Final = {"envelope", "correction", "subject", "consignment_id", "quality"}
"""Who the event is about, and how it came: it is the same in every version, and nobody counts it as lost."""


class News:
    """Holds a document against the one before it.

    Args:
        message: has the document, and the rules have run.
        before: body of the document before, None at the first.
        decode: reads it.
    """

    def __init__(self, message: Message, before: bytes | None, decode: Callable[[bytes], Any]) -> None:
        self._message: Final = message
        self._body: Final = before
        self._decode: Final = decode

    def untold(self) -> Sequence[Left]:
        """What is new and stands only in the output of the rule that holds the rest."""
        if self._body is None:
            return self._message.untold(None, None)
        return self._message.untold(self._before, self._changed)

    def known(self, rule: CompiledRule) -> Sequence[str]:
        """Paths of the rule's output that hold nothing new."""
        return () if self._body is None or rule.rest or rule.beside else known_paths(rule, self._changed)

    @cached_property
    def _before(self) -> Any:  # noqa: ANN401 - a datum
        return None if self._body is None else self._decode(self._body)

    @cached_property
    def _changed(self) -> frozenset[str]:
        before = self._before
        return frozenset(name for name, value in self._message.record.items() if before.get(name) != value)


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
