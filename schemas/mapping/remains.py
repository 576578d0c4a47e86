"""What remains of a message: the fields that have a value and that no rule carried.

The compiler knows which fields of the source each rule reads for which field of the target. Here that is held
against one message and the rules that came of it. Nothing is compared by value.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas.avro.structs import member
from schemas.mapping.carried import Carried, CarriedItems, Path
from schemas.mapping.compiler import CompiledRule
from schemas.mapping.coverage import IdleField, aside, leaves, logical_of
from schemas.mapping.document import Document
from schemas.mapping.reasons import NO_EQUIVALENT, PERSONAL
from schemas.mapping.runtime import excerpt
from schemas.mapping.shown import shown
from schemas.mapping.types import Access, Type

_KNOWN_ITEMS: Final = 64
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
    aside: IdleField | None
    logical: str = ""


class Plan:
    """Fields of a record that may be left.

    Args:
        depth: names on the way from the root to the record.
        fields: by name, in the schema's order.
    """

    __slots__ = ("_less", "depth", "fields")

    def __init__(self, depth: int, fields: Iterable[tuple[str, Plan | Leaf]]) -> None:
        self.depth: Final = depth
        self.fields: Final = tuple(fields)
        self._less: Final[dict[Carried, Plan]] = {}

    def without(self, carried: Carried) -> Plan:
        """What may be left of an item of which this is carried; nearly all items are like another one."""
        less = self._less.get(carried)
        if less is None:
            if len(self._less) >= _KNOWN_ITEMS:
                self._less.clear()
            less = self._less[carried] = self._reduced(carried, self.depth)
        return less

    def _reduced(self, carried: Carried, start: int) -> Plan:
        kept: list[tuple[str, Plan | Leaf]] = []
        for name, part in self.fields:
            if isinstance(part, Plan):
                inner = part._reduced(carried, start)  # noqa: SLF001 - a part of this one
                if inner.fields:
                    kept.append((name, inner))
            elif not any(part.path[start:] in paths for paths in carried):
                kept.append((name, part))
        return Plan(self.depth, kept)


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
        return not any(self._plan(frozenset([rule]), frozenset(), (), False).fields for rule in rules)

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
        rules = frozenset([rule for rule, _ in fired])
        blocks = frozenset([block for block, _ in took])
        fields = self._plan(rules, blocks, tuple(known), surely).fields
        if changed is not None:
            fields = tuple([part for part in fields if part[0] in changed])
        found: list[Left] = []
        if fields:
            items = CarriedItems(record, fired, took, blocks, all_of_it)
            self._walk(fields, record, before, "", items, found)
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
        fields: Sequence[tuple[str, Plan | Leaf]],
        record: Any,  # noqa: ANN401
        before: Any,  # noqa: ANN401
        pointer: str,
        items: CarriedItems,
        found: list[Left],
    ) -> None:
        """Add what is left of one record to ``found``."""
        get = self._get
        for name, part in fields:
            value = get(record, name)
            if not value and (value is None or value == "" or value == []):
                continue
            old = None if before is None else get(before, name)
            if old is not None and old == value:
                continue
            if isinstance(part, Leaf):
                if (
                    part.aside is not None
                    and not items.all_of_it
                    and self._aside(part.aside, items.root, record, value)
                ):
                    continue
                told = self._text(part, value)
                found.append(Left(f"{pointer}/{name}", part.path, part.reason, told))
            elif isinstance(value, list):
                olds, carried = old if isinstance(old, list) else (), items.carried
                for index, item in enumerate(value):
                    mine = carried.get(id(item))
                    rest = part if mine is None else part.without(tuple(mine))
                    if not rest.fields or (olds and item in olds):
                        continue
                    last = olds[index] if index < len(olds) else None
                    here, count = f"{pointer}/{name}/{index}", len(found)
                    self._walk(rest.fields, item, last, here, items, found)
                    if len(found) > count and item in value[:index]:
                        del found[count:]  # word for word what stands before it
            else:
                self._walk(part.fields, value, old, f"{pointer}/{name}", items, found)

    @staticmethod
    def _text(leaf: Leaf, value: object) -> str:
        return excerpt(value, leaf.logical) if leaf.reason != PERSONAL else ""

    def _aside(self, one: IdleField, root: Any, record: Any, value: object) -> bool:  # noqa: ANN401
        *way, last = one.other.split(".")
        here = root if way else record
        for name in way:
            here = self._get(here, name)
            if here is None:
                return False
        other = self._get(here, last)
        return other not in (None, "", []) and (not one.same or other == value)


def _tree(leaves: Iterable[Leaf]) -> Plan:
    root: dict[str, Any] = {}
    for leaf in leaves:
        here = root
        for name in leaf.path[:-1]:
            here = here.setdefault(name, {})
        here[leaf.path[-1]] = leaf
    return _planned_of(root, 0)


def _planned_of(tree: Mapping[str, Any], depth: int) -> Plan:
    return Plan(
        depth,
        (
            (name, part if isinstance(part, Leaf) else _planned_of(part, depth + 1))
            for name, part in tree.items()
        ),
    )


def _under(path: Path, tops: Container[Path]) -> bool:
    return any(path[:n] in tops for n in range(1, len(path) + 1))


def _longest(reasons: Mapping[Path, str], path: Path) -> str | None:
    return next((reasons[path[:n]] for n in range(len(path), 0, -1) if path[:n] in reasons), None)
