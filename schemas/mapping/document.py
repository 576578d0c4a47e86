"""A mapping file as data.

The parts of ``docs/mapping.md``, still with their text and place, nothing compiled.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from schemas.mapping.source import Items, Node, Problems, Scalar, Table, suggest

STATE_KEYS: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "latest": frozenset(
        {"id", "version", "updated", "retracted", "when", "expires"}
        | {"group", "at", "rank", "within", "union", "compare_from", "takes_back", "fixed", "time", "place"}
    ),
    "snapshot": frozenset(
        {"key", "version", "expires", "kind_of", "occurrence", "registers", "content_from", "keep", "retract"}
        | {
            "closed",
            "closed_expires",
            "time",
            "stamp",
            "named_only",
            "ends",
            "groups",
            "asides",
            "of_whole",
            "labels",
        }
    ),
    "assemble": frozenset(
        {"key", "version_field", "echo", "expires", "closed", "closed_expires", "id", "version", "updated"}
        | {"retracted", "annuls", "order", "tie", "groups", "sole"}
    ),
}
"""State kind to the parameters it takes."""

STATE_EXPRESSIONS = (
    *("key", "id", "version", "updated", "retracted", "when", "kind_of", "closed", "annuls", "echo"),
    *("order", "tie", "time", "stamp", "named_only", "fixed", "place", "ends"),
)
"""Parameters of a state that are expressions."""
GROUPING = ("group", "at", "rank", "within")
"""Parameters of a group that are expressions: read once the record is whole."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "none": (),
    "latest": ("id", "version", "expires"),
    "snapshot": ("key", "version", "expires"),
    "assemble": ("key", "version_field", "id", "order", "expires"),
}

