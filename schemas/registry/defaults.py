"""Whether the default of a field is a value of its type."""

from __future__ import annotations

import json
from typing import Final

from schemas.avro.lint import Json
from schemas.registry.model import Array, Enum, Fixed, Map, Node, Record, Union

_RANGES: Final = {"int": 31, "long": 63}


def default_problem(node: Node, value: Json) -> str:
    """Say why a JSON value is no default of a type; ``""`` when it is one.

    A union takes a default of any of its branches, as Avro Java does since 1.12.
    """
    match node:
        case Union():
            if any(not default_problem(branch, value) for branch in node.branches):
                return ""
            return f"no branch of the union takes {_shown(value)}"
        case Array():
            return _each(node.items, value) if isinstance(value, list) else _mismatch(node, value)
        case Map():
            return (
                _each(node.values, list(value.values()))
                if isinstance(value, dict)
                else _mismatch(node, value)
            )
        case Record():
            return _record(node, value)
        case _:
            return "" if _is_scalar(node, value) else _mismatch(node, value)


def _each(node: Node, values: list[Json]) -> str:
    return next((problem for value in values if (problem := default_problem(node, value))), "")


def _record(node: Record, value: Json) -> str:
    if not isinstance(value, dict):
        return _mismatch(node, value)
    for item in node.fields:
        if item.name in value:
            if problem := default_problem(item.type, value[item.name]):
                return f"{item.name}: {problem}"
        elif not item.has_default:
            return f"{node.fullname} needs the field {item.name}"
    return ""


def _is_scalar(node: Node, value: Json) -> bool:
    if isinstance(node, Enum):
        return value in node.symbols if isinstance(value, str) else False
    if isinstance(node, Fixed):
        return isinstance(value, str) and len(value) == node.size and _is_bytes(value)
    match node.type:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "bytes":
            return isinstance(value, str) and _is_bytes(value)
        case "int" | "long":
            bound = 1 << _RANGES[node.type]
            return isinstance(value, int) and not isinstance(value, bool) and -bound <= value < bound
        case _:
            return isinstance(value, int | float) and not isinstance(value, bool)


def _is_bytes(value: str) -> bool:
    return all(ord(character) < 256 for character in value)


def _mismatch(node: Node, value: Json) -> str:
    return f"{_shown(value)} is not a {node.type}"


def _shown(value: Json) -> str:
    return json.dumps(value)[:100]
