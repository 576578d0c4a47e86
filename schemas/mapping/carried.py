"""What is carried of the single items of a message's lists.

A rule that loops over a list carries fields of the item that it is at, and a list in its target those of the
items that it takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from schemas.mapping.compiler import CompiledRule

Path = tuple[str, ...]
Carried = tuple[frozenset[Path], ...]
"""Sets of paths that are carried of an item, beginning at it."""


class CarriedItems:
    """What is carried of single items of one message; worked out only when there is a list to look at.

    Args:
        root: the message.
        fired: the rules that gave something, each with its loop variables.
        took: the item blocks that were written, with the item each.
        blocks: the numbers in ``took``.
        all_of_it: nothing became of the message.
    """

    def __init__(
        self,
        root: Any,  # noqa: ANN401
        fired: Sequence[tuple[CompiledRule, Sequence[Any]]],
        took: Sequence[tuple[int, Any]],
        blocks: frozenset[int],
        all_of_it: bool,
    ) -> None:
        self.root, self.all_of_it = root, all_of_it
        self._fired, self._took, self._blocks = fired, took, blocks
        self._carried: Mapping[int, list[frozenset[Path]]] | None = None

    @property
    def carried(self) -> Mapping[int, list[frozenset[Path]]]:
        """By identity of an item of the source: sets of paths that are carried of it, beginning at it."""
        if self._carried is None:
            self._carried = self._found()
        return self._carried

    def _found(self) -> Mapping[int, list[frozenset[Path]]]:
        items: dict[int, list[frozenset[Path]]] = {}
        for rule, variables in self._fired:
            for index, paths in _of_variables(rule, self._blocks):
                items.setdefault(id(variables[index]), []).append(paths)
        if self._took:
            taken = _of_items(frozenset(rule for rule, _ in self._fired), self._blocks)
            for number, item in self._took:
                if item is not None and number in taken:
                    items.setdefault(id(item), []).append(taken[number])
        return items


@lru_cache(maxsize=1024)
def own_numbers(rule: CompiledRule, rules: tuple[CompiledRule, ...]) -> frozenset[int]:
    """Numbers under which this of all rules takes items; what a ``let`` takes may be of others as well."""
    mine, others = (
        {
            claim.anchor.number
            for one in some
            for claims in one.claims.values()
            for claim in claims
            if claim.anchor
        }
        for some in ([rule], [one for one in rules if one is not rule])
    )
    return frozenset(mine - others - {0})


@lru_cache(maxsize=1024)
def reading(rule: CompiledRule, apart: frozenset[Path]) -> CompiledRule:
    """A rule as one that carries none of some fields of the source, nor what is in them."""
    if not apart:
        return rule
    claims = {
        at: {claim for claim in made if not any(claim.path[: len(path)] == path for path in apart)}
        for at, made in rule.claims.items()
    }
    return replace(rule, name=f"{rule.name} without {sorted(apart)}", claims=claims)


@lru_cache(maxsize=1024)
def _of_variables(rule: CompiledRule, blocks: frozenset[int]) -> tuple[tuple[int, frozenset[Path]], ...]:
    """Of each loop variable of a rule: the paths that are carried of its item."""
    made: dict[int, set[Path]] = {}
    for claims in rule.claims.values():
        for claim in claims:
            if claim.anchor is None or not claim.anchor.name.startswith("$"):
                continue
            if claim.block is None or claim.block in blocks:
                index = rule.variables.index(claim.anchor.name[1:])
                made.setdefault(index, set()).add(claim.path[claim.anchor.depth :])
    return tuple((index, frozenset(paths)) for index, paths in made.items())


@lru_cache(maxsize=1024)
def _of_items(rules: frozenset[CompiledRule], blocks: frozenset[int]) -> Mapping[int, frozenset[Path]]:
    """Of each place that takes some items of a list: the paths that are carried of an item it took."""
    made: dict[int, set[Path]] = {}
    for rule in rules:
        for claims in rule.claims.values():
            for claim in claims:
                if claim.anchor is None or not claim.anchor.number:
                    continue
                if claim.block is None or claim.block in blocks:
                    made.setdefault(claim.anchor.number, set()).add(claim.path[claim.anchor.depth :])
    return {number: frozenset(paths) for number, paths in made.items()}
