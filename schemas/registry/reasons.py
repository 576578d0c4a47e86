"""Why data written with one schema cannot be read with another: kind, place, detail, in Avro Java's order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.errors import Permanent
from schemas.registry.model import Array, Enum, Field, Fixed, Map, Named, Node, Record, Union, children

Place = tuple[str, ...]

MAX_REASONS: Final = 10_000
"""Most reasons that are collected before two schemas are given up."""

_PROMOTIONS: Final = {
    "long": {"int"},
    "float": {"int", "long"},
    "double": {"int", "long", "float"},
    "bytes": {"string"},
    "string": {"bytes"},
}
AMBIGUOUS: Final = "AMBIGUOUS_FIELD"
"""Not a kind of Avro Java, which gives up with an exception."""
_DESCRIPTIONS: Final = {
    AMBIGUOUS: "The field '{detail}' at path '{path}' in the {reader} schema matches several fields of the "
    "{writer} schema",
    "FIXED_SIZE_MISMATCH": "The size of FIXED type field at path '{path}' in the {reader} schema "
    "does not match with the {writer} schema",
    "TYPE_MISMATCH": "The type (path '{path}') of a field in the {reader} schema "
    "does not match with the {writer} schema",
    "NAME_MISMATCH": "The name of the schema has changed (path '{path}')",
    "MISSING_ENUM_SYMBOLS": "The {reader} schema is missing enum symbols '{detail}' at path '{path}' "
    "in the {writer} schema",
    "MISSING_UNION_BRANCH": "The {reader} schema is missing a type inside a union field at path '{path}' "
    "in the {writer} schema",
    "READER_FIELD_MISSING_DEFAULT_VALUE": "The field '{detail}' at path '{path}' in the {reader} schema "
    "has no default value and is missing in the {writer} schema",
}


class Reason(NamedTuple):
    """One thing that the reader cannot read.

    Attributes:
        kind: name of the rule in Avro Java, for example ``TYPE_MISMATCH``.
        place: steps into the reader's schema.
        detail: Avro Java's message.
    """

    kind: str
    place: Place
    detail: str

    @property
    def path(self) -> str:
        """The place as a JSON pointer into the reader's schema."""
        return "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in self.place)

    def message(self, reader: str, writer: str) -> str:
        """Give Confluent's text, on which tools match.

        Args:
            reader: ``new`` or ``old``.
            writer: the other one.
        """
        described = _DESCRIPTIONS[self.kind].format(
            path=self.path, detail=self.detail, reader=reader, writer=writer
        )
        return f"{{errorType:'{self.kind}', description:'{described}', additionalInfo:'{self.detail}'}}"


def reasons(reader: Node, writer: Node) -> list[Reason]:
    """Give all reasons why the reader cannot read what the writer wrote; empty when it can."""
    try:
        return _Comparison(has_aliases=_has_aliases(reader)).compare(reader, writer, ())
    except _AmbiguousError as error:
        return [error.reason]


class EndlessError(Permanent):
    """Two schemas refer to themselves in ways that take too long to compare (``schema-unsafe``)."""

    def __init__(self) -> None:
        super().__init__("schema-unsafe", "The types refer to each other in too many ways to be compared")


