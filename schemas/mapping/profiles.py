"""Mappings and schemas of the registered profiles, by name."""

from __future__ import annotations

from functools import cache

from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.compile import load as compile_mapping
from schemas.mapping.types import Access
from schemas.profiles import load, names


def find_schema(name: str) -> Schema:
    """The schema of a profile.

    Raises:
        KeyError: there is no profile of this name.
    """
    if name not in names():
        raise KeyError(name)
    return load(name).schema


@cache
def find_mapping(profile: str, direction: str, access: Access = "item") -> CompiledMapping | None:
    """The mapping of a profile, compiled; ``direction`` is ``to_corridor`` or ``from_corridor``.

    Raises:
        Misconfigured: there is no such profile, or its mapping does not compile.
    """
    text = load(profile).mappings.get(direction)
    if text is None:
        return None
    return compile_mapping(text, f"{profile}/{direction}.yaml", find_schema, CodeLists.load(), access)
