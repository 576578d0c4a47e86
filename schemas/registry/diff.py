"""What changes between two schemas, in words, for those who read and for those who write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.registry.logical import meaning
from schemas.registry.model import Array, Enum, Field, Fixed, Map, Named, Node, Record, Union
from schemas.registry.reasons import sources
from schemas.registry.text import json_text


class Difference(NamedTuple):
    """One change.

    Attributes:
        place: ``wagons[].number``, ``""`` for the schema as a whole.
        what: the change.
        readers: what it means for programs that take up the new schema and read old data.
        writers: what it means for programs that take up the new schema while others read with the old one.
    """

    place: str
    what: str
    readers: str
    writers: str


_NOTHING: Final = "nothing changes"


def diff(old: Node, new: Node) -> list[Difference]:
    """List all changes from an old schema to a new one, in the new schema's order."""
    return list(_Walk().compare(old, new, ""))


class _Walk:
    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()

    def compare(self, old: Node, new: Node, place: str) -> Iterator[Difference]:
        if (id(old), id(new)) in self._seen:
            return
        self._seen.add((id(old), id(new)))
        if isinstance(old, Named) and isinstance(new, Named) and old.type == new.type:
            yield from _names(old, new, place)
        match old, new:
            case Record(), Record():
                yield from self._fields(old, new, place)
            case Array(), Array():
                yield from self.compare(old.items, new.items, f"{place}[]")
            case Map(), Map():
                yield from self.compare(old.values, new.values, f"{place}{{}}")
            case Enum(), Enum():
                yield from _symbols(old, new, place)
            case Fixed(), Fixed() if old.size != new.size:
                yield Difference(
                    place, f"{old.size} bytes become {new.size}", "old data cannot be read", _BROKEN
                )
            case (Union(), _) | (_, Union()):
                yield from self._branches(_branches(old), _branches(new), place)
            case _ if spoken(old) != spoken(new):
                yield Difference(place, f"{spoken(old)} becomes {spoken(new)}", *_type_change(old, new))

    def _fields(self, old: Record, new: Record, place: str) -> Iterator[Difference]:
        kept: set[str] = set()
        for item, source in zip(new.fields, sources(new, old), strict=True):
            here = f"{place}.{item.name}".removeprefix(".")
            if source is None:
                yield _added(item, here)
                continue
            kept.add(source.name)
            if source.name != item.name:
                yield Difference(
                    here,
                    f"renamed from {source.name}",
                    "old data is read through the alias",
                    "old readers do not find it: they take their default, or fail without one",
                )
            yield from self.compare(source.type, item.type, here)
            yield from _defaults(source, item, here)
        for item in old.fields:
            if item.name not in kept:
                yield _removed(item, f"{place}.{item.name}".removeprefix("."))

    def _branches(self, old: list[Node], new: list[Node], place: str) -> Iterator[Difference]:
        before, after = ({_key(branch): branch for branch in side} for side in (old, new))
        for key, branch in after.items():
            if key in before:
                yield from self.compare(before[key], branch, place)
            else:
                yield Difference(
                    place,
                    f"may now be {spoken(branch)}",
                    _NOTHING,
                    f"old readers fail on {spoken(branch)}: write it when all have the new schema",
                )
        for key, branch in before.items():
            if key not in after:
                yield Difference(
                    place,
                    f"may no longer be {spoken(branch)}",
                    f"old data with {spoken(branch)} cannot be read, unless it widens to another type here",
                    _NOTHING,
                )


_BROKEN: Final = "old readers cannot read what is written"


def _added(item: Field, place: str) -> Difference:
    if item.has_default:
        return Difference(
            place,
            f"added, {spoken(item.type)}, default {json_text(item.default)}",
            f"old data reads as {json_text(item.default)}",
            "old readers do not see it",
        )
    return Difference(
        place,
        f"added, {spoken(item.type)}, without default",
        "old data cannot be read",
        "must always be written; old readers do not see it",
    )


def _removed(item: Field, place: str) -> Difference:
    writers = (
        f"old readers take their default {json_text(item.default)}"
        if item.has_default
        else "old readers cannot read what is written"
    )
    return Difference(place, "removed", "what old data has there is skipped", writers)


def _defaults(old: Field, new: Field, place: str) -> Iterator[Difference]:
    before = json_text(old.default) if old.has_default else "none"
    after = json_text(new.default) if new.has_default else "none"
    if before != after:
        yield Difference(
            place, f"default {before} becomes {after}", f"where old data lacks it: {after}", _NOTHING
        )


def _names(old: Named, new: Named, place: str) -> Iterator[Difference]:
    if old.fullname == new.fullname:
        return
    what = f"the name {old.fullname} becomes {new.fullname}"
    if old.name == new.name:
        yield Difference(place, what, _NOTHING, _NOTHING)
    elif old.fullname in new.aliases:
        yield Difference(place, what, "old data is read through the alias", _BROKEN)
    else:
        yield Difference(place, what, "old data cannot be read", _BROKEN)


def _symbols(old: Enum, new: Enum, place: str) -> Iterator[Difference]:
    added = [s for s in new.symbols if s not in old.symbols]
    removed = [s for s in old.symbols if s not in new.symbols]
    if added:
        effect = f"old readers read {old.default}" if old.default else "old readers fail on them"
        yield Difference(place, f"symbols added: {', '.join(added)}", _NOTHING, effect)
    if removed:
        effect = f"read as {new.default}" if new.default else "old data with them cannot be read"
        yield Difference(place, f"symbols removed: {', '.join(removed)}", effect, _NOTHING)


def _type_change(old: Node, new: Node) -> tuple[str, str]:
    if old.type == new.type:
        return "old values are taken for something else", "old readers take the values for something else"
    widens = {"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"}}
    widens |= {"string": {"bytes"}, "bytes": {"string"}}
    readers = _NOTHING if new.type in widens.get(old.type, ()) else "old data cannot be read"
    writers = _NOTHING if old.type in widens.get(new.type, ()) else _BROKEN
    return readers, writers


def _branches(node: Node) -> list[Node]:
    return node.branches if isinstance(node, Union) else [node]


def _key(node: Node) -> str:
    return node.name if isinstance(node, Named) else node.type


def spoken(node: Node) -> str:
    """Name a type in a few words."""
    match node:
        case Union():
            return " or ".join(spoken(branch) for branch in node.branches) or "nothing"
        case Array():
            return f"array of {spoken(node.items)}"
        case Map():
            return f"map of {spoken(node.values)}"
        case Named():
            return f"{node.type} {node.name}"
        case _:
            return meaning(node)
