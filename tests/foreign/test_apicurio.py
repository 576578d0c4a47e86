import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connectors.registry.client import RegistryClient
from schemas.errors import Permanent, Transient
from streams import topics
from streams.contracts import OWN, Contracts
from tests.support.apicurio import Apicurio

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(300)]

OLD = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
NEXT = (
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":1}]}'
)
BAD = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"c","type":"int"}]}'


@pytest.fixture
async def apicurio(tmp_path: Path) -> AsyncIterator[Apicurio]:
    """An empty Apicurio."""
    registry = Apicurio(tmp_path / "apicurio.log")
    await registry.start()
    yield registry
    await registry.stop()


async def test_client_works_with_apicurio(apicurio: Apicurio, tmp_path: Path) -> None:
    """Register, look up, check and refuse, where Apicurio differs from Confluent too; then without it."""
    async with RegistryClient(apicurio.url, cache_dir=tmp_path) as client:
        assert await client.ready()
        assert await client.check("t-value", OLD) == []
        first = await client.register("t-value", OLD)
        assert await client.register("t-value", OLD) == first
        await client.ensure_compatibility("t-value")
        second = await client.register("t-value", NEXT)
        assert second != first
        assert await client.check("t-value", BAD)
        with pytest.raises(Permanent) as refused:
            await client.register("t-value", BAD)
        assert refused.value.code == "schema-incompatible"
        latest = await client.latest("t-value")
        assert (latest.id, latest.version, json.loads(latest.schema)) == (second, 2, json.loads(NEXT))
        with pytest.raises(Permanent) as unknown:
            await client.schema(424242)
        assert unknown.value.code == "schema-unknown"
        references = [{"name": "R", "subject": "t-value", "version": 1}]
        third = await client.register("u-value", '{"type":"array","items":"R"}', references=references)
        assert json.loads(await client.schema(third)) == {"type": "array", "items": json.loads(OLD)}
        assert json.loads(await client.schema(first)) == json.loads(OLD)
    await apicurio.stop()
    async with RegistryClient(apicurio.url, cache_dir=tmp_path, attempts=1) as client:
        assert not await client.ready()
        assert json.loads(await client.schema(first)) == json.loads(OLD)
        with pytest.raises(Transient):
            await client.schema(second)


async def test_contracts_of_the_broker_register_with_apicurio(apicurio: Apicurio) -> None:
    """All of the broker's own records are registered, and found again by another process."""
    async with RegistryClient(apicurio.url) as client:
        await asyncio.gather(*(Contracts(client).start() for _ in range(4)))
        frames = {
            topic: await Contracts(client).frame(topic, kind.codec.schema) for topic, kind in OWN.items()
        }
    async with RegistryClient(apicurio.url) as client:
        for topic, kind in OWN.items():
            registered = await client.latest(f"{topic}-value")
            assert registered.id == int.from_bytes(frames[topic][1:5], "big")
            assert json.loads(registered.schema)["name"] == json.loads(kind.codec.schema.text)["name"]
            answer = await client.call("GET", f"/config/{topic}-value")
            assert answer == {"compatibilityLevel": "BACKWARD"}
    assert topics.DEAD in frames
