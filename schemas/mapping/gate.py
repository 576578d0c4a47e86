"""Compiles the gate of a mapping: whether any rule may have something to say of a message."""

from __future__ import annotations

from schemas.mapping.compiler import ARGUMENTS, Compiler
from schemas.mapping.rules import RuleWriter


def compile_gate(compiler: Compiler, state: frozenset[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    """The function ``gate``: whether the conditions of any rule hold, as far as they read no lists.

    Most events concern no rule of most participants: with the gate that is known of an event of which only
    what conditions and state read was decoded. Where none has something to say, it reports what they would.

    Args:
        compiler: the mapping, with its rules compiled.
        state: the paths that the state reads.

    Returns:
        the paths to decode for it, none where there is no gate.
    """
    rules = [rule for rule in compiler.document.rules if not rule.annulment]
    if compiler.kind != "latest" or compiler.access != "item" or any(rule.when is None for rule in rules):
        return frozenset()
    compiler.recent = set(state)
    for rule in rules:
        RuleWriter(compiler, rule).gate()
    function = compiler.start("gate")
    tests = (f"gate_{rule.name.replace('-', '_')}({', '.join(ARGUMENTS)})" for rule in rules)
    function.line(f"return {' or '.join(tests)}")
    return frozenset(path for path in compiler.recent if not _is_way(path, compiler.recent))


def _is_way(path: tuple[str, ...], paths: set[tuple[str, ...]]) -> bool:
    """Whether a path only leads to others."""
    return any(len(other) > len(path) and other[: len(path)] == path for other in paths)
