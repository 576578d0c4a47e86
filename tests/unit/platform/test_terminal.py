"""Whatever partners wrote, a terminal shows it and obeys none of it."""

from __future__ import annotations

import io
import json

import msgspec
import pytest
from rich.console import Console

from corridor.cli import letters, permit, tail
from corridor.cli.exits import report
from corridor.cli.options import emit, say
from corridor.settings import Settings
from corridor.supervisor.outlook import ClosedPort, Outlook
from corridor.supervisor.supervisor import SupervisorStatus
from corridor.supervisor.view import page, port_line
from schemas.errors import Invalid, Permanent
from schemas.records import DeadLetter, Violation
from streams.operations.dead import Open
from streams.operations.follow import Followed

EVIL = "a\x1b]0;PWNED\x07\x1b[2J\u202eb\x9b2Jc\nd\ufeff"


def shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that were printed, all of them printable."""
    both = capsys.readouterr()
    lines = (both.out + both.err).splitlines()
    assert lines
    assert [line for line in lines if not line.isprintable()] == []
    return lines


def test_one_text_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and JSON alike; what reads the JSON gets the same value."""
    say(f"place: {EVIL}")
    emit({"place": EVIL})
    first, second = shown(capsys)
    assert "\\u001b" in first
    assert json.loads(second) == {"place": EVIL}


@pytest.mark.parametrize(
    "error",
    [
        Permanent("partner-refused", EVIL),
        Invalid("schema-violation", f"/{EVIL}", EVIL, EVIL),
        ValueError(EVIL),
    ],
)
def test_errors_of_commands(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """What a partner or a gateway said is shown."""
    report(error)
    shown(capsys)


def test_records_and_permits(capsys: pytest.CaptureFixture[str]) -> None:
    """Keys, headers and values of `tail`; texts of permits."""
    seen = Followed(
        "in.dtc", 0, 1, 0, EVIL, {EVIL: EVIL}, msgspec.Raw(json.dumps({"remark": EVIL}).encode()), EVIL
    )
    for line in tail._lines(seen):
        say(line)
    permit._show({"company_name": EVIL, "peers": [{"name": EVIL}], "claims": {EVIL: 1}}, as_json=False)
    permit._show({"company_name": EVIL}, as_json=True)
    assert len(shown(capsys)) == 7


def test_dead_letters(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line and whole: all that a partner's message put into a letter."""
    letter = DeadLetter(
        id="1", participant=EVIL, stage="to-corridor.dtc", code="mapping-failed", detail=EVIL, pointer=EVIL,
        rule=EVIL, value=EVIL, topic="in.dtc", partition=0, offset=1, key=EVIL.encode(), body=EVIL.encode(),
        headers={EVIL: EVIL.encode()}, subject=EVIL, origin=EVIL, mapping=EVIL,
        violations=[Violation("mapping-failed", EVIL, EVIL, EVIL)],
    )  # fmt: skip
    found = Open(letter, 0, None, b"", {})
    say(letters.line(found))
    told = list(letters.whole(found, Settings()))
    for name, value in told:
        say(f"{name:12}{value}")
    assert len(shown(capsys)) == 1 + len(told)


def test_the_live_page() -> None:
    """Ports, references to copy, and reasons; a reference is one word of a command whatever is in it."""
    port = ClosedPort(EVIL, EVIL, EVIL, (EVIL,), 0, None)
    assert port_line(port).isprintable()
    outlook = Outlook((port,), {}, None, ("x; rm -rf ~",))
    status = SupervisorStatus("12:00", None, outlook, (), {"settings": "corridor.toml"}, ())
    console = Console(width=200, file=io.StringIO())
    console.print(page(status))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "corridor show 'x; rm -rf ~'" in text
    assert all(line.isprintable() for line in text.splitlines())
