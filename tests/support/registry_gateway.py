"""A gateway that has nothing but the registry, on a real port of this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from connectors.registry.app import registry_app
from connectors.registry.forward import Forwarder
from streams.kafka.settings import Kafka
from streams.logs.registry_log import RegistryLog
from tests.support.serving import serving


@asynccontextmanager
async def gateway(bootstrap: str, topic: str) -> AsyncIterator[tuple[RegistryLog, httpx.AsyncClient]]:
    """One gateway with a registry, on a real port, and a client for it."""
    async with serving() as (mount, url):
        registry = RegistryLog(Kafka(bootstrap=bootstrap), topic=topic, url=url)
        forwarder = Forwarder()
        mount(registry_app(registry, forwarder))
        await registry.start()
        try:
            async with httpx.AsyncClient(base_url=url, timeout=60) as client:
                yield registry, client
        finally:
            await forwarder.close()
            await registry.close()
