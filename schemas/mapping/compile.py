"""Compiles a mapping file: reads it, checks every expression against both schemas, and links the functions.

Arguments of generated functions: ``r`` the input record, ``m`` the message's context, ``c`` the report, ``e`` the
event, ``L`` the values of ``let`` so far, ``out`` the list of outputs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from schemas.avro.emit import Emitter
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping import runtime
from schemas.mapping.code import Bindings, Function, Line, Value
from schemas.mapping.coverage import uncovered
from schemas.mapping.document import Document, Rule, read_document
from schemas.mapping.expression import Call, Expression, Names, Wrong, alike, parse
from schemas.mapping.functions import library
from schemas.mapping.module import Module, link
from schemas.mapping.report import Report, locate
from schemas.mapping.source import Problems, Scalar, read
from schemas.mapping.target import BytesTarget, DatumTarget, condition
from schemas.mapping.types import BOOL, INT, TEXT, Access, Type, of_node, record_of

ARGUMENTS = ("r", "m", "c", "e", "L")
PERSONAL = "personal-data"
"""The reason of a drop whose value is never told: reports go to other parties."""
UNSET = object()
"""A ``let`` that was not needed yet."""

_LOSS = record_of({"pointer": TEXT, "reason": TEXT, "value": TEXT}, "a loss", "attr")
_FINDING = record_of({"pointer": TEXT, "rule": TEXT, "severity": TEXT, "value": TEXT}, "a finding", "attr")
_MESSAGE = record_of(
    {
        "id": TEXT, "origin": TEXT, "participant": TEXT, "sequence": INT, "accepted": INT,
        "hops": Type("list", item=TEXT), "traceparent": TEXT.or_null(),
    },
    "message", "attr",
)  # fmt: skip
_EVENT = record_of(
    {"id": TEXT, "version": INT, "supersedes": TEXT.or_null(), "retracted": BOOL, "occurrence": INT},
    "event",
    "attr",
)
_REPORT = record_of(
    {"losses": Type("list", item=_LOSS), "findings": Type("list", item=_FINDING)}, "report", "attr"
)
_STABLE = {"participant", "occurrence"}
"""Fields of ``message`` and ``event`` that are the same in every version of a document."""


@dataclass(frozen=True)
class CompiledRule:
    """What the engine knows of a rule beside its functions.

    Attributes:
        many: whether one message can give several outputs, so that the key is part of an output's id.
        volatile: pointers of target fields that read ``message`` or ``event``.
    """

    name: str
    many: bool
    always: bool
    annulment: bool
    whole: bool
    volatile: tuple[tuple[str, ...], ...] = ()

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


@dataclass(frozen=True)
class CompiledMapping:
    """A compiled mapping."""

    document: Document
    source: Schema
    target: Schema
    access: Access
    module: Module
    rules: tuple[CompiledRule, ...]
    lets: int
    registers: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """The mapping's name, in metrics, reports and dead letters."""
        return self.document.name

    def function(self, name: str) -> Callable[..., Any] | None:
        """A generated function by name; None when the mapping has no such part."""
        return self.module.functions.get(name)

    def slots(self) -> list[Any]:
        """Empty slots for the values of ``let`` of one message."""
        return [UNSET] * self.lets


