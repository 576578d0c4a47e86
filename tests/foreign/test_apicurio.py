import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from connectors.registry.client import RegistryClient
from corridor.cli.exits import Exit
from corridor.cli.schema import command
from schemas.errors import Permanent, Transient
from streams.kafka import topics
from streams.records.contracts import OWN, Contracts
from tests.support.apicurio import Apicurio
from tests.support.up import Up, crossing, free_base, ready

pytestmark = [pytest.mark.foreign]

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
            await client.schema(424242)


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


async def test_shipments_cross_on_apicurio(apicurio: Apicurio, tmp_path: Path) -> None:
    """`corridor up --registry` runs on it: both ways deliver, and all schemas on the way are its."""
    up = Up(tmp_path / "state", free_base(), "--registry", apicurio.url)
    try:
        status = await asyncio.to_thread(up.until, lambda s: ready(s) and crossing(s))
        assert status["addresses"]["schema registry"] == apicurio.url
    finally:
        assert await asyncio.to_thread(up.end) == 0
    async with RegistryClient(apicurio.url) as client:
        subjects = await client.call("GET", "/subjects")
    assert isinstance(subjects, list)
    assert {"in.dtc-value", "in.dlp-value", "corridor.events-value", "out.dtc-value"} <= set(subjects)


def test_schema_commands_work_with_apicurio(apicurio: Apicurio, tmp_path: Path) -> None:
    """Every `corridor schema` command that asks a registry does what it does with our own."""
    place = ("--registry", apicurio.url)
    files = {name: tmp_path / f"{name}.avsc" for name in ("old", "next", "bad")}
    for path, text in zip(files.values(), (OLD, NEXT, BAD), strict=True):
        path.write_text(text)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(command, [*arguments, *place], standalone_mode=False)

    first = run("register", "s", str(files["old"]))
    assert first.exit_code == 0, first.output
    assert run("register", "s", str(files["next"]), "--dry-run").return_value == Exit.OK
    httpx.put(f"{apicurio.url}/config/s", json={"compatibility": "BACKWARD"}).raise_for_status()
    assert run("check", "s", str(files["next"])).return_value == Exit.OK
    refused = run("check", "s", str(files["bad"]))
    assert refused.return_value == Exit.FINDINGS
    assert "has no default" in refused.output
    assert json.loads(run("show", "s:1").output) == json.loads(OLD)
    assert run("list").output == "s  1\n"
    assert run("diff", "s", str(files["next"])).return_value == Exit.FINDINGS
