"""A later release and this one read each other's own records; the campaign rolls between the two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any
from uuid import UUID

import msgspec
import pytest

from schemas import records
from schemas.avro.resolve import resolver
from schemas.avro.wire import frame
from schemas.records import (
    CURSOR,
    DEAD,
    OUTBOX,
    PERMIT,
    RECEIPT,
    REPORT,
    Kind,
    LedgerRecord,
    OutboxRecord,
    Violation,
)
from streams.records.contracts import OWN, Contracts, OwnReader
from tests.support.release import later_release
from tests.unit.test_records import SAMPLES

KINDS: dict[str, Kind[Any]] = {
    "DEAD": DEAD, "REPORT": REPORT, "RECEIPT": RECEIPT, "CURSOR": CURSOR, "PERMIT": PERMIT, "OUTBOX": OUTBOX,
}  # fmt: skip
MORE: list[tuple[Kind[Any], msgspec.Struct]] = [
    (PERMIT, LedgerRecord(kind="KEY", id="k1", content="{}", at=1768206600000)),
    (OUTBOX, OutboxRecord(peer="AZ", path="events/key-created", content="{}", proof="p")),
]
LATER = 9
"""Schema id under which the later release has registered."""
READS_AND_WRITES = """
import json, sys, msgspec
from schemas import records
from schemas.avro.resolve import resolver
answer = []
for name, schema, body in json.load(sys.stdin):
    kind = getattr(records, name)
    read = kind.decode(resolver(schema, kind.codec)(bytes.fromhex(body)))
    written = kind.encode(msgspec.structs.replace(read, laterField="later"))
    answer.append([msgspec.to_builtins(read), kind.codec.schema.text, written.hex()])
json.dump(answer, sys.stdout)
"""


def named(kind: Kind[Any]) -> str:
    """The name of a kind."""
    return next(name for name, one in KINDS.items() if one is kind)


def written() -> list[tuple[str, msgspec.Struct]]:
    """Records of every kind, as this release writes them."""
    kept = [(named(kind), record) for kind, record in [*SAMPLES, *MORE]]
    letter = next(record for name, record in kept if name == "DEAD")
    return [*kept, ("DEAD", msgspec.structs.replace(letter, violations=[Violation("c", "/x", "r", "v")]))]


def without(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """A value without what is later."""
    if isinstance(value, dict):
        return {name: without(one) for name, one in value.items() if name != "laterField"}
    return [without(one) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, str, bytes]]:
    """What the later release has read of each record, its schema, and the same record as it writes it."""
    tree = later_release(tmp_path_factory.mktemp("later"))
    sent = [
        [name, KINDS[name].codec.schema.text, KINDS[name].encode(record).hex()] for name, record in written()
    ]
    done = subprocess.run(
        [sys.executable, "-c", READS_AND_WRITES], input=json.dumps(sent), cwd=tree, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tree)}, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [(read, schema, bytes.fromhex(body)) for read, schema, body in json.loads(done.stdout)]


def test_every_kind_is_tried() -> None:
    """A kind of record that is added has to be read by the next release, too."""
    kinds = {name for name, one in vars(records).items() if isinstance(one, Kind)}
    assert {name for name, _ in written()} == set(KINDS) == kinds


def test_an_upgrade_reads_what_was_written_before_it(answered: list[tuple[Any, str, bytes]]) -> None:
    """Everything that this release wrote is there, and what is later is not set."""
    for (name, record), (read, schema, _) in zip(written(), answered, strict=True):
        assert schema != KINDS[name].codec.schema.text
        assert json.loads(schema)["doc"] == "Said otherwise."
        assert read["laterField"] is None
        assert without(read) == msgspec.to_builtins(record)


async def test_a_rollback_reads_what_was_written_after_it(answered: list[tuple[Any, str, bytes]]) -> None:
    """The field that this release does not know is passed over, whatever is in it; all else is as it was."""

    class Registry(Contracts):
        async def text(self, identity: int | UUID) -> str:
            assert identity == LATER
            return self.schema

        schema = ""

    registry = Registry(None)
    for (name, record), (_, schema, body) in zip(written(), answered, strict=True):
        kind = KINDS[name]
        assert body != kind.encode(record)
        assert kind.decode(resolver(schema, kind.codec)(body)) == record
        registry.schema, read = schema, OwnReader(registry)
        for topic in (topic for topic, own in OWN.items() if own is kind):
            await read.learn(topic, [frame(LATER, body)])
            assert read(topic, frame(LATER, body)) == record
