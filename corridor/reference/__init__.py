"""Reference pages made from what the code itself uses: schemas, examples, code lists, errors, files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from corridor.reference.codes import codes_page
from corridor.reference.errors import errors_page
from corridor.reference.kpis import kpis_page
from corridor.reference.metrics import metrics_page
from corridor.reference.profile import profile_page
from corridor.reference.rooms import rooms_page
from corridor.reference.systems import systems_page
from corridor.settings import settings_reference
from schemas import profiles

PAGES: Final[dict[str, Callable[[], str]]] = {
    "errors.md": errors_page,
    "codes.md": codes_page,
    "settings.md": settings_reference,
    "kpi.md": kpis_page,
    "systems.md": systems_page,
    "rooms.md": rooms_page,
    "metrics.md": metrics_page,
    **{f"profiles/{name}.md": partial(profile_page, name) for name in profiles.names()},
}
"""Every generated page: its path under ``docs/`` and what makes its text."""


def stale(directory: Path) -> list[str]:
    """Pages that are missing or differ from what would be written now."""
    return [name for name, page in PAGES.items() if _read(directory / name) != page()]


def write(directory: Path) -> list[str]:
    """Write every page that is stale; return their names."""
    changed = stale(directory)
    for name in changed:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PAGES[name](), "utf-8")
    return changed


def _read(file: Path) -> str | None:
    return file.read_text("utf-8") if file.is_file() else None
