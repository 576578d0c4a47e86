"""Rules that a schema must keep before anything parses it or decodes with it.

fastavro kills the process on recursive schemas and on deep nesting, and turns a few bytes into gigabytes when
the items of an array have no width. So a schema is measured here first, on its plain JSON, and what could do
harm is refused. ``require_safe`` is for every schema; ``profile`` has the further rules for schemas that
mappings use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from schemas.errors import Invalid

MAX_TEXT: Final = 128 * 1024
"""Bytes of the schema's text."""
MAX_JSON_DEPTH: Final = 160
"""Nesting of the JSON text; five levels are enough for one level of types."""
MAX_DEPTH: Final = 32
"""Nesting of types, with references followed."""
MAX_LOOPS: Final = 16
"""Arrays and maps inside each other: CPython nests at most 20 loops in one function."""
MAX_NAMED: Final = 500
"""Named types."""
MAX_DEFAULT: Final = 4 * 1024
"""Bytes of one default."""
MAX_EXPANDED: Final = 10_000
"""Types when every reference is written out: bounds the generated code."""
RECURSION: Final = "types are not recursive"
"""The rule that other registries do not have."""

Json = Any
"""A value as ``json.loads`` gives it."""

PRIMITIVES: Final = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
_NAMED: Final = frozenset({"record", "error", "enum", "fixed"})
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class SchemaFinding(NamedTuple):
    """One broken rule: JSON pointer into the schema's text, the rule, the value."""

    pointer: str
    rule: str
    value: str = ""


class _Size(NamedTuple):
    """What a type costs: nesting, nested loops, types when written out, least bytes of a value."""

    depth: int
    loops: int
    expanded: int
    width: int


_UNKNOWN: Final = _Size(1, 0, 1, 1)
"""Of what is refused already, or is for the parser to refuse."""


def full_name(name: str, namespace: str | None) -> str:
    """Resolve a name by the rules of Avro 1.12, section Names."""
    return name if "." in name or not namespace else f"{namespace}.{name}"


def require_safe(text: str, references: Sequence[str] = ()) -> None:
    """Raise ``Invalid("schema-unsafe", …)`` for the first rule that the schema breaks."""
    for finding in lint(text, references):
        raise Invalid("schema-unsafe", finding.pointer, finding.rule, finding.value)


def lint(text: str, references: Sequence[str] = ()) -> list[SchemaFinding]:
    """Check that decoding with this schema cannot harm the process.

    Args:
        text: JSON text of the schema.
        references: texts of the schemas whose names it uses.

    Returns:
        Every broken rule; empty for a safe schema. Never raises, whatever the text.
    """
    walk = _Walk()
    for source in (*references, text):
        walk.findings += _text_findings(source)
        if walk.findings:
            return walk.findings
        raw = json.loads(source)
        walk.collect(raw)
    if not walk.findings:
        walk.size(raw, "", "", ())
    return walk.findings


def profile(text: str) -> list[SchemaFinding]:
    """Check the further rules for schemas of profiles: unions are ``["null", T]``, every field has a doc."""
    findings = lint(text)
    if findings:
        return findings
    for pointer, node in _types(json.loads(text), ""):
        if isinstance(node, list) and (len(node) != 2 or node[0] != "null"):
            findings.append(SchemaFinding(pointer, 'unions are ["null", T] only', json.dumps(node)[:200]))
        if isinstance(node, dict) and isinstance(node.get("fields"), list):
            findings += [
                SchemaFinding(f"{pointer}/fields/{index}", "every field has a doc", str(member.get("name")))
                for index, member in enumerate(node["fields"])
                if not str(member.get("doc", "")).strip()
            ]
    return findings


