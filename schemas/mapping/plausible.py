"""Compiles ``findings``: what is odd in a message is told at the sender's field, and the message goes on.

The rules themselves, with severity and limit, are data: the code list ``plausibility``. A mapping says where
in its messages a rule is broken.
"""

from __future__ import annotations

from schemas.mapping.code import Value
from schemas.mapping.compiler import ARGUMENTS, Compiler
from schemas.mapping.document import Doubt
from schemas.mapping.expression import Expression, Wrong
from schemas.mapping.source import suggest
from schemas.mapping.target import condition
from schemas.mapping.types import INT

LIST = "plausibility"
OFF = "off"
"""The severity of a rule that is not looked for."""


def compile_findings(compiler: Compiler) -> bool:
    """The function ``findings``, which tells what is odd in a message.

    Rules that go through the same lists share their loops. What they read does not count as carried: to look
    at a value is not to pass it on.

    Returns:
        whether there is one.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Doubt]] = {}
    for doubt in compiler.document.findings:
        if _severity(compiler, doubt) != OFF:
            loops = tuple((variable.text, items.text) for variable, items in doubt.loops)
            groups.setdefault(loops, []).append(doubt)
    if not groups:
        return False
    reads = set(compiler.reads)
    function = compiler.start("findings", ARGUMENTS, "findings")
    function.line(f"c.origin = {compiler.doubts}")
    expressions = compiler.expression(function)
    for doubts in groups.values():
        if _loops(expressions, compiler, doubts[0]):
            for doubt in doubts:
                _tell(expressions, compiler, doubt)
        function.here = function.root
        expressions.names.variables.clear()
    function.line("c.origin = -1")
    compiler.reads = reads
    return True


def _severity(compiler: Compiler, doubt: Doubt) -> str:
    severities = compiler.codes.column(LIST, "severity")
    rule = doubt.rule.text
    if rule not in severities:
        compiler.problems.add(doubt.rule, f"no rule `{rule}` in the list {LIST}{suggest(rule, severities)}")
        return OFF
    return str(severities[rule])


def _loops(expressions: Expression, compiler: Compiler, doubt: Doubt) -> bool:
    """Open the loops of a group; False when something in them is wrong."""
    for variable, scalar in doubt.loops:
        items = expressions.compile(scalar)
        if items is None:
            return False
        try:
            expressions.names.variables[variable.text] = expressions.loop(items, variable.text, None)
        except Wrong as wrong:
            compiler.problems.add(scalar, wrong.message)
            return False
    return True


def _tell(expressions: Expression, compiler: Compiler, doubt: Doubt) -> None:
    """The lines of one rule, at the end of the current block."""
    function, rule = expressions.function, doubt.rule.text
    limit = compiler.codes.lookup(LIST, rule, "limit")
    known = {} if limit is None else {"limit": Value(repr(limit), INT, const=True)}
    at = expressions.compile(doubt.at)
    if at is not None:
        known["here"] = at
    expressions.names.variables |= known
    outer = function.here
    function.block(f"if {condition(expressions, compiler.problems, doubt.when)}:")
    value = expressions.compile(doubt.value) if doubt.value is not None else at
    if at is not None and value is not None:
        pointer = expressions.pointer(at)
        said = "odd" if doubt.value is None else "finding"
        function.line(f"c.{said}({pointer}, {rule!r}, {_severity(compiler, doubt)!r}, {value.code})")
    function.here = outer
    for name in known:
        del expressions.names.variables[name]
