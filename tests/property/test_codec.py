"""The codec against fastavro, over random schemas and datums."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import fastavro
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.peek import Path
from schemas.avro.schema import Array, Record, Schema, Type, bare
from schemas.errors import CorridorError, Invalid, Permanent
from tests.support.avro_strategies import datums, schemas

SLOW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plain(raw: object) -> object:
    """Take away the logical types that datums keep as numbers and text."""
    if isinstance(raw, list):
        return [plain(item) for item in raw]
    if isinstance(raw, dict):
        return {k: plain(v) for k, v in raw.items() if k != "logicalType" or v == "decimal"}
    return raw


def outcome(run: Callable[[], object]) -> object:
    """Return the result, or the error that the broker knows what to do with; all others are defects."""
    try:
        return run()
    except CorridorError as error:
        return error


def oracle(schema: Schema, datum: object) -> bytes:
    """Encode with fastavro."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(plain(json.loads(schema.text))), datum)
    return out.getvalue()


@SLOW
@given(st.data())
def test_encodes_the_same_bytes_as_fastavro(data: st.DataObject) -> None:
    """For every schema and datum the generated encoder writes what fastavro writes."""
    schema = data.draw(schemas())
    codec = Codec(schema)
    for datum in data.draw(st.lists(datums(schema.root), min_size=1, max_size=4)):
        assert codec.encode(datum) == oracle(schema, datum)


@SLOW
@given(st.data())
def test_decodes_what_it_encoded(data: st.DataObject) -> None:
    """Decoding gives the datum that fastavro reads, and it encodes to the same bytes again."""
    schema = data.draw(schemas())
    codec = Codec(schema)
    body = codec.encode(data.draw(datums(schema.root)))
    parsed = fastavro.parse_schema(plain(json.loads(schema.text)))
    datum = codec.decode(body)
    assert datum == codec.decode_trusted(body) == fastavro.schemaless_reader(io.BytesIO(body), parsed, None)
    assert codec.encode(datum) == body


def paths(node: Type, at: Path = ()) -> Iterator[Path]:
    """Every path of a schema that a peek can be asked for."""
    inner = node.items if isinstance(node, Array) else bare(node)
    if isinstance(inner, Record):
        for field in inner.fields:
            yield (*at, field.name)
            yield from paths(field.type, (*at, field.name))


def only(datum: dict[str, Any], wanted: set[Path]) -> dict[str, Any]:
    """Take the fields at these paths out of a datum, as a slow and plain oracle."""
    taken = {}
    for name, value in datum.items():
        below = {path[1:] for path in wanted if path[0] == name}
        if below:
            part = partial(only, wanted=below)
            whole = () in below or value is None
            taken[name] = (
                value if whole else list(map(part, value)) if isinstance(value, list) else part(value)
            )
    return taken


@SLOW
@given(st.data())
def test_a_peek_gives_the_wanted_fields_of_the_datum(data: st.DataObject) -> None:
    """Whatever fields are asked for: their values are those of the whole datum, and no others are there."""
    schema = data.draw(schemas())
    codec = Codec(schema)
    body = codec.encode(data.draw(datums(schema.root)))
    wanted = data.draw(st.sets(st.sampled_from(sorted(paths(schema.root))), min_size=1))
    assert codec.peek(wanted)(body) == only(codec.decode(body), wanted)


@SLOW
@given(st.data())
def test_hostile_bytes_are_refused_or_canonical(data: st.DataObject) -> None:
    """Whatever the bytes: a dead letter, or a datum whose encoding is exactly these bytes."""
    schema = data.draw(schemas())
    codec = Codec(schema)
    body = bytearray(codec.encode(data.draw(datums(schema.root))))
    for _ in range(data.draw(st.integers(1, 3))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    body += data.draw(st.binary(max_size=4))
    result = outcome(lambda: codec.decode(bytes(body)))
    if isinstance(result, Permanent):
        assert result.code == "avro-malformed"
    else:
        assert codec.encode(result) == body


@SLOW
@given(st.data())
def test_json_to_avro_and_back_is_the_identity(data: st.DataObject) -> None:
    """JSON → Avro → JSON gives the same bytes for the canonical JSON of any datum, and the same Avro."""
    schema = data.draw(schemas())
    codec, form = Codec(schema), JsonForm(schema)
    body = codec.encode(data.draw(datums(schema.root, portable=True)))
    document = form.from_datum(codec.decode(body))
    assert form.from_datum(codec.decode(form.to_avro(document))) == document
    assert form.to_avro(document) == form.to_avro(json.dumps(json.loads(document), indent=1).encode())


@SLOW
@given(st.data())
def test_any_json_is_taken_or_refused_with_a_pointer_into_it(data: st.DataObject) -> None:
    """Whatever the JSON: Avro that decodes, or an error whose pointer leads into the document."""
    schema = data.draw(schemas())
    codec, form = Codec(schema), JsonForm(schema)
    document = json.loads(form.from_datum(data.draw(datums(schema.root, portable=True))))
    wild = (
        st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([{}]) | st.just({"~/": 1})
    )
    document[data.draw(st.sampled_from([*document, "new/~key"]))] = data.draw(wild)
    result = outcome(lambda: form.to_avro(json.dumps(document).encode()))
    if isinstance(result, Invalid):
        assert result.code == "schema-violation"
        assert result.pointer.split("/")[1].replace("~1", "/").replace("~0", "~") in document
    else:
        assert isinstance(result, bytes)
        assert codec.encode(codec.decode(result)) == result


@given(st.binary(max_size=60))
@example(b'{"a":' + b"[" * 100_000)
@example(b"[" * 100_000)
@example(b'{"id":"\\ud800"}')
@example(b'{"id":"\xff"}')
def test_any_body_is_taken_or_refused(body: bytes) -> None:
    """No bytes bring the JSON reader down."""
    form = JsonForm(Schema.parse('{"type":"record","name":"R","fields":[{"name":"id","type":"string"}]}'))
    with pytest.raises(Invalid) as caught:
        form.to_avro(body)
    assert caught.value.code in ("json-malformed", "schema-violation")


@SLOW
@given(st.data())
def test_a_key_that_comes_twice_is_always_found(data: st.DataObject) -> None:
    """One key doubled anywhere at the top is refused, whatever else the document holds."""
    schema = data.draw(schemas())
    form = JsonForm(schema)
    document = json.loads(form.from_datum(data.draw(datums(schema.root, portable=True))))
    members = [
        f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in document.items()
    ]
    assume(members)
    members.insert(data.draw(st.integers(0, len(members))), data.draw(st.sampled_from(members)))
    with pytest.raises(Invalid) as caught:
        form.to_avro(f"{{{' , '.join(members)}}}".encode())
    assert (caught.value.code, caught.value.rule) == ("json-malformed", "a key comes once in an object")
