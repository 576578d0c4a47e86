"""Extreme values of every field through the roles themselves: stream and deliver with their envelopes."""

from __future__ import annotations

import json
import os
import random
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.settings import Deliver
from corridor.roles.contracts import codec, edge_format, json_form
from schemas import profiles
from schemas.codes.lists import CodeLists
from schemas.errors import Permanent
from schemas.mapping.compile import load
from schemas.records import DEAD
from schemas.translation import Translator
from schemas.translation.store import Store
from streams.delivery.outbound import Outbound
from streams.kafka import topics
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import SMALLEST, Sizes, size_of
from streams.processing.processor import Processor
from streams.processing.stage import Planned, Stage
from streams.records.contracts import HEAD, Contracts, ValueReader
from tests.field.test_any_value import documents

NAMES = [name for name in profiles.names() if profiles.load(name).http is not None]
SAMPLE = 2000 if os.environ.get("CORRIDOR_SOAK") else 40
FRAME = b"\x00\x00\x00\x00\x01"
SIZES = Sizes(SMALLEST)


async def partitions(_: str) -> int:
    """Three of each topic."""
    return 3


WRITER: Any = SimpleNamespace(partitions=partitions, sizes=SIZES)


def processor(contracts: Contracts, profile: str, direction: str) -> Processor:
    """The processor of a profile, as the role stream makes it."""
    one = profiles.load(profile)
    mapping = load(
        one.mappings[direction], f"{profile}/{direction}.yaml", lambda name: profiles.load(name).schema,
        CodeLists.load([]),
    )  # fmt: skip
    inward = direction == "to_corridor"
    source, target = (
        (topics.incoming("p"), topics.EVENTS) if inward else (topics.EVENTS, topics.outgoing("p"))
    )
    read_as = profile if inward else profiles.CANONICAL
    reader = ValueReader(contracts, codec(read_as), FRAME)
    name = f"{'to' if inward else 'from'}-corridor.p"
    stage = Stage(
        name, source, target, "p" if inward else "q", Translator(mapping), reader, FRAME, not inward
    )
    return Processor(stage, contracts)


def record(topic: str, offset: int, row: Any) -> Any:  # noqa: ANN401
    """A record of the log, as it was written."""
    key, value, headers = row
    return SimpleNamespace(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=1768000000000,
        key=key,
        value=value,
        headers=headers,
    )


def rows(planned: Planned, topic: str) -> list[Any]:
    """What a batch writes to a topic; all of it fits, and nothing in it is a defect."""
    for (written, _), listed in planned.writes.rows.items():
        for row in listed:
            assert size_of(*row) <= SIZES.of(written)
            if written == topics.DEAD:
                assert DEAD.decode(row[1][HEAD:]).code != "internal"
    return [row for (written, _), listed in planned.writes.rows.items() if written == topic for row in listed]


@pytest.mark.parametrize("name", NAMES)
async def test_no_value_of_a_field_ends_a_role(name: str) -> None:
    """Through the edge, into the corridor, out of it to the same format, and to the partner as JSON."""
    contracts = Contracts(None)
    await contracts.start()
    made = documents(name)
    sample = random.Random(name).sample(made, min(SAMPLE, len(made)))
    edge, accepted = edge_format(name), []
    for document in sample:
        try:
            message = edge.read(json.dumps(document).encode())
        except Permanent:
            continue
        headers = [("id", message.id.encode()), ("origin", f"p/{message.id}".encode()), ("hops", b"p"),
                   ("accepted", b"1768000000000")]  # fmt: skip
        accepted.append((message.key, FRAME + message.body, headers))
    assert accepted
    inward = processor(contracts, name, "to_corridor")
    incoming = [record("in.p", offset, row) for offset, row in enumerate(accepted)]
    events = rows(await inward.plan(incoming, Store(), 0, WRITER), topics.EVENTS)
    assert events
    if "from_corridor" not in profiles.load(name).mappings:
        return
    outward = processor(contracts, name, "from_corridor")
    told = [record(topics.EVENTS, offset, row) for offset, row in enumerate(events)]
    out = rows(await outward.plan(told, Store(), 0, WRITER), "out.p")
    delivery = Outbound(
        "p", SimpleNamespace(), Deliver(url="http://127.0.0.1:1"), json_form(name), codec(name),  # type: ignore[arg-type]
        Kafka(bootstrap="127.0.0.1:1"), Processing(), contracts, SIZES,
    )  # fmt: skip
    delivery._reader = ValueReader(contracts, codec(name), FRAME)
    track: Any = SimpleNamespace(partition=0, finish=lambda done: pytest.fail(repr(done.error)))
    for offset, row in enumerate(out):
        delivery._enqueue(track, record("out.p", offset, row))
    assert delivery._in_hand == len(out)
