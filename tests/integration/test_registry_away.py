"""A registry that is away stops nothing that has run before, and it is said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette

from connectors.registry.app import registry_app
from connectors.registry.client import RegistryClient
from corridor.roles import contracts
from corridor.roles.contracts import watch_registry
from corridor.roles.health import Health
from schemas.avro.wire import unframe
from schemas.errors import Permanent, Transient
from streams.records.contracts import OWN, Contracts
from tests.support.memory_registry import MemoryRegistry
from tests.support.serving import serving


async def test_another_process_starts_without_the_registry(tmp_path: Path) -> None:
    """All frames and schemas are those that it gave; what it never saw is not made up."""
    async with serving() as (mount, url):
        mount(registry_app(MemoryRegistry()))
        async with RegistryClient(url, cache_dir=tmp_path, offline=True) as client:
            first = Contracts(client)
            await first.start()
            frames = {topic: await first.frame(topic, kind.codec.schema) for topic, kind in OWN.items()}
            texts = {topic: await first.text(unframe(frame)[0]) for topic, frame in frames.items()}
    async with RegistryClient(url, cache_dir=tmp_path, offline=True, attempts=1) as client:
        later = Contracts(client)
        await later.start()
        for topic, kind in OWN.items():
            assert await later.frame(topic, kind.codec.schema) == frames[topic]
            assert await later.text(unframe(frames[topic])[0]) == texts[topic]
            with pytest.raises(Transient):
                await later.frame(f"{topic}.other", kind.codec.schema)
    async with RegistryClient(url, cache_dir=tmp_path, attempts=1) as client:
        with pytest.raises(Transient):
            await Contracts(client).start()


async def test_a_refusal_is_not_answered_from_the_cache(tmp_path: Path) -> None:
    """A registry that answers is right: an id of before counts only while there is no answer."""
    async with serving() as (mount, url):
        mount(registry_app(MemoryRegistry()))
        async with RegistryClient(url, cache_dir=tmp_path, offline=True) as client:
            await client.register("s", '"int"')
            await client.call("DELETE", "/subjects/s")
            await client.call("PUT", "/mode/s", {"mode": "READONLY"})
            with pytest.raises(Permanent):
                await client.register("s", '"int"')
            assert client.reachable


async def test_readiness_and_metrics_say_that_it_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The role stays ready, names the registry as what degrades it, and the gauge is 0; then it is back."""
    monkeypatch.setattr(contracts, "LOOK", 0.02)
    health, stop = Health("stream"), asyncio.Event()
    health.watch("processors", lambda: True)
    role = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=health.routes())), base_url="http://role"
    )

    async def until(reachable: float) -> dict[str, object]:
        async with asyncio.timeout(30):
            while REGISTRY.get_sample_value("corridor_registry_reachable") != reachable:
                await role.get("/readyz")
                await asyncio.sleep(0.01)
        body: dict[str, object] = (await role.get("/readyz")).json()
        return body

    async with serving() as (mount, url):
        mount(registry_app(MemoryRegistry()))
        client = RegistryClient(url, attempts=1)
        watching = asyncio.create_task(watch_registry(client, health, stop))
        assert (await until(1))["degraded"] == []
    assert await until(0) == {
        "role": "stream",
        "ready": True,
        "waiting": [],
        "degraded": ["registry"],
        "set_aside": {},
    }
    stop.set()
    await watching
    await client.close()
    await role.aclose()
