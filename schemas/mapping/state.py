"""Compiles what is asked of a whole message: the ``state`` block with its registers, and ``happened``."""

from __future__ import annotations

from schemas.mapping.code import Function
from schemas.mapping.compiler import Compiler
from schemas.mapping.coverage import leaves
from schemas.mapping.document import GROUPING, Register
from schemas.mapping.source import Scalar
from schemas.mapping.syntax import Wrong
from schemas.mapping.target import condition
from schemas.mapping.types import INSTANT, Type, record_of

_KINDS: dict[str, tuple[str, ...]] = {
    "key": ("text",),
    "id": ("text",),
    "version": ("int",),
    "updated": ("int",),
    "fixed": ("text",),
    "place": ("text",),
    "retracted": ("bool",),
    "when": ("bool",),
    "kind_of": ("enum", "text"),
    "closed": ("bool",),
    "echo": ("bool",),
    "order": ("int", "text"),
    "tie": ("text",),
    "annuls": ("bool",),
    "time": ("int",),
    "stamp": ("text",),
    "named_only": ("bool",),
    "ends": ("bool",),
    "group": ("text",),
    "at": ("int",),
    "rank": ("int",),
    "within": ("int",),
}

_INSTANTS = {"happened", "state_time", "state_updated", "state_at"}
"""Functions that give UTC milliseconds."""


def compile_state(compiler: Compiler) -> None:
    """One function ``state_<parameter>`` for every expression of the block."""
    state = compiler.document.state
    for register in state.registers:
        _register(compiler, register)
    for name, scalar in state.expressions.items():
        if name not in GROUPING:
            _single(compiler, f"state_{name}", scalar, _KINDS[name])
    if state.occurrence:
        function = compiler.start("state_occurrence", tag="state occurrence")
        expressions = compiler.expression(function)
        values = [expressions.compile(scalar) for scalar in state.occurrence]
        for scalar, value in zip(state.occurrence, values, strict=True):
            if value is not None:
                compiler.storable(scalar, value.type)
        function.line(f"return [{', '.join(value.code for value in values if value is not None)}]")
    _takes_back(compiler)
    document = compiler.source_type if state.kind == "snapshot" else compiler.target_type
    for node, group in state.groups:
        for path in group.fields:
            fields = document.fields
            for name in path:
                if name not in fields:
                    compiler.problems.add(node, f"no field `{'.'.join(path)}` in {document.name}")
                    break
                fields = fields[name].type.fields
    _asides(compiler)
    _version_field(compiler)


def _takes_back(compiler: Compiler) -> None:
    for scalar in compiler.document.state.takes_back:
        if scalar.text not in compiler.source_type.fields:
            compiler.problems.add(scalar, f"no field `{scalar.text}` in {compiler.source_type.name}")


def compile_group(compiler: Compiler) -> None:
    """The functions of ``group``: they read the whole record, once a rule has something to say."""
    state = compiler.document.state
    for name in GROUPING:
        if name in state.expressions:
            _single(compiler, f"state_{name}", state.expressions[name], _KINDS[name])
    for path in (state.union, state.compare_from):
        found = compiler.source_type
        for step in path.text.split(".") if path is not None else ():
            if step not in found.fields:
                compiler.problems.add(path, f"no field `{step}` in {found.name}")
                break
            found = found.fields[step].type


def compile_happened(compiler: Compiler) -> None:
    """The function ``happened``, UTC milliseconds or null. What it reads is not carried over by that."""
    if compiler.document.happened is not None:
        _single(compiler, "happened", compiler.document.happened, ("int",))


def _asides(compiler: Compiler) -> None:
    asides = compiler.document.state.asides
    lists = {field.name for field in compiler.source.record.fields if "itemKey" in field.properties}
    if asides is not None and asides.text not in lists:
        source = compiler.source_type.name
        compiler.problems.add(asides, f"`{asides.text}` is no list of {source} with an `itemKey`")

    for path in (*compiler.document.state.of_whole, *compiler.document.state.labels):
        if tuple(path.text.split(".")) not in leaves(compiler.source_type, ()):
            compiler.problems.add(path, f"`{path.text}` is no field of {compiler.source_type.name}")


def _version_field(compiler: Compiler) -> None:
    state = compiler.document.state
    if state.version_field is not None:
        found = compiler.target_type.fields.get(state.version_field.text)
        if found is None or found.type.kind != "int":
            target = compiler.target_type.name
            compiler.problems.add(
                state.version_field, f"`{state.version_field.text}` is no integer field of {target}"
            )


def compile_concerns(compiler: Compiler) -> None:
    """What is asked of a message of which no rule made anything.

    ``concerns`` tells whether it is about anything that the target deals with, ``takes`` whether the target's
    format has anything of its kind; ``untold`` is where the source's schema says that it tells what is in no
    other message.
    """
    document, properties = compiler.document, compiler.source.record.properties
    for name, asked in (("concerns", document.concerns), ("takes", document.takes)):
        if asked is not None:
            _single(compiler, name, asked, ("bool",))
    if "untold" in properties:
        _single(compiler, "untold", Scalar(str(properties["untold"]), 1, 1), ("list",))


def compile_known(compiler: Compiler) -> None:
    """Where the source's schema says that it tells what is not new."""
    properties = compiler.source.record.properties
    if "known" in properties:
        _single(compiler, "known", Scalar(str(properties["known"]), 1, 1), ("list",))


def _single(compiler: Compiler, name: str, scalar: Scalar, kinds: tuple[str, ...]) -> None:
    function = compiler.start(name, tag=name.replace("_", " "))
    _remembering(compiler, function)
    expressions = compiler.expression(function)
    value = expressions.compile(scalar)
    if value is None:
        return
    if value.type.kind not in kinds:
        compiler.problems.add(scalar, f"this is {value.type}, it must be {' or '.join(kinds)}")
    elif name in _INSTANTS:
        try:
            value = expressions.as_logical(expressions.atom(value), INSTANT)
        except Wrong as wrong:
            compiler.problems.add(scalar, wrong.message)
    function.line(f"return {value.code}")


def _register(compiler: Compiler, register: Register) -> None:
    """Two functions: the key for the current message, and the facts it gives, if any."""
    _single(compiler, f"register_key_{register.name}", register.key, ("text",))
    function = compiler.start(f"register_{register.name}", tag=f"register {register.name}")
    expressions = compiler.expression(function)
    if register.when is not None:
        function.line(f"if not {condition(expressions, compiler.problems, register.when)}: return None")
    types: dict[str, Type] = {}
    items = []
    for name, (_, scalar) in register.values.items():
        value = expressions.compile(scalar)
        if value is not None:
            types[name] = value.type.or_null()
            items.append(f"{name!r}: {value.code}")
            compiler.storable(scalar, value.type)
    function.line(f"return {{{', '.join(items)}}}")
    compiler.memory[register.name] = record_of(types, f"memory.{register.name}").or_null()


def _remembering(compiler: Compiler, function: Function) -> None:
    if compiler.memory:
        function.line("memory = e.memory")
