"""Mappings and schemas of the registered profiles, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

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
def find_mapping(
    profile: str, direction: str, access: Access = "item", overlays: tuple[Path, ...] = ()
) -> CompiledMapping | None:
    """The mapping of a profile, compiled.

    Args:
        profile: its name.
        direction: ``to_corridor`` or ``from_corridor``.
        access: how generated code reads the input.
        overlays: directories that lie over the shipped code lists.

    Raises:
        Misconfigured: there is no such profile, its mapping does not compile, or a code list is broken.
    """
    text = load(profile).mappings.get(direction)
    if text is None:
        return None
    return compile_mapping(text, f"{profile}/{direction}.yaml", find_schema, CodeLists.load(overlays), access)
