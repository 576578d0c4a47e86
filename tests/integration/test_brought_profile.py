"""A participant whose profile is a folder of the integrator crosses both ways, beside those of the broker."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from corridor.roles.contracts import codec
from deploy.kafka import Node
from schemas import profiles
from schemas.avro.wire import unframe
from schemas.profiles import Profiles
from streams.kafka import topics
from streams.kafka.settings import Kafka, Topics
from tests.support.kafka import read
from tests.support.roles import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.system("dlp")]

FOLDER = Path(__file__).parents[2] / "docs" / "integrating" / "depot.move.v1"
DEPOT = f"""
[profiles]
directories = ["{FOLDER}"]
[participants.depot]
profile = "depot.move.v1"
[participants.depot.webhook]
bearer = ["env:DLP_TOKEN"]
[participants.depot.deliver]
url = "https://depot.example/moves"
"""


async def test_moves_of_a_depot_reach_the_dlp_and_events_of_the_dlp_the_depot(
    tmp_path: Path, private_kafka: Callable[[], Node]
) -> None:
    """ON_WAGON at 14:05 in Almaty is LOAD at 09:05 UTC; what the DLP says is loaded is ON_WAGON."""
    node = private_kafka()
    await node.start()
    kafka = Kafka(bootstrap=node.bootstrap)
    await topics.create(kafka, topics.plan(["dlp", "depot"], Topics(partitions=2)))
    move = json.loads((FOLDER / "examples" / "on-wagon.json").read_text("utf-8"))
    async with Broker(tmp_path, node.bootstrap, DEPOT) as broker:
        await broker.until_all(lambda body: body["ready"] and not body.get("set_aside"))
        sent = await broker.send("/webhooks/depot", msgspec.json.encode(move))
        assert sent.status_code == 202, sent.text
        (record, *_) = await read(node.bootstrap, topics.outgoing("dlp"), 1)
        event: dict[str, Any] = codec("dlp.event.v1").decode(unframe(record.value)[1])
        assert (event["eventType"], event["eventCode"], event["equipmentReference"]) == (
            "EQUIPMENT", "LOAD", "MSKU6011672",
        )  # fmt: skip
        assert event["eventDateTime"] == 1_796_029_500_000  # 2026-11-30T09:05:00Z

        told: Any = profiles.load("dlp.event.v1").examples["loaded-on-wagon"]
        assert (await broker.send("/webhooks/dlp", msgspec.json.encode(told))).status_code == 202
        (record, *_) = await read(node.bootstrap, topics.outgoing("depot"), 1)
        known = Profiles.of((FOLDER,))
        back: dict[str, Any] = codec("depot.move.v1", known).decode(unframe(record.value)[1])
        assert (back["container"], back["move"], back["place"]) == ("CSQU3054383", "ON_WAGON", "AZALA")

        refused = await broker.send("/webhooks/depot", msgspec.json.encode({**move, "move": "LIFTED"}))
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/move")
