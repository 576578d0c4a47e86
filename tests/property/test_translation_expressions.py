"""Expressions from hostile hands compile to something harmless or are refused, and never anything else."""

import ast
import builtins
import contextlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from schemas.mapping.compile import compile_expression
from tests.support.small_mapping import CODES, NOTE, compiled

DATUM = {
    "number": "1", "version": 1, "kind": "DELTA", "op": None, "place": "x", "remark": None, "tonnes": None,
    "boxes": [{"id": "b", "kg": 1, "seals": []}], "nulls": [],
}  # fmt: skip
WORDS = [
    *("number", "version", "kind", "op", "place", "boxes", "b", "kg", "id", "seals", "nulls"),
    *("upper", "first", "has", "len", "text", "int", "any", "join", "lookup", "uuid5", "convert", "split"),
    *("__class__", "__globals__", "__builtins__", "eval", "exec", "open", "import", "lambda"),
    *("r", "c", "L", "UNSET", "'a'", "1", "-1", "2.5", "None", "True", "f'{place}'", "f'{r!r}'", "'{'"),
    *("(", ")", "[", "]", ".", ",", ":", "+", "-", "*", "/", "%", "==", "!=", "<"),
    *("'\\ud800'", "99999999999999999999"),
    *("in", "not", "and", "or", "if", "else", "for", "is"),
]  # fmt: skip
FAILURES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


def is_forbidden(name: str) -> bool:
    """Names that generated code must never use."""
    return name.startswith("__") or (
        hasattr(builtins, name) and name not in {"len", "bytearray", "bytes", "enumerate"}
    )


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join) | st.text(max_size=60))
@example("[b for b in boxes for b in boxes]")
@example("().__class__.__bases__[0].__subclasses__()")
@example("f'{place.__class__}'")
@example("place[0:99999999999999999999]")
@example("(" * 300)
@example("-" * 1900 + "1")
@example("version" + " * version" * 190)
@example("\u202aplace")
@example("p\u200clace")
def test_any_text_is_compiled_or_refused(text: str) -> None:
    """Compiling raises nothing but ``mapping-invalid``, running nothing but a failure of the record."""
    try:
        run = compile_expression(text, NOTE, CODES)
    except Misconfigured as error:
        refused = error.code
    else:
        refused = "mapping-invalid"
        with contextlib.suppress(*FAILURES):
            run(DATUM)
    assert refused == "mapping-invalid"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=10).map(" ".join))
def test_generated_code_reads_items_and_calls_its_own_names_only(text: str) -> None:
    """No attribute of an object of unknown type, no builtin, no name that is not bound by the compiler."""
    frame = (
        "mapping: m\nfrom: test.note.v1\nto: test.move.v1\n"
        "ignores: [number, version, kind, op, place, remark, tonnes, boxes]\nrules:\n  - rule: one\n"
        "    set:\n      id: number\n      version: version\n      code: LOAD\n      place: |-\n        "
    )
    try:
        source = compiled(frame + text + "\n").module.source
    except Misconfigured:
        return
    methods = {
        *("get", "append", "encode", "upper", "lower", "strip", "replace", "split", "join", "startswith"),
        *("loss", "finding", "scaleb", "bit_length", "to_bytes", "mark", "losses", "findings", "origin"),
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            assert node.attr in methods
        if isinstance(node, ast.Name):
            assert not is_forbidden(node.id)
