"""Cases from the field: messages as a railway or a port would send them, through `corridor translate`.

Each file under ``tests/field/cases`` is the standard input of one case. What is right of it comes from the
standards, the profile pages and the facts of the corridor, never from what the code prints.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from corridor.cli.translate import command

CASES = Path(__file__).parents[1] / "field" / "cases"
ACCEPTED = 1_779_900_000_000
"""When the first message of a case is taken in, if the case does not say: 2026-05-27T16:40:00Z."""


@dataclass(frozen=True)
class Told:
    """What `corridor translate` said.

    Attributes:
        code: its exit code.
        out: the translated messages.
        report: losses, findings, filtered and dead letters, in order.
    """

    code: int
    out: list[dict[str, Any]]
    report: list[dict[str, Any]]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The entries of the report of one kind: ``loss``, ``finding``, ``filtered``, ``dead-letter``."""
        return [entry for entry in self.report if entry["kind"] == kind]

    def rules(self, pointer: str) -> set[str]:
        """The rules of the findings at a pointer of the sender's message."""
        return {entry["rule"] for entry in self.of("finding") if entry["pointer"] == pointer}


def case(name: str, source: str, target: str, accepted: int = ACCEPTED) -> Told:
    """Translate the messages of a case."""
    return translate((CASES / f"{name}.jsonl").read_bytes(), source, target, accepted)


def messages(name: str) -> list[Any]:
    """The messages of a case, to be changed."""
    return [json.loads(line) for line in (CASES / f"{name}.jsonl").read_text("utf-8").splitlines()]


def told(source: str, target: str, *given: Any, accepted: int = ACCEPTED) -> Told:  # noqa: ANN401 - JSON values
    """Translate messages of a test's own."""
    return translate("".join(json.dumps(one) + "\n" for one in given).encode(), source, target, accepted)


def translate(given: bytes, source: str, target: str, accepted: int = ACCEPTED) -> Told:
    """Translate the lines of a file."""
    ran = CliRunner().invoke(
        command, [source, target, "--accepted", str(accepted)], input=given, standalone_mode=False
    )
    assert ran.exception is None, ran.exception
    out, report = ([json.loads(line) for line in text.splitlines()] for text in (ran.stdout, ran.stderr))
    return Told(int(ran.return_value or 0), out, report)