@dataclass
class Compiler:
    """Compiles one document for one way of reading records."""

    document: Document
    source: Schema
    target: Schema
    codes: CodeLists
    problems: Problems
    access: Access
    functions: list[Function] = field(default_factory=list)
    rules: list[CompiledRule] = field(default_factory=list)
    reads: set[tuple[str, ...]] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    types: dict[str, Value | None] = field(default_factory=dict)
    kept: dict[str, Type] = field(default_factory=dict)
    memory: dict[str, Type] = field(default_factory=dict)
    current: Rule | None = None

    def __post_init__(self) -> None:
        self.emitter = Emitter()
        self.bindings = Bindings(self.emitter.bindings)
        self.bindings.names |= {
            "UNSET": UNSET, "DECIMAL": Decimal, "FIT": runtime.fit, "PLAIN": runtime.plain, "LOCATE": locate,
            "OR_NULL": runtime.or_null, "UUID5": runtime.uuid5, "ADD": runtime.MATH.add, "SUB": runtime.MATH.subtract,
            "MUL": runtime.MATH.multiply, "DIV": runtime.MATH.divide, "REM": runtime.MATH.remainder,
            "MILLISECONDS": _milliseconds, "DAYS": _days,
        }  # fmt: skip
        self.calls: Mapping[str, Call] = library(self.codes)
        self.kind = self.document.state.kind
        self.source_type = of_node(self.source.record, self.access)
        self.target_type = of_node(self.target.record)
        names = list(self.target_type.fields)
        first = self.document.state.content_from
        if first is not None and first.text not in names:
            self.problems.add(first, f"no field `{first.text}` in {self.target_type.name}")
        split = names.index(first.text) if first is not None and first.text in names else 0
        self.head, self.content = frozenset(names[:split]), frozenset(names[split:])

    # names

    def expression(self, function: Function, root: bool = True) -> Expression:
        """A compiler of expressions into ``function``."""
        function_root = Value("r", self.source_type, True, function.root, (), ()) if root else None
        names = Names(root=function_root)
        for index, name in enumerate(self.document.lets):
            names.lets[name] = self._let_reader(name, index)
        names.context = {
            "message": lambda _: Value("m", _MESSAGE, volatile=True),
            "event": self._event,
            "memory": lambda _: Value("memory", record_of(self.memory, "memory")),
            "report": self._report,
        }
        return _Expression(function, names, self.bindings, self.problems, self.calls, self.reads.add)

    def _event(self, node: ast.AST) -> Value:
        if self.kind == "none":
            raise Wrong(node, "a stateless mapping has no `event`: make ids with uuid5(message.origin, …)")
        return Value("e", _EVENT, volatile=True)

    def _report(self, node: ast.AST) -> Value:
        if self.current is None:
            raise Wrong(node, "`report` is known in rules only")
        return Value("report", _REPORT)

    def _let_reader(self, name: str, index: int) -> Callable[[Function], Value]:
        def let(function: Function) -> Value:
            self.used.add(name)
            if name not in self.types:
                raise Wrong(None, f"`{name}` is used before its own line under `let`")
            value = self.types[name]
            if value is None:
                raise Wrong(None, "")
            tree = parse(self.document.lets[name][1].text)
            if _is_path(tree):
                return self.expression(function).visit(tree)
            known = function.here.remembered(f"let {name}")
            if known is not None:
                return known
            local = function.fresh(name)
            if value.type.kind == "record":
                value = replace(value, pointer=(f"@{local}",))
            function.line(f"{local} = L[{index}]")
            function.line(f"if {local} is UNSET: {local} = let_{name}(r, m, c, e, L)")
            value = replace(value, code=local, atom=True, home=function.here, const=False)
            function.here.memo[f"let {name}"] = value
            return value

        return let

    # parts

    def run(self) -> None:
        """Compile every part, so that all problems of the file are found at once."""
        for index, (name, (_, scalar)) in enumerate(self.document.lets.items()):
            self._let(name, index, scalar)
        self._registers()
        self._state()
        for number, rule in enumerate(self.document.rules):
            self._rule(rule, number)
        if self.document.state.retract is not None:
            self._retract(self.document.state.retract)
        self._drops()
        self._dispatch()
        uncovered(self.source_type, self.reads, self.document, self.problems, self.source.record.properties)

    def _start(self, name: str, arguments: tuple[str, ...] = ARGUMENTS, tag: str = "") -> Function:
        function = Function(name.replace("-", "_"), arguments, tag=(tag, ""))
        self.functions.append(function)
        return function

    def _let(self, name: str, index: int, scalar: Scalar) -> None:
        function = self._start(f"let_{name}", tag=f"let {name}")
        compiler = self.expression(function)
        value = compiler.compile(scalar)
        if value is not None and value.type.kind == "null":
            self.problems.add(scalar, "a `let` of nothing but null")
            value = None
        if value is None:
            self.types[name] = None
            return
        value = compiler.atom(value, name)
        if value.pointer and value.pointer[0].startswith("@"):
            value = replace(value, pointer=None if value.type.kind != "record" else ("@v_" + name,))
        reports = any(
            "(c, " in line.text or "c.loss" in line.text or "c.finding" in line.text
            for line in function.root.lines()
        )
        function.line(f"L[{index}] = {value.code}")
        if reports:
            function.root.parts.insert(0, Line("origin = c.origin", function.tag))
            function.root.parts.insert(1, Line(f"c.origin = {index}", function.tag))
            function.line("c.origin = origin")
        function.line(f"return {value.code}")
        self.types[name] = value

    def _single(self, name: str, scalar: Scalar, kinds: tuple[str, ...]) -> Type | None:
        """A function that returns one expression."""
        function = self._start(name, tag=name)
        value = self.expression(function).compile(scalar)
        if value is None:
            return None
        if value.type.kind not in kinds:
            self.problems.add(
                scalar, f"{name.replace('_', ' ')} is {value.type}, it must be {' or '.join(kinds)}"
            )
        function.line(f"return {value.code}")
        return value.type

    def _state(self) -> None:
        kinds = {
            "key": ("text",), "id": ("text",), "version": ("int",), "retracted": ("bool",), "when": ("bool",),
            "kind_of": ("enum", "text"), "closed": ("bool",), "echo": ("bool",), "order": ("int", "text"),
        }  # fmt: skip
        for name, scalar in self.document.state.expressions.items():
            self._single(f"state_{name}", scalar, kinds[name])
        if self.document.state.occurrence:
            function = self._start("state_occurrence", tag="state occurrence")
            compiler = self.expression(function)
            values = [compiler.compile(scalar) for scalar in self.document.state.occurrence]
            function.line(f"return [{', '.join(f'{value.code}' for value in values if value)}]")
        field_name = self.document.state.version_field
        if field_name is not None:
            found = self.target_type.fields.get(field_name.text)
            if found is None or found.type.kind != "int":
                self.problems.add(
                    field_name, f"`{field_name.text}` is no integer field of {self.target_type.name}"
                )

    def _registers(self) -> None:
        for register in self.document.state.registers:
            self._single(f"register_key_{register.name}", register.key, ("text",))
            function = self._start(f"register_{register.name}", tag=f"register {register.name}")
            compiler = self.expression(function)
            if register.when is not None:
                function.line(f"if not {condition(compiler, self.problems, register.when)}: return None")
            types, items = {}, []
            for name, (_, scalar) in register.values.items():
                value = compiler.compile(scalar)
                if value is not None:
                    types[name] = value.type.or_null()
                    items.append(f"{name!r}: {value.code}")
                    self._storable(scalar, value.type)
            function.line(f"return {{{', '.join(items)}}}")
            self.memory[register.name] = record_of(types, f"memory.{register.name}").or_null()

    def _storable(self, scalar: Scalar, kind: Type) -> None:
        inner = kind.item if kind.kind == "list" and kind.item else kind
        if inner.kind in {"record", "map", "decimal", "list"}:
            self.problems.add(
                scalar, f"{kind} cannot be remembered: text, numbers and lists of them can; text(…) converts"
            )

    def _rule(self, rule: Rule, number: int) -> None:
        self.current = rule
        function = self._start(f"rule_{rule.name}", (*ARGUMENTS, "out"), rule.name)
        compiler = self.expression(function)
        compiler.names.context["emitted"] = _only_in_retract
        if self.memory:
            function.line("memory = e.memory")
        outer, inner = self._conjuncts(rule)
        for test in outer:
            function.line(f"if not {self._test(compiler, rule, test)}: return")
        if not self._loops(compiler, rule):
            return
        for test in inner:
            function.line(f"if not {self._test(compiler, rule, test)}: continue")
        compiler.names.context["report"] = self._reporter(function)
        target: BytesTarget | DatumTarget
        if self.kind == "assemble":
            target = self._datum(compiler, rule)
        else:
            target = self._bytes(compiler, rule, function, self.content)
        body = "d" if self.kind == "assemble" else "bytes(b)"
        parts = self._addresses(compiler, rule)
        bound = CompiledRule(
            rule.name,
            bool(rule.loops),
            rule.always,
            rule.annulment,
            rule.whole,
            _paths(target.volatile),
        )
        self.rules.append(bound)
        variables = "".join(f"{compiler.names.variables[name.text].code}, " for name, _ in rule.loops)
        self.bindings.names[f"RULE_{number}"] = bound
        function.line(
            f"out.append((RULE_{number}, {', '.join(parts)}, {body}, ({variables}), {self._keep(compiler, rule)}))"
        )
        if self.head:
            self._head(rule)
        self.current = None

    def _head(self, rule: Rule) -> None:
        """The part of a record that is written only when the event is new or changed."""
        function = self._start(f"head_{rule.name}", (*ARGUMENTS, "V"), rule.name)
        compiler = self.expression(function)
        compiler.names.context["emitted"] = _only_in_retract
        if self.memory:
            function.line("memory = e.memory")
        for index, (name, _) in enumerate(rule.loops):
            local = function.fresh(name.text)
            function.line(f"{local} = V[{index}]")
            known = self._variables.get(name.text)
            if known is not None:
                value = Value(local, known.type, True, function.root, (f"@{local}",), known.path)
                compiler.names.variables[name.text] = value
        self._bytes(compiler, rule, function, self.head, frozen=False)
        function.line("return bytes(b)")

    def _retract(self, rule: Rule) -> None:
        self.current = rule
        function = self._start("retract", (*ARGUMENTS, "k"), "retract")
        compiler = self.expression(function)
        if self.memory:
            function.line("memory = e.memory")
        kept = {name: kind.or_null() for name, kind in self.kept.items()}
        emitted = record_of({"id": TEXT, "version": INT, "rule": TEXT, **kept}, "emitted")
        compiler.names.context["emitted"] = lambda _: Value("k", emitted)
        if rule.when is not None:
            function.line(f"if not {condition(compiler, self.problems, rule.when)}: return None")
        self._bytes(compiler, rule, function, frozenset(self.target_type.fields), frozen=False)
        function.line("return bytes(b)")
        self.current = None

    def _bytes(
        self, compiler: Expression, rule: Rule, function: Function, only: frozenset[str], frozen: bool = True
    ) -> BytesTarget:
        content = self.content if frozen and self.kind == "snapshot" else frozenset()
        target = BytesTarget(compiler, self.emitter, self.problems, rule.name, content)
        tree = rule.target
        mine = replace(
            tree,
            fields={n: v for n, v in tree.fields.items() if n in only or (frozen and n not in self.head)},
        )
        values = target.prepare(mine, self.target_type, "")
        function.line("b = bytearray()")
        target.record(mine, values, self.target_type, "", only)
        return target

    def _datum(self, compiler: Expression, rule: Rule) -> DatumTarget:
        target = DatumTarget(compiler, self.emitter, self.problems, rule.name)
        values = target.prepare(rule.target, self.target_type, "")
        compiler.function.line("d = {}")
        target.record(rule.target, values, self.target_type, "", "d")
        return target

    def _addresses(self, compiler: Expression, rule: Rule) -> list[str]:
        """Source of the key's parts, the Kafka key and the subject of an output."""
        compiler.function.tag = (rule.name, "")
        key = [compiler.compile(scalar) for scalar in rule.key]
        for scalar, value in zip(rule.key, key, strict=True):
            if value is not None and value.type.kind not in {"text", "enum", "int"}:
                self.problems.add(scalar, f"a key is made of texts and integers, this is {value.type}")
        partition, subject = "None", "None"
        if rule.partition is not None:
            value = compiler.compile(rule.partition)
            if value is not None and value.type.kind not in {"text", "enum"}:
                self.problems.add(rule.partition, f"`partition` is a text, this is {value.type}")
            partition = value.code if value is not None else "None"
        if len(rule.subject) == 2:
            subject = self._subject(compiler, rule)
        return [f"({''.join(f'{value.code}, ' for value in key if value)})", partition, subject]

    def _subject(self, compiler: Expression, rule: Rule) -> str:
        kind, name = rule.subject
        if (
            kind.text.isupper()
            and kind.text.replace("_", "").isalnum()
            and kind.text not in compiler.names.all()
        ):
            first: Value | None = Value(repr(kind.text), TEXT, const=True)
        else:
            first = compiler.compile(kind)
        second = compiler.compile(name)
        if first is None or second is None:
            return "None"
        first, second = compiler.atom(first), compiler.atom(second)
        start = f"{ast.literal_eval(first.code)}:" if first.const else f"{{{first.code}}}:"
        end = str(ast.literal_eval(second.code)) if second.const else f"{{{second.code}}}"
        return compiler.null_safe([first, second], f"f{start + end!r}", TEXT).code

    def _keep(self, compiler: Expression, rule: Rule) -> str:
        shared = self.document.state.retract.keep if self.document.state.retract is not None else {}
        items = []
        for name, (_, scalar) in {**shared, **rule.keep}.items():
            value = compiler.compile(scalar)
            if value is None:
                continue
            self._storable(scalar, value.type)
            known = self.kept.setdefault(name, value.type)
            if known.kind == "null":
                self.kept[name] = value.type
            elif not alike(known, value.type):
                self.problems.add(
                    scalar, f"`{name}` is kept as {known} by another rule, here it is {value.type}"
                )
            items.append(f"{name!r}: {value.code}")
        return f"{{{', '.join(items)}}}" if items else "None"

    def _loops(self, compiler: Expression, rule: Rule) -> bool:
        self._variables: dict[str, Value] = {}
        for name, scalar in rule.loops:
            items = compiler.compile(scalar)
            if items is None:
                return False
            try:
                value = compiler.loop(items, name.text, None)
            except Wrong as wrong:
                self.problems.add(scalar, wrong.message)
                return False
            compiler.names.variables[name.text] = self._variables[name.text] = value
        return True

    def _conjuncts(self, rule: Rule) -> tuple[list[ast.expr], list[ast.expr]]:
        """The parts of a rule's condition: those for the whole message, and those that read loop variables."""
        if rule.when is None:
            return [], []
        try:
            tree = parse(rule.when.text)
        except Wrong as wrong:
            self.problems.add(rule.when, wrong.message, wrong.column)
            return [], []
        both = isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And)
        parts = tree.values if both else [tree]  # type: ignore[attr-defined]
        loops = {name.text for name, _ in rule.loops}
        inner = [part for part in parts if loops & {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}]
        return [part for part in parts if part not in inner], inner

    def _test(self, compiler: Expression, rule: Rule, test: ast.expr) -> str:
        assert rule.when is not None  # noqa: S101 - there are tests only when there is a condition
        try:
            return compiler.condition(test).code
        except Wrong as wrong:
            if wrong.message:
                self.problems.add(rule.when, wrong.message, wrong.column)
            return "False"

    def _reporter(self, function: Function) -> Callable[[ast.AST], Value]:
        """``report`` in a rule: what was said since the output was begun, and by the lets it may use."""
        lets = self.bindings.bind("all_lets", frozenset(range(len(self.document.lets))), "lets")
        self.bindings.names["SAID"] = _Said
        place, position, marked = function.here.parts, len(function.here.parts), False

        def read(node: ast.AST) -> Value:  # noqa: ARG001
            nonlocal marked
            if not marked:
                place.insert(position, Line("mark = c.mark()", function.tag))
                marked = True
            return Value(f"SAID(c, mark, {lets})", _REPORT, atom=False)

        return read

    def _drops(self) -> None:
        function = self._start("drops", ("r", "c"), "drops")
        compiler = self.expression(function)
        for path, (at, reason) in self.document.drops.items():
            outer = function.here
            function.tag = ("drops", f"/{path.replace('.', '/')}")
            try:
                value = compiler.names.root or Value("r", self.source_type)
                for name in path.split("."):
                    if value.type.kind == "list":
                        value = compiler.loop(value, "item", None)
                    value = compiler.member(value, name, _column(path, name))
                test = value.code if value.type.kind in {"list", "map"} else f"{value.code} is not None"
                hidden = reason.text == PERSONAL or value.type.kind in {"list", "map", "record"}
                shown = "None" if hidden else value.code
                function.line(f"if {test}: c.loss({compiler.pointer(value)}, {reason.text!r}, {shown})")
            except Wrong as wrong:
                self.problems.add(at, wrong.message)
            function.here = outer

    def _dispatch(self) -> None:
        function = self._start("rules", (*ARGUMENTS, "out"))
        for rule in self.document.rules:
            if not rule.annulment:
                function.line(f"rule_{rule.name.replace('-', '_')}(r, m, c, e, L, out)")
        function = self._start("annulments", (*ARGUMENTS, "out"))
        for rule in self.document.rules:
            if rule.annulment or rule.always:
                function.line(f"rule_{rule.name.replace('-', '_')}(r, m, c, e, L, out)")


