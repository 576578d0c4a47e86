"""Writes a rule's target: field by field in schema order, as Avro bytes or as a partial datum."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

from schemas.avro import schema as avro
from schemas.avro.emit import Emitter, indent
from schemas.codes.lists import CodeLists
from schemas.errors import Invalid
from schemas.mapping import logical, outgoing
from schemas.mapping.code import SOME, Anchor, Column, Value
from schemas.mapping.document import Block, Tree
from schemas.mapping.expression import Expression, Wrong, parse
from schemas.mapping.runtime import fit
from schemas.mapping.source import Node, Problems, Scalar, suggest
from schemas.mapping.types import Field, Type

Values = dict[str, "Value | tuple[Tree, Values] | list[Block] | None"]
"""Field name to what it is set to, compiled as far as it can be in front of the record."""


@dataclass
class Target:
    """Writes into one function; subclasses say what a record, a list and a leaf look like.

    Args:
        expressions: compiles into the function.
        problems: where mistakes go.
        rule: name of the rule, for messages and pointers.
        codes: the code lists that fields of the target take their values from.
        frozen: names of root fields that may not read ``message`` and ``event``: the content that is
            compared.
        volatile: collects the pointers of fields that read ``message`` or ``event``.
        trace: compiles the expression of the field at a pointer and notes what it reads.
    """

    expressions: Expression
    emitter: Emitter
    problems: Problems
    rule: str
    codes: CodeLists
    frozen: frozenset[str] = frozenset()
    volatile: set[str] = field(default_factory=set)
    trace: Callable[[str, Callable[[], Value | None]], Value | None] = lambda _, make: make()
    _blocks: list[int | None] = field(default_factory=list)

    def prepare(self, tree: Tree, kind: Type, pointer: str) -> Values:
        """Check a tree against its record and compile every leaf of it and of the records in it."""
        values: Values = {}
        for name, (at, _) in tree.fields.items():
            if name not in kind.fields:
                self.problems.add(at, f"no field `{name}` in {kind.name or kind}{suggest(name, kind.fields)}")
        for name, found in kind.fields.items():
            if name not in tree.fields:
                continue
            at, what = tree.fields[name]
            here = f"{pointer}/{name}"
            self.expressions.function.tag = (self.rule, here)
            if isinstance(what, Scalar):
                values[name] = self._declared(self._leaf(what, found.type, here), found)
            elif isinstance(what, Tree):
                values[name] = self._inner(at, what, found.type, here)
            elif found.type.kind != "list":
                self.problems.add(at, f"`{name}` is {found.type}, not a list: `each` does not fit")
            else:
                values[name] = what
        return values

    def _inner(self, at: Node, tree: Tree, kind: Type, pointer: str) -> tuple[Tree, Values] | None:
        if kind.kind != "record":
            self.problems.add(at, f"{pointer} is {kind}, it has no fields to set")
            return None
        return tree, self.prepare(tree, kind, pointer)

    def _leaf(self, scalar: Scalar, kind: Type, pointer: str) -> Value | None:
        start = len(self.expressions.tests)
        value = self.trace(pointer, lambda: self.expressions.compile(scalar, kind))
        if value is None:
            return None
        self.expressions.answer(parse(scalar.text), value, start)
        if value.volatile:
            self.volatile.add(pointer)
            if pointer.split("/")[1] in self.frozen:
                self.problems.add(
                    scalar, f"{pointer} is compared between versions: it may not read message or event"
                )
        try:
            return self.fitted(value, kind)
        except Wrong as wrong:
            self.problems.add(scalar, f"{pointer} is {kind}, {wrong.message or f'this is {value.type}'}")
            return None

    def _declared(self, value: Value | None, found: Field) -> Value | None:
        """The value if it keeps what the target's schema declares of it: its form, its list, its bounds.

        What does not is left out with a loss; where the field must be there, the message cannot go on.
        """
        if value is None or value.const or value.type.kind == "null" or value.column is not None:
            return value
        known = value.type.logical == found.type.logical == logical.UUID
        test = None if known else outgoing.test(found, self.expressions.bindings, self.codes)
        if test is None:
            return value
        function = self.expressions.function
        name = function.fresh(found.name)
        function.line(f"{name} = {value.code}")
        optional = found.type.nullable or found.default is not avro.MISSING
        broken = (
            f"{name} is not None and {test.code.format(name)}"
            if value.type.nullable
            else test.code.format(name)
        )
        if not optional:
            function.line(f"if {broken}: REFUSE({name}, {test.words!r})")
            return replace(value, code=name, atom=True, home=None)
        pointer = self.expressions.pointer(value)
        function.block(f"if {broken}:")
        function.line(f"c.loss({pointer}, {test.reason!r}, {name})")
        function.line(f"{name} = None")
        function.here = function.here.parent or function.root
        return replace(value, code=name, atom=True, home=None, type=value.type.or_null())

    def fitted(self, value: Value, kind: Type) -> Value:
        """The value as the target's kind takes it, in an atom.

        Raises:
            Wrong: it never fits.
        """
        have, want = value.type.kind, kind.kind
        if have == "null":
            return value
        if want == "enum" and have == "text":
            return self._symbol(value, kind)
        if want == "enum" and have == "enum" and not set(value.type.symbols) <= set(kind.symbols):
            return self._symbol(value, kind)
        if want == "decimal" and have in {"int", "decimal"}:
            return self._decimal(value, kind)
        if want in {"record", "list", "map"} and have == want:
            return self._fitted_shape(value, kind)
        if have != want and (have, want) not in {("enum", "text"), ("int", "float")}:
            hint = {("decimal", "int"): "convert it with int(…)", ("text", "int"): "convert it with int(…)"}
            raise Wrong(None, hint.get((have, want), ""))
        text = ast.literal_eval(value.code) if value.const and kind.logical == logical.UUID else None
        if text is not None and not outgoing.is_uuid(text):
            raise Wrong(None, f"`{text}` is no UUID")
        return self.expressions.as_logical(self.expressions.atom(value), kind)

    def _fitted_shape(self, value: Value, kind: Type) -> Value:
        if value.type.item and kind.item and (why := logical.loses(value.type.item, kind.item)):
            raise Wrong(None, why)
        if kind.kind == "list" and value.type.item and kind.item:
            if "record" in {value.type.item.kind, kind.item.kind}:
                raise Wrong(None, "use `each` to make a list of records")
            if value.type.item.kind != kind.item.kind and (value.type.item.kind, kind.item.kind) != (
                "enum",
                "text",
            ):
                raise Wrong(None, "")
        elif kind.kind == "record":
            raise Wrong(None, "set its fields one by one")
        return self.expressions.atom(value)

    def _symbol(self, value: Value, kind: Type) -> Value:
        if value.const:
            symbol = ast.literal_eval(value.code)
            raise Wrong(None, f"`{symbol}` is no symbol of it{suggest(symbol, kind.symbols)}")
        function, bindings = self.expressions.function, self.expressions.bindings
        name = function.fresh("symbol")
        function.line(f"{name} = {value.code}")
        known = bindings.bind(f"symbols_{kind.name}", frozenset(kind.symbols), ("symbols", kind.symbols))
        pointer = self.expressions.pointer(value)
        function.block(f"if {name} is not None and {name} not in {known}:")
        function.line(f"c.finding({pointer}, 'unknown-symbol', 'error', {name})")
        function.line(f"{name} = None")
        function.here = function.here.parent or function.root
        return replace(value, code=name, atom=True, type=kind.not_null().or_null(), home=None, column=None)

    def _decimal(self, value: Value, kind: Type) -> Value:
        names = self.expressions.bindings.names
        if value.const:
            number = names[value.code] if value.type.kind == "decimal" else ast.literal_eval(value.code)
            bound = self.expressions.bindings.bind(f"number_{number}", Decimal(number), str(number))
            return Value(bound, Type("decimal"), const=True)
        value = self.expressions.atom(value)
        if self.tabled(value):
            return value
        if value.type.kind == "int":
            made = self.expressions.null_safe([value], f"DECIMAL({value.code})", Type("decimal"))
        elif value.type.scale and value.type.scale <= kind.scale and value.path is not None:
            return value
        else:
            made = self.expressions.null_safe([value], f"FIT({value.code}, {kind.scale})", Type("decimal"))
            if value.path is not None and value.type.scale > kind.scale:
                made = self.expressions.atom(made, "number")
                lost = f"c.loss({self.expressions.pointer(value)}, 'precision', {value.code})"
                self.expressions.function.line(f"if {made.code} != {value.code}: {lost}")
        return replace(self.expressions.atom(made, "number"), pointer=value.pointer)

    def tabled(self, value: Value) -> bool:  # noqa: ARG002
        """Whether a value is written by its key in a code list, which has the encoding of every value."""
        return False

    def loops(self, block: Block, outer_names: dict[str, Value | None]) -> bool:
        """Open the loops and the condition of an item block; False when something in it is wrong."""
        compiler, taken, number = self.expressions, None, self.expressions.numbered()
        self._blocks.append(compiler.block)
        for name, items in block.loops:
            value = compiler.compile(items)
            if value is None:
                return False
            outer_names.setdefault(name.text, compiler.names.variables.get(name.text))
            try:
                some = partial(_of_block, number) if value.anchor == SOME else None
                item = compiler.names.variables[name.text] = compiler.loop(value, name.text, None, some)
                taken = item.code if some else taken
            except Wrong as wrong:
                self.problems.add(items, wrong.message)
                return False
        if block.when is not None:
            test = condition(compiler, self.problems, block.when)
            compiler.function.block(f"if {test}:")
        if block.when is not None or taken is not None:
            compiler.block = number
            compiler.function.line(f"c.took.append(({compiler.block}, {taken}))")
        return True

    def restore(self, outer_names: dict[str, Value | None]) -> None:
        """Forget the loop variables of an item block."""
        self.expressions.block = self._blocks.pop()
        for name, value in outer_names.items():
            if value is None:
                self.expressions.names.variables.pop(name, None)
            else:
                self.expressions.names.variables[name] = value


def _of_block(number: int, local: str, depth: int) -> Anchor:
    """The anchor of a loop variable of an item block, of which the report says which items it took."""
    return Anchor(local, depth, number)


def condition(compiler: Expression, problems: Problems, scalar: Scalar) -> str:
    """Source of a condition; null counts as no."""
    with compiler.tested():
        value = compiler.compile(scalar)
    if value is None:
        return "False"
    if value.type.kind != "bool":
        problems.add(scalar, f"a condition is needed, this is {value.type}: compare it, or use has(…)")
    return value.code


class BytesTarget(Target):
    """Appends the Avro encoding to the bytearray ``b``."""

    def tabled(self, value: Value) -> bool:
        """Whether a value is written by its key in a code list."""
        return value.column is not None and value.column.local == value.code

    def record(
        self, tree: Tree, values: Values, kind: Type, pointer: str, only: frozenset[str] | None = None
    ) -> None:
        """Append the fields of a record, or only some of them, in schema order."""
        for name, found in kind.fields.items():
            if only is not None and name not in only:
                continue
            here = f"{pointer}/{name}"
            self.expressions.function.tag = (self.rule, here)
            if name not in tree.fields:
                self._unset(tree, found, here)
            elif values.get(name) is not None:
                self._set(values[name], found, here)

    def _set(self, value: Any, found: Field, pointer: str) -> None:  # noqa: ANN401
        if isinstance(value, Value):
            self._write(value, found)
        elif isinstance(value, list):
            self._list(value, found.type, pointer)
        else:
            self._inner_record(value[0], value[1], found.type, pointer)

    def _unset(self, tree: Tree, found: Field, pointer: str) -> None:
        if found.default is not avro.MISSING:
            self._extend(self.emitter.constant(_node(found.type), found.default))
        elif found.type.nullable:
            self._extend(self.emitter.constant(_node(found.type), None))
        elif found.type.kind == "record":
            self.record(Tree(tree.at), {}, found.type, pointer)
        else:
            self.problems.add(
                tree.at, f"rule `{self.rule}` does not set {pointer}, which has neither null nor a default"
            )

    def _write(self, value: Value, found: Field) -> None:
        node = _node(found.type)
        if value.const:
            datum = None if value.code == "None" else self._literal(value)
            if datum is None and not found.type.nullable and found.default is not avro.MISSING:
                datum = found.default
            try:
                self._extend(self.emitter.constant(node, datum))
            except Invalid as error:
                self.problems.add(None, f"rule `{self.rule}`, {found.name}: {error.rule}")
            return
        if value.column is not None and self.tabled(value) and isinstance(node, avro.Nullable):
            self._look_up(value.column, node)
            return
        lines = self.emitter.encode(node, value.code)
        if value.type.nullable and not found.type.nullable and found.default is not avro.MISSING:
            default = self.emitter.constant(node, found.default)
            lines = [f"if {value.code} is None:", *indent(default), "else:", *indent(lines)]
        self._extend(lines)

    def _look_up(self, column: Column, node: avro.Nullable) -> None:
        """Append what a code list has under a key: all values of the column are encoded now, by key."""

        def encodings() -> dict[str, bytes]:
            values = dict(column.values)
            if isinstance(node.inner, avro.DecimalType):
                scale = node.inner.scale
                values = {k: None if v is None else fit(Decimal(v), scale) for k, v in values.items()}
            return self.emitter.encoded(node, values)

        try:
            table = self.expressions.bindings.made("_".join(column.name), (column.name, node), encodings)
        except Invalid as error:
            self.problems.add(None, f"rule `{self.rule}`, {' '.join(column.name)}: {error.rule}")
            return
        self._extend([f"b += {table}.get({column.key}, b'\\x00')"])

    def _literal(self, value: Value) -> Any:  # noqa: ANN401
        names = self.expressions.bindings.names
        return names[value.code] if value.code in names else ast.literal_eval(value.code)

    def _inner_record(self, tree: Tree, values: Values, kind: Type, pointer: str) -> None:
        function = self.expressions.function
        if not kind.nullable:
            self.record(tree, values, kind, pointer)
            return
        leaves = list(_leaves(values))
        optional = leaves and all(value.type.nullable for value in leaves)
        outer = function.here
        if optional:
            test = " and ".join(dict.fromkeys(f"{value.code} is None" for value in leaves))
            function.line(f"if {test}:")
            function.line("    b += b'\\x00'")
            function.block("else:")
        function.line("b += b'\\x02'")
        self.record(tree, values, kind, pointer)
        function.here = outer

    def _list(self, blocks: list[Block], kind: Type, pointer: str) -> None:
        function = self.expressions.function
        place, count = function.fresh("place"), function.fresh("count")
        if kind.nullable:
            function.line("b += b'\\x02'")
        self._extend([f"{place} = len(b)", "b += b'\\x00'", f"{count} = 0"])  # no items: this ends the list
        for block in blocks:
            here, names = function.here, dict[str, Value | None]()
            if self.loops(block, names):
                self._item(block, kind, pointer)
                function.line(f"{count} += 1")
            function.here = here
            self.restore(names)
        self._extend(
            [
                f"if {count}:",
                f"    if {count} < 64: b[{place}] = {count} << 1",
                f"    else: b[{place}:{place} + 1] = VARINT({count})",
                "    b += b'\\x00'",
            ]
        )

    def _item(self, block: Block, kind: Type, pointer: str) -> None:
        item = kind.item
        if item is None:
            return
        if block.fields is not None:
            if item.kind != "record":
                self.problems.add(block.at, f"the items are {item}, not records: use `value`")
                return
            self.record(block.fields, self.prepare(block.fields, item, f"{pointer}/*"), item, f"{pointer}/*")
        elif block.value is not None:
            value = self._leaf(block.value, item, f"{pointer}/*")
            if value is not None:
                self._write(value, Field("item", item))

    def _extend(self, lines: list[str]) -> None:
        self.expressions.function.extend(lines)


class DatumTarget(Target):
    """Builds a dict of what is set and not null: a partial document to be merged."""

    def record(self, tree: Tree, values: Values, kind: Type, pointer: str, name: str) -> None:
        """Fill the dict in variable ``name``."""
        function = self.expressions.function
        for key, found in kind.fields.items():
            value = values.get(key)
            here = f"{pointer}/{key}"
            function.tag = (self.rule, here)
            if key not in tree.fields or value is None:
                continue
            if isinstance(value, Value):
                if value.code != "None":
                    guard = f"if {value.code} is not None: " if value.type.nullable else ""
                    function.line(f"{guard}{name}[{key!r}] = {value.code}")
            elif isinstance(value, list):
                made = self._list(value, found.type, here)
                function.line(f"if {made}: {name}[{key!r}] = {made}")
            else:
                inner = function.fresh(key)
                function.line(f"{inner} = {{}}")
                self.record(*value, found.type, here, inner)
                function.line(f"if {inner}: {name}[{key!r}] = {inner}")

    def _list(self, blocks: list[Block], kind: Type, pointer: str) -> str:
        function = self.expressions.function
        made = function.fresh("items")
        function.line(f"{made} = []")
        for block in blocks:
            here, names = function.here, dict[str, Value | None]()
            if self.loops(block, names) and kind.item is not None:
                self._item(block, kind.item, f"{pointer}/*", made)
            function.here = here
            self.restore(names)
        return made

    def _item(self, block: Block, item: Type, pointer: str, made: str) -> None:
        function = self.expressions.function
        if block.fields is not None and item.kind == "record":
            name = function.fresh("item")
            function.line(f"{name} = {{}}")
            self.record(block.fields, self.prepare(block.fields, item, pointer), item, pointer, name)
            function.line(f"{made}.append({name})")
        elif block.value is not None and item.kind != "record":
            value = self._leaf(block.value, item, pointer)
            if value is not None:
                function.line(f"{made}.append({value.code})")
        else:
            self.problems.add(block.at, f"the items are {item}: records have `set`, all else has `value`")


def _leaves(values: Values) -> Any:  # noqa: ANN401
    """Every compiled leaf that is no constant."""
    for value in values.values():
        if isinstance(value, Value):
            if not value.const:
                yield value
        elif isinstance(value, tuple):
            yield from _leaves(value[1])


def _node(kind: Type) -> avro.Type:
    assert kind.node is not None  # noqa: S101 - types of a target come from its schema
    return kind.node
