"""The generated module of one mapping.

Its text, its functions, and the way back from a failing line to the target's field.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any

from schemas.avro import generated
from schemas.errors import CODES, Invalid
from schemas.mapping.code import Function, Line
from schemas.mapping.report import Report, present

Path = tuple[str, ...]
"""Names of fields from a record's root."""

_CONSTANT = re.compile(r"""( *)b \+= (b'.*'|b".*")\Z""")
_LOCAL = re.compile(r"\b(?:v_\w+|_\d+)\b")


@dataclass(frozen=True)
class Module:
    """Compiled functions by name.

    Attributes:
        file: the name under which tracebacks know the code.
        source: the whole text, for ``corridor mapping explain``.
        tags: line to what it is for: rule and pointer in the target.
        sources: what a field of the target is made of: paths of the source, in its schema's order.
    """

    file: str
    source: str
    functions: Mapping[str, Callable[..., Any]]
    tags: Mapping[int, tuple[str, str]]
    sources: Mapping[tuple[str, str], tuple[Path, ...]] = field(default_factory=dict)

    def failure(self, error: BaseException, record: Any, report: Report) -> Invalid:  # noqa: ANN401 - any input
        """Say which field of the sender's message, or else which of the target, an exception came from.

        Args:
            error: what generated code raised.
            record: the input, a datum or struct.
            report: what was said of it until then.

        Returns:
            ``mapping-failed``, or the rule that a finding broke where that is a code of its own: with the
            sender's pointer and value where a finding or an absent field led to it, else with the target's.
        """
        found: TracebackType | None = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.file:
                found = trace
            trace = trace.tb_next
        if found is None:
            return Invalid("mapping-failed", "", f"{type(error).__name__}: {error}")
        rule, pointer = self.tags.get(found.tb_lineno, ("", ""))
        line = self.source.splitlines()[found.tb_lineno - 1]
        names = _LOCAL.findall(line)
        local = found.tb_frame.f_locals
        values = [local[name] for name in names if name in local]
        if None in values or (
            isinstance(error, (AttributeError, TypeError, KeyError)) and "None" in str(error)
        ):
            return self._missing(rule, pointer, record, report)
        value = values[-1] if values else None
        return Invalid("mapping-failed", pointer, f"rule {rule}: {type(error).__name__}: {error}", value)

    def _missing(self, rule: str, pointer: str, record: Any, report: Report) -> Invalid:  # noqa: ANN401
        """A field of the target that needs a value got none: why, in the sender's words."""
        paths = self.sources.get((rule, pointer), ())
        told = {finding.pointer: finding for finding in report.findings if finding.severity == "error"}
        for path in paths:
            finding = told.get("/" + "/".join(path))
            if finding is not None:
                code = finding.rule if finding.rule in CODES else "mapping-failed"
                return Invalid(
                    code, finding.pointer, f"{finding.rule}: {rule} needs {pointer}", finding.value
                )
        absent = next((path for path in paths if not present(record, path)), None)
        if absent is not None:
            place = "/" + "/".join(absent)
            return Invalid("mapping-failed", place, f"absent: {rule} needs {pointer}")
        return Invalid(
            "mapping-failed", pointer, f"rule {rule}: null, where neither null nor a default is allowed"
        )


def link(
    file: str,
    functions: list[Function],
    bindings: Mapping[str, Any],
    head: str,
    attributes: Collection[str],
    sources: Mapping[tuple[str, str], tuple[Path, ...]] = MappingProxyType({}),
) -> Module:
    """Compile all functions as one module over ``bindings``; they may read ``attributes``."""
    lines = [Line(f"# {head}", ("", ""))]
    for function in functions:
        lines += [Line("", ("", "")), *_folded(function.source())]
    source = "\n".join(line.text for line in lines) + "\n"
    scope = generated.run(source, file, dict(bindings), attributes)
    tags = {number: line.tag for number, line in enumerate(lines, 1)}
    return Module(
        file, source, {function.name: scope[function.name] for function in functions}, tags, sources
    )


def _folded(lines: list[Line]) -> list[Line]:
    """Merge constants that are appended one after the other."""
    kept: list[Line] = []
    for line in lines:
        this = _CONSTANT.match(line.text)
        last = _CONSTANT.match(kept[-1].text) if kept else None
        if this and last and this[1] == last[1]:
            both = ast.literal_eval(last[2]) + ast.literal_eval(this[2])
            kept[-1] = Line(f"{this[1]}b += {both!r}", kept[-1].tag)
        else:
            kept.append(line)
    return kept
