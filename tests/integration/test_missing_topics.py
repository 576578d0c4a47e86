"""A participant whose topics are missing is set aside alone, and comes back when they are there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.kafka import Node
from schemas import profiles
from streams.kafka import topics
from streams.kafka.settings import Kafka, Topics
from tests.support.kafka import read
from tests.support.roles import Broker

pytestmark = pytest.mark.kafka

LATE = """
[participants.late]
profile = "dlp.event.v1"
[participants.late.deliver]
url = "https://late.example/events"
[participants.late.webhook]
bearer = ["env:DLP_TOKEN"]
"""


async def test_missing_topics_cost_their_own_participant_alone(
    tmp_path: Path, private_kafka: Callable[[], Node]
) -> None:
    """In all roles: they are ready, name it, and serve the others; once its topics are made, it is served."""
    node = private_kafka()
    await node.start()
    settings, kafka = Topics(partitions=2), Kafka(bootstrap=node.bootstrap)
    await topics.create(kafka, topics.plan(["dlp"], settings))
    example: dict[str, Any] = next(iter(profiles.load("dlp.event.v1").examples.values()))
    body = msgspec.json.encode(example)
    async with Broker(tmp_path, node.bootstrap, LATE) as broker:
        for role in ("gateway", "stream", "deliver"):
            said = await broker.until(role, lambda body: body["ready"] and "late" in body["set_aside"])
            assert "there is no topic" in said["set_aside"]["late"]
            assert "dlp" not in said["set_aside"]
        assert (await broker.metrics())[
            'corridor_participant_set_aside{code="kafka-unavailable",participant="late",role="stream"}'
        ] == 1
        assert (await broker.send("/webhooks/dlp", body)).status_code == 202
        refused = await broker.send("/webhooks/late", body)
        assert (refused.status_code, refused.json()["code"]) == (503, "participant-set-aside")
        assert len(await read(node.bootstrap, topics.EVENTS, 1)) == 1  # the lanes run

        await topics.create(kafka, topics.plan(["dlp", "late"], settings))
        for role in ("gateway", "stream", "deliver"):
            await broker.until(role, lambda body: body["ready"] and not body["set_aside"])
        again = {**example, "eventID": "f1365a1c-b40d-576c-9ebc-51e867014bff"}
        assert (await broker.send("/webhooks/late", msgspec.json.encode(again))).status_code == 202
        records = await read(node.bootstrap, topics.outgoing("late"), 1)
        assert records
        await read(node.bootstrap, topics.outgoing("dlp"), 1)
