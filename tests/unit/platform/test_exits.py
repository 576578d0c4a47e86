"""How commands end: what an error was is said in one line, and of a group what it holds."""

from __future__ import annotations

import pytest

from corridor.cli.exits import Exit, report
from schemas.errors import Transient, one_line


def test_a_group_says_what_it_holds() -> None:
    """Errors at any depth, each once, line breaks and all in one line."""
    inner = ExceptionGroup("inner", [KeyError("partition 3"), ValueError("two\nlines")])
    group = ExceptionGroup("unhandled errors in a TaskGroup", [inner, KeyError("partition 3"), OSError()])
    assert one_line(group) == "KeyError: 'partition 3'; ValueError: two lines; OSError"


def test_an_operator_reads_what_a_group_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """Not that there were 2 sub-exceptions."""
    group = ExceptionGroup("unhandled errors in a TaskGroup", [KeyError("partition 3"), ValueError("x")])
    assert report(group) == Exit.INTERNAL
    said = capsys.readouterr().err
    assert said.startswith("internal: KeyError: 'partition 3'; ValueError: x\n")
    assert "sub-exception" not in said


def test_errors_of_our_own_keep_their_code() -> None:
    """In a group they are told by code and sentence."""
    assert (
        one_line(ExceptionGroup("g", [Transient("kafka-unavailable", "away")])) == "kafka-unavailable: away"
    )
