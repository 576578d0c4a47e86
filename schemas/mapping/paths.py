"""Names and paths of expressions.

Every field on the way is read once, as far out of the loops as it can be.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from schemas.avro.structs import attribute
from schemas.mapping import logical
from schemas.mapping.code import Anchor, Bindings, Function, Read, Value
from schemas.mapping.source import Problems, Scalar, suggest
from schemas.mapping.syntax import ALLOWED, Wrong, describe, integer, parse
from schemas.mapping.types import TEXT, Type


@dataclass
class Scope:
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


@dataclass
class Paths:
    """Compiles expressions into one function.

    Args:
        function: where lines go.
        names: what names mean there.
        bindings: objects that the code may use.
        problems: where mistakes go.
        calls: the function library.
        read: called with every field of the source that is read.
        testing: how many conditions are around what is compiled now.
        block: number of the item block around it.
        numbered: gives the number of the next item block.
        tests: says of each field that was only compared so far that it is carried after all, in an item block
            or always.
    """

    function: Function
    names: Scope
    bindings: Bindings
    problems: Problems
    calls: Mapping[str, Callable[..., Value]]
    read: Callable[[Read], None]
    testing: int = 0
    block: int | None = None
    numbered: Callable[[], int] = itertools.count().__next__
    tests: list[Callable[[int | None], None]] = field(default_factory=list)

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
        if method is None or not isinstance(node, ALLOWED):
            raise Wrong(node, f"{describe(node)} is not part of the mapping language")
        value: Value = method(node, expected)
        return value

    def condition(self, node: ast.AST) -> Value:
        """Compile a yes-or-no expression; null counts as no."""
        with self.tested():
            value = self.visit(node)
        if value.type.kind != "bool":
            hint = "use has(…)" if value.type.nullable else "compare it with something"
            raise Wrong(node, f"a condition is needed, this is {value.type}: {hint}")
        return value

    @contextmanager
    def tested(self) -> Iterator[None]:
        """What is read inside is compared with something, not carried."""
        self.testing += 1
        try:
            yield
        finally:
            self.testing -= 1

    def answer(self, node: ast.AST, value: Value, start: int) -> None:
        """Where the value is a yes or no, what was compared for it since then is carried."""
        if value.type.kind == "bool" and not self.testing and not isinstance(node, ast.IfExp):
            self.carry_tests(start)

    def carry_tests(self, start: int, block: int | None = None) -> None:
        """What was compared since then is carried: by one constant or another, or by yes or no."""
        for carried in self.tests[start:]:
            carried(block)

    def atom(self, value: Value, stem: str = "t") -> Value:
        """The same value in a variable of its own."""
        if value.atom:
            return value
        name = self.function.fresh(stem)
        self.function.line(f"{name} = {value.code}")
        return replace(value, code=name, atom=True)

    def as_logical(self, value: Value, want: Type, node: ast.AST | None = None) -> Value:
        """An atom as a number of the logical type that is wanted.

        Raises:
            Wrong: it is one of another, and there is no conversion.
        """
        try:
            code = logical.converted(value.code, value.type, want)
        except logical.Unlike as unlike:
            raise Wrong(node, str(unlike)) from unlike
        if code is None:
            return value
        code = f"(None if {value.code} is None else {code})" if value.type.nullable else code
        kind = replace(value.type, logical=want.logical)
        return self.atom(replace(value, code=code, atom=False, home=None, type=kind))

    def null_safe(self, values: Sequence[Value], code: str, kind: Type) -> Value:
        """``code`` unless one of the atoms is null, then null."""
        guards = [value for value in values if value.type.nullable and not value.const]
        pointer = next((value.pointer for value in values if value.pointer), None)
        volatile = any(value.volatile for value in values)
        if guards:
            test = " or ".join(dict.fromkeys(f"{value.code} is None" for value in guards))
            code = f"(None if {test} else {code})"
        return Value(code, kind.or_null(bool(guards)), atom=False, pointer=pointer, volatile=volatile)

    def _name(self, node: ast.Name, expected: Type | None) -> Value:
        names = self.names
        if node.id in names.variables:
            value = names.variables[node.id]
            if value.path is not None and value.type.kind not in {"record", "list", "map"}:
                self._reading(value.path, value.anchor)  # an item of a list of texts
            return value
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
            self._reading(path, holder.anchor)
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
            anchor=holder.anchor,
        )
        place.memo[key] = value
        return value

    def _reading(self, path: tuple[str, ...], anchor: Anchor | None) -> None:
        """Note that a field is read, and what for."""
        read = Read(path, anchor, self.function.tag, self.block, self.testing > 0)
        self.read(read)
        if read.tested:
            self.tests.append(lambda block: self.read(read._replace(tested=False, block=block or read.block)))

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
        constant = integer(index)
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
        anchor = value.anchor
        if value.path is not None and item.kind == "record":
            anchor = Anchor(name, len(value.path), self.numbered())
            self.function.line(f"if {name} is not None: c.took.append(({anchor.number}, {name}))")
        pointer = (f"@{name}",) if value.path is not None else None
        return Value(
            name,
            item.or_null(),
            True,
            self.function.here,
            pointer,
            value.path,
            volatile=value.volatile,
            anchor=anchor,
        )

    def _slice(self, node: ast.Subscript, value: Value, index: ast.Slice) -> Value:
        if value.type.kind not in {"list", "text"} or index.step is not None:
            raise Wrong(node, "a slice is of a list or text, with constant bounds and no step")
        bounds = []
        for bound in (index.lower, index.upper):
            constant = integer(bound) if bound is not None else None
            if bound is not None and constant is None:
                raise Wrong(bound, "the bounds of a slice are constants")
            bounds.append("" if constant is None else str(constant))
        kind = replace(value.type.not_null(), logical="")
        return self.null_safe([value], f"{value.code}[{bounds[0]}:{bounds[1]}]", kind)

    def loop(
        self,
        items: Value,
        name: str,
        node: ast.AST | None,
        anchor: Callable[[str, int], Anchor] | None = None,
    ) -> Value:
        """Open a loop over a list; null is a list without items. Returns the item's value.

        ``anchor`` makes the item's anchor of its variable and the length of its path; without it the item is
        as known as its list.
        """
        if items.type.kind != "list" or items.type.item is None:
            raise Wrong(node, f"a loop is over a list, this is {items.type}")
        kind, items = items.type.item, self.atom(items)
        local = self.function.fresh(name)
        code = f"{items.code} or ()" if items.type.nullable else items.code
        block = self.function.loop(local, code)
        pointer = (*items.pointer, f"#{local}") if items.pointer is not None else None
        if pointer is None and items.path is not None:
            pointer = (f"@{local}",)
        known = items.anchor
        if anchor is not None and items.path is not None:
            known = anchor(local, len(items.path))
        return Value(local, kind, True, block, pointer, items.path, volatile=items.volatile, anchor=known)

    def pointer(self, value: Value) -> str:
        """Source of the JSON pointer of a value's first field, evaluated only when it is needed."""
        steps = value.pointer or ()
        start = f"{{LOCATE(r, {steps[0][1:]})}}" if steps and steps[0].startswith("@") else ""
        text = start + "".join(f"/{self._step(step)}" for step in steps[1 if start else 0 :])
        return f"f{text!r}" if "{" in text else repr(text)

    def _step(self, step: str) -> str:
        return f"{{{self.function.index(step[1:])}}}" if step.startswith("#") else _escaped(step)


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "{{").replace("}", "}}")