def _text_findings(text: str) -> list[SchemaFinding]:
    """Check what must hold before the text may be given to a recursive parser."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT:
        return [SchemaFinding("", f"the text is at most {MAX_TEXT} bytes", str(size))]
    depth = deepest = 0
    for mark in _STRING.sub("", text):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    if deepest > MAX_JSON_DEPTH:
        return [SchemaFinding("", f"the JSON nests at most {MAX_JSON_DEPTH} deep", str(deepest))]
    try:
        json.loads(text)
    except ValueError as error:
        return [SchemaFinding("", "the text is JSON", str(error))]
    return []


def _types(raw: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    """Yield every type in the JSON of a schema with its pointer, parents first."""
    yield pointer, raw
    if isinstance(raw, list):
        for index, branch in enumerate(raw):
            yield from _types(branch, f"{pointer}/{index}")
    elif isinstance(raw, dict):
        for key in ("type", "items", "values"):
            if isinstance(raw.get(key), dict | list):
                yield from _types(raw[key], f"{pointer}/{key}")
        for index, member in enumerate(_members(raw)):
            yield from _types(member.get("type"), f"{pointer}/fields/{index}/type")


def _members(raw: dict[str, Json]) -> list[dict[str, Json]]:
    fields = raw.get("fields")
    return [member for member in fields if isinstance(member, dict)] if isinstance(fields, list) else []


class _Walk:
    """Measures types by following every reference, each named type once."""

    def __init__(self) -> None:
        self.findings: list[SchemaFinding] = []
        self.named: dict[str, tuple[dict[str, Json], str]] = {}
        self.measured: dict[str, _Size] = {}

    def collect(self, raw: Json, namespace: str = "", pointer: str = "") -> None:
        """Find all named types and their places, so that a forward reference cannot hide a recursion."""
        if isinstance(raw, list):
            for index, branch in enumerate(raw):
                self.collect(branch, namespace, f"{pointer}/{index}")
        elif isinstance(raw, dict):
            if _kind(raw) in _NAMED:
                fullname = _name_of(raw, namespace)
                self.named[fullname] = (raw, pointer)
                namespace = fullname.rpartition(".")[0]
                if len(self.named) == MAX_NAMED + 1:
                    self.findings.append(SchemaFinding("", f"at most {MAX_NAMED} named types", fullname))
            for key in ("type", "items", "values"):
                self.collect(raw.get(key), namespace, f"{pointer}/{key}")
            for index, member in enumerate(_members(raw)):
                self.collect(member.get("type"), namespace, f"{pointer}/fields/{index}/type")

    def size(self, raw: Json, namespace: str, pointer: str, inside: tuple[str, ...], depth: int = 1) -> _Size:
        """Measure a type; ``inside`` are the records that it lies in."""
        if depth > MAX_DEPTH:
            self._find(pointer, f"types nest at most {MAX_DEPTH} deep", raw)
            return _UNKNOWN
        if isinstance(raw, str):
            return self._reference(raw, namespace, pointer, inside, depth)
        if isinstance(raw, list):
            sizes = [
                self.size(branch, namespace, f"{pointer}/{index}", inside, depth)
                for index, branch in enumerate(raw)
            ]
            return _Size(
                max((s.depth for s in sizes), default=0),
                max((s.loops for s in sizes), default=0),
                1 + sum(s.expanded for s in sizes),
                1,
            )
        if not isinstance(raw, dict):
            return _UNKNOWN
        kind = _kind(raw)
        if kind in ("array", "map"):
            return self._collection(raw, namespace, pointer, inside, depth)
        if kind in ("record", "error"):
            return self._record(raw, _name_of(raw, namespace), pointer, inside, depth)
        if kind == "fixed":
            return _Size(1, 0, 1, raw["size"] if isinstance(raw.get("size"), int) else 0)
        if kind == "enum":
            return _UNKNOWN
        return self.size(raw.get("type"), namespace, f"{pointer}/type", inside, depth)

    def _reference(
        self, name: str, namespace: str, pointer: str, inside: tuple[str, ...], depth: int
    ) -> _Size:
        if name in PRIMITIVES:
            return _Size(1, 0, 1, 0 if name == "null" else 1)
        fullname = full_name(name, namespace)
        if fullname in inside:
            self._find(pointer, RECURSION, fullname)
            return _UNKNOWN
        target = self.named.get(fullname)
        if target is None:  # whether names resolve is not a question of safety: the parser answers it
            return _UNKNOWN
        size = self.measured.get(fullname)
        if size is None:
            raw, place = target
            return self.size(raw, fullname.rpartition(".")[0], place, inside, depth)
        if depth + size.depth - 1 > MAX_DEPTH:
            self._find(pointer, f"types nest at most {MAX_DEPTH} deep", fullname)
        return size

    def _collection(
        self, raw: dict[str, Json], namespace: str, pointer: str, inside: tuple[str, ...], depth: int
    ) -> _Size:
        key = "items" if raw["type"] == "array" else "values"
        size = self.size(raw.get(key), namespace, f"{pointer}/{key}", inside, depth + 1)
        if size.width == 0 and key == "items":
            self._find(f"{pointer}/{key}", "array items are at least one byte wide", raw.get(key))
        if size.loops == MAX_LOOPS:
            self._find(pointer, f"arrays and maps nest at most {MAX_LOOPS} deep", raw[key])
        return _Size(size.depth + 1, size.loops + 1, size.expanded + 1, 1)

    def _record(
        self, raw: dict[str, Json], fullname: str, pointer: str, inside: tuple[str, ...], depth: int
    ) -> _Size:
        deepest, loops, expanded, width = 0, 0, 1, 0
        for index, member in enumerate(_members(raw)):
            at = f"{pointer}/fields/{index}"
            default = json.dumps(member.get("default"))
            if len(default) > MAX_DEFAULT:
                self._find(f"{at}/default", f"a default is at most {MAX_DEFAULT} bytes", default)
            size = self.size(
                member.get("type"), fullname.rpartition(".")[0], f"{at}/type", (*inside, fullname), depth + 1
            )
            deepest, loops = max(deepest, size.depth), max(loops, size.loops)
            expanded, width = expanded + size.expanded, width + size.width
        if expanded > MAX_EXPANDED:
            self._find(pointer, f"at most {MAX_EXPANDED} types with references written out", fullname)
            expanded = 0
        self.measured[fullname] = _Size(deepest + 1, loops, expanded, width)
        return self.measured[fullname]

    def _find(self, pointer: str, rule: str, value: object) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.findings.append(SchemaFinding(pointer, rule, text[:200]))


def _kind(raw: dict[str, Json]) -> str:
    kind = raw.get("type")
    return kind if isinstance(kind, str) else ""


def _name_of(raw: dict[str, Json], namespace: str) -> str:
    inner = raw.get("namespace", namespace)
    return full_name(str(raw.get("name")), inner if isinstance(inner, str) else "")
