"""The common ground of all parts of a mapping under compilation: names, types, bindings, `let`, problems.

Arguments of generated functions: ``r`` the input record, ``m`` the message's context, ``c`` the report,
``e`` the event, ``L`` the values of ``let`` so far, ``out`` the list of outputs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from schemas.avro.emit import Emitter
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping import runtime
from schemas.mapping.code import Bindings, Claim, Function, Line, Pointer, Read, Value
from schemas.mapping.document import Document
from schemas.mapping.expression import Call, Expression, Scope, Wrong, parse
from schemas.mapping.functions import library
from schemas.mapping.outgoing import refuse
from schemas.mapping.report import OutputReport, locate
from schemas.mapping.source import Problems, Scalar
from schemas.mapping.types import BOOL, INSTANT, INT, TEXT, UUID, Access, Field, Type, of_node, record_of

ARGUMENTS = ("r", "m", "c", "e", "L")
UNSET = object()
"""A ``let`` that was not needed yet."""

_LOSS = record_of({"pointer": TEXT, "reason": TEXT, "value": TEXT}, "a loss", "attr")
_FINDING = record_of({"pointer": TEXT, "rule": TEXT, "severity": TEXT, "value": TEXT}, "a finding", "attr")
_MESSAGE = record_of(
    {
        "id": TEXT,
        "origin": TEXT,
        "participant": TEXT,
        "sequence": INT,
        "accepted": INSTANT,
        "hops": Type("list", item=TEXT),
        "traceparent": TEXT.or_null(),
    },
    "message",
    "attr",
)
_UNTOLD = record_of({"pointer": TEXT, "value": TEXT}, "something untold", "attr")
_EVENT = record_of(
    {
        "id": TEXT,
        "version": INT,
        "supersedes": TEXT.or_null(),
        "retracted": BOOL,
        "occurrence": INT,
        "known": Type("list", item=TEXT),
        "left": Type("list", item=TEXT),
        "emptied": Type("list", item=TEXT),
        "untold": Type("list", item=_UNTOLD),
    },
    "event",
    "attr",
)
_OWN_EVENT = replace(_EVENT, fields={**_EVENT.fields, "id": Field("id", UUID)})
"""Where the engine makes the id; of the kind ``latest`` it is the source's own."""
REPORT = record_of(
    {"losses": Type("list", item=_LOSS), "findings": Type("list", item=_FINDING)}, "report", "attr"
)
CONTEXT = frozenset(
    name for record in (_LOSS, _FINDING, _MESSAGE, _EVENT, REPORT) for name in record.fields
) | {"memory", "took"}
"""Names of all that a mapping may read of its context."""
_STABLE = {"participant", "occurrence", "left", "emptied"}
"""Fields of ``message`` and ``event`` that are of the document, not of one message about it."""


@dataclass(frozen=True, eq=False)
class CompiledRule:
    """What the engine knows of a rule beside its functions.

    Attributes:
        many: whether one message can give several outputs, so that the key is part of an output's id.
        volatile: paths of target fields that read ``message`` or ``event``.
        rest: whether its output also names what no other rule tells of the message.
        beside: whether all that it tells stands in the output of the ``rest`` as well.
        variables: names of the loop variables.
        claims: what each field of the target is made from, by its JSON pointer with ``*`` for indexes.
        standing: whether an event holds as long as the newest version tells it, whatever else happens.
        chief: of all that each of these is made from, the last names on the way to the field that it is named
            by: the time, not the zone it is read in.
    """

    name: str
    many: bool
    always: bool
    annulment: bool
    whole: bool
    volatile: tuple[tuple[str, ...], ...] = ()
    rest: bool = False
    beside: bool = False
    variables: tuple[str, ...] = ()
    claims: Mapping[str, set[Claim]] = field(default_factory=dict, compare=False)
    standing: bool = False
    chief: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    def without(self, pointers: Collection[str]) -> CompiledRule:
        """The rule as one that does not make these fields of its target, nor what is in them."""
        if not pointers:
            return self
        kept = {
            at: claims
            for at, claims in self.claims.items()
            if not any(at == one or at.startswith(f"{one}/") for one in pointers)
        }
        return replace(self, name=f"{self.name} without {sorted(pointers)}", claims=kept)

    def __repr__(self) -> str:
        return f"<rule {self.name}>"


