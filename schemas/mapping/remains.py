"""What remains of a message: the fields that have a value and that no rule carried.

The compiler knows which fields of the source each rule reads for which field of the target. Here that is held
against one message and the rules that came of it. Nothing is compared by value.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

from schemas.avro.structs import member
from schemas.mapping.compiler import CompiledRule
from schemas.mapping.coverage import Aside, aside, leaves, logical_of
from schemas.mapping.document import Document
from schemas.mapping.reasons import NO_EQUIVALENT, PERSONAL
from schemas.mapping.runtime import excerpt
from schemas.mapping.shown import shown
from schemas.mapping.types import Access, Type

Path = tuple[str, ...]

_ABOUT: Final = ("explicitNulls", "known", "untold")
"""Properties of a schema that name fields which only tell about the others."""


class Left(NamedTuple):
    """A field that has a value and is not carried; the value is empty for personal data."""

    pointer: str
    path: Path
    reason: str
    value: str


class Leaf(NamedTuple):
    """A field that may be left; ``aside`` says beside which field of its record it is none."""

    path: Path
    reason: str
    aside: Aside | None
    logical: str = ""


Plan = tuple[tuple[str, "Plan | Leaf"], ...]
"""Fields of a record that may be left, by name."""


class Remains:
    """Finds what remains of the messages of one mapping.

    Args:
        document: the mapping; ``drops`` gives the reasons, ``ignores`` what is never left, ``keys`` what no
            rule carries because it only helps to choose what others say.
        source: type of its source.
        properties: of the source's schema: which of its fields only tell about the others.
        access: how records are read.
    """

    def __init__(
        self, document: Document, source: Type, properties: Mapping[str, Any], access: Access
    ) -> None:
        self._get: Final[Callable[[Any, str], Any]] = dict.get if access == "item" else member
        self._source: Final = source
        reasons = {tuple(path.split(".")): reason.text for path, (_, reason) in document.drops.items()}
        asides = [aside(scalar.text) for scalar in document.ignores]
        ignored = {one.path for one in asides if not one.other}
        ignored |= {tuple(properties[name].split(".")) for name in _ABOUT if name in properties}
        beside = {one.path: one for one in asides if one.other}
        self._leaves: Final = [
            Leaf(path, _longest(reasons, path) or NO_EQUIVALENT, beside.get(path), logical_of(source, path))
            for path in leaves(source, ())
            if not _under(path, ignored)
        ]
        self._keys: Final = frozenset(tuple(scalar.text.split(".")) for scalar in document.keys)
        self.watched: Final = frozenset(
            leaf.path for leaf in self._leaves if leaf.aside is None or leaf.aside.same
        )
        """Fields that are left whenever they have a value and are not carried."""
        self._plan = lru_cache(maxsize=512)(self._planned)

    def logical(self, path: Path) -> str:
        """The logical type of the source's field at a path."""
        return logical_of(self._source, path)

    def shown(self, record: Any, pointer: str) -> str | None:  # noqa: ANN401 - a datum or struct
        """What a message has at a pointer, as a report shows it; None where there is nothing."""
        return shown(record, pointer, self.logical)

    def never(self, rules: Iterable[CompiledRule]) -> bool:
        """Tell whether nothing can be left as soon as any of the rules has given something."""
        return not any(self._plan(frozenset([rule]), frozenset(), (), False) for rule in rules)

    def left(
        self,
        record: Any,  # noqa: ANN401 - a datum or struct
        fired: Sequence[tuple[CompiledRule, Sequence[Any]]],
        took: Sequence[tuple[int, Any]],
        *,
        known: Iterable[str] = (),
        before: Any = None,  # noqa: ANN401 - a datum or struct
        changed: frozenset[str] | None = None,
        surely: bool = False,
        all_of_it: bool = False,
    ) -> list[Left]:
        """Find what no rule carried.

        Args:
            record: the message.
            fired: the rules that gave something, each with its loop variables.
            took: the item blocks that were written, from the report.
            known: paths that hold nothing new.
            before: the message before; what is the same there is not left.
            changed: names of the root's fields that differ from it, where that is known.
            surely: take what is carried of some item of a list for not carried of the others.
            all_of_it: nothing became of the message: what stands beside another field is left as well.
        """
        rules = frozenset(rule for rule, _ in fired)
        blocks = frozenset(block for block, _ in took)
        plan = self._plan(rules, blocks, tuple(known), surely)
        if not plan:
            return []
        if changed is not None:
            plan = tuple(part for part in plan if part[0] in changed)
        found: list[Left] = []
        items = _Items(record, fired, took, blocks, all_of_it)
        self._walk(plan, record, before, "", (), items, found)
        return found

    def _planned(
        self, rules: frozenset[CompiledRule], blocks: frozenset[int], known: tuple[str, ...], surely: bool
    ) -> Plan:
        carried = {
            claim.path
            for rule in rules
            for claims in rule.claims.values()
            for claim in claims
            if claim.path not in self._keys
            and (claim.anchor is None or not (claim.anchor.name or surely))
            and (claim.block is None or claim.block in blocks)
        }
        old = {tuple(path.split(".")) for path in known}
        return _tree(leaf for leaf in self._leaves if leaf.path not in carried and not _under(leaf.path, old))

    def _walk(
        self,
        plan: Plan,
        record: Any,  # noqa: ANN401
        before: Any,  # noqa: ANN401
        pointer: str,
        within: tuple[tuple[int, Sequence[frozenset[Path]]], ...],
        items: _Items,
        found: list[Left],
        depth: int = 0,
    ) -> None:
        """Add what is left of one record to ``found``."""
        get = self._get
        for name, part in plan:
            value = get(record, name)
            if not value and (value is None or value == "" or value == []):
                continue
            old = None if before is None else get(before, name)
            if old is not None and old == value:
                continue
            if isinstance(part, Leaf):
                if within and _carried(part.path, within):
                    continue
                if (
                    part.aside is not None
                    and not items.all_of_it
                    and self._aside(part.aside, items.root, record, value)
                ):
                    continue
                told = self._text(part, value)
                found.append(Left(f"{pointer}/{name}", part.path, part.reason, told))
            elif isinstance(value, list):
                olds = old if isinstance(old, list) else ()
                for index, item in enumerate(value):
                    if olds and item in olds:
                        continue
                    mine = items.carried.get(id(item))
                    around = (*within, (depth + 1, mine)) if mine else within
                    last = olds[index] if index < len(olds) else None
                    here, count = f"{pointer}/{name}/{index}", len(found)
                    self._walk(part, item, last, here, around, items, found, depth + 1)
                    if len(found) > count and item in value[:index]:
                        del found[count:]  # word for word what stands before it
            else:
                self._walk(part, value, old, f"{pointer}/{name}", within, items, found, depth + 1)

    @staticmethod
    def _text(leaf: Leaf, value: object) -> str:
        return excerpt(value, leaf.logical) if leaf.reason != PERSONAL else ""

    def _aside(self, one: Aside, root: Any, record: Any, value: object) -> bool:  # noqa: ANN401
        *way, last = one.other.split(".")
        here = root if way else record
        for name in way:
            here = self._get(here, name)
            if here is None:
                return False
        other = self._get(here, last)
        return other not in (None, "", []) and (not one.same or other == value)


class _Items:
    """What is carried of single items of lists; worked out only when there is a list to look at."""

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

    @cached_property
    def carried(self) -> Mapping[int, Sequence[frozenset[Path]]]:
        """By identity of an item of the source: sets of paths that are carried of it, beginning at it."""
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


def _carried(path: Path, within: Iterable[tuple[int, Sequence[frozenset[Path]]]]) -> bool:
    return any(path[depth:] in paths for depth, sets in within for paths in sets)


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


def _tree(leaves: Iterable[Leaf]) -> Plan:
    root: dict[str, Any] = {}
    for leaf in leaves:
        here = root
        for name in leaf.path[:-1]:
            here = here.setdefault(name, {})
        here[leaf.path[-1]] = leaf
    return _frozen(root)


def _frozen(tree: Mapping[str, Any]) -> Plan:
    return tuple((name, part if isinstance(part, Leaf) else _frozen(part)) for name, part in tree.items())


def _under(path: Path, tops: Container[Path]) -> bool:
    return any(path[:n] in tops for n in range(1, len(path) + 1))


def _longest(reasons: Mapping[Path, str], path: Path) -> str | None:
    return next((reasons[path[:n]] for n in range(len(path), 0, -1) if path[:n] in reasons), None)
