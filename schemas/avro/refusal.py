"""Turns what msgspec says about bad JSON into errors that name the pointer, the rule and the value."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any, Final

import msgspec

from schemas.avro.lint import Json
from schemas.avro.schema import Array, DecimalType, Enum, Map, Nullable, Primitive, Record, Type
from schemas.avro.structs import Structs
from schemas.avro.violation import step
from schemas.errors import Invalid

MAX_NODES: Final = 10_000
"""Values of one document."""

_PLACE: Final = re.compile(r"^(?P<rule>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[A-Za-z0-9_]+)|\[(?P<index>\d+|\.\.\.)\]")
_FIELD: Final = re.compile(
    r"^Object (?P<what>contains unknown|missing required) field `(?P<name>.*)`$", re.DOTALL
)
_EXPECTED: Final = {
    "uuid": "expected a UUID in lower case",
    "date": "expected a date as YYYY-MM-DD (RFC 3339)",
    "timestamp-millis": "expected a time with offset (RFC 3339), for example 2026-01-12T08:30:00Z",
}


def malformed(error: Exception) -> Invalid:
    """Return the error for a body that is not JSON."""
    return Invalid("json-malformed", "", f"expected JSON in UTF-8: {error}")


def mismatch(error: msgspec.ValidationError, body: bytes, root: Type, structs: Structs) -> Invalid:
    """Return the error for JSON that does not match the schema.

    Args:
        error: what msgspec said.
        body: the JSON.
        root: the type that it was decoded as.
        structs: the types that it was decoded with.
    """
    place = _PLACE.match(str(error))
    assert place is not None  # noqa: S101 - the expression matches any text
    value, node, pointer = _follow(place["path"] or "", body, root, structs)
    field = _FIELD.match(place["rule"])
    if field is None:
        return Invalid("schema-violation", pointer, _rule(node, place["rule"]), _shown(value))
    pointer = step(pointer, field["name"])
    if field["what"].startswith("missing"):
        return Invalid("schema-violation", pointer, "the field is required")
    rule = "the schema has no such field" + _hint(field["name"], node)
    return Invalid("schema-violation", pointer, rule, _shown(value.get(field["name"])) if value else None)


def limit_nodes(body: bytes) -> None:
    """Refuse a document of more than ``MAX_NODES`` values.

    A value takes at least two bytes, so short bodies need no look; commas and brackets bound the count of the
    others, and only what is over the bound is counted exactly.
    """
    if len(body) <= 2 * MAX_NODES:
        return
    if body.count(b",") + body.count(b"[") + body.count(b"{") < MAX_NODES:
        return
    count, rest = 0, [msgspec.json.decode(body)]
    while rest:
        value = rest.pop()
        count += 1
        if isinstance(value, dict):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    if count > MAX_NODES:
        raise Invalid("json-malformed", "", f"at most {MAX_NODES} values", count)


def refuse_duplicates(body: bytes) -> None:
    """Raise ``json-malformed`` for the first key that comes twice in one object."""
    _search(json.loads(body, object_pairs_hook=_Pairs), "")


class _Pairs(list[tuple[str, Json]]):
    """The members of one object, duplicates included."""


def _search(value: Json, pointer: str) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, item in value:
            if key in seen:
                raise Invalid("json-malformed", step(pointer, key), "a key comes once in an object", key)
            seen.add(key)
            _search(item, step(pointer, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _search(item, step(pointer, index))


def _follow(path: str, body: bytes, node: Type, structs: Structs) -> tuple[Any, Type, str]:
    """Follow msgspec's path to the value, its type and its JSON pointer."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        value = None  # broken or too deep after the place of the error
    pointer = ""
    for part in _STEP.finditer(path):
        node = node.inner if isinstance(node, Nullable) else node
        key: str | int
        if part["index"] == "...":
            key, node = _culprit(value, node, structs)
        elif part["index"]:
            key, node = int(part["index"]), node.items if isinstance(node, Array) else node
        else:
            key, node = part["name"], node.field(part["name"]).type if isinstance(node, Record) else node
        pointer = step(pointer, key)
        value = _inside(value, key)
    return value, node, pointer


def _inside(value: Json, key: str | int) -> Json:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) else None


def _culprit(value: Json, node: Type, structs: Structs) -> tuple[str, Type]:
    """Find the key of a map whose value does not match: msgspec does not tell."""
    assert isinstance(node, Map)  # noqa: S101 - only maps have [...] in a path
    for key, item in value.items() if isinstance(value, dict) else ():
        try:
            msgspec.json.decode(msgspec.json.encode(item), type=structs.of(node.values))
        except msgspec.ValidationError:
            return key, node.values
    return "*", node.values


def _rule(node: Type, rule: str) -> str:
    """Say what was expected in the words of the schema where msgspec speaks of patterns and Python types."""
    node = node.inner if isinstance(node, Nullable) else node
    match node:
        case DecimalType():
            whole = max(node.precision - node.scale, 1)
            return (
                f"expected a decimal as text, at most {whole} digits before and {node.scale} after the point"
            )
        case Enum():
            return f"expected one of {', '.join(node.symbols)}"
        case Primitive(logical=str() as logical) if logical in _EXPECTED:
            return _EXPECTED[logical]
        case _:
            return rule.replace("`", "").replace("Expected", "expected").replace("Invalid", "invalid")


def _hint(name: str, node: Type) -> str:
    node = node.inner if isinstance(node, Nullable) else node
    names = [field.name for field in node.fields] if isinstance(node, Record) else []
    close = difflib.get_close_matches(name[:100], names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _shown(value: Json) -> Json:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool | None) else value
