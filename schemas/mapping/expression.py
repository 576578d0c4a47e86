"""Checks expressions and turns them into straight Python: a whitelist over Python's own syntax tree.

Only what is named here compiles; everything else is a problem at its line and column. No text of an expression ever
reaches the generated code except as a ``repr`` of a literal or a name that was found in a schema and cleaned.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from schemas.avro.structs import attribute
from schemas.mapping.code import Bindings, Function, Value
from schemas.mapping.source import Problems, Scalar, suggest
from schemas.mapping.types import BOOL, DECIMAL, INT, NULL, TEXT, Type

MAX_LENGTH = 2000
"""Characters of one expression."""
MAX_NODES = 400
"""Nodes of one expression's syntax tree."""

NUMBERS = ("int", "decimal", "float")
_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%"}
_DECIMAL = {"+": "ADD", "-": "SUB", "*": "MUL", "/": "DIV", "%": "REM"}


class Wrong(Exception):
    """An expression cannot be compiled; caught where the expression starts."""

    def __init__(self, node: ast.AST | None, message: str) -> None:
        super().__init__(message)
        self.column = getattr(node, "col_offset", 0)
        self.message = message


@dataclass
class Names:
    """What the names of an expression mean. Later look-ups: see ``docs/mapping.md``, Expressions."""

    variables: dict[str, Value] = field(default_factory=dict)
    lets: dict[str, Callable[[Function], Value]] = field(default_factory=dict)
    root: Value | None = None
    context: dict[str, Callable[[ast.AST], Value]] = field(default_factory=dict)
    symbols: tuple[str, ...] = ()

    def all(self) -> list[str]:
        """Every name, for suggestions."""
        fields = self.root.type.fields if self.root else {}
        return [*self.variables, *self.lets, *fields, *self.context]


Call = Callable[["Expression", ast.Call, Type | None], Value]


