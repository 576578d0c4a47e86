"""Checks expressions and turns them into straight Python: a whitelist over Python's own syntax tree.

Only what is named here and in the classes below compiles; everything else is a problem at its line and
column. No text of an expression ever reaches the generated code except as a ``repr`` of a literal or a
name that was found in a schema and cleaned.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from schemas.mapping.code import SOME, Value
from schemas.mapping.operators import Operators, alike
from schemas.mapping.paths import Scope
from schemas.mapping.source import suggest
from schemas.mapping.syntax import Wrong, parse
from schemas.mapping.types import BOOL, Type

__all__ = ["Call", "Expression", "Scope", "Wrong", "alike", "parse"]


class Expression(Operators):
    """Adds calls and comprehensions: the whole language."""

    def _call(self, node: ast.Call, expected: Type | None) -> Value:
        if (
            not isinstance(node.func, ast.Name)
            or node.keywords
            or any(isinstance(a, ast.Starred) for a in node.args)
        ):
            raise Wrong(node, "a call is a function's name with arguments in order")
        call = self.calls.get(node.func.id)
        if call is None:
            raise Wrong(node, f"no function `{node.func.id}`{suggest(node.func.id, self.calls)}")
        return call(self, node, expected)

    def _listcomp(self, node: ast.ListComp, expected: Type | None) -> Value:
        name = self.function.fresh("list")
        self.function.line(f"{name} = []")
        inner = expected.item if expected is not None and expected.kind == "list" else None

        def add() -> Value:
            value = self.atom(self.visit(node.elt, inner))
            guard = f"if {value.code} is not None: " if value.type.nullable else ""
            self.function.line(f"{guard}{name}.append({value.code})")
            return value

        item = self.over(node, add)
        kind = Type("list", item=item.type.not_null())
        return Value(name, kind, True, None, None, item.path, volatile=item.volatile, anchor=item.anchor)

    def quantified(self, word: str, node: ast.AST) -> Value:
        """``any(…)`` or ``all(…)`` over a comprehension."""
        if not isinstance(node, ast.GeneratorExp | ast.ListComp):
            raise Wrong(node, f"{word}() takes a comprehension: {word}(x.y == 1 for x in list)")
        name = self.function.fresh(word)
        self.function.line(f"{name} = {word == 'all'}")

        def test() -> Value:
            value = self.condition(node.elt)
            self.function.block(f"if {'not ' if word == 'all' else ''}{value.code}:")
            self.function.line(f"{name} = {word == 'any'}")
            return value

        return Value(name, BOOL, volatile=self.over(node, test).volatile)

    def over(self, node: ast.ListComp | ast.GeneratorExp, body: Callable[[], Value]) -> Value:
        """Write the loops of a comprehension around ``body``."""
        outer, hidden = self.function.here, dict(self.names.variables)
        try:
            for part in node.generators:
                if not isinstance(part.target, ast.Name):
                    raise Wrong(part.target, "the loop of a comprehension has one name")
                items = self.visit(part.iter)
                item = self.loop(items, part.target.id, part.iter)
                if part.ifs and item.path is not None:
                    item = replace(item, anchor=SOME)
                self.names.variables[part.target.id] = item
                for test in part.ifs:
                    self.function.line(f"if not {self.condition(test).code}: continue")
            return body()
        finally:
            self.function.here, self.names.variables = outer, hidden


Call = Callable[[Expression, ast.Call, Type | None], Value]
"""Compiles the call of one function."""
