"""Pairs of Avro schemas, made from a number: what Avro Java says of each is recorded in ``tests/golden``.

Only ``random.Random.random`` is used, whose sequence Python promises to keep.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import TypeVar

from schemas.avro.lint import Json

T = TypeVar("T")

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PAIRS = 10_000
_DEFAULTS: dict[str, Json] = {
    "null": None,
    "boolean": True,
    "int": 1,
    "long": 2,
    "float": 1.5,
    "double": 2.5,
    "bytes": "b",
    "string": "s",
}


class Maker:
    """Makes one pair.

    Args:
        number: which pair; the same number makes the same pair.
    """

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)
        self._named = 0

    def pair(self) -> tuple[str, str]:
        """Give reader and writer: the one is a random schema, the other often grew out of it."""
        reader = self.record(2) if self.chance(0.7) else self.type(2)
        if self.chance(0.75):
            writer = self.changed(reader)
        else:
            self._named = 0
            writer = self.type(2)
        return json.dumps(reader), json.dumps(writer)

    def chance(self, likelihood: float) -> bool:
        """Give True with a likelihood."""
        return self._random.random() < likelihood

    def pick(self, items: Sequence[T]) -> T:
        """Give one of the items."""
        return items[int(self._random.random() * len(items))]

    def name(self, kind: str) -> str:
        """Give a name that is new in this schema."""
        self._named += 1
        return f"{kind}{self._named}"

    def type(self, depth: int) -> Json:
        """Make any type."""
        if depth == 0 or self.chance(0.45):
            return self.pick(PRIMITIVES)
        kind = self.pick(("array", "map", "union", "record", "enum", "fixed", "union"))
        if kind == "array":
            return {"type": "array", "items": self.type(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": self.type(depth - 1)}
        if kind == "record":
            return self.record(depth - 1)
        if kind == "enum":
            return self.enum()
        if kind == "fixed":
            return {"type": "fixed", "name": self.name("F"), "size": self.pick((1, 2, 4))}
        return self.union(depth)

    def union(self, depth: int) -> list[Json]:
        """Make a union of up to four branches."""
        branches: list[Json] = []
        seen: set[str] = set()
        for _ in range(1 + int(self._random.random() * 4)):
            branch = self.type(depth - 1)
            kind = branch if isinstance(branch, str) else "" if isinstance(branch, list) else branch["type"]
            if kind and (kind not in seen or kind in {"record", "enum", "fixed"}):
                seen.add(kind)
                branches.append(branch)
        return branches or ["null"]

    def enum(self) -> dict[str, Json]:
        """Make an enum, some with a default."""
        symbols = [s for s in ("A", "B", "C", "D") if self.chance(0.6)] or ["A"]
        made: dict[str, Json] = {"type": "enum", "name": self.name("E"), "symbols": symbols}
        if self.chance(0.3):
            made["default"] = symbols[0]
        return made

    def record(self, depth: int) -> dict[str, Json]:
        """Make a record of up to four fields."""
        name = self.name("R")
        count = int(self._random.random() * 5)
        return {"type": "record", "name": name, "fields": [self.field(f"f{n}", depth) for n in range(count)]}

    def field(self, name: str, depth: int) -> dict[str, Json]:
        """Make a field, some with a default or an alias."""
        kind = self.type(depth)
        made: dict[str, Json] = {"name": name, "type": kind}
        if self.chance(0.4):
            first = kind[0] if isinstance(kind, list) else kind
            if isinstance(first, str):
                made["default"] = _DEFAULTS[first]
        if self.chance(0.1):
            made["aliases"] = [self.pick(("f1", "g1", "f2"))]
        return made

    def changed(self, node: Json) -> Json:
        """Give a schema with a few changes of the kind that people make."""
        if isinstance(node, str):
            return self.pick(PRIMITIVES) if self.chance(0.15) else node
        if isinstance(node, list):
            kept = [self.changed(b) for b in node if not self.chance(0.12)] or ["null"]
            return _distinct(kept)
        if self.chance(0.06):
            return self.pick(PRIMITIVES)
        made = dict(node)
        for key in ("items", "values"):
            if key in made:
                made[key] = self.changed(made[key])
        if "symbols" in made:
            made["symbols"] = [s for s in made["symbols"] if not self.chance(0.15)] or ["A"]
            if made.get("default") not in made["symbols"]:
                made.pop("default", None)
        if "size" in made and self.chance(0.15):
            made["size"] += 1
        if "name" in made and self.chance(0.08):
            made["aliases"] = [made["name"]]
            made["name"] += "x"
        if "fields" in made:
            made["fields"] = self.changed_fields(made["fields"])
        return made

    def changed_fields(self, fields: list[dict[str, Json]]) -> list[dict[str, Json]]:
        """Change, drop, rename and add fields."""
        made = []
        for item in fields:
            if self.chance(0.12):
                continue
            changed = {**item, "type": self.changed(item["type"])}
            if "default" in changed and changed["type"] != item["type"]:
                del changed["default"]
            if self.chance(0.08):
                changed |= {"name": item["name"].replace("f", "g"), "aliases": [item["name"]]}
            made.append(changed)
        if self.chance(0.3):
            made.append(self.field("h", 1))
        return made


def _distinct(branches: list[Json]) -> list[Json]:
    found: dict[str, Json] = {}
    for branch in branches:
        kind = (
            branch
            if isinstance(branch, str)
            else ""
            if isinstance(branch, list)
            else branch.get("name", branch["type"])
        )
        if kind:
            found.setdefault(kind, branch)
    return list(found.values()) or ["null"]
