"""How a command ends: exit codes, and errors as one message that says what to do."""

from __future__ import annotations

import os
import sys
import traceback
from enum import IntEnum
from typing import Final

import click

from schemas.errors import CODES, CorridorError, Misconfigured, Transient, one_line
from schemas.text import visible


class Exit(IntEnum):
    """Exit codes of all commands, after sysexits(3) where it has one."""

    OK = 0
    FINDINGS = 1
    USAGE = 64
    UNAVAILABLE = 69
    INTERNAL = 70
    TEMPORARY = 75
    CONFIGURATION = 78
    INTERRUPTED = 130


EXIT_CODES: Final = """\
    0  done
    1  done, and it found something: a failed check, a refused message
   64  the command line is wrong
   69  something that is needed cannot be reached: Kafka, the registry, the network
   70  a defect of the broker
   75  a passing failure: try again
   78  the configuration must be changed
  130  stopped by Ctrl-C"""

_UNREACHABLE: Final = frozenset(
    {
        "kafka-unavailable",
        "registry-unavailable",
        "partner-unavailable",
        "log-unavailable",
        "view-unavailable",
        "download-failed",
    }
)


def exit_code(error: BaseException) -> Exit:
    """Return the exit code that an error stands for."""
    match error:
        case click.exceptions.Abort() | KeyboardInterrupt():
            return Exit.INTERRUPTED
        case click.ClickException():
            return Exit.USAGE
        case CorridorError(code="internal" | "mapping-defect"):
            return Exit.INTERNAL
        case Misconfigured():
            return Exit.CONFIGURATION
        case CorridorError(code=code) if code in _UNREACHABLE:
            return Exit.UNAVAILABLE
        case Transient():
            return Exit.TEMPORARY
        case CorridorError():
            return Exit.FINDINGS
        case _:
            return Exit.INTERNAL


def abandon_stdout() -> None:
    """Write to nobody from now on: what is still buffered must not fail at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(error: BaseException) -> Exit:
    """Print an error on stderr, with its traceback only under ``--debug``, and return the exit code."""
    if isinstance(error, BrokenPipeError):  # `corridor … | head`: nobody is left to read
        abandon_stdout()
        return Exit.OK
    if os.environ.get("CORRIDOR_DEBUG") and not isinstance(error, click.exceptions.Abort):
        traceback.print_exception(error)
    match error:
        case click.ClickException():
            error.show()
        case CorridorError():
            click.secho(f"{error.code}: ", fg="red", bold=True, err=True, nl=False)
            click.echo(f"{visible(error.message, lines=True)}\n({CODES[error.code]})", err=True)
        case click.exceptions.Abort() | KeyboardInterrupt():
            click.echo("Stopped.", err=True)
        case _:
            click.secho("internal: ", fg="red", bold=True, err=True, nl=False)
            click.echo(
                f"{visible(one_line(error), lines=True)}\n(A defect of the broker. "
                "`corridor --debug …` shows where; please report it.)",
                err=True,
            )
    return exit_code(error)
