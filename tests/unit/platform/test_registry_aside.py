"""A topic of the registry's log that it cannot use stops the registry, and ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.settings import Participant, Webhook
from corridor.roles import gateway, until_done
from corridor.roles.health import Health
from corridor.settings import Settings
from corridor.settings.model import Gateway, RegistrySettings
from deploy.ports import free_port
from schemas import profiles
from schemas.errors import Misconfigured, Permanent
from streams.kafka.settings import Kafka
from streams.kafka.topics import Deviation
from streams.logs import shared_log
from streams.logs.registry_log import RegistryLog

PARTITIONS = Deviation("_schemas", "partitions", "1", "3")
POLICY = Deviation("_schemas", "cleanup.policy", "compact", "delete")
NAME = "schema registry"
LOGIN = {"Authorization": "Bearer " + "g" * 32}


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Deviation | Exception]:
    """What is wrong with the topic, as Kafka says; nothing once the list is empty."""
    said: list[Deviation | Exception] = []

    async def create(*_: object) -> list[str]:
        for one in said:
            if isinstance(one, Exception):
                raise one
        return []

    async def check(*_: object) -> list[Deviation]:
        return [one for one in said if isinstance(one, Deviation)]

    async def cluster(_: object) -> str:
        return "of the test"

    async def follow(log: RegistryLog) -> None:
        await log._move(0, 0)
        await asyncio.Event().wait()

    monkeypatch.setenv("GOOD", "g" * 32)
    monkeypatch.setattr(until_done, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(until_done, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(shared_log.topics, "create", create)
    monkeypatch.setattr(shared_log.topics, "check", check)
    monkeypatch.setattr(RegistryLog, "_cluster_id", cluster)
    monkeypatch.setattr(RegistryLog, "_follow", follow)
    return said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (PARTITIONS, "settings-unsafe: registry: topic _schemas has 3 partitions"),
        (POLICY, "settings-unsafe: registry: topic _schemas has cleanup.policy delete"),
        (
            Misconfigured("settings-invalid", "topic _schemas cannot be created"),
            "settings-invalid: topic _sch",
        ),
        (KeyError("defect"), "internal: KeyError"),
    ],
)
async def test_a_topic_of_another_shape_stops_the_registry_alone(
    wrong: Deviation | Exception, says: str, found: list[Deviation | Exception]
) -> None:
    """The gateway lives and says why; what is sent may be sent again; with the topic mended it goes on."""
    found.append(wrong)
    note = next(iter(profiles.load("dtc.note.v1").examples.values()))
    good = Participant(name="good", profile="dtc.note.v1", webhook=Webhook(bearer=("env:GOOD",)))
    settings = Settings(
        kafka=Kafka(bootstrap="127.0.0.1:1"),
        registry=RegistrySettings(token="env:GOOD"),
        gateway=Gateway(port=free_port(), shutdown=0),
        participants={"good": good},
    )
    health, stop = Health("gateway"), asyncio.Event()
    serving = asyncio.create_task(gateway.serve(settings, health, stop))
    base = f"http://127.0.0.1:{settings.gateway.port}"
    try:
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client, asyncio.timeout(20):
            said = await _ready(client, serving, lambda body: NAME in body["set_aside"])
            assert said["set_aside"][NAME].startswith(says)
            assert said["waiting"] == ["registry", "log"]
            assert (await client.get("/subjects", headers=LOGIN)).json()["error_code"] == 50001
            sent = await client.post("/webhooks/good", json=note, headers=LOGIN)
            assert sent.status_code == 503
            found.clear()
            await _ready(client, serving, lambda body: not body["set_aside"] and body["waiting"] == ["log"])
            assert (await client.get("/subjects", headers=LOGIN)).json() == []
    finally:
        stop.set()
        await serving


def test_a_log_that_cannot_be_read_is_named_as_well() -> None:
    """Readiness says why the registry stands still, and no more of it afterwards."""
    health = Health("gateway")
    registry = gateway._registry(Settings(kafka=Kafka(bootstrap="127.0.0.1:1")), health)
    assert registry is not None
    registry._stands_still(Permanent("log-unreadable", "offset 3"))
    assert {name: one.code for name, one in health.aside.items()} == {NAME: "log-unreadable"}
    registry._stands_still(None)
    assert health.aside == {}


async def _ready(
    client: httpx.AsyncClient, serving: asyncio.Task[None], holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Ask the gateway until its readiness is as wanted."""
    while True:
        if serving.done():
            serving.result()
            raise AssertionError("the gateway has ended")
        try:
            body: dict[str, Any] = (await client.get("/readyz")).json()
        except httpx.TransportError:
            body = {"set_aside": {}, "waiting": ["start"]}
        if holds(body):
            return body
        await asyncio.sleep(0.02)
