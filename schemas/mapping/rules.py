"""Compiles rules.

One function per rule that makes the content of its outputs, and one that makes their head.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from functools import partial

from schemas.mapping.code import Anchor, Function, Value
from schemas.mapping.compiler import ARGUMENTS, CompiledRule, Compiler
from schemas.mapping.document import Rule
from schemas.mapping.expression import Expression, Wrong, alike, parse
from schemas.mapping.plausible import compile_findings
from schemas.mapping.source import Scalar
from schemas.mapping.target import BytesTarget, DatumTarget, Target, condition
from schemas.mapping.types import INT, TEXT, UUID, Type, record_of


@dataclass
class RuleWriter:
    """Compiles one rule of a document."""

    compiler: Compiler
    rule: Rule
    variables: dict[str, Value] = field(default_factory=dict)

    def write(self) -> None:
        """The function of the rule, and of its head where the content is compared."""
        compiler, rule = self.compiler, self.rule
        function, expressions = self._start(f"rule_{rule.name}", "out")
        outer, inner = self._conjuncts()
        for test in outer:
            function.line(f"if not {self._test(expressions, test)}: return")
        if not self._loops(expressions):
            return
        for test in inner:
            function.line(f"if not {self._test(expressions, test)}: continue")
        if compiler.kind == "latest" and rule.key:
            function.line(f"e = e.of(UUID5(m.participant, {rule.name!r}, {self._key(expressions)}))")
        expressions.names.context["report"] = compiler.report_of(function, always=rule.always)
        target: Target
        if compiler.kind == "assemble":
            target, body = self._datum(expressions), "d"
        else:
            target, body = self._bytes(expressions, compiler.content, compared=True), "bytes(b)"
        made = [*self._addresses(expressions), body, self._loop_variables(), self._keep(expressions)]
        name = f"RULE_{len(compiler.rules)}"
        compiler.bindings.names[name] = self._compiled(target)
        function.line(f"out.append(({name}, {', '.join(made)}))")
        if compiler.head:
            self._head()

    def gate(self) -> None:
        """A function that says whether what the rule's condition asks of the whole message holds.

        What it asks of lists is left to the rule: to read their items costs more than it saves.
        """
        function, expressions = self._start(f"gate_{self.rule.name}")
        for test in self._conjuncts()[0]:
            if not self._reads_lists(test):
                function.line(f"if not {self._test(expressions, test)}: return False")
        function.line("return True")

    def _reads_lists(self, test: ast.expr) -> bool:
        """Whether a part of the condition reads fields of the items of a list."""
        compiler = self.compiler
        outer, compiler.recent = compiler.recent, set()
        self._test(compiler.expression(Function("test", ARGUMENTS)), test)
        read, compiler.recent = compiler.recent, outer
        return any(_is_in_list(compiler.source_type, path) for path in read)

    def retract(self) -> None:
        """The function of the ``retract`` block: a whole record, or None when there is nothing to retract."""
        compiler = self.compiler
        function, expressions = self._start("retract", "k")
        kept = {name: kind.or_null() for name, kind in compiler.kept.items()}
        emitted = record_of({"id": UUID, "version": INT, "rule": TEXT, **kept}, "emitted")
        expressions.names.context["emitted"] = lambda _: Value("k", emitted)
        # what was told under an earlier mapping kept less
        function.line(f"k = {{**{dict.fromkeys(kept)!r}, **k}}")
        if self.rule.when is not None:
            function.line(f"if not {condition(expressions, compiler.problems, self.rule.when)}: return None")
        expressions.names.context["report"] = compiler.report_of(function)
        self._bytes(expressions, compiler.head | compiler.content)
        function.line("return bytes(b)")

    def _start(self, name: str, *last: str) -> tuple[Function, Expression]:
        function = self.compiler.start(name, (*ARGUMENTS, *last), self.rule.name)
        if self.compiler.memory:
            function.line("memory = e.memory")
        return function, self.compiler.expression(function)

    def _compiled(self, target: Target) -> CompiledRule:
        rule = self.rule
        volatile = {tuple(pointer.split("/")[1:]) for pointer in target.volatile if "*" not in pointer}
        made = CompiledRule(
            rule.name, bool(rule.loops), rule.always, rule.annulment, rule.whole, tuple(sorted(volatile)),
            rule.rest, rule.beside, tuple(self.variables), self.compiler.claims.setdefault(rule.name, {}),
            rule.standing, self.compiler.chiefs.setdefault(rule.name, {}),
        )  # fmt: skip
        self.compiler.rules.append(made)
        return made

    def _head(self) -> None:
        """The part of a record that is written only when the event is new or changed."""
        function, expressions = self._start(f"head_{self.rule.name}", "V")
        for index, (name, known) in enumerate(self.variables.items()):
            local = function.fresh(name)
            function.line(f"{local} = V[{index}]")
            value = replace(known, code=local, home=function.root, pointer=(f"@{local}",))
            expressions.names.variables[name] = value
        self._bytes(expressions, self.compiler.head)
        function.line("return bytes(b)")

    def _bytes(self, expressions: Expression, only: frozenset[str], *, compared: bool = False) -> BytesTarget:
        """The lines that write some of the root's fields; names that are no field at all are said once."""
        compiler = self.compiler
        frozen = only if compared and compiler.kind == "snapshot" else frozenset()
        trace = compiler.traced(self.rule.name)
        target = BytesTarget(
            expressions,
            compiler.emitter,
            compiler.problems,
            self.rule.name,
            compiler.codes,
            frozen,
            trace=trace,
        )
        tree = self.rule.target
        mine = {n: v for n, v in tree.fields.items() if n in only or n not in compiler.target_type.fields}
        tree = replace(tree, fields=mine)
        values = target.prepare(tree, compiler.target_type, "")
        expressions.function.line("b = bytearray()")
        target.record(tree, values, compiler.target_type, "", only)
        return target

    def _datum(self, expressions: Expression) -> DatumTarget:
        compiler = self.compiler
        trace = compiler.traced(self.rule.name)
        target = DatumTarget(
            expressions, compiler.emitter, compiler.problems, self.rule.name, compiler.codes, trace=trace
        )
        values = target.prepare(self.rule.target, compiler.target_type, "")
        expressions.function.line("d = {}")
        target.record(self.rule.target, values, compiler.target_type, "", "d")
        return target

    def _addresses(self, expressions: Expression) -> list[str]:
        """Source of the key's parts, the Kafka key and the subject of an output."""
        rule, problems = self.rule, self.compiler.problems
        expressions.function.tag = (rule.name, "")
        key = self._key(expressions)
        partition = "None"
        if rule.partition is not None:
            value = expressions.compile(rule.partition)
            if value is not None and value.type.kind not in {"text", "enum"}:
                problems.add(rule.partition, f"`partition` is a text, this is {value.type}")
            partition = value.code if value is not None else "None"
        return [f"({key})", partition, self._subject(expressions) if len(rule.subject) == 2 else "None"]

    def _key(self, expressions: Expression) -> str:
        """Source of the parts of the key, each followed by a comma."""
        key = ""
        for scalar in self.rule.key:
            value = expressions.compile(scalar)
            if value is not None and value.type.kind not in {"text", "enum", "int"}:
                self.compiler.problems.add(
                    scalar, f"a key is made of texts and integers, this is {value.type}"
                )
            key += f"{value.code}, " if value is not None else ""
        return key

    def _subject(self, expressions: Expression) -> str:
        kind, name = self.rule.subject
        first: Value | None
        if (
            kind.text.isupper()
            and kind.text.replace("_", "").isalnum()
            and kind.text not in expressions.names.all()
        ):
            first = Value(repr(kind.text), TEXT, const=True)
        else:
            first = expressions.compile(kind)
        second = expressions.compile(name)
        if first is None or second is None:
            return "None"
        first, second = expressions.atom(first), expressions.atom(second)
        text = "".join(_part(value, end) for value, end in ((first, ":"), (second, "")))
        return expressions.null_safe([first, second], f"f{text!r}", TEXT).code

    def _keep(self, expressions: Expression) -> str:
        """Source of the facts that a retraction repeats."""
        compiler, retract = self.compiler, self.compiler.document.state.retract
        items = []
        for name, (_, scalar) in {**(retract.keep if retract is not None else {}), **self.rule.keep}.items():
            value = expressions.compile(scalar)
            if value is None:
                continue
            compiler.storable(scalar, value.type)
            known = compiler.kept.setdefault(name, value.type)
            if known.kind == "null":
                compiler.kept[name] = value.type
            elif not alike(known, value.type):
                compiler.problems.add(scalar, f"`{name}` is {known} in another rule, here it is {value.type}")
            items.append(f"{name!r}: {value.code}")
        return f"{{{', '.join(items)}}}" if items else "None"

    def _loops(self, expressions: Expression) -> bool:
        for name, scalar in self.rule.loops:
            items = expressions.compile(scalar)
            if items is None:
                return False
            try:
                value = expressions.loop(items, name.text, None, partial(_of_rule, name.text))
            except Wrong as wrong:
                self.compiler.problems.add(scalar, wrong.message)
                return False
            expressions.names.variables[name.text] = self.variables[name.text] = value
        return True

    def _loop_variables(self) -> str:
        return f"({''.join(f'{value.code}, ' for value in self.variables.values())})"

    def _conjuncts(self) -> tuple[list[ast.expr], list[ast.expr]]:
        """The parts of the condition: those for the whole message, and those that read loop variables."""
        when: Scalar | None = self.rule.when
        if when is None:
            return [], []
        try:
            tree = parse(when.text)
        except Wrong as wrong:
            self.compiler.problems.add(when, wrong.message, wrong.column)
            return [], []
        parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
        loops = {name.text for name, _ in self.rule.loops}
        inner = [part for part in parts if loops & {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}]
        return [part for part in parts if part not in inner], inner

    def _test(self, expressions: Expression, test: ast.expr) -> str:
        try:
            return expressions.condition(test).code
        except Wrong as wrong:
            if wrong.message:
                self.compiler.problems.add(self.rule.when, wrong.message, wrong.column)
            return "False"