class _Expression(Expression):
    """Knows which fields of the context are the same for every version of a document."""

    def member(self, holder: Value, name: str, node: ast.AST) -> Value:
        value = super().member(self.atom(holder, "report"), name, node)
        if holder.type.name in {"message", "event"} and name in _STABLE:
            return replace(value, volatile=False)
        return value


class _Said:
    """Losses and findings of one output."""

    __slots__ = ("findings", "losses")

    def __init__(self, report: Any, mark: tuple[int, int], lets: frozenset[int]) -> None:
        self.losses = report.losses_since(mark, lets)
        self.findings = report.findings_since(mark, lets)


def _only_in_retract(node: ast.AST) -> Value:
    raise Wrong(node, "`emitted` is known in `retract` only")


def _is_path(tree: ast.expr) -> bool:
    """Whether a `let` is only another name for a field or a constant."""
    while isinstance(tree, ast.Attribute):
        tree = tree.value
    return isinstance(tree, ast.Name | ast.Constant)


def _column(path: str, name: str) -> ast.AST:
    return ast.Name(id=name, col_offset=path.index(name))


def _paths(pointers: set[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(pointer.split("/")[1:]) for pointer in pointers if "*" not in pointer))


def _milliseconds(value: Any) -> int:
    return round(value.timestamp() * 1000)


