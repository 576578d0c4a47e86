"""`corridor translate` and `corridor mapping`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from corridor.cli.mapping import command as mapping
from corridor.cli.translate import command as translate
from schemas import profiles

NOTE = profiles.load("dtc.note.v1").examples["loaded"]
MAPPING = Path(profiles.__file__).parent / "dtc.note.v1" / "to_corridor.yaml"


def lines(*values: Any) -> str:  # noqa: ANN401
    """JSON lines."""
    return "".join(json.dumps(value) + "\n" for value in values)


def run(*arguments: str, given: str = "") -> tuple[int, list[Any], list[Any]]:
    """Exit code, and stdout and stderr as JSON lines."""
    result = CliRunner().invoke(
        translate, [*arguments, "--accepted", "1800000000000"], input=given, standalone_mode=False
    )
    assert result.exception is None, result.exception
    out, err = ([json.loads(line) for line in text.splitlines()] for text in (result.stdout, result.stderr))
    return int(result.return_value or 0), out, err


def test_notes_become_events_with_state_over_the_lines() -> None:
    """The second, equal note gives nothing more, and says why."""
    code, out, err = run("dtc.note.v1", "dlp.event.v1", given=lines(NOTE, NOTE))
    assert code == 0
    assert {(event["eventType"], event["eventCode"]) for event in out} == {("EQUIPMENT", "LOAD")}
    assert {"kind": "filtered", "reason": "duplicate", "line": 2}.items() <= err[-1].items()


def test_every_pair_goes_by_the_corridor_event() -> None:
    """To the corridor event, from it, and back to the platform where it was born: an echo."""
    events = run("dtc.note.v1", "corridor.event.v1", given=lines(NOTE))[1]
    assert {event["envelope"]["source"] for event in events} == {"dtc"}
    assert len(run("corridor.event.v1", "dlp.event.v1", given=lines(*events))[1]) == 2
    code, out, err = run("dtc.note.v1", "dtc.note.v1", given=lines(NOTE))
    assert (code, out) == (0, [])
    assert "echo" in {entry.get("reason") for entry in err}


def test_a_bad_line_is_a_dead_letter_and_its_neighbours_go_on(tmp_path: Path) -> None:
    """Exit code 1; the report names line, field, rule and value."""
    report = tmp_path / "report.jsonl"
    given = "nonsense\n" + lines({**NOTE, "noteVersion": "x"}, NOTE)
    code, out, err = run("dtc.note.v1", "dlp.event.v1", "--report", str(report), given=given)
    letters = [
        entry for entry in map(json.loads, report.read_text().splitlines()) if entry["kind"] == "dead-letter"
    ]
    assert (code, len(out), err) == (1, 2, [])
    assert [(one["line"], one["code"], one.get("pointer")) for one in letters] == [
        (1, "json-malformed", ""),
        (2, "schema-violation", "/noteVersion"),
    ]


def test_a_mapping_of_ones_own_takes_the_place_of_the_profiles(tmp_path: Path) -> None:
    """A copy under another name does what the original does."""
    copy = tmp_path / "mine.yaml"
    copy.write_text(MAPPING.read_text().replace("mapping: dtc-to-corridor", "mapping: mine"))
    own = run("dtc.note.v1", "dlp.event.v1", "--mapping", str(copy), given=lines(NOTE))
    assert own[1] == run("dtc.note.v1", "dlp.event.v1", given=lines(NOTE))[1]
    assert "mine" in {entry["mapping"] for entry in own[2]}


def test_code_lists_of_ones_own_are_looked_up(tmp_path: Path) -> None:
    """A station that is in no shipped list is a finding, and none with a list of one's own over it."""
    (tmp_path / "stations.csv").write_text(
        "esr,name,country,admin,zone,gauge,role,source,verified\n"
        "194013,Moskva,RU,20,Europe/Moscow,1520,local,project,yes\n"
    )
    note = NOTE | {"operationStation": "194013", "timeBasis": "MSK"}

    def unknown(*options: str) -> bool:
        said = run("dtc.note.v1", "corridor.event.v1", *options, given=lines(note))[2]
        return any(entry.get("rule") == "unknown-code" and entry["value"] == "194013" for entry in said)

    assert unknown()
    assert not unknown("--overlay", str(tmp_path))


def test_check_tells_every_problem_and_fails(tmp_path: Path) -> None:
    """Exit code 1 and one line each; `--json` for machines."""
    bad = tmp_path / "bad.yaml"
    bad.write_text(MAPPING.read_text().replace("key: note_key", "key: note_kez", 1))
    result = CliRunner().invoke(mapping, ["check", str(bad), str(MAPPING), "--json"], standalone_mode=False)
    first, second = map(json.loads, result.stdout.splitlines())
    assert result.return_value == 1
    assert ["did you mean `note_key`?" in problem for problem in first["problems"]] == [True]
    assert (second["file"], second["problems"]) == (str(MAPPING), [])


@pytest.mark.parametrize("rule", ["note", "nothing"])
def test_explain_shows_plain_code_in_a_pipe(rule: str) -> None:
    """The functions of one rule are Python that compiles; an unknown rule is a usage error."""
    known = "consignment" if rule == "note" else rule
    result = CliRunner().invoke(mapping, ["explain", str(MAPPING), "--rule", known])
    if rule == "nothing":
        assert result.exit_code == 2
        assert "there are" in result.stderr
    else:
        compile(result.stdout, "shown", "exec")
        assert "def rule_consignment(" in result.stdout


def test_what_is_filtered_says_something() -> None:
    """A note that becomes events has no line for the note itself. One of which nothing is told has one."""
    report = run("dtc.note.v1", "dlp.event.v1", given=lines(NOTE))[2]
    assert [entry for entry in report if entry["kind"] == "filtered"] == []
    formed = NOTE | {"operationCode": "30", "trainIndex": "7077-012-5721"}
    report = run("dtc.note.v1", "dlp.event.v1", given=lines(formed))[2]
    filtered = [entry for entry in report if entry["kind"] == "filtered"]
    assert {entry["reason"] for entry in filtered} == {"no-equivalent"}
    assert all("rule" not in entry for entry in filtered)
