"""Any JSON where a schema should be: read, or refused with a code; never an error of some library."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.avro.codec import Codec
from schemas.avro.resolve import resolver
from schemas.avro.schema import Schema
from schemas.errors import Permanent

OURS = Codec(Schema.parse('{"type":"record","name":"Number","fields":[{"name":"n","type":"long"}]}'))
WORDS = (
    *("type", "name", "fields", "items", "values", "symbols", "size", "default", "logicalType"),
    *("namespace", "aliases", "order", "precision", "scale", "doc"),
)
NAMES = (
    *("record", "error", "enum", "fixed", "array", "map", "string", "long", "bytes", "null", "Number", "x"),
    *("", "a.b", "9", "decimal", "date", "uuid", "timestamp-millis"),
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 5), st.sampled_from(NAMES), st.floats(allow_nan=False)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)
members = st.dictionaries(st.sampled_from(WORDS), values, max_size=5)
typed = st.builds(lambda kind, rest: {**rest, "type": kind}, st.sampled_from(NAMES), members)
records = st.builds(
    lambda fields, rest: {**rest, "type": "record", "name": "Number", "fields": fields},
    st.lists(typed | values, max_size=3),
    members,
)
READERS: dict[str, Callable[[str], object]] = {
    "resolver": lambda text: resolver(text, OURS),
    "parse": lambda text: Codec(Schema.parse(text)),
}


@pytest.mark.parametrize("reader", READERS)
@given(schema=values | typed | records)
@example(schema={"type": "enum", "name": "x"})
@example(schema={"type": "map"})
@example(schema={"type": "array"})
@example(schema={"type": "fixed", "name": "x"})
@example(schema={"type": "record", "name": "x"})
@example(schema={"type": "record", "name": "x", "fields": [{"type": "long"}]})
@example(schema={"type": "record", "name": "x", "fields": 1})
@example(schema={"name": "x"})
@example(schema={})
@example(schema=[])
@example(schema=None)
@example(schema=1)
@example(schema={"type": ["null"]})
@example(schema={"type": "error", "name": None})
def test_what_is_no_schema_is_refused_with_a_code(reader: str, schema: Any) -> None:  # noqa: ANN401
    """Another registry holds anything under an id: a record that names it is a dead letter, and no loop."""
    code = ""
    try:
        READERS[reader](json.dumps(schema))
    except Permanent as error:
        code = error.code
    assert code in {"", "schema-invalid", "schema-unsafe"}
