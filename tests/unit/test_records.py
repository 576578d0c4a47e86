"""The broker's own records."""

from importlib.resources import files

import msgspec
import pytest

from schemas.avro.codec import Codec
from schemas.avro.lint import profile
from schemas.avro.schema import Schema
from schemas.errors import Invalid, Permanent
from schemas.records import (
    CURSOR,
    DEAD,
    RECEIPT,
    RECORDS,
    REPORT,
    Cursor,
    DeadLetter,
    Filtered,
    Finding,
    Kind,
    Loss,
    Receipt,
    Report,
)

SAMPLES: list[tuple[Kind, msgspec.Struct]] = [
    (
        DEAD,
        DeadLetter(
            id="d1",
            stage="to-corridor.dtc",
            code="mapping-failed",
            pointer="/wagons/0/number",
            topic="in.dtc",
            partition=2,
            offset=2**40,
            body=b"\x00\xff",
            headers={"id": b"m1"},
        ),
    ),
    (
        REPORT,
        Report(
            id="m1",
            origin="dtc/m1",
            stage="to-corridor.dtc",
            outputs=3,
            losses=[Loss("/consignor/taxId", "personal-data")],
            findings=[Finding("/wagons/0/number", "check digit is 5", "warning", "54012341")],
            filtered=[Filtered("loaded", "duplicate")],
        ),
    ),
    (
        RECEIPT,
        Receipt(
            id="e1:1",
            participant="dlp",
            origin="dtc/m1",
            subject="EQUIPMENT:MSCU1234566",
            idempotency_key="k",
            outcome="DELIVERED",
            status=202,
            attempts=1,
            accepted=1768206600000,
            delivered=1768206600123,
            body_sha256="00" * 32,
            topic="out.dlp",
            partition=0,
            offset=7,
        ),
    ),
    (CURSOR, Cursor(participant="dlp", cursor="p2", high_water=1768206600000, sequence=12)),
]


@pytest.mark.parametrize(("kind", "record"), SAMPLES)
def test_records_come_back_from_their_bytes(kind: Kind, record: msgspec.Struct) -> None:
    """Decoding what was encoded gives the same record, missing optional values included."""
    assert kind.decode(kind.encode(record)) == record


@pytest.mark.parametrize(("kind", "record"), SAMPLES)
def test_struct_and_schema_have_the_same_fields(kind: Kind, record: msgspec.Struct) -> None:
    """The struct has the schema's fields in the schema's order, nested records included."""
    assert record.__struct_fields__ == tuple(f.name for f in kind.codec.schema.record.fields)
    for name in record.__struct_fields__:
        for item in getattr(record, name) if isinstance(getattr(record, name), list) else []:
            nested = {path for path, _ in kind.codec.schema.fields() if path.startswith(f"{name}.")}
            assert {f"{name}.{f}" for f in item.__struct_fields__} == nested


def test_names_are_those_of_the_architecture() -> None:
    """The full names are the ones that the architecture gives."""
    assert set(RECORDS) == {
        "corridor.dead.v1",
        "corridor.report.v1",
        "corridor.receipt.v1",
        "corridor.cursor.v1",
        "corridor.permit.v1",
        "corridor.permit.outbox.v1",
    }


@pytest.mark.parametrize("codec", RECORDS.values(), ids=RECORDS)
def test_schemas_keep_the_rules_for_profiles(codec: Codec) -> None:
    """Every field has a doc and unions are nullables, as we ask of the partners' schemas."""
    assert profile(codec.schema.text) == []


def test_a_value_of_the_wrong_type_is_named() -> None:
    """What the schema forbids is refused with its pointer."""
    with pytest.raises(Invalid) as caught:
        CURSOR.encode(Cursor(participant="dlp", sequence=2**63))
    assert (caught.value.pointer, caught.value.code) == ("/sequence", "schema-violation")


def test_what_an_earlier_broker_left_in_the_log_is_read() -> None:
    """Dead letters of before an upgrade can be listed and replayed after it, without asking a registry."""
    old = Schema.parse(files("schemas").joinpath("records", "earlier", "dead-1.avsc").read_text("utf-8"))
    letter = {
        "id": "l", "participant": "dtc", "stage": "to-corridor.dtc", "code": "mapping-failed",
        "topic": "in.dtc", "partition": 3, "offset": 7, "key": b"k", "body": b"b", "headers": {"id": b"x"},
        "accepted": 1_768_192_200_000, "attempts": 0,
    }  # fmt: skip
    read = DEAD.decode(Codec(old).encode(letter))
    assert (read.id, read.offset, read.body, read.accepted) == ("l", 7, b"b", 1_768_192_200_000)
    assert list(read.violations) == []
    with pytest.raises(Permanent):
        DEAD.decode(b"\x02nonsense")
