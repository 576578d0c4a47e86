from pathlib import Path

from click.testing import CliRunner

from corridor.cli import corridor
from corridor.reference import PAGES, stale, write
from schemas import profiles
from schemas.errors import CODES

DOCS = Path(__file__).parents[3] / "docs"


def test_generated_pages_are_up_to_date() -> None:
    """The pages in the repository are those that `corridor docs` writes now."""
    assert stale(DOCS) == []


def test_every_error_code_has_its_anchor() -> None:
    """An HTTP problem's `type` leads to an anchor on the page of errors."""
    text = PAGES["errors.md"]()
    assert [code for code in CODES if f'<a id="{code}"></a>' not in text] == []


def test_profile_pages_say_that_they_are_open_profiles() -> None:
    """Every participant's profile says plainly that it is not the platform's own wire format."""
    for name in profiles.names():
        text = PAGES[f"profiles/{name}.md"]()
        assert ("not the platform's own wire format" in text) == (name != profiles.CANONICAL)


def test_profile_page_has_every_field_and_example() -> None:
    """Fields of nested records stand under their path; every example is on the page."""
    text = PAGES["profiles/dtc.note.v1.md"]()
    assert "| `wagons[].containers[].seals[].owner`* | `CONSIGNOR`, `CARRIER`, `CUSTOMS` |" in text
    assert "| `consignor.taxId` | personal-data |" in text
    for example in profiles.load("dtc.note.v1").examples:
        assert f"### {example}\n" in text


def test_check_finds_a_stale_page(tmp_path: Path) -> None:
    """`corridor docs --check` names what is stale and exits with 1; `corridor docs` mends it."""
    run = CliRunner().invoke
    assert write(tmp_path) == list(PAGES)
    assert (
        run(corridor, ["docs", "--check", "--directory", str(tmp_path)], standalone_mode=False).return_value
        == 0
    )
    (tmp_path / "errors.md").write_text("old")
    checked = run(corridor, ["docs", "--check", "--directory", str(tmp_path)], standalone_mode=False)
    assert checked.return_value == 1
    assert f"stale: {tmp_path / 'errors.md'}" in checked.output
    written = run(corridor, ["docs", "--json", "--directory", str(tmp_path)], standalone_mode=False)
    assert '"written": ["errors.md"]' in written.output
    assert stale(tmp_path) == []
