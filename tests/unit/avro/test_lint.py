"""What a schema must keep before anything parses it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro.lint import lint, profile, require_safe
from schemas.avro.schema import Schema
from schemas.errors import Invalid


def record(*types: object, name: str = "R") -> dict[str, object]:
    """Make a record with one field per type."""
    fields = [{"name": f"f{index}", "type": kind, "doc": "x"} for index, kind in enumerate(types)]
    return {"type": "record", "name": name, "fields": fields}


def nested(depth: int, leaf: object = "int") -> object:
    """Make records inside each other."""
    for level in range(depth - 1):
        leaf = record(leaf, name=f"L{level}")
    return leaf


def doubling(levels: int) -> object:
    """Make records of which each names the one before twice: short text, huge when written out."""
    kind: object = record("int", name="D0")
    for level in range(1, levels):
        kind = record(kind, f"D{level - 1}", name=f"D{level}")
    return kind


UNSAFE = {
    "recursive record": (record(["null", "R"]), "/fields/0/type/1", "not recursive"),
    "recursion through another": (
        record(record({"type": "array", "items": "R"}, name="S")),
        "/fields/0/type/fields/0/type/items",
        "not recursive",
    ),
    "recursion by forward reference": (
        ["null", record("B", name="A"), record("A", name="B")],
        "/2/fields/0/type",
        "not recursive",
    ),
    "array of null": (record({"type": "array", "items": "null"}), "/fields/0/type/items", "one byte wide"),
    "array of empty records": (
        record({"type": "array", "items": record(name="E")}),
        "/fields/0/type/items",
        "one byte wide",
    ),
    "array of empty fixed": (
        record({"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}}),
        "/fields/0/type/items",
        "one byte wide",
    ),
    "too deep": (nested(33), "/fields/0/type" * 32, "32 deep"),
    "long default": (
        {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string", "default": "x" * 5000}]},
        "/fields/0/default",
        "4096 bytes",
    ),
    "many names": (
        record(*({"type": "fixed", "name": f"F{n}", "size": 1} for n in range(500))),
        "",
        "500 named types",
    ),
    "written out": (doubling(20), "", "written out"),
    "loops": (
        json.loads('{"type":"array","items":' * 17 + '"int"' + "}" * 17),
        "",
        "16 deep",
    ),
}


@pytest.mark.parametrize(("schema", "pointer", "rule"), UNSAFE.values(), ids=UNSAFE)
def test_what_could_harm_the_process_is_found(schema: object, pointer: str, rule: str) -> None:
    """Each rule has a finding with the place, and parsing refuses the schema with the same place."""
    first = lint(json.dumps(schema))[0]
    if rule != "written out":
        assert first.pointer == pointer
    assert rule in first.rule
    with pytest.raises(Invalid) as caught:
        Schema.parse(json.dumps(schema))
    assert (caught.value.code, caught.value.rule) == ("schema-unsafe", first.rule)


def test_what_lies_at_the_limit_is_safe() -> None:
    """Depth 32, 500 names and a default of 4 KiB are allowed."""
    assert lint(json.dumps(nested(32))) == []
    assert (
        lint(json.dumps(record(*({"type": "fixed", "name": f"F{n}", "size": 1} for n in range(499))))) == []
    )
    field = {"name": "a", "type": "string", "default": "x" * 4094}
    assert lint(json.dumps({"type": "record", "name": "R", "fields": [field]})) == []
    assert lint(json.loads(json.dumps('{"type":"array","items":' * 16 + '"int"' + "}" * 16))) == []


def test_measuring_takes_no_longer_than_the_text_is() -> None:
    """Every type is measured once, though this one has 2**50 leaves when written out."""
    assert "32 deep" in lint(json.dumps(doubling(50)))[0].rule


def test_a_map_of_null_is_safe() -> None:
    """The key of a map's entry has a width, so the value need not."""
    assert lint('{"type":"map","values":"null"}') == []


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"type":' * 10_000, '{"a":"' + "[" * 90_000, "", "{", "nul", "\x00"]
)
def test_text_that_would_break_a_parser_is_refused(text: str) -> None:
    """Deep, long or broken text has a finding, and nothing recursive sees it."""
    assert lint(text)
    with pytest.raises(Invalid, match=r"JSON|bytes"):
        require_safe(text)


def test_long_text_is_refused() -> None:
    """128 KiB is the limit, in bytes."""
    assert "131072 bytes" in lint('"' + "ä" * 70_000 + '"')[0].rule


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    """Only the structure nests, not the text."""
    doc = '["' + '\\"[' * 500 + '"]'
    assert lint('{"type":"string","doc":' + json.dumps(doc) + "}") == []


def test_references_are_part_of_the_measure() -> None:
    """A recursion or depth that runs through a referenced schema is found."""
    other = json.dumps(nested(20))
    assert lint(json.dumps(record(nested(5, "L18"), name="Top")), [other]) == []
    own = json.loads(json.dumps(nested(15, "L18")).replace('"name": "L', '"name": "M'))
    assert "32 deep" in lint(json.dumps(own), [other])[0].rule


@given(
    st.recursive(
        st.none() | st.text(max_size=8) | st.integers(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "fields", "items", "name", "values", "size", "default", "namespace"]
                ),
                inner,
            )
        ),
    )
)
def test_no_json_brings_the_lint_down(raw: object) -> None:
    """Whatever the JSON, the lint answers, and the parser gives a schema or an error of ours."""
    findings = lint(json.dumps(raw))
    try:
        Schema.parse(json.dumps(raw))
    except Invalid as error:
        assert error.code in ("schema-unsafe", "schema-invalid")  # noqa: PT017 - it need not raise
    else:
        assert not findings


def test_profiles_need_docs_and_nullables() -> None:
    """Every missing doc and every union beyond ["null", T] is a finding of its own."""
    bad = {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": ["int", "string"], "doc": " "}, {"name": "b", "type": "int"}],
    }
    assert [(f.pointer, f.value) for f in profile(json.dumps(bad))] == [
        ("/fields/0", "a"),
        ("/fields/1", "b"),
        ("/fields/0/type", '["int", "string"]'),
    ]
    assert profile(json.dumps(record("int"))) == []
