import asyncio
import shutil
import uuid
from pathlib import Path

import pytest

from tests.conftest import Kafka
from tests.support.registry_gateway import gateway

pytestmark = [pytest.mark.kafka, pytest.mark.foreign, pytest.mark.timeout(600)]
HERE = Path(__file__).parent


async def run(*command: str, cwd: Path) -> str:
    """Run a command and give what it printed; a missing toolchain is a failure, not a skipped test."""
    assert shutil.which(command[0]), f"{command[0]} is not installed: `make foreign` needs Go and Node"
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_franz_go(kafka: Kafka) -> None:
    """A Go service with franz-go's sr registers, looks up, checks and deletes."""
    async with gateway(kafka.bootstrap, f"_schemas-{uuid.uuid4().hex[:8]}") as (_, http):
        assert (await run("go", "run", ".", str(http.base_url), cwd=HERE / "franz-go")).endswith("ok\n")


async def test_kafkajs(kafka: Kafka) -> None:
    """A Node service with @kafkajs/confluent-schema-registry registers, encodes and decodes."""
    directory = HERE / "kafkajs"
    await run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=directory)
    async with gateway(kafka.bootstrap, f"_schemas-{uuid.uuid4().hex[:8]}") as (_, http):
        assert (await run("node", "main.js", str(http.base_url), cwd=directory)).endswith("ok\n")
