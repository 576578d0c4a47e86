"""What the HTTP edges answer while it is known that Kafka is away: at once, and as much as they know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from deploy.kafka import Node
from deploy.ports import LOOPBACK
from schemas import profiles
from streams.kafka import topics
from streams.kafka.settings import Kafka, Topics
from tests.support.roles import TOKEN, Broker

pytestmark = pytest.mark.kafka

AT_ONCE = 8.0
"""Seconds until the client gives up: less than what an acknowledgement is waited for."""
EVENT = next(iter(profiles.load("dlp.event.v1").examples.values()))


async def test_while_kafka_is_away_every_edge_answers_at_once(
    tmp_path: Path, private_kafka: Callable[[], Node]
) -> None:
    """What must be written is refused; what is in the log already, and all reading, is answered as ever."""
    node = private_kafka()
    await node.start()
    await topics.create(Kafka(bootstrap=node.bootstrap), topics.plan(["dlp"], Topics(partitions=2)))
    async with Broker(tmp_path, node.bootstrap) as broker:
        await broker.until_all(lambda body: body["ready"])
        operator = {
            "Authorization": f"Bearer {(tmp_path / '.corridor/secrets/registry.token').read_text().strip()}"
        }
        url = f"http://{LOOPBACK}:{broker.ports['gateway']}"
        async with httpx.AsyncClient(base_url=url, timeout=AT_ONCE, trust_env=False) as client:

            async def send(number: int) -> httpx.Response:
                event = {**EVENT, "eventID": str(UUID(int=number))}
                return await client.post(
                    "/webhooks/dlp", json=event, headers={"Authorization": f"Bearer {TOKEN}"}
                )

            async def register(text: str) -> httpx.Response:
                body = {"schema": json.dumps(text)}
                return await client.post("/subjects/mine/versions", json=body, headers=operator)

            assert (await send(1)).status_code == 202
            assert (await register("int")).status_code == 200
            node.kill()
            await broker.until("gateway", lambda body: "kafka" in body["waiting"])

            refused = await send(2)
            assert (refused.status_code, refused.json()["code"]) == (503, "log-unavailable")
            assert int(refused.headers["retry-after"]) >= 1
            assert (await send(1)).status_code == 202, "it is in the log"
            assert (await register("int")).status_code == 200, "it is registered"
            unknown = await register("long")
            assert (unknown.status_code, unknown.json()["error_code"]) == (500, 50001)
            assert (await client.get("/subjects", headers=operator)).status_code == 200

            await node.start()
            await broker.until_all(lambda body: body["ready"])
            assert (await send(2)).status_code == 202
            assert (await register("long")).status_code == 200
