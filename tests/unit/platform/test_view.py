"""The page of `corridor up`: what matters is on it, also on a small terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from corridor.cli.up import command
from corridor.supervisor.figures import Figures, System
from corridor.supervisor.outlook import ClosedPort, Outlook, PermitCounts
from corridor.supervisor.supervisor import ProcessFigures, SupervisorStatus
from corridor.supervisor.view import line, page


def at(day: int, hour: int) -> int:
    """UTC milliseconds in January 2026."""
    return int(datetime(2026, 1, day, hour, tzinfo=UTC).timestamp() * 1000)


STATUS = SupervisorStatus(
    time="2026-11-27T04:00:00Z",
    figures=Figures(
        systems=(
            System("dtc", 123_456, 98_765, 17.5, 16.25, 0.2, 1.5, 12, 3.0, "closed", 3, 45_678),
            System("vessel", 1_234, 2_345, 2.0, 5.7, 0.7, 25.7, 0, 0.0, "open", 0, 941),
        ),
        lag=157,
        dead={"mapping-failed": 3},
        lost={"no-equivalent": 2_300},
        filtered=15_072,
    ),
    outlook=Outlook(
        ports=(ClosedPort("KZKUR", "Kuryk", "WEA", ("215 trucks", "109 wagons"), at(15, 9), at(16, 4)),),
        held={"delay: WEA": 6, "customs: inspection": 4},
        permits=PermitCounts(57, 49, 1, {"AZ": "", "GE": "", "TR": "our last event is 1, it has 2"}),
        look=("KZKUR", "9501368", "30000021"),
    ),
    processes=(ProcessFigures("stream", "ready", 1, 150 * 1024**2, 29.0, 2),),
    addresses={"API docs": "http://127.0.0.1:8400/docs", "settings": "/home/someone/.corridor/corridor.toml"},
    messages=("04:00:00 ready after 13.8 s",),
)


def rendered(width: int) -> list[str]:
    """The page as lines of text."""
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(page(STATUS))
    return console.export_text().splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_the_page_says_what_is_so(width: int) -> None:
    """Every system has its row, uncut; the closed port, the permits and the dead letters are told."""
    lines = rendered(width)
    words = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= width
    for shown in ("123,456", "98,765", "45,678", "25.7 s", "open", "3 mapping-failed 3", "restarted 2 x"):
        assert shown in words
    assert "Kuryk closed (WEA) since 15 Jan 09:00, expected to open 16 Jan 04:00;" in words
    assert "waiting: 215 trucks, 109 wagons" in words
    assert "57 issued, 49 used, 1 revoked; chains not in step with TR" in words


def test_commands_can_be_copied() -> None:
    """Each command stands in a line of its own, with the settings where those are not found by themselves."""
    where = " --config /home/someone/.corridor/corridor.toml"
    lines = [text.strip() for text in rendered(120)]
    assert f"corridor show KZKUR{where}" in lines
    assert f"corridor kpi{where}" in lines


def test_one_line_for_logs() -> None:
    """Elsewhere than on a terminal all of it is one line."""
    text = line(STATUS)
    assert "\n" not in text
    assert "dtc accepted=123456 delivered=98765" in text
    assert "Kuryk closed (WEA)" in text


@pytest.mark.parametrize(
    ("state", "why", "shown"),
    [
        ("ready", (), "all ready"),
        ("waiting", ("kafka", "deliveries"), "deliver waiting for kafka, deliveries"),
        ("waiting", (), "deliver waiting"),
        ("starting", (), "deliver starting"),
        ("ready", ("registry",), "deliver without registry"),
        ("ready", ("dlp, set aside",), "deliver without dlp, set aside"),
    ],
)
def test_what_a_role_waits_for_is_named(state: str, why: tuple[str, ...], shown: str) -> None:
    """The cause stands beside the role, on the page and in the line for logs."""
    process = ProcessFigures("deliver", state, 1, 1024**2, 1.0, 0, why)
    status = msgspec.structs.replace(STATUS, processes=(process,))
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(page(status))
    if shown != "all ready":
        assert shown in " ".join(console.export_text().split())
    assert line(status).endswith(shown.replace("deliver ", "deliver:").replace("kafka, ", "kafka,"))


def test_who_plays_is_one_of_everyone() -> None:
    """A participant that nobody can play is wrong usage, and those who can be are told."""
    result = CliRunner().invoke(command, ["--only", "dtc,customs"])
    assert result.exit_code == 2
    assert "'customs' is none of dtc, dlp, port, vessel, oil, permit" in result.output
