"""The generated module of one mapping.

Its text, its functions, and the way back from a failing line to the target's field.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from schemas.errors import Invalid
from schemas.mapping.code import Function, Line

_CONSTANT = re.compile(r"""( *)b \+= (b'.*'|b".*")\Z""")
_LOCAL = re.compile(r"\b(?:v_\w+|_\d+)\b")
_BUILTINS = {
    one.__name__: one
    for one in (bytearray, bytes, dict, enumerate, int, isinstance, len, list, tuple, TypeError, ValueError)
}
"""All that generated code finds of Python's own names."""


@dataclass(frozen=True)
class Module:
    """Compiled functions by name.

    Attributes:
        file: the name under which tracebacks know the code.
        source: the whole text, for ``corridor mapping explain``.
    """

    file: str
    source: str
    functions: Mapping[str, Callable[..., Any]]
    tags: Mapping[int, tuple[str, str]]

    def failure(self, error: BaseException) -> Invalid:
        """Say which rule and which field of the target an exception came from.

        Returns:
            ``mapping-failed`` with the target's pointer, the rule and the value that did not fit.
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
            return Invalid(
                "mapping-failed", pointer, f"rule {rule}: null, where neither null nor a default is allowed"
            )
        value = values[-1] if values else None
        return Invalid("mapping-failed", pointer, f"rule {rule}: {type(error).__name__}: {error}", value)


def link(file: str, functions: list[Function], bindings: Mapping[str, Any], head: str) -> Module:
    """Compile all functions as one module over ``bindings``."""
    lines = [Line(f"# {head}", ("", ""))]
    for function in functions:
        lines += [Line("", ("", "")), *_folded(function.source())]
    source = "\n".join(line.text for line in lines) + "\n"
    scope = {**bindings, "__builtins__": _BUILTINS}
    exec(compile(source, file, "exec"), scope)  # noqa: S102 - our own text: no input reaches it but literals
    tags = {number: line.tag for number, line in enumerate(lines, 1)}
    return Module(file, source, {function.name: scope[function.name] for function in functions}, tags)


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