@dataclass
class Compiler:
    """One document under compilation, for one way of reading records.

    Attributes:
        functions: those generated so far.
        reads: paths of the source that expressions read.
        recent: those read since it was last replaced, by the `let` used, too.
        used: names of `let` that something needs.
        claims: by rule and pointer in the target: what is carried there.
        blocks: number of item blocks so far.
        kept: types of the facts that rules keep for their retraction.
        memory: types of the registers.
        head: fields of the target's root before the content that is compared, ``content`` the others.
        sources: rule and pointer in the target to the paths of the source that it is made of.
        chiefs: by rule and pointer in the target: names at the end of the path that it is named by.
    """

    document: Document
    source: Schema
    target: Schema
    codes: CodeLists
    problems: Problems
    access: Access
    functions: list[Function] = field(default_factory=list)
    rules: list[CompiledRule] = field(default_factory=list)
    reads: set[tuple[str, ...]] = field(default_factory=set)
    recent: set[tuple[str, ...]] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    claims: dict[str, dict[str, set[Claim]]] = field(default_factory=dict)
    blocks: int = 0
    kept: dict[str, Type] = field(default_factory=dict)
    memory: dict[str, Type] = field(default_factory=dict)
    sources: dict[tuple[str, str], set[tuple[str, ...]]] = field(default_factory=dict)
    chiefs: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.emitter = Emitter()
        self.bindings = Bindings(self.emitter.bindings)
        self.bindings.names |= globals_of_code()
        self.calls: Mapping[str, Call] = library(
            self.codes, free_text=bool(self.target.record.properties.get("freeText"))
        )
        self.kind = self.document.state.kind
        self.source_type = of_node(self.source.record, self.access)
        self.target_type = of_node(self.target.record)
        names = list(self.target_type.fields)
        first = self.document.state.content_from
        if first is not None and first.text not in names:
            self.problems.add(first, f"no field `{first.text}` in {self.target_type.name}")
        split = names.index(first.text) if first is not None and first.text in names else 0
        self.head, self.content = frozenset(names[:split]), frozenset(names[split:])
        self._lets: dict[str, Value | None] = {}
        self._read_by: dict[str, set[tuple[str, ...]]] = {}
        self._claimed_by: dict[str, set[Claim]] = {}

    def start(self, name: str, arguments: tuple[str, ...] = ARGUMENTS, tag: str = "") -> Function:
        """Begin a generated function."""
        function = Function(name.replace("-", "_"), arguments, tag=(tag, ""))
        self.functions.append(function)
        return function

    def expression(self, function: Function) -> Expression:
        """A compiler of expressions into a function."""
        names = Scope(root=Value("r", self.source_type, True, function.root, (), ()))
        made = _Expression(function, names, self.bindings, self.problems, self.calls, self._read)
        made.told, made.numbered = self._told, self._numbered
        for index, name in enumerate(self.document.lets):
            names.lets[name] = self._let_reader(name, index, made)
        names.context = {
            "message": lambda _: Value("m", _MESSAGE, volatile=True),
            "event": self._event,
            "memory": lambda _: Value("memory", record_of(self.memory, "memory")),
            "report": _refuse("`report` is known where a rule sets its target"),
            "emitted": _refuse("`emitted` is known in `retract` only"),
        }
        return made

    def _read(self, read: Read) -> None:
        self.reads.add(read.path)
        self.recent.add(read.path)
        if not read.tested:
            self._claim(read.tag, Claim(read.path, read.anchor, read.block))

    def _claim(self, tag: tuple[str, str], claim: Claim) -> None:
        """Note that a field of the source is carried into a field of the target, a `let` or a register."""
        part, pointer = tag
        if part.startswith(("let ", "register ")):
            self._claimed_by.setdefault(part, set()).add(claim)
        elif pointer:
            self.claims.setdefault(part, {}).setdefault(pointer, set()).add(claim)

    def _numbered(self) -> int:
        self.blocks += 1
        return self.blocks

    def _told(self, part: str, reader: Expression) -> None:
        """Note that what a `let` or a register carries is carried on from there."""
        if reader.testing:
            tag, block = reader.function.tag, reader.block
            reader.tests.append(lambda within: self._tell(part, tag, within or block))
            return
        self._tell(part, reader.function.tag, reader.block)

    def _tell(self, part: str, tag: tuple[str, str], block: int | None) -> None:
        for claim in list(self._claimed_by.get(part, ())):
            self._claim(tag, claim if claim.block else claim._replace(block=block))

    def _event(self, node: ast.AST) -> Value:
        if self.kind == "none":
            raise Wrong(node, "a stateless mapping has no `event`: make ids with uuid5(message.origin, …)")
        kind = _EVENT if self.kind == "latest" else _OWN_EVENT
        return Value("e", kind, volatile=True)

    def _let_reader(self, name: str, index: int, reader: Expression) -> Callable[[Function], Value]:
        def let(function: Function) -> Value:
            self.used.add(name)
            if name not in self._lets:
                raise Wrong(None, f"`{name}` is used before its own line under `let`")
            value = self._lets[name]
            if value is None:
                raise Wrong(None, "")
            tree = parse(self.document.lets[name][1].text)
            if _is_path(tree):
                other = self.expression(function)
                other.testing, other.block = reader.testing, reader.block
                return other.visit(tree)
            self.recent |= self._read_by[name]
            self._told(f"let {name}", reader)
            known = function.here.remembered(f"let {name}")
            if known is not None:
                return known
            local = function.fresh(name)
            if value.type.kind == "record":
                value = replace(value, pointer=(f"@L[{index}]",))
            function.line(f"{local} = L[{index}]")
            function.line(f"if {local} is UNSET: {local} = let_{name}(r, m, c, e, L)")
            value = replace(value, code=local, atom=True, home=function.here, const=False, column=None)
            function.here.memo[f"let {name}"] = value
            return value

        return let

    def let(self, name: str, index: int, scalar: Scalar) -> None:
        """Compile a `let` into a function that fills its slot."""
        function = self.start(f"let_{name}", tag=f"let {name}")
        compiler = self.expression(function)
        outer, self.recent = self.recent, set()
        value = compiler.compile(scalar)
        if value is not None:
            compiler.answer(parse(scalar.text), value, 0)
        self._read_by[name], self.recent = self.recent, outer
        if value is not None and value.type.kind == "null":
            self.problems.add(scalar, "a `let` of nothing but null")
            value = None
        if value is None:
            self._lets[name] = None
            return
        value = compiler.atom(value, name)
        if value.pointer and any(_local(step) for step in value.pointer):
            value = replace(value, pointer=None)
        if any(
            any(call in line.text for call in ("(c, ", "c.loss", "c.finding"))
            for line in function.root.lines()
        ):
            function.root.parts.insert(0, Line("origin = c.origin", function.tag))
            function.root.parts.insert(1, Line(f"c.origin = {index}", function.tag))
            function.line("c.origin = origin")
        function.line(f"L[{index}] = {value.code}")
        function.line(f"return {value.code}")
        self._lets[name] = value

    def traced(self, rule: str) -> Callable[[str, Callable[[], Value | None]], Value | None]:
        """Notes what the fields of a rule's target are made of: who reads a dead letter asks for it."""

        def trace(pointer: str, make: Callable[[], Value | None]) -> Value | None:
            outer, self.recent = self.recent, set()
            try:
                value = make()
                if value is not None and (chief := _names(value.pointer)):
                    self.chiefs.setdefault(rule, {})[pointer] = chief
                return value
            finally:
                self.sources.setdefault((rule, pointer), set()).update(self.recent)
                self.recent |= outer

        return trace

    def storable(self, scalar: Scalar, kind: Type) -> None:
        """Check that a value can be kept in the state."""
        inner = kind.item if kind.kind == "list" and kind.item else kind
        if inner.kind in {"record", "map", "decimal", "list"}:
            self.problems.add(scalar, f"{kind} cannot be remembered; texts, numbers and lists of them can")

    @property
    def doubts(self) -> int:
        """Who says what ``findings`` find: a number beside those of the `let`."""
        return len(self.document.lets)

    def report_of(self, function: Function, *, always: bool = False) -> Callable[[ast.AST], Value]:
        """``report`` of one output: what was said since it was begun, by its `let`, by ``findings``.

        Where contents are compared, what ``findings`` say is in the outputs that are made ``always`` only:
        it is of the message as a whole, and when it changes nothing else has happened.
        """
        doubts = always or self.kind != "snapshot"
        said = frozenset(range(self.doubts + doubts))
        lets = self.bindings.bind("all_lets", said, ("lets", doubts))
        place, position, marked = function.here.parts, len(function.here.parts), False

        def read(node: ast.AST) -> Value:  # noqa: ARG001
            nonlocal marked
            if not marked:
                place.insert(position, Line("mark = c.mark()", function.tag))
                marked = True
            return Value(f"SAID(c, mark, {lets})", REPORT, atom=False)

        return read


