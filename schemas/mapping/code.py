"""Lines of generated Python as a tree of blocks.

What does not change in a loop can be put in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.mapping.types import Type

Pointer = tuple[str, ...]
"""Steps of a JSON pointer.

A first step ``@name`` is wherever the object in that variable stands in the input, a step ``#name`` the index
in that loop variable's list.
"""


class Anchor(NamedTuple):
    """The item of a list that a value belongs to; without a name it is some item, nobody knows which.

    Attributes:
        name: of its variable; that of a loop of a rule begins with ``$``.
        depth: how long the path to the items is.
        number: under which the report says which items were taken, 0 for a loop of a rule.
    """

    name: str = ""
    depth: int = 0
    number: int = 0


SOME = Anchor()
"""Some items of a list, such as those that a condition lets pass."""


class Read(NamedTuple):
    """One field of the source that an expression reads.

    Attributes:
        path: of the field.
        anchor: the item it is read of; None for all items of the lists on its path.
        tag: what the line is for: (rule or part, pointer in the target).
        block: number of the item block around it, None outside of them.
        tested: whether it is only compared with something, and so carried nowhere.
    """

    path: tuple[str, ...]
    anchor: Anchor | None
    tag: tuple[str, str]
    block: int | None
    tested: bool


class Claim(NamedTuple):
    """A field of the source that a rule carries.

    Attributes:
        path: of the field.
        anchor: the item it is carried of; None for all items.
        block: the item block in which it is; the report says which of them were written.
    """

    path: tuple[str, ...]
    anchor: Anchor | None
    block: int | None


class Column(NamedTuple):
    """A column of a code list, and where a value was looked up in it.

    Attributes:
        local: the variable that holds the value.
        key: the variable that holds the key.
        name: of code list and column.
        values: by key.
    """

    local: str
    key: str
    name: tuple[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A compiled expression: Python source and what is known of its result."""

    code: str
    type: Type
    atom: bool = True
    home: Code | None = None
    pointer: Pointer | None = None
    path: tuple[str, ...] | None = None
    const: bool = False
    volatile: bool = False
    column: Column | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line and what it is for: (rule or part, pointer in the target)."""

    text: str
    tag: tuple[str, str]


@dataclass(eq=False)
class Code:
    """A block of lines and deeper blocks."""

    parent: Code | None = None
    loop: bool = False
    parts: list[Line | Code] = field(default_factory=list)
    memo: dict[str, Value] = field(default_factory=dict)

    def remembered(self, key: str) -> Value | None:
        """What this block or one around it has computed under a key."""
        here: Code | None = self
        while here is not None:
            if key in here.memo:
                return here.memo[key]
            here = here.parent
        return None

    def lines(self, indent: int = 0) -> Iterator[Line]:
        """All lines in order, indented."""
        for part in self.parts:
            if isinstance(part, Line):
                yield Line("    " * indent + part.text, part.tag)
            else:
                yield from part.lines(indent + 1)


@dataclass
class Function:
    """One function under construction."""

    name: str
    arguments: tuple[str, ...]
    root: Code = field(default_factory=Code)
    tag: tuple[str, str] = ("", "")
    names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.here = self.root
        self._loops: dict[str, tuple[Code, Line, str]] = {}
        self.names |= set(self.arguments)

    def line(self, text: str) -> None:
        """Append a line to the current block."""
        self.here.parts.append(Line(text, self.tag))

    def extend(self, lines: Iterable[str]) -> None:
        """Append lines that have their own indentation."""
        for text in lines:
            self.line(text)

    def block(self, header: str, loop: bool = False) -> Code:
        """Append a header line and an empty block under it, which becomes the current one."""
        self.line(header)
        child = Code(self.here, loop)
        self.here.parts.append(child)
        self.here = child
        return child

    def loop(self, variable: str, items: str) -> Code:
        """Open a loop, which counts its items only when ``index`` is asked for."""
        outer = self.here
        block = self.block(f"for {variable} in {items}:", loop=True)
        header = outer.parts[-2]
        if isinstance(header, Line):
            self._loops[variable] = (outer, header, items)
        return block

    def index(self, variable: str) -> str:
        """The variable that counts the items of a loop."""
        counter = f"i_{variable}"
        outer, header, items = self._loops[variable]
        if counter not in self.names:
            self.names.add(counter)
            place = next(index for index, part in enumerate(outer.parts) if part is header)
            outer.parts[place] = Line(f"for {counter}, {variable} in enumerate({items}):", header.tag)
        return counter

    def attach(self, header: str, child: Code, last: str) -> None:
        """Append a header and a block made apart, with one more line at its end."""
        self.line(header)
        child.parts.append(Line(last, self.tag))
        self.here.parts.append(child)

    def apart(self, make: Callable[[], Value]) -> tuple[Value, Code]:
        """Compile into a block of its own, which is not attached yet."""
        outer, child = self.here, Code(self.here)
        self.here = child
        try:
            return make(), child
        finally:
            self.here = outer

    def fresh(self, stem: str) -> str:
        """A new local variable with a readable name."""
        name = base = "v_" + re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_")
        count = 2
        while name in self.names:
            name, count = f"{base}_{count}", count + 1
        self.names.add(name)
        return name

    def hoist(self, home: Code | None, text: str) -> Code:
        """Put a line as far out of the loops as the block where its operands live.

        Return the block it went to.
        """
        place, before = self.here, None
        here: Code | None = self.here
        while here is not None and here is not home:
            if here.loop and here.parent is not None:
                place, before = here.parent, here
            here = here.parent
        if here is None:
            place, before = self.here, None
        line = Line(text, self.tag)
        if before is None or before not in place.parts:
            (self.here if before is not None else place).parts.append(line)
            return self.here if before is not None else place
        place.parts.insert(place.parts.index(before) - 1, line)
        return place

    def source(self) -> list[Line]:
        """The whole function."""
        head = Line(f"def {self.name}({', '.join(self.arguments)}):", self.tag)
        body = list(self.root.lines(1))
        return [head, *(body or [Line("    pass", self.tag)])]


class Bindings:
    """Objects that generated code refers to by name: the same object always has the same name."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self._known: dict[Any, str] = {}

    def bind(self, stem: str, value: Any, key: Any = None) -> str:  # noqa: ANN401
        """Name an object; ``key`` tells equal ones apart from new ones (default: identity)."""
        return self.made(stem, id(value) if key is None else key, lambda: value)

    def made(self, stem: str, key: Any, make: Callable[[], Any]) -> str:  # noqa: ANN401
        """Name an object that is made when it is named for the first time."""
        key = (stem, key)
        if key not in self._known:
            value = make()
            name = base = re.sub(r"\W+", "_", stem, flags=re.ASCII).upper()
            count = 2
            while name in self.names:
                name, count = f"{base}_{count}", count + 1
            self.names[name] = value
            self._known[key] = name
        return self._known[key]