@dataclass
class Expression:
    """Compiles expressions into one function.

    Args:
        function: where lines go.
        names: what names mean there.
        bindings: objects that the code may use.
        problems: where mistakes go.
        calls: the function library.
        read: called with the source path of every field read.
    """

    function: Function
    names: Names
    bindings: Bindings
    problems: Problems
    calls: Mapping[str, Call]
    read: Callable[[tuple[str, ...]], None]

    def compile(self, scalar: Scalar, expected: Type | None = None) -> Value | None:
        """Compile one expression; None when it is wrong, which is then among the problems."""
        try:
            return self.visit(parse(scalar.text), expected)
        except Wrong as wrong:
            if wrong.message:
                self.problems.add(scalar, wrong.message, wrong.column)
            return None

    def visit(self, node: ast.AST, expected: Type | None = None) -> Value:
        """Compile one node; ``expected`` resolves symbols of an enum and the literals compared with one."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None or not isinstance(node, _ALLOWED):
            raise Wrong(node, f"{_describe(node)} is not part of the mapping language")
        value: Value = method(node, expected)
        return value

    def condition(self, node: ast.AST) -> Value:
        """Compile a yes-or-no expression; null counts as no."""
        value = self.visit(node)
        if value.type.kind != "bool":
            hint = "use has(…)" if value.type.nullable else "compare it with something"
            raise Wrong(node, f"a condition is needed, this is {value.type}: {hint}")
        return value

    def atom(self, value: Value, stem: str = "t") -> Value:
        """The same value in a variable of its own."""
        if value.atom:
            return value
        name = self.function.fresh(stem)
        self.function.line(f"{name} = {value.code}")
        return replace(value, code=name, atom=True)

    def null_safe(self, values: Sequence[Value], code: str, kind: Type) -> Value:
        """``code`` unless one of the atoms is null, then null."""
        guards = [value for value in values if value.type.nullable and not value.const]
        pointer = next((value.pointer for value in values if value.pointer), None)
        volatile = any(value.volatile for value in values)
        if guards:
            test = " or ".join(dict.fromkeys(f"{value.code} is None" for value in guards))
            code = f"(None if {test} else {code})"
        return Value(code, kind.or_null(bool(guards)), atom=False, pointer=pointer, volatile=volatile)

    # names and paths

    def _name(self, node: ast.Name, expected: Type | None) -> Value:
        names = self.names
        if node.id in names.variables:
            return names.variables[node.id]
        if node.id in names.lets:
            return names.lets[node.id](self.function)
        if names.root is not None and node.id in names.root.type.fields:
            return self.member(names.root, node.id, node)
        if node.id in names.context:
            return names.context[node.id](node)
        symbols = expected.symbols if expected is not None and expected.symbols else names.symbols
        if node.id in symbols:
            kind = expected.not_null() if expected is not None and expected.symbols else TEXT
            return Value(repr(node.id), kind, const=True)
        if expected is not None and expected.kind == "enum":
            hint = suggest(node.id, [*symbols, *names.all()])
            raise Wrong(node, f"`{node.id}` is neither a name nor a symbol of {expected.name}{hint}")
        where = f" in {names.root.type.name}" if names.root else ""
        raise Wrong(node, f"no field `{node.id}`{where}{suggest(node.id, [*names.all(), *self.calls])}")

    def _attribute(self, node: ast.Attribute, expected: Type | None) -> Value:  # noqa: ARG002
        return self.member(self.visit(node.value), node.attr, node)

    def member(self, holder: Value, name: str, node: ast.AST) -> Value:
        """A field of a record, kept in a local variable as far out as the record itself lives."""
        if holder.type.kind != "record":
            raise Wrong(node, f"`{name}` of {holder.type}: only records have fields")
        found = holder.type.fields.get(name)
        if found is None:
            what = f" in {holder.type.name}" if holder.type.name else ""
            raise Wrong(node, f"no field `{name}`{what}{suggest(name, holder.type.fields)}")
        path = (*holder.path, name) if holder.path is not None else None
        if path is not None:
            self.read(path)
        key = f"{holder.code}.{name}"
        known = self.function.here.remembered(key)
        if known is not None:
            return known
        access = f".{attribute(name)}" if holder.type.access == "attr" else f"[{name!r}]"
        local = self.function.fresh("_".join(path) if path else f"{holder.code.removeprefix('v_')}_{name}")
        code = f"{holder.code}{access}"
        if holder.type.access == "attr" and holder.path is not None:
            code = self._converted(found.type, code)
        if holder.type.nullable:
            code = f"None if {holder.code} is None else {code}"
        place = self.function.hoist(holder.home, f"{local} = {code}")
        pointer = (*holder.pointer, name) if holder.pointer is not None else None
        value = Value(
            local,
            found.type.or_null(holder.type.nullable),
            True,
            holder.home,
            pointer,
            path,
            volatile=holder.volatile,
        )
        place.memo[key] = value
        return value

    def _converted(self, kind: Type, code: str) -> str:
        """A struct holds times and decimals as JSON has them: make a datum of it."""
        convert = {"timestamp-millis": "MILLISECONDS", "date": "DAYS"}.get(kind.logical)
        convert = "DECIMAL" if kind.kind == "decimal" else convert
        if convert is None:
            return code
        return f"OR_NULL({convert}, {code})" if kind.nullable else f"{convert}({code})"

    def _subscript(self, node: ast.Subscript, expected: Type | None) -> Value:  # noqa: ARG002
        value = self.atom(self.visit(node.value))
        index = node.slice
        if isinstance(index, ast.Slice):
            return self._slice(node, value, index)
        constant = _integer(index)
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            if value.type.kind == "map" and value.type.item:
                code = f"{value.code}.get({index.value!r})"
                return self.null_safe([value], code, value.type.item.or_null())
            return self.member(value, index.value, node)
        if constant is None or value.type.kind not in {"list", "text"}:
            raise Wrong(node, "a subscript is a constant index of a list or text, or a constant key")
        item = (value.type.item or TEXT) if value.type.kind == "list" else TEXT
        enough = f"len({value.code}) > {constant}" if constant >= 0 else f"len({value.code}) >= {-constant}"
        present = value.code if constant in {0, -1} else f"{value.code} and {enough}"
        name = self.function.fresh("item")
        self.function.line(f"{name} = {value.code}[{constant}] if {present} else None")
        pointer = (f"@{name}",) if value.path is not None else None
        return Value(
            name, item.or_null(), True, self.function.here, pointer, value.path, volatile=value.volatile
        )

    def _slice(self, node: ast.Subscript, value: Value, index: ast.Slice) -> Value:
        if value.type.kind not in {"list", "text"} or index.step is not None:
            raise Wrong(node, "a slice is of a list or text, with constant bounds and no step")
        bounds = []
        for bound in (index.lower, index.upper):
            constant = _integer(bound) if bound is not None else None
            if bound is not None and constant is None:
                raise Wrong(bound, "the bounds of a slice are constants")
            bounds.append("" if constant is None else str(constant))
        return self.null_safe([value], f"{value.code}[{bounds[0]}:{bounds[1]}]", value.type.not_null())

    # literals

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
        raise Wrong(node, f"{_describe(node)} is not part of the mapping language")

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

    # operators

    def _unaryop(self, node: ast.UnaryOp, expected: Type | None) -> Value:
        if isinstance(node.op, ast.Not):
            value = self.condition(node.operand)
            return Value(f"(not {value.code})", BOOL, atom=False, volatile=value.volatile)
        value = self.atom(self.visit(node.operand, expected))
        if not isinstance(node.op, ast.USub) or value.type.kind not in NUMBERS:
            raise Wrong(node, f"{_describe(node)} of {value.type}")
        return self.null_safe([value], f"(-{value.code})", value.type.not_null())

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
        test = self.condition(node.test)
        yes, yes_code = self.function.apart(lambda: self.visit(node.body, expected))
        no, no_code = self.function.apart(lambda: self.visit(node.orelse, expected))
        if not alike(yes.type, no.type):
            raise Wrong(node, f"one branch is {yes.type}, the other {no.type}")
        kind = (no.type if yes.type.kind == "null" else yes.type).or_null(
            yes.type.nullable or no.type.nullable
        )
        pointer = yes.pointer or no.pointer
        volatile = test.volatile or yes.volatile or no.volatile
        path = yes.path or no.path
        if not yes_code.parts and not no_code.parts:
            code = f"({yes.code} if {test.code} else {no.code})"
            return Value(code, kind, False, None, pointer, path, volatile=volatile)
        name = self.function.fresh("choice")
        self.function.attach(f"if {test.code}:", yes_code, f"{name} = {yes.code}")
        self.function.attach("else:", no_code, f"{name} = {no.code}")
        return Value(name, kind, True, None, pointer, path, volatile=volatile)

    def _compare(self, node: ast.Compare, expected: Type | None) -> Value:  # noqa: ARG002
        if len(node.ops) != 1:
            raise Wrong(node, "compare two things at a time, joined by `and`")
        operator, right_node = node.ops[0], node.comparators[0]
        if isinstance(operator, ast.Is | ast.IsNot) or _is_none(right_node):
            if not _is_none(right_node) or not isinstance(operator, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
                raise Wrong(node, "`is` compares with None only")
            value = self.atom(self.visit(node.left))
            word = "is" if isinstance(operator, ast.Is | ast.Eq) else "is not"
            return Value(f"({value.code} {word} None)", BOOL, atom=False, volatile=value.volatile)
        left, right = self._pair(node.left, right_node)
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
            raise Wrong(node, f"{_describe(node.op)} is not part of the mapping language")
        left, right = self.atom(self.visit(node.left, expected)), self.atom(self.visit(node.right, expected))
        kinds = {left.type.kind, right.type.kind} - {"null"}
        code = f"({left.code} {word} {right.code})"
        if word == "+" and kinds <= {"text", "enum"}:
            return self.null_safe([left, right], code, TEXT)
        if kinds <= {"int"} and word != "/":
            return self.null_safe([left, right], code, INT)
        if kinds <= {"float"} or kinds == {"int", "float"}:
            return self.null_safe([left, right], code, Type("float"))
        if kinds <= {"int", "decimal"}:
            code = f"{_DECIMAL[word]}({left.code}, {right.code})"
            return self.null_safe([left, right], code, DECIMAL)
        raise Wrong(node, f"`{word}` of {left.type} and {right.type}")

    # calls and comprehensions

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
        return Value(name, kind, True, None, None, item.path, volatile=item.volatile)

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
                self.names.variables[part.target.id] = self.loop(items, part.target.id, part.iter)
                for test in part.ifs:
                    self.function.line(f"if not {self.condition(test).code}: continue")
            return body()
        finally:
            self.function.here, self.names.variables = outer, hidden

    def loop(self, items: Value, name: str, node: ast.AST | None) -> Value:
        """Open a loop over a list; null is a list without items. Returns the item's value."""
        if items.type.kind != "list" or items.type.item is None:
            raise Wrong(node, f"a loop is over a list, this is {items.type}")
        kind, items = items.type.item, self.atom(items)
        local = self.function.fresh(name)
        code = f"{items.code} or ()" if items.type.nullable else items.code
        block = self.function.block(f"for {local} in {code}:", loop=True)
        pointer = (f"@{local}",) if items.path is not None else None
        return Value(local, kind, True, block, pointer, items.path, volatile=items.volatile)

    def pointer(self, value: Value) -> str:
        """Source of the JSON pointer of a value's first field, evaluated only when it is needed."""
        steps = value.pointer or ()
        start = f"{{LOCATE(r, {steps[0][1:]})}}" if steps and steps[0].startswith("@") else ""
        text = start + "".join(f"/{_escaped(step)}" for step in steps[1 if start else 0 :])
        return f"f{text!r}" if start else repr(text)