_TOP = (
    "mapping", "from", "to", "doc", "state", "let", "happened", "concerns", "takes", "keys", "drops",
    "ignores", "findings", "rules",
)  # fmt: skip
_RULE = (
    "rule", "doc", "on", "when", "for", "key", "partition", "subject", "set", "always", "whole", "keep",
    "rest", "beside", "standing",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*\Z")
_SPAN = re.compile(r"(\d+)([smhd])\Z")
_MILLISECONDS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass
class Block:
    """Items of a target list, made by loops (``each``) or one item (no loops)."""

    at: Node
    loops: list[tuple[Scalar, Scalar]]
    when: Scalar | None
    value: Scalar | None
    fields: Tree | None


@dataclass
class Tree:
    """What is set of a target record: field name to expression, nested record or list of item blocks."""

    at: Node
    fields: dict[str, tuple[Scalar, Scalar | Tree | list[Block]]] = field(default_factory=dict)


@dataclass
class Rule:
    """One rule, or the ``retract`` block of a snapshot's state."""

    name: str
    at: Node
    target: Tree
    when: Scalar | None = None
    loops: list[tuple[Scalar, Scalar]] = field(default_factory=list)
    key: list[Scalar] = field(default_factory=list)
    partition: Scalar | None = None
    subject: list[Scalar] = field(default_factory=list)
    always: bool = False
    annulment: bool = False
    whole: bool = False
    rest: bool = False
    beside: bool = False
    standing: bool = False
    keep: dict[str, tuple[Scalar, Scalar]] = field(default_factory=dict)


@dataclass
class Doubt:
    """What is odd in a message: a rule of the code list ``plausibility``, and where it is broken."""

    rule: Scalar
    loops: list[tuple[Scalar, Scalar]]
    when: Scalar
    at: Scalar
    value: Scalar | None


@dataclass
class Register:
    """A fact of one version of a document that later versions may read."""

    name: str
    when: Scalar | None
    key: Scalar
    values: dict[str, tuple[Scalar, Scalar]]


@dataclass(frozen=True)
class FieldGroup:
    """Fields of a document that belong together.

    When another value comes for any of ``key``, all of ``fields``, which has them, too, are those that come
    with it or null; in a version of a document of state ``snapshot`` those of ``key`` may be left out. Where
    the group is ``whole``, they are even where ``key`` stays as it was.
    """

    key: tuple[tuple[str, ...], ...]
    fields: tuple[tuple[str, ...], ...]
    whole: bool = False

    @property
    def compared(self) -> tuple[tuple[str, ...], ...]:
        """The fields by which what one event says is told from what another says."""
        return self.fields if self.whole else self.key


@dataclass
class State:
    """The ``state`` block: expressions by parameter name, and what is not an expression."""

    kind: str
    at: Node | None = None
    expressions: dict[str, Scalar] = field(default_factory=dict)
    expires: int = 0
    closed_expires: int = 0
    occurrence: list[Scalar] = field(default_factory=list)
    registers: list[Register] = field(default_factory=list)
    content_from: Scalar | None = None
    union: Scalar | None = None
    compare_from: Scalar | None = None
    takes_back: list[Scalar] = field(default_factory=list)
    version_field: Scalar | None = None
    asides: Scalar | None = None
    of_whole: list[Scalar] = field(default_factory=list)
    labels: list[Scalar] = field(default_factory=list)
    sole: list[Scalar] = field(default_factory=list)
    groups: list[tuple[Node, FieldGroup]] = field(default_factory=list)
    retract: Rule | None = None


@dataclass
class Document:
    """A whole mapping file."""

    name: str
    source: Scalar
    target: Scalar
    doc: str
    state: State
    lets: dict[str, tuple[Scalar, Scalar]]
    happened: Scalar | None
    concerns: Scalar | None
    takes: Scalar | None
    keys: list[Scalar]
    drops: dict[str, tuple[Scalar, Scalar]]
    ignores: list[Scalar]
    findings: list[Doubt]
    rules: list[Rule]


def read_document(table: Table, problems: Problems) -> Document:
    """Take a file's nodes apart; every part that is not as ``docs/mapping.md`` says is a problem."""
    return _Reader(problems).document(table)


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def document(self, table: Table) -> Document:
        self._keys(table, [*_TOP, *(name for name in table.entries if name.startswith("x-"))], "a mapping")
        rules = []
        for node in self._items(table.get("rules"), "rules"):
            if isinstance(node, Table):
                rules.append(self.rule(node))
            else:
                self._problems.add(node, "a rule is a mapping")
        if not rules:
            self._problems.add(table.get("rules") or table, "a mapping has at least one rule under `rules`")
        seen: set[str] = set()
        for rule in rules:
            if rule.name in seen:
                self._problems.add(rule.at, f"rule `{rule.name}` is given twice")
            seen.add(rule.name)
        name = self._need(table, "mapping")
        if name.text and not _NAME.match(name.text):
            self._problems.add(name, "the name of a mapping is letters, digits, - and _")
        doc = table.get("doc")
        return Document(
            name=name.text,
            source=self._need(table, "from"),
            target=self._need(table, "to"),
            doc=doc.text if isinstance(doc, Scalar) else "",
            state=self._state(table.get("state")),
            lets=self._named(table.get("let"), "let", _VARIABLE),
            happened=self._scalar(table, "happened"),
            concerns=self._scalar(table, "concerns"),
            takes=self._scalar(table, "takes"),
            keys=self._scalars(table.get("keys"), "keys"),
            drops=self._named(table.get("drops"), "drops", _PATH),
            ignores=self._scalars(table.get("ignores"), "ignores"),
            findings=[
                doubt
                for node in self._items(table.get("findings"), "findings")
                for doubt in self._doubts(node)
            ],
            rules=rules,
        )

    def rule(self, table: Table, retract: bool = False) -> Rule:
        self._keys(table, ("when", "set", "partition", "subject") if retract else _RULE, "a rule")
        name = Scalar("retract", table.line, table.column) if retract else self._need(table, "rule")
        if name.text and not _NAME.match(name.text):
            self._problems.add(name, "the name of a rule is letters, digits, - and _")
        on = self._scalar(table, "on")
        if on is not None and on.text != "annulment":
            self._problems.add(on, "`on` can only be `annulment`")
        tree = table.get("set")
        if not isinstance(tree, Table):
            self._problems.add(tree or table, f"rule `{name.text}` needs `set`, a mapping of target paths")
            tree = Table({}, table.line, table.column)
        rule = Rule(
            name=name.text,
            at=table,
            target=self._tree(tree),
            when=self._scalar(table, "when"),
            loops=self._loops(table.get("for"), "for"),
            key=self._scalars(table.get("key"), "key"),
            partition=self._scalar(table, "partition"),
            subject=self._scalars(table.get("subject"), "subject"),
            always=self._flag(table, "always"),
            annulment=on is not None,
            whole=self._flag(table, "whole"),
            rest=self._flag(table, "rest"),
            beside=self._flag(table, "beside"),
            standing=self._flag(table, "standing"),
            keep=self._named(table.get("keep"), "keep", _VARIABLE),
        )
        if rule.loops and not rule.key:
            self._problems.add(
                table, f"rule `{rule.name}` has `for` and so needs `key`: what tells its outputs apart"
            )
        if rule.subject and len(rule.subject) != 2:
            self._problems.add(table.get("subject"), "`subject` is [TYPE, id]")
        return rule

    def _tree(self, table: Table) -> Tree:
        root = Tree(table)
        for path, (at, node) in table.entries.items():
            if not _PATH.match(path):
                self._problems.add(at, f"`{path}` is not a path of field names")
                continue
            *parents, last = path.split(".")
            here = root
            for name in parents:
                inner = here.fields.setdefault(name, (at, Tree(at)))[1]
                if not isinstance(inner, Tree):
                    self._problems.add(at, f"`{name}` is set as a whole and by its fields")
                    inner = Tree(at)
                here = inner
            if last in here.fields:
                self._problems.add(at, f"`{path}` is set twice")
                continue
            here.fields[last] = (at, self._value(node))
        return root

    def _value(self, node: Node) -> Scalar | Tree | list[Block]:
        if isinstance(node, Scalar):
            return node
        if isinstance(node, Items):
            return [self._block(item) for item in node.values]
        if {"each", "value"} & set(node.entries) or isinstance(node.get("set"), Table):
            return [self._block(node)]
        return self._tree(node)

    def _block(self, node: Node) -> Block:
        if isinstance(node, Scalar):
            return Block(node, [], None, node, None)
        if isinstance(node, Items):
            self._problems.add(
                node, "an item of a list is an expression, or a mapping with `each`, `when`, `set`"
            )
            return Block(node, [], None, None, Tree(node))
        self._keys(node, ("each", "when", "set", "value"), "an item block")
        inner, value = node.get("set"), self._scalar(node, "value")
        if isinstance(inner, Table) == (value is not None):
            self._problems.add(node, "an item block has either `set` (of records) or `value`")
        fields = self._tree(inner) if isinstance(inner, Table) else None
        return Block(node, self._loops(node.get("each"), "each"), self._scalar(node, "when"), value, fields)

    def _state(self, node: Node | None) -> State:
        if node is None:
            return State("none")
        if not isinstance(node, Table):
            self._problems.add(node, "`state` is a mapping with `kind`")
            return State("none")
        kind = self._need(node, "kind")
        if kind.text not in STATE_KEYS:
            hint = suggest(kind.text, STATE_KEYS)
            self._problems.add(
                kind, f"`{kind.text}` is none of the state kinds {', '.join(STATE_KEYS)}{hint}"
            )
            return State("none")
        self._keys(node, ("kind", *STATE_KEYS[kind.text]), f"state of kind {kind.text}")
        for name in REQUIRED[kind.text]:
            self._need(node, name)
        state = State(kind.text, node)
        for name in (*STATE_EXPRESSIONS, *GROUPING):
            found = self._scalar(node, name)
            if found is not None:
                state.expressions[name] = found
        state.expires = self._span(node, "expires", 0)
        state.closed_expires = self._span(node, "closed_expires", state.expires)
        state.occurrence = self._scalars(node.get("occurrence"), "occurrence")
        state.content_from = self._scalar(node, "content_from")
        state.union = self._scalar(node, "union")
        state.compare_from = self._scalar(node, "compare_from")
        state.takes_back = self._scalars(node.get("takes_back"), "takes_back")
        state.version_field = self._scalar(node, "version_field")
        state.asides = self._scalar(node, "asides")
        state.of_whole = self._scalars(node.get("of_whole"), "of_whole")
        state.sole = self._scalars(node.get("sole"), "sole")
        state.labels = self._scalars(node.get("labels"), "labels")
        state.registers = [self._register(item) for item in self._items(node.get("registers"), "registers")]
        state.groups = [self._group(item) for item in self._items(node.get("groups"), "groups")]
        retract = node.get("retract")
        if isinstance(retract, Table):
            state.retract = self.rule(retract, retract=True)
            state.retract.keep = self._named(node.get("keep"), "keep", _VARIABLE)
        return state

    def _doubts(self, node: Node) -> list[Doubt]:
        if not isinstance(node, Table):
            self._problems.add(node, "an item of `findings` is a mapping with `finding`, `when` and `at`")
            node = Table({}, node.line, node.column)
        self._keys(node, ("finding", "for", "when", "at", "value"), "an item of `findings`")
        rule, when = self._need(node, "finding"), self._need(node, "when")
        loops, value = self._loops(node.get("for"), "for"), self._scalar(node, "value")
        several = isinstance(node.get("at"), Items)
        places = self._scalars(node.get("at"), "at") if several else [self._need(node, "at")]
        return [Doubt(rule, loops, when, at, value) for at in places]

    def _register(self, node: Node) -> Register:
        if not isinstance(node, Table):
            self._problems.add(node, "a register is a mapping with `name`, `key` and `set`")
            node = Table({}, node.line, node.column)
        self._keys(node, ("name", "when", "key", "set"), "a register")
        values = self._named(node.get("set"), "set", _VARIABLE)
        name = self._need(node, "name")
        if name.text and not _VARIABLE.match(name.text):
            self._problems.add(name, "the name of a register is letters, digits and _")
        return Register(name.text, self._scalar(node, "when"), self._need(node, "key"), values)

    def _group(self, node: Node) -> tuple[Node, FieldGroup]:
        if not isinstance(node, Table):
            self._problems.add(node, "a group is a mapping with `key` and `with`")
            node = Table({}, node.line, node.column)
        self._keys(node, ("key", "with", "whole"), "a group")
        key, rest = (
            tuple(tuple(one.text.split(".")) for one in self._scalars(node.get(name), name))
            for name in ("key", "with")
        )
        if not key:
            self._problems.add(node, "a group has at least one field under `key`")
        return node, FieldGroup(key, key + rest, self._flag(node, "whole"))

    def _loops(self, node: Node | None, what: str) -> list[tuple[Scalar, Scalar]]:
        return list(self._named(node, what, _VARIABLE).values())

    def _named(
        self, node: Node | None, what: str, pattern: re.Pattern[str]
    ) -> dict[str, tuple[Scalar, Scalar]]:
        if node is None or (isinstance(node, Scalar) and not node.text):
            return {}
        if not isinstance(node, Table):
            self._problems.add(node, f"`{what}` is a mapping of names to expressions")
            return {}
        made: dict[str, tuple[Scalar, Scalar]] = {}
        for name, (at, value) in node.entries.items():
            if not pattern.match(name):
                self._problems.add(at, f"`{name}` cannot be a name under `{what}`")
            elif not isinstance(value, Scalar):
                self._problems.add(value, f"`{name}` under `{what}` must be one value")
            else:
                made[name] = (at, value)
        return made

    def _keys(self, table: Table, known: Collection[str], what: str) -> None:
        for name, (at, _) in table.entries.items():
            if name not in known:
                self._problems.add(at, f"{what} has no `{name}`{suggest(name, known)}")

    def _need(self, table: Table, name: str) -> Scalar:
        found = table.get(name)
        if isinstance(found, Scalar) and found.text:
            return found
        self._problems.add(found or table, f"`{name}` is missing or not one value")
        return Scalar("", table.line, table.column)

    def _scalar(self, table: Table, name: str) -> Scalar | None:
        found = table.get(name)
        if found is None or isinstance(found, Scalar):
            return found
        self._problems.add(found, f"`{name}` must be one value")
        return None

    def _scalars(self, node: Node | None, what: str) -> list[Scalar]:
        if isinstance(node, Scalar):
            return [node]
        items = self._items(node, what)
        for item in items:
            if not isinstance(item, Scalar):
                self._problems.add(item, f"`{what}` is a list of expressions")
        return [item for item in items if isinstance(item, Scalar)]

    def _items(self, node: Node | None, what: str) -> tuple[Node, ...]:
        if node is None:
            return ()
        if isinstance(node, Items):
            return node.values
        self._problems.add(node, f"`{what}` is a list")
        return ()

    def _flag(self, table: Table, name: str) -> bool:
        found = self._scalar(table, name)
        if found is not None and found.text not in {"true", "false"}:
            self._problems.add(found, f"`{name}` is true or false")
        return found is not None and found.text == "true"

    def _span(self, table: Table, name: str, default: int) -> int:
        found = self._scalar(table, name)
        if found is None:
            return default
        match = _SPAN.match(found.text)
        if match is None:
            self._problems.add(found, f"`{name}` is a time span such as 90d, 12h, 30m or 10s")
            return default
        return int(match[1]) * _MILLISECONDS[match[2]]
