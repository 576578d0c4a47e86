"""Letting a process know the integrator's own code lists."""

from __future__ import annotations

from corridor.settings import Settings
from schemas.codes.brought import bring
from schemas.codes.lists import CodeLists


def bring_lists(settings: Settings) -> None:
    """Let all parts of this process know the integrator's own code lists, as the translation does.

    Raises:
        Misconfigured: ``settings-invalid``: a list cannot be used.
    """
    if settings.overlays:
        bring(CodeLists.load(settings.overlays))
