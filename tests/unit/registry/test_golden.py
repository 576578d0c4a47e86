import httpx

from connectors.registry.app import registry_app
from tests.support.golden import replay
from tests.support.memory_registry import MemoryRegistry


async def test_answers_are_those_of_a_real_confluent_registry() -> None:
    """Each of 100 recorded requests is answered byte for byte as Confluent 8.1.1 answered it."""
    transport = httpx.ASGITransport(registry_app(MemoryRegistry()))
    async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:
        assert await replay(client) == 100
