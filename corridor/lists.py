"""Letting a process know the integrator's own code lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corridor.settings import Settings
from schemas.codes.brought import bring
from schemas.codes.lists import CodeLists


def lists_beside(mapping: Path, overlays: Sequence[Path]) -> CodeLists:
    """Give the code lists that a mapping file sees: those in ``codes`` beside it lie over all others.

    Raises:
        Misconfigured: ``settings-invalid``: a list cannot be used.
    """
    own = [place] if (place := mapping.parent / "codes").is_dir() else []
    return CodeLists.load((*overlays, *own))


def bring_lists(settings: Settings) -> None:
    """Let all parts of this process know the integrator's own code lists, as the translation does.

    Raises:
        Misconfigured: ``settings-invalid``: a list cannot be used.
    """
    if settings.overlays:
        bring(CodeLists.load(settings.overlays))
