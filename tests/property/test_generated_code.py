"""Whatever a mapping or a schema says, no text of it becomes code."""

import ast
import json
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.avro.codec import Codec
from schemas.avro.generated import BUILTINS, Unsafe, run
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.errors import CorridorError
from schemas.mapping.compile import CompiledMapping, compile_expression, load

CODES = CodeLists.load()
SOURCE = Schema.parse(
    json.dumps(
        {
            "type": "record",
            "name": "Given",
            "fields": [
                {"name": "a", "type": "string"},
                {"name": "b", "type": ["null", "string"], "default": None},
            ],
        }
    )
)
TARGET = Schema.parse(
    json.dumps({"type": "record", "name": "Made", "fields": [{"name": "x", "type": "string"}]})
)
HOSTILE = (
    *("{0}", "{1}", "{", "}", "{{", "{0.__class__}", "', PAYLOAD, '", '", PAYLOAD, "', ", {0}), PAYLOAD, ("),
    *("\\", "\n", "\r", "\x00", "\N{LINE SEPARATOR}", "'''", "#", "'+str(PAYLOAD)+'", "%s", "$x"),
    *("__import__('os')", "().__class__.__base__.__subclasses__()", "esr", "stations", "zone"),
)
texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=12), st.text(alphabet="{}'\"\\,()01", max_size=12)
)
CALLS = (
    *("uuid5({0}, {1})", "uuid5({0}, a, {1})", "lookup('stations', {0}, 'zone')", "lookup({0}, a, {1})"),
    *("first(b, {0})", "a + {0} + {1}", "replace(a, {0}, {1})", "split({0}, {1})[0]", "text(a == {0})"),
    *("check({0}, {1})", "normal({0}, a)", "join({0}, [a, {1}])", "loss(b, {0}, {1})", "known({0}, a)"),
    *("finding(b, {0}, 'warning', {1})", "upper({0})", "{0} if a == {1} else a", "zone_of({0}, {1})"),
    *("strip({0})", "utc_millis({0}, {1})", "convert({0}, {1}, {1})", "oil_density(b, {0}, {1})"),
)


def quoted(value: str) -> str:
    """A literal of the mapping language."""
    return repr(value)


def compiled(text: str) -> CompiledMapping | None:
    """The mapping of a text, None when it is refused as it should be."""
    try:
        return load(text, "m.yaml", lambda name: {"Given": SOURCE, "Made": TARGET}[name], CODES)
    except CorridorError:
        return None


def names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """Names that are read, and attributes."""
    read = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return read, {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}


@example(call="uuid5({0}, {1})", one="{1}", two=", PAYLOAD, ")
@example(call="lookup('stations', {0}, 'zone')", one=", {0}), PAYLOAD, (", two="")
@given(call=st.sampled_from(CALLS), one=texts, two=texts)
def test_a_literal_stays_a_literal(call: str, one: str, two: str) -> None:
    """Names and attributes of the generated module are the same for hostile literals and for plain ones.

    A literal that is refused (no such code list, no such identifier) is refused as a mistake of the mapping.
    """
    expression = call.format(quoted(one), quoted(two))
    mapping = {
        "mapping": "m",
        "from": "Given",
        "to": "Made",
        "rules": [{"rule": "r", "set": {"x": f"first(text({expression}), 'none')"}}],
        "ignores": ["a", "b"],
    }
    made = compiled(json.dumps(mapping))
    if made is None:
        return
    read, attributes = names(ast.parse(made.module.source))
    assert "PAYLOAD" not in read
    assert not {one for one in attributes if one.startswith("__")}


NAMES = st.one_of(
    st.text(alphabet=string.ascii_letters + "_-.(): ;\n", min_size=1, max_size=12),
    st.sampled_from(
        ["x(): PAYLOAD\ndef y", "a=PAYLOAD", "__class__", "class", "r", "c", "e", "L", "a;b", "é"]
    ),
)