_ALLOWED = (
    *(ast.Name, ast.Attribute, ast.Subscript, ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.UnaryOp),
    *(ast.BoolOp, ast.IfExp, ast.Compare, ast.BinOp, ast.Call, ast.ListComp),
)


def parse(text: str) -> ast.expr:
    """The syntax tree of an expression within the limits of size.

    Raises:
        Wrong: not an expression, or too large.
    """
    if len(text) > MAX_LENGTH:
        raise Wrong(None, f"an expression has at most {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        wrong = Wrong(None, f"not an expression: {error.msg}")
        wrong.column = max((error.offset or 1) - 1, 0)
        raise wrong from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Wrong(None, "not an expression: too deep, or not text") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise Wrong(None, f"an expression has at most {MAX_NODES} parts")
    return tree


def alike(one: Type, other: Type) -> bool:
    """Whether two types may be compared or stand in for one another."""
    kinds = {one.kind, other.kind}
    return len(kinds) == 1 or "null" in kinds or kinds == {"text", "enum"} or kinds <= {"int", "decimal"}


def _integer(node: ast.AST) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _integer(node.operand)
        return None if inner is None else -inner
    is_number = isinstance(node, ast.Constant) and type(node.value) is int and abs(node.value) < 1 << 31
    return node.value if is_number else None  # type: ignore[attr-defined]


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "{{").replace("}", "}}")


def _describe(node: ast.AST) -> str:
    words = {"Lambda": "a lambda", "NamedExpr": "`:=`", "Dict": "a dict", "Set": "a set", "Pow": "`**`"}
    return words.get(type(node).__name__, type(node).__name__)
