"""The text of a mapping file.

YAML nodes that know their line and column, and the list of what is wrong with them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

import yaml

from schemas.errors import Misconfigured

MAX_BYTES = 256 * 1024
"""Longest mapping file."""
MAX_NODES = 20_000
"""Most YAML nodes after aliases are followed: a bomb of aliases ends here."""
MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Scalar:
    """One YAML scalar: an expression, a path or a word. Line and column count from 1."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Items:
    """A YAML sequence."""

    values: tuple[Node, ...]
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping, merges (``<<``) already applied, in the order of the file."""

    entries: dict[str, tuple[Scalar, Node]]
    line: int
    column: int

    def get(self, name: str) -> Node | None:
        """The value under a key, or None."""
        found = self.entries.get(name)
        return found[1] if found else None


Node = Scalar | Items | Table


@dataclass
class Problems:
    """Everything wrong with one file, so that its author sees all of it at once."""

    file: str
    found: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, at: Node | None, message: str, column: int = 0) -> None:
        """Note one problem.

        Args:
            at: the node it is about; None for the whole file.
            message: one line for a person.
            column: columns to the right of the start of ``at``.
        """
        line, start = (at.line, at.column) if at else (1, 1)
        entry = (line, start + column, message)
        if entry not in self.found:
            self.found.append(entry)

    def lines(self) -> list[str]:
        """``file:line:column: message`` in the order of the file."""
        return [f"{self.file}:{line}:{column}: {message}" for line, column, message in sorted(self.found)]

    def check(self) -> None:
        """Raise ``Misconfigured`` with all problems, if there are any."""
        if self.found:
            raise Misconfigured("mapping-invalid", "\n".join(self.lines()))


def suggest(name: str, known: Iterable[str]) -> str:
    """``", did you mean `x`?"`` when something known is close, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f", did you mean `{close[0]}`?" if close else ""


def read(text: str, file: str) -> tuple[Table, Problems]:
    """Parse YAML into located nodes.

    Args:
        text: the file's content.
        file: its name, for messages.

    Raises:
        Misconfigured: not YAML, not a mapping at the top, or too large.
    """
    problems = Problems(file)
    if len(text.encode()) > MAX_BYTES:
        problems.add(None, f"the file is larger than {MAX_BYTES} bytes")
        problems.check()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problems.add(Scalar("", line, column), f"not YAML: {error.problem}")
    except (yaml.YAMLError, RecursionError) as error:
        problems.add(None, f"not YAML: {' '.join(str(error).split())}")
    else:
        table = _Reader(problems).node(root, 0) if root is not None else None
        if isinstance(table, Table):
            return table, problems
        problems.add(None, "a mapping file is a YAML mapping with `mapping`, `from`, `to` and `rules`")
    problems.check()
    raise AssertionError("unreachable: a problem was added")


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._left = MAX_NODES

    def node(self, raw: yaml.Node, depth: int) -> Node:
        at = Scalar("", raw.start_mark.line + 1, raw.start_mark.column + 1)
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            self._problems.add(
                at, f"more than {MAX_NODES} nodes or {MAX_DEPTH} levels after following aliases"
            )
            self._problems.check()
        if isinstance(raw, yaml.ScalarNode):
            quote = 1 if raw.style in {"'", '"'} else 0
            return Scalar(raw.value, at.line, at.column + quote)
        if isinstance(raw, yaml.SequenceNode):
            return Items(tuple(self.node(value, depth + 1) for value in raw.value), at.line, at.column)
        return Table(self._entries(raw, depth), at.line, at.column)

    def _entries(self, raw: yaml.Node, depth: int) -> dict[str, tuple[Scalar, Node]]:
        merged: dict[str, tuple[Scalar, Node]] = {}
        own: dict[str, tuple[Scalar, Node]] = {}
        for key, value in raw.value:
            name, node = self.node(key, depth + 1), self.node(value, depth + 1)
            if not isinstance(name, Scalar):
                self._problems.add(name, "a key is a word or a path")
            elif name.text == "<<":
                for table in node.values if isinstance(node, Items) else (node,):
                    if isinstance(table, Table):
                        merged = {**table.entries, **merged}
                    else:
                        self._problems.add(node, "`<<` merges a mapping or a list of mappings")
            elif name.text in own:
                self._problems.add(name, f"`{name.text}` is given twice")
            else:
                own[name.text] = (name, node)
        return {**merged, **own}