@given(
    name=NAMES, place=st.sampled_from(["mapping", "rule", "let", "loop", "register", "keep", "set", "fact"])
)
def test_a_name_stays_a_name(name: str, place: str) -> None:
    """A name of a mapping, a rule, a variable, a register or a fact is never pasted as code."""
    rule: dict[str, Any] = {"rule": "r", "set": {"x": "a"}}
    mapping: dict[str, Any] = {
        "mapping": "m",
        "from": "Given",
        "to": "Made",
        "rules": [rule],
        "ignores": ["b"],
    }
    if place == "mapping":
        mapping["mapping"] = name
    elif place == "rule":
        rule["rule"] = name
    elif place == "let":
        mapping["let"] = {name: "a"}
    elif place == "loop":
        rule |= {"for": {name: "split(a, ',')"}, "key": ["a"]}
    elif place == "set":
        rule["set"] = {name: "a"}
    else:
        register = {"name": "n", "key": "a", "set": {"f": "a"}}
        register |= {"name": name} if place == "register" else {"set": {name: "a"}}
        state = {"kind": "snapshot", "key": "a", "version": "1", "expires": "1d", "registers": [register]}
        rule |= {"key": ["a"], "keep": {name: "a"}} if place == "keep" else {"key": ["a"]}
        mapping["state"] = state
    made = compiled(json.dumps(mapping))
    if made is not None:
        assert "PAYLOAD" not in names(ast.parse(made.module.source))[0]


@given(text=st.one_of(texts, st.sampled_from(CALLS)))
def test_an_expression_of_http_yaml_is_held_to_the_same(text: str) -> None:
    """``key`` and ``message_id`` go through the same compiler."""
    expression = text.replace("{0}", "'{1}'").replace("{1}", "', PAYLOAD, '")
    try:
        run_it = compile_expression(expression, SOURCE, CODES)
    except CorridorError:
        return
    try:
        run_it({"a": "x", "b": None})
    except NameError as error:
        pytest.fail(str(error))
    except (TypeError, ValueError, LookupError, ArithmeticError):
        pass


@given(size=st.one_of(st.text(), st.integers(max_value=-1), st.floats(), st.booleans(), st.none()))
def test_the_size_of_a_fixed_is_a_number(size: object) -> None:
    """A size, a precision or a scale that is no number is refused before any code is made of it."""
    fixed = {"type": "fixed", "name": "F", "size": size}
    with pytest.raises(CorridorError):
        Codec(Schema.parse(record(fixed)))


@given(precision=st.one_of(st.text(), st.booleans()), scale=st.one_of(st.text(), st.booleans()))
def test_precision_and_scale_are_numbers(precision: object, scale: object) -> None:
    """Of a decimal."""
    with pytest.raises(CorridorError):
        Codec(
            Schema.parse(
                record({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": 0})
            )
        )
    with pytest.raises(CorridorError):
        Codec(
            Schema.parse(record({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": scale}))
        )


@given(name=NAMES.filter(lambda one: not one.isidentifier() or not one.isascii()))
def test_the_name_of_a_field_is_a_name(name: str) -> None:
    """Avro 1.12, section Names."""
    with pytest.raises(CorridorError):
        Codec(
            Schema.parse(
                json.dumps({"type": "record", "name": "R", "fields": [{"name": name, "type": "int"}]})
            )
        )


def record(kind: object) -> str:
    """A schema with one field of a type."""
    return json.dumps({"type": "record", "name": "R", "fields": [{"name": "x", "type": kind}]})


@pytest.mark.parametrize(
    "line",
    [
        *("return open('x')", "return ().__class__", "return r.__dict__", "import os", "return lambda: 1"),
        *("global x", "return getattr(r, 'x')", "return r.gi_frame", "del r", "return '{0.x}'.format(r)"),
        *("with r: pass", "try:\n  pass\n except ValueError: pass", "return [x for x in r if (yield)]"),
    ],
)
def test_the_gate_refuses_what_no_generator_writes(line: str) -> None:
    """Even text that came past the generators does not run."""
    with pytest.raises(Unsafe):
        run(f"def f(r):\n {line}\n", "<test>", {}, ())


def test_the_gate_gives_no_builtin_that_reaches_out() -> None:
    """No import, no file, no introspection."""
    assert not {"open", "eval", "exec", "compile", "getattr", "type", "vars", "__import__"} & set(BUILTINS)
