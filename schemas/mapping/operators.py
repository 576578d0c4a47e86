"""Literals and operators of expressions.

An operator on null makes null, a comparison with null is false.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from decimal import Decimal

from schemas.mapping import logical
from schemas.mapping.code import SOME, Code, Line, Value
from schemas.mapping.paths import Paths
from schemas.mapping.source import suggest
from schemas.mapping.syntax import Wrong, describe, is_none
from schemas.mapping.types import BOOL, DECIMAL, INT, NULL, TEXT, Type

NUMBERS = ("int", "decimal", "float")
_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
_DECIMAL = {"+": "ADD", "-": "SUB", "*": "MUL", "/": "DIV", "%": "REM"}


class Operators(Paths):
    """Adds literals and operators to names and paths."""

    def _constant(self, node: ast.Constant, expected: Type | None) -> Value:
        value = node.value
        if value is None:
            return Value("None", NULL, const=True)
        if isinstance(value, bool):
            return Value(repr(value), BOOL, const=True)
        if isinstance(value, int):
            if abs(value) >= 1 << 63:
                raise Wrong(node, "a number of more than 64 bits")
            return Value(repr(value), INT, const=True)
        if isinstance(value, float):
            if expected is not None and expected.kind == "float":
                return Value(repr(value), Type("float"), const=True)
            text = ast.unparse(node)
            return Value(self.bindings.bind(f"number_{text}", Decimal(text), text), DECIMAL, const=True)
        if isinstance(value, str):
            if expected is not None and expected.kind == "enum":
                if value not in expected.symbols:
                    hint = suggest(value, expected.symbols)
                    raise Wrong(node, f"`{value}` is no symbol of {expected.name}{hint}")
                return Value(repr(value), expected.not_null(), const=True)
            return Value(repr(value), TEXT, const=True)
        raise Wrong(node, f"{describe(node)} is not part of the mapping language")

    def _joinedstr(self, node: ast.JoinedStr, expected: Type | None) -> Value:  # noqa: ARG002
        values, text = [], ""
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value).replace("{", "{{").replace("}", "}}")
                continue
            if (
                not isinstance(part, ast.FormattedValue)
                or part.format_spec is not None
                or part.conversion != -1
            ):
                raise Wrong(node, "an f-string takes plain names only: no format and no conversion")
            value = self.atom(self.visit(part.value))
            if value.type.kind not in {"text", "enum", "int", "decimal"}:
                raise Wrong(node, f"{value.type} has no text")
            if value.const:
                raise Wrong(node, "write the constant into the text itself")
            code = f"PLAIN({value.code})" if value.type.kind == "decimal" else value.code
            values.append(value)
            text += f"{{{code}}}"
        return self.null_safe(values, f"f{text!r}", TEXT)

    def _list(self, node: ast.List | ast.Tuple, expected: Type | None) -> Value:
        inner = expected.item if expected is not None and expected.kind == "list" else None
        values = [self.atom(self.visit(item, inner)) for item in node.elts]
        kind = next((value.type for value in values if value.type.kind != "null"), TEXT)
        for item, value in zip(node.elts, values, strict=True):
            if not alike(kind, value.type):
                raise Wrong(item, f"a list of {kind} cannot hold {value.type}")
        nullable = any(value.type.nullable for value in values)
        code = f"[{', '.join(value.code for value in values)}]"
        return Value(code, Type("list", item=kind.or_null(nullable)), atom=False)

    _tuple = _list

    def _unaryop(self, node: ast.UnaryOp, expected: Type | None) -> Value:
        if isinstance(node.op, ast.Not):
            value = self.condition(node.operand)
            return Value(f"(not {value.code})", BOOL, atom=False, volatile=value.volatile)
        value = self.atom(self.visit(node.operand, expected))
        if not isinstance(node.op, ast.USub) or value.type.kind not in NUMBERS:
            raise Wrong(node, f"{describe(node)} of {value.type}")
        return self.null_safe([value], f"(-{value.code})", replace(value.type.not_null(), logical=""))

    def _boolop(self, node: ast.BoolOp, expected: Type | None) -> Value:  # noqa: ARG002
        word = "and" if isinstance(node.op, ast.And) else "or"
        value = self.condition(node.values[0])
        for operand in node.values[1:]:
            right, child = self.function.apart(lambda operand=operand: self.condition(operand))  # type: ignore[misc]
            volatile = value.volatile or right.volatile
            if not child.parts:
                value = Value(f"({value.code} {word} {right.code})", BOOL, atom=False, volatile=volatile)
                continue
            name = self.function.fresh(word)
            self.function.line(f"{name} = {value.code}")
            test = name if word == "and" else f"not {name}"
            self.function.attach(f"if {test}:", child, f"{name} = {right.code}")
            value = Value(name, BOOL, volatile=volatile)
        return value

    def _ifexp(self, node: ast.IfExp, expected: Type | None) -> Value:
        start = len(self.tests)
        test = self.condition(node.test)
        tested = len(self.tests)
        yes, yes_code = self.function.apart(lambda: self._branch(node.body, expected))
        no, no_code = self.function.apart(lambda: self._branch(node.orelse, expected))
        if not self.testing:
            del self.tests[tested:]
        self._carry(start, (yes, yes_code), (no, no_code))
        if not alike(yes.type, no.type):
            raise Wrong(node, f"one branch is {yes.type}, the other {no.type}")
        kind = (no.type if yes.type.kind == "null" else yes.type).or_null(
            yes.type.nullable or no.type.nullable
        )
        kind = replace(kind, logical=logical.either(yes.type, no.type))
        if kind.kind == "decimal" and not (yes.path and no.path and yes.type.scale == no.type.scale):
            kind = replace(kind, scale=0)  # one branch is computed: the target's scale is not known to hold
        pointer = yes.pointer or no.pointer
        volatile = test.volatile or yes.volatile or no.volatile
        path = yes.path or no.path
        anchor = yes.anchor if yes.anchor == no.anchor else SOME
        if kind.kind == "list":
            anchor = SOME
        if not yes_code.parts and not no_code.parts:
            code = f"({yes.code} if {test.code} else {no.code})"
            return Value(code, kind, False, None, pointer, path, volatile=volatile, anchor=anchor)
        name = self.function.fresh("choice")
        self.function.attach(f"if {test.code}:", yes_code, f"{name} = {yes.code}")
        self.function.attach("else:", no_code, f"{name} = {no.code}")
        return Value(name, kind, True, None, pointer, path, volatile=volatile, anchor=anchor)

    def _branch(self, node: ast.AST, expected: Type | None) -> Value:
        start = len(self.tests)
        value = self.visit(node, expected)
        self.answer(node, value, start)
        return value

    def _carry(self, start: int, *branches: tuple[Value, Code]) -> None:
        """A constant tells what it was chosen by: always, or where it is the one that was chosen."""
        if self.testing or len(self.tests) == start:
            return
        told = [(one, code) for one, code in branches if one.const and one.code != "None"]
        if len(told) == len(branches):
            self.carry_tests(start)
            return
        for _, code in told:
            number = self.numbered()
            self.carry_tests(start, number)
            code.parts.append(Line(f"c.took.append(({number}, None))", self.function.tag))

    def _compare(self, node: ast.Compare, expected: Type | None) -> Value:  # noqa: ARG002
        if len(node.ops) != 1:
            raise Wrong(node, "compare two things at a time, joined by `and`")
        operator, right_node, start = node.ops[0], node.comparators[0], len(self.tests)
        if isinstance(operator, ast.Is | ast.IsNot) or is_none(right_node):
            if not is_none(right_node) or not isinstance(operator, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
                raise Wrong(node, "`is` compares with None only")
            value = self.atom(self.visit(node.left))
            del self.tests[start:]  # that there is something does not say what it is
            word = "is" if isinstance(operator, ast.Is | ast.Eq) else "is not"
            return Value(f"({value.code} {word} None)", BOOL, atom=False, volatile=value.volatile)
        left, right = self._pair(node.left, right_node)
        if not isinstance(operator, ast.Eq | ast.NotEq | ast.In | ast.NotIn) or not any(
            map(_given, (node.left, right_node))
        ):
            del self.tests[start:]  # nor does that it is more than another, or the same
        volatile = left.volatile or right.volatile
        if isinstance(operator, ast.In | ast.NotIn):
            return replace(
                self._contains(node, left, right, "not in" if isinstance(operator, ast.NotIn) else "in"),
                volatile=volatile,
            )
        word = _COMPARE[type(operator)]
        if not alike(left.type, right.type) or left.type.kind in {"list", "map", "record"}:
            raise Wrong(node, f"{left.type} cannot be compared with {right.type}")
        if word not in {"==", "!="} and left.type.kind in {"bool", "enum"}:
            raise Wrong(node, f"{left.type} has no order")
        guards = [value for value in (left, right) if value.type.nullable]
        if word == "==" and len(guards) < 2:
            guards = []
        test = " and ".join(
            [f"{value.code} is not None" for value in guards] + [f"{left.code} {word} {right.code}"]
        )
        return Value(f"({test})", BOOL, atom=False, volatile=volatile)

    def _pair(self, left: ast.AST, right: ast.AST) -> tuple[Value, Value]:
        """Both sides of a comparison; the enum on one side gives its symbols to the other."""
        if isinstance(left, ast.Constant) or (isinstance(left, ast.Name) and left.id not in self.names.all()):
            second = self.atom(self.visit(right))
            inner = second.type.item if second.type.kind == "list" else second.type
            return self.atom(self.visit(left, inner)), second
        first = self.atom(self.visit(left))
        wanted = Type("list", item=first.type) if isinstance(right, ast.List | ast.Tuple) else first.type
        second = self.visit(right, wanted)
        return first, second if isinstance(right, ast.List | ast.Tuple) else self.atom(second)

    def _contains(self, node: ast.AST, left: Value, right: Value, word: str) -> Value:
        if right.type.kind == "list" and right.type.item and alike(left.type, right.type.item):
            guards = [value for value in (left, right) if value.type.nullable and value.atom]
        elif right.type.kind in {"text", "map"} and left.type.kind == "text":
            guards = [value for value in (left, right) if value.type.nullable]
        else:
            raise Wrong(node, f"`{word}`: {right.type} cannot hold {left.type}")
        test = " and ".join(
            [f"{value.code} is not None" for value in guards] + [f"{left.code} {word} {right.code}"]
        )
        return Value(f"({test})", BOOL, atom=False)

    def _binop(self, node: ast.BinOp, expected: Type | None) -> Value:
        word = _ARITHMETIC.get(type(node.op))
        if word is None:
            raise Wrong(node, f"{describe(node.op)} is not part of the mapping language")
        left, right = self.atom(self.visit(node.left, expected)), self.atom(self.visit(node.right, expected))
        kinds = {left.type.kind, right.type.kind} - {"null"}
        code = f"({left.code} {word} {right.code})"
        if word == "+" and kinds <= {"text", "enum"}:
            made = self.null_safe([left, right], code, TEXT)
            # what stands in front qualifies what follows: of `type + '/' + code` the code is what is told
            return replace(made, pointer=right.pointer or left.pointer)
        if word in {"+", "-"} and logical.differ(left.type, right.type):
            raise Wrong(node, f"`{word}` of {left.type} and {right.type}")
        if kinds <= {"int"} and word != "/":
            return self.null_safe([left, right], code, INT)
        if kinds <= {"float"} or kinds == {"int", "float"}:
            return self.null_safe([left, right], code, Type("float"))
        if kinds <= {"int", "decimal"}:
            code = f"{_DECIMAL[word]}({left.code}, {right.code})"
            return self.null_safe([left, right], code, DECIMAL)
        raise Wrong(node, f"`{word}` of {left.type} and {right.type}")


def _given(node: ast.AST) -> bool:
    """Whether the mapping names the value, or the values, that something is compared with."""
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return all(isinstance(part, ast.Constant) for part in parts)


def alike(one: Type, other: Type) -> bool:
    """Whether two types may be compared or stand in for one another."""
    kinds = {one.kind, other.kind}
    if logical.differ(one, other):
        return False
    return len(kinds) == 1 or "null" in kinds or kinds == {"text", "enum"} or kinds <= {"int", "decimal"}
