"""``corridor codes`` on the command line."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from corridor.cli.codes import command
from schemas.errors import Misconfigured


def run(*arguments: str, stdin: str = "") -> Result:
    """Run the command with arguments."""
    return CliRunner().invoke(command, arguments, input=stdin)


def test_lookup_shows_a_row_or_one_column() -> None:
    """A row shows where it comes from and whether it is verified; a column is the bare value."""
    result = run("lookup", "stations", "553002")
    assert result.exit_code == 0
    assert "next=KZKUR" in result.output
    assert "source=two-tables, verified=yes" in result.output
    assert run("lookup", "locode-stations", "AZALA/KZKUR", "esr").output == "553002\n"


def test_lookup_searches_all_lists_by_one_word() -> None:
    """A word in any spelling leads to the rows that have it."""
    result = run("lookup", "Алят", "--json")
    rows = [json.loads(line) for line in result.output.splitlines()]
    assert {"place-aliases", "stations"} <= {row["list"] for row in rows}


def test_lookup_of_an_unknown_key_fails_with_a_hint() -> None:
    """Exit code 1 and a suggestion for a key; a list or column that does not exist is wrong usage."""
    result = run("lookup", "stations", "5530-02")
    assert (result.exit_code, "did you mean '553002'" in result.output) == (1, True)
    assert run("lookup", "nowhere-at-all").exit_code == 1
    assert run("lookup", "station", "553002").exit_code == 2
    assert run("lookup", "stations", "553002", "zon").exit_code == 2


def test_check_tells_the_rule() -> None:
    """Each value gets its answer; one wrong value makes the exit code 1."""
    result = run("check", "esr", "553002", "554609")
    assert result.output == "553002: valid\n554609: ESR station code check digit is 9, expected 7\n"
    assert result.exit_code == 1
    assert run("check", "esr", "553002").exit_code == 0
    assert run("check", "ers", "553002").exit_code == 2


def test_check_reads_lines_and_normalises() -> None:
    """Values come from standard input too; normal form is asked for, not assumed."""
    result = run("check", "iso6346", "--normalise", "--json", stdin="csqu 305438-3\n")
    assert json.loads(result.output) == {
        "identifier": "iso6346",
        "value": "CSQU3054383",
        "valid": True,
        "rule": None,
    }
    assert run("check", "iso6346", stdin="csqu 305438-3\n").exit_code == 1


def test_list_shows_lists_and_rows() -> None:
    """All lists with their unverified rows counted; one list row by row."""
    result = run("list")
    assert "stations" in result.output
    assert "unverified" in result.output
    assert "iso6346" in result.output
    facts = [json.loads(line) for line in run("list", "--json").output.splitlines()]
    assert all(fact["rows"] >= fact["unverified"] for fact in facts)
    assert run("list", "delay-reasons").output.startswith("delay-reasons WEA  ")


def test_diff_shows_what_an_overlay_changes(tmp_path: Path) -> None:
    """Added, removed and changed rows, exit code 1; an overlay that repeats the list changes nothing."""
    head = "reason,meaning,source,verified\n"
    file = tmp_path / "delay-reasons.csv"
    file.write_text(f"# mode: override\n{head}WEA,storm,project,yes\nICE,ice,project,no\n", "utf-8")
    result = run("diff", str(tmp_path))
    assert "~ delay-reasons WEA  meaning: 'weather; the port is closed' -> 'storm'" in result.output
    assert "+ delay-reasons ICE" in result.output
    assert result.exit_code == 1
    file.write_text(f"# mode: replace\n{head}ICE,ice,project,no\n", "utf-8")
    assert "- delay-reasons WEA" in run("diff", str(tmp_path)).output
    file.write_text(head, "utf-8")
    assert run("diff", str(tmp_path)).exit_code == 0


def test_unusable_overlays_are_misconfigured(tmp_path: Path) -> None:
    """A bad row is told with its place, and stops the command."""
    (tmp_path / "zones.csv").write_text("zone,source,verified\nAsia/Aktau,project,no\n", "utf-8")
    result = run("list", "--overlay", str(tmp_path))
    assert isinstance(result.exception, Misconfigured)
    assert "zones.csv:2: column zone" in result.exception.message