def _of_rule(name: str, local: str, depth: int) -> Anchor:  # noqa: ARG001
    """The anchor of a loop variable of a rule, of which an output says at which item it was."""
    return Anchor(f"${name}", depth)


def _part(value: Value, end: str) -> str:
    text = (
        str(ast.literal_eval(value.code)).replace("{", "{{").replace("}", "}}")
        if value.const
        else f"{{{value.code}}}"
    )
    return text + end


def compile_rules(compiler: Compiler) -> None:
    """All rules, the retraction, and ``rules`` and ``annulments``, which run them in the file's order."""
    for rule in compiler.document.rules:
        RuleWriter(compiler, rule).write()
    if compiler.document.state.retract is not None:
        RuleWriter(compiler, compiler.document.state.retract).retract()
    doubts = compile_findings(compiler)
    normal = [rule for rule in compiler.document.rules if not rule.annulment]
    annulment = [rule for rule in compiler.document.rules if rule.annulment or rule.always]
    for name, rules in (("rules", normal), ("annulments", annulment)):
        function = compiler.start(name, (*ARGUMENTS, "out"))
        if doubts:
            function.line(f"findings({', '.join(ARGUMENTS)})")
        for rule in rules:
            function.line(f"rule_{rule.name.replace('-', '_')}(r, m, c, e, L, out)")


def _is_in_list(kind: Type, path: tuple[str, ...]) -> bool:
    """Whether a field is one of the items of a list."""
    for name in path:
        if kind.kind == "list":
            return True
        kind = kind.fields[name].type
    return False