def _days(value: Any) -> int:
    return int(value.toordinal()) - 719163


def load(
    text: str, file: str, find: Callable[[str], Schema], codes: CodeLists, access: Access = "item"
) -> CompiledMapping:
    """Compile a mapping file.

    Args:
        text: its content.
        file: its name, for messages.
        find: gives the schema of a profile or schema name; raises ``KeyError`` for an unknown one.
        codes: the code lists of ``lookup`` and ``known``.
        access: ``item`` to read datums, ``attr`` to read the structs of ``schemas.mapping.inputs``.

    Raises:
        Misconfigured: ``mapping-invalid`` with every problem of the file, one a line: ``file:line:column: what``.
    """
    table, problems = read(text, file)
    document = read_document(table, problems)
    schemas = []
    for scalar in (document.source, document.target):
        try:
            schemas.append(find(scalar.text))
        except KeyError:
            problems.add(scalar, f"no schema `{scalar.text}`")
    if len(schemas) < 2:
        problems.check()
    compiler = Compiler(document, *schemas, codes, problems, access)
    compiler.run()
    problems.check()
    module = link(
        f"<mapping {document.name} {access}>", compiler.functions, compiler.bindings.names, document.name
    )
    unused = [name for name in document.lets if name not in compiler.used]
    return CompiledMapping(
        document, *schemas, access, module, tuple(compiler.rules), len(document.lets),
        tuple(register.name for register in document.state.registers),
        tuple(f"`{name}` under `let` is never used" for name in unused),
    )  # fmt: skip


def compile_expression(text: str, schema: Schema, codes: CodeLists | None = None) -> Callable[[Any], Any]:
    """Compile one expression over a record's datum, such as the ``key`` of a profile's ``http.yaml``.

    Raises:
        Misconfigured: ``mapping-invalid`` with what is wrong with it.
    """
    problems = Problems("expression")
    function = Function("expression", ("r", "c"))
    emitter = Emitter()
    bindings = Bindings(emitter.bindings)
    bindings.names |= {"LOCATE": locate, "PLAIN": runtime.plain, "DECIMAL": Decimal}
    names = Names(root=Value("r", of_node(schema.record), True, function.root, (), ()))
    calls = library(codes or CodeLists.load())
    compiler = Expression(function, names, bindings, problems, calls, lambda _: None)
    value = compiler.compile(Scalar(text, 1, 1))
    problems.check()
    assert value is not None  # noqa: S101 - without a problem there is a value
    function.line(f"return {value.code}")
    run = link("<expression>", [function], bindings.names, "one expression").functions["expression"]
    return lambda datum: run(datum, Report())