class _AmbiguousError(Exception):
    """A field of the reader could be filled from two fields of the writer: nothing can be read."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.detail)
        self.reason = reason


class _Comparison:
    """One comparison; pairs of types that came before are not walked again, so recursion ends.

    Args:
        has_aliases: some field of the reader has an alias, so that it could be ambiguous.
    """

    def __init__(self, *, has_aliases: bool) -> None:
        self._has_aliases = has_aliases
        self._known: dict[tuple[int, int], list[Reason]] = {}

    def compare(self, reader: Node, writer: Node, place: Place) -> list[Reason]:
        pair = (id(reader), id(writer))
        if pair not in self._known:
            self._known[pair] = []
            self._known[pair] = self._walk(reader, writer, place)
        return self._known[pair]

    def _walk(self, reader: Node, writer: Node, place: Place) -> list[Reason]:
        match reader, writer:
            case Array(), Array():
                return self.compare(reader.items, writer.items, (*place, "items"))
            case Map(), Map():
                return self.compare(reader.values, writer.values, (*place, "values"))
            case Fixed(), Fixed():
                return _names(reader, writer, place) + _sizes(reader, writer, place)
            case Enum(), Enum():
                return _names(reader, writer, place) + _symbols(reader, writer, place)
            case Record(), Record():
                return _names(reader, writer, place) + self._fields(reader, writer, place)
            case Union(), Union():
                return [
                    Reason("MISSING_UNION_BRANCH", (*place, str(index)), _lacking(branch))
                    for index, branch in enumerate(writer.branches)
                    if not self._reads(reader, branch)
                ]
            case _, Union():
                found: list[Reason] = []
                for index, branch in enumerate(writer.branches):
                    self._add(found, self.compare(reader, branch, (*place, str(index))))
                return found
            case Union(), _:
                if any(self._reads(branch, writer) for branch in reader.branches):
                    return []
                return [Reason("MISSING_UNION_BRANCH", place, _lacking(writer))]
            case _:
                return _types(reader, writer, place)

    def _reads(self, reader: Node, writer: Node) -> bool:
        """Tell whether one can read the other, without the details that are not asked for inside a union."""
        if (
            isinstance(reader, Named)
            and isinstance(writer, Named)
            and not self._has_aliases
            and _names(reader, writer, ())
        ):
            return False
        return not self.compare(reader, writer, ())

    def _add(self, found: list[Reason], more: list[Reason]) -> None:
        """Add reasons; where two cycles of types meet over and over they would double for ever."""
        found += more
        if len(found) > MAX_REASONS:
            raise EndlessError

    def _fields(self, reader: Record, writer: Record, place: Place) -> list[Reason]:
        found: list[Reason] = []
        fields = {other.name: other.type for other in writer.fields}
        for index, item in enumerate(reader.fields):
            here = (*place, "fields", str(index))
            source: list[Node] = [fields[name] for name in (item.name, *item.aliases) if name in fields]
            if not source and not item.has_default and isinstance(item.type, Enum) and item.type.default:
                source = [
                    writer
                ]  # Avro Java takes the enum's default for the field's, then looks at the record
            if len(source) > 1:
                raise _AmbiguousError(Reason(AMBIGUOUS, here, item.name))
            if source:
                self._add(found, self.compare(item.type, source[0], (*here, "type")))
            elif not item.has_default:
                found.append(Reason("READER_FIELD_MISSING_DEFAULT_VALUE", here, item.name))
        return found


def _names(reader: Named, writer: Named, place: Place) -> list[Reason]:
    if reader.name == writer.name or writer.fullname in reader.aliases:
        return []
    return [Reason("NAME_MISMATCH", (*place, "name"), f"expected: {writer.fullname}")]


def _sizes(reader: Fixed, writer: Fixed, place: Place) -> list[Reason]:
    if reader.size == writer.size:
        return []
    return [Reason("FIXED_SIZE_MISMATCH", (*place, "size"), f"expected: {writer.size}, found: {reader.size}")]


def _symbols(reader: Enum, writer: Enum, place: Place) -> list[Reason]:
    missing = sorted(set(writer.symbols) - set(reader.symbols))
    if not missing or reader.default is not None:
        return []
    return [Reason("MISSING_ENUM_SYMBOLS", (*place, "symbols"), f"[{', '.join(missing)}]")]


def _types(reader: Node, writer: Node, place: Place) -> list[Reason]:
    if reader.type == writer.type or writer.type in _PROMOTIONS.get(reader.type, ()):
        return []
    detail = f"reader type: {_upper(reader)} not compatible with writer type: {_upper(writer)}"
    return [Reason("TYPE_MISMATCH", place, detail)]


def _lacking(node: Node) -> str:
    return f"reader union lacking writer type: {_upper(node)}"


def _upper(node: Node) -> str:
    return "RECORD" if isinstance(node, Record) else node.type.upper()


def _has_aliases(root: Node) -> bool:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Record) and any(item.aliases for item in node.fields):
            return True
        waiting.extend(children(node))
    return False


def sources(reader: Record, writer: Record) -> Iterator[Field | None]:
    """Give for each field of the reader the writer's field that it is filled from."""
    places = {other.name: place for place, other in enumerate(writer.fields)}
    for item in reader.fields:
        first = min((places[name] for name in (item.name, *item.aliases) if name in places), default=None)
        yield None if first is None else writer.fields[first]
