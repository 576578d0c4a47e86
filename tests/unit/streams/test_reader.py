"""Values of a topic that others write to: read by the schema they name, or refused without harm."""

from __future__ import annotations

import io
import json
from typing import NamedTuple
from uuid import UUID

import fastavro
import msgspec
import pytest

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.avro.wire import frame
from schemas.errors import Permanent
from schemas.records import REPORT, Report
from streams.kafka import topics
from streams.records.contracts import Contracts, OwnReader, ValueReader

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
        self.known: dict[int | UUID, str] = {}

    async def text(self, identity: int | UUID) -> str:
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
    reader, value = ValueReader(registry, OURS, frame(1, b"")), frame(2, older(7))
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
        ("{}", "schema-invalid"),
        ('{"type": "enum", "name": "x"}', "schema-invalid"),
        ('{"type": "map"}', "schema-invalid"),
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
    reader, value = ValueReader(registry, OURS, frame(1, b"")), frame(2, b"\x02")
    await reader.learn([value, b"", b"\x00", None])
    with pytest.raises(Permanent) as refusal:
        reader(value)
    assert refusal.value.code == code


def report(more: dict[str, object] | None = None) -> tuple[str, bytes]:
    """The schema of reports, perhaps with a field more, and the body of one of them."""
    schema = json.loads(REPORT.codec.schema.text)
    if more is not None:
        schema["fields"].append(more)
    out = io.BytesIO()
    datum = msgspec.to_builtins(
        Report(origin="dtc/1", stage="to-corridor.dtc", mapping="m", id="1", outputs=0)
    )
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), datum)
    return json.dumps(schema), out.getvalue()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"name": "later", "type": ["null", "string"], "default": None}, id="a field more"),
        pytest.param(None, id="as now, under another id"),
    ],
)
async def test_the_brokers_own_records_are_read_in_other_versions(more: dict[str, object] | None) -> None:
    """After a rollback: reports of the newer version lie in the log, and are no loss."""
    registry = Registry()
    registry.known[7], body = report(more)
    read, value = OwnReader(registry), frame(7, body)
    await read.learn(topics.REPORTS, [value, None])
    assert read(topics.REPORTS, value).origin == "dtc/1"


async def test_an_own_record_whose_schema_is_gone_is_read_by_what_is_known() -> None:
    """A report of now needs no registry; what is of no version that is known says which schema is missing."""
    read = OwnReader(Registry())
    known, strange = frame(7, report()[1]), frame(8, b"\x99")
    await read.learn(topics.REPORTS, [known, strange])
    assert read(topics.REPORTS, known).origin == "dtc/1"
    with pytest.raises(Permanent, match="no schema 8"):
        read(topics.REPORTS, strange)


async def test_a_change_of_documentation_costs_no_resolution() -> None:
    """The bytes are the same, and so is the body."""
    registry = Registry()
    registry.known[2] = json.dumps({**json.loads(OURS.schema.text), "doc": "Said otherwise."})
    reader, body = ValueReader(registry, OURS, frame(1, b"")), OURS.encode({"n": 7, "unit": "KGM"})
    await reader.learn([frame(2, body)])
    assert reader(frame(2, body)) == body


GUID = UUID("095d71cf-1255-6b9d-5e33-0ad575b3df5d")


class Foreign(NamedTuple):
    """A record as Kafka gives it."""

    value: bytes | None
    headers: list[tuple[str, bytes]]


@pytest.mark.parametrize("head", [b"\x01" + GUID.bytes, frame(2, b"")])
async def test_a_schema_in_a_header_is_the_value_s(head: bytes) -> None:
    """By GUID or by id: the value is a body alone, also one that looks as if it had a head of its own."""
    registry = Registry()
    registry.known = {GUID: json.dumps(OLDER), 2: json.dumps(OLDER)}
    reader = ValueReader(registry, OURS, frame(1, b""))
    whole = reader.whole(Foreign(older(0) + bytes(6), [("__value_schema_id", head)]))
    await reader.learn([whole])
    with pytest.raises(Permanent) as refusal:
        reader(whole or b"")
    assert refusal.value.code == "avro-malformed"
    whole = reader.whole(Foreign(older(7), [("id", b"x"), ("__value_schema_id", head)]))
    await reader.learn([whole])
    assert OURS.decode(reader(whole or b"")) == {"n": 7, "unit": "KGM"}


@pytest.mark.parametrize(
    "head", [b"", b"\x00", b"\x00\x00\x00\x00\x01\x02", b"\x01" + bytes(15), b"\x02" + bytes(16)]
)
def test_a_header_that_names_no_schema_is_named(head: bytes) -> None:
    """Nothing is guessed of a header that is cut, too long or of another kind."""
    reader = ValueReader(Registry(), OURS, frame(1, b""))
    with pytest.raises(Permanent, match="__value_schema_id") as refusal:
        reader.whole(Foreign(older(7), [("__value_schema_id", head)]))
    assert refusal.value.code == "wire-format"


def test_a_tombstone_stays_one() -> None:
    """A header makes no value of none."""
    reader = ValueReader(Registry(), OURS, frame(1, b""))
    assert reader.whole(Foreign(None, [("__value_schema_id", b"\x01" + GUID.bytes)])) is None