class _Expression(Expression):
    """Knows which fields of the context are the same for every version of a document."""

    told: Callable[[str, Expression], None]

    def member(self, holder: Value, name: str, node: ast.AST) -> Value:
        value = super().member(self.atom(holder, "report"), name, node)
        if holder.type.name.startswith("memory."):
            self.told(f"register {holder.type.name.removeprefix('memory.')}", self)
        if holder.type.name in {"message", "event"} and name in _STABLE:
            return replace(value, volatile=False)
        return value


def globals_of_code() -> dict[str, Any]:
    """What every generated module may use."""
    return {
        "UNSET": UNSET,
        "DECIMAL": Decimal,
        "FIT": runtime.fit,
        "PLAIN": runtime.plain,
        "LOCATE": locate,
        "OR_NULL": runtime.or_null,
        "SAID": OutputReport,
        "UUID5": runtime.uuid5,
        "ADD": runtime.MATH.add,
        "SUB": runtime.MATH.subtract,
        "MUL": runtime.MATH.multiply,
        "DIV": runtime.MATH.divide,
        "REM": runtime.MATH.remainder,
        "MILLISECONDS": runtime.milliseconds,
        "REFUSE": refuse,
        "DAYS": runtime.days,
    }


def _refuse(message: str) -> Callable[[ast.AST], Value]:
    def refuse(node: ast.AST) -> Value:
        raise Wrong(node, message)

    return refuse


def _local(step: str) -> bool:
    """Whether a step of a pointer is known in one function only: an item of a list, if of no `let`."""
    return step.startswith(("@", "#")) and not step.startswith("@L[")


def _names(pointer: Pointer | None) -> tuple[str, ...]:
    """The names at the end of a pointer: behind the last item of a list."""
    names: list[str] = []
    for step in reversed(pointer or ()):
        if step.startswith(("@", "#")):
            break
        names.insert(0, step)
    return tuple(names)


def _is_path(tree: ast.expr) -> bool:
    """Whether a `let` is only another name for a field or a constant."""
    while isinstance(tree, ast.Attribute):
        tree = tree.value
    return isinstance(tree, ast.Name | ast.Constant)
