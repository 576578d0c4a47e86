"""Shipped profiles with a later version of their schemas, and the stages that speak them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from schemas import profiles
from schemas.avro.codec import Codec
from schemas.avro.resolve import Resolve, resolver
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from schemas.translation import Translator

CORRIDOR = profiles.CANONICAL
Change = Callable[[dict[str, Any]], None]


def documented(schema: dict[str, Any]) -> None:
    """Another sentence of documentation, on the record and on a field."""
    schema["doc"] = "Said otherwise."
    schema["fields"][-1]["doc"] = "Said otherwise, too."


def extended(schema: dict[str, Any]) -> None:
    """One optional field more, at the root and in each record of a list at the root."""
    more = {"name": "laterField", "type": ["null", "string"], "default": None, "doc": "New."}
    places = [schema, *(inner for field in schema["fields"] if (inner := _items(field["type"])))]
    for place in places:
        place["fields"].append(copy.deepcopy(more))


def _items(kind: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a JSON value
    """The record that a list is of."""
    if isinstance(kind, list):
        return next((found for one in kind if (found := _items(one))), None)
    if not isinstance(kind, dict) or kind.get("type") != "array":
        return None
    return (
        kind["items"] if isinstance(kind["items"], dict) and kind["items"].get("type") == "record" else None
    )


CHANGES: dict[str, Change] = {"a doc": documented, "an optional field": extended}


@cache
def schema(profile: str, change: str = "") -> Schema:
    """The schema of a profile, as shipped or changed."""
    text = profiles.load(profile).schema.text
    if change:
        table = json.loads(text)
        CHANGES[change](table)
        text = json.dumps(table)
    return Schema.parse(text)


@cache
def codec(profile: str, change: str = "") -> Codec:
    """Codec of that schema."""
    return Codec(schema(profile, change))


@cache
def translator(profile: str, direction: str, change: str = "") -> Translator:
    """Translator of one of a profile's mappings, between schemas that are all changed, or none."""
    text = profiles.load(profile).mappings[direction]
    if change == "an optional field":  # a mapping says of every field what becomes of it
        source = schema(profile if direction == "to_corridor" else CORRIDOR, change)
        text = ignoring(text, later(json.loads(source.text)))
    return Translator(
        load(text, f"{profile}/{direction}.yaml", lambda name: schema(name, change), CodeLists.load())
    )


def ignoring(mapping: str, fields: list[str]) -> str:
    """Add fields to those that a mapping says it does not read."""
    lines = "".join(f"\n  - {name}" for name in fields)
    changed, found = re.subn(r"(?m)^ignores:.*$", lambda match: match[0] + lines, mapping)
    return changed if found else f"{mapping}\nignores:{lines}\n"


def later(table: dict[str, Any]) -> list[str]:
    """Names of the fields that ``extended`` gave a schema."""
    lists = [field["name"] for field in table["fields"] if _items(field["type"])]
    return ["laterField", *(f"{name}.laterField" for name in lists)]


def brought(profile: str, body: bytes, before: str, after: str) -> bytes:
    """A body of one version as of another, as a reader of the log resolves it."""
    return body if before == after else _resolver(profile, before, after)(body)


@cache
def _resolver(profile: str, before: str, after: str) -> Resolve:
    return resolver(schema(profile, before).text, codec(profile, after))
