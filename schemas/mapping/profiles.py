"""Mappings and schemas of the registered profiles, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from schemas.codes.lists import CodeLists
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.compile import load as compile_mapping
from schemas.mapping.types import Access
from schemas.profiles import SHIPPED, Profiles


@cache
def find_mapping(
    profile: str,
    direction: str,
    access: Access = "item",
    overlays: tuple[Path, ...] = (),
    known: Profiles = SHIPPED,
) -> CompiledMapping | None:
    """The mapping of a profile, compiled.

    Args:
        profile: its name.
        direction: ``to_corridor`` or ``from_corridor``.
        access: how generated code reads the input.
        overlays: directories that lie over the shipped code lists.
        known: where the profile is looked for.

    Raises:
        Misconfigured: there is no such profile, its mapping does not compile, or a code list is broken.
    """
    found = known.load(profile)
    text = found.mappings.get(direction)
    if text is None:
        return None
    file = f"{profile}/{direction}.yaml"
    return compile_mapping(text, file, known.schema, CodeLists.load((*overlays, *found.codes)), access)
