"""All pages of the documentation: their links lead somewhere, and the changelog knows this version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def names(page: Path) -> set[str]:
    """Give the anchors of a page: its headings, and those that stand as HTML."""
    text = page.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return plain | set(re.findall(r'(?:id|name)="([^"]+)"', text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the repository, and a part of it that is there."""
    broken = []
    prose = re.sub(r"`[^`]*`", "", page.read_text("utf-8"))
    for link in LINK.findall(prose):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in names(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_has_links() -> None:
    """The pattern that looks for links finds some."""
    assert LINK.findall((ROOT / "README.md").read_text("utf-8"))


def test_the_changelog_has_this_version() -> None:
    """The version of the package has an entry, and what comes next has a place."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert version in headings
