"""``corridor sandbox`` on the command line: what it refuses to start with."""

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from corridor.cli.sandbox import command
from schemas.errors import Misconfigured


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", '{"lots": 1}'], "unknown field `lots`"),
        (["--faults", '{"lost": 2}'], "<= 1"),
        (["--faults", "{"], "truncated"),
        (["--batch", "0"], ">= 1"),
        (["--rate", "-1"], ">= 0"),
    ],
)
def test_wrong_options_are_told(tmp_path: Path, arguments: list[str], words: str) -> None:
    """A mistake on the command line is wrong usage, with the rule it breaks."""
    result = CliRunner().invoke(command, ["dtc", "--data", str(tmp_path), *arguments])
    assert result.exit_code == 2
    assert words in result.output


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """Before anything starts, the command names the port and the option to change it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(command, ["dtc", "--data", str(tmp_path), "--control", str(port)])
    assert isinstance(result.exception, Misconfigured)
    assert result.exception.code == "port-in-use"
    assert "--control" in result.exception.message


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    """A secret is a reference that must lead somewhere."""
    arguments = ["dtc", "--data", str(tmp_path), "--delivery-secret", "env:CORRIDOR_TEST_ABSENT"]
    result = CliRunner().invoke(command, arguments)
    assert isinstance(result.exception, Misconfigured)
    assert "CORRIDOR_TEST_ABSENT" in result.exception.message
