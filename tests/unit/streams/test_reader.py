"""Values of a topic that others write to: read by the schema they name, or refused without harm."""

from __future__ import annotations

import io
import json

import fastavro
import pytest

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.avro.wire import frame
from schemas.errors import Permanent
from streams.contracts import Contracts, Reader

OURS = Codec(
    Schema.parse(
        json.dumps(
            {
                "type": "record",
                "name": "Number",
                "fields": [
                    {"name": "n", "type": "long"},
                    {"name": "unit", "type": "string", "default": "KGM"},
                ],
            }
        )
    )
)
OLDER = {"type": "record", "name": "Number", "fields": [{"name": "n", "type": "int"}]}
RECURSIVE = {"type": "record", "name": "Number", "fields": [{"name": "n", "type": ["null", "Number"]}]}


class Registry(Contracts):
    """Schemas by id, as the test says."""

    def __init__(self) -> None:
        super().__init__(None)
        self.known: dict[int, str] = {}

    async def text(self, identity: int) -> str:
        """Give a schema that is known."""
        if identity not in self.known:
            raise Permanent("schema-unknown", f"no schema {identity}")
        return self.known[identity]


def older(number: int) -> bytes:
    """A body of the older schema."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(OLDER), {"n": number})
    return out.getvalue()


async def test_an_unknown_schema_is_asked_for_again() -> None:
    """A value of a schema that is not registered is refused, and read once the schema is there."""
    registry = Registry()
    reader, value = Reader(registry, OURS, frame(1, b"")), frame(2, older(7))
    await reader.learn([value])
    with pytest.raises(Permanent) as refusal:
        reader(value)
    assert refusal.value.code == "schema-unknown"
    registry.known[2] = json.dumps(OLDER)
    await reader.learn([value])
    assert OURS.decode(reader(value)) == {"n": 7, "unit": "KGM"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (json.dumps(RECURSIVE), "schema-unsafe"),
        ('{"type": "array", "items": "null"}', "schema-unsafe"),
        ("{", "schema-unsafe"),
        (
            '{"type": "record", "name": "Number", "fields": [{"name": "n", "type": "missing"}]}',
            "schema-invalid",
        ),
    ],
)
async def test_a_schema_that_could_do_harm_is_never_decoded_with(text: str, code: str) -> None:
    """Whatever another registry lets in: recursion, items without width, nonsense refuse the value alone."""
    registry = Registry()
    registry.known[2] = text
    reader, value = Reader(registry, OURS, frame(1, b"")), frame(2, b"\x02")
    await reader.learn([value, b"", b"\x00", None])
    with pytest.raises(Permanent) as refusal:
        reader(value)
    assert refusal.value.code == code
