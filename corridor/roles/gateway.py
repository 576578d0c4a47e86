"""The role gateway: takes in what participants send, and serves the registry."""

from __future__ import annotations

import asyncio
import socket

from starlette.routing import BaseRoute, Mount

from connectors.auth.secret import find_secret
from connectors.receive.app import webhook_routes
from connectors.receive.endpoint import Endpoint
from connectors.registry.app import registry_app
from corridor.roles.contracts import edge_format, registered, registry_client, watch_registry, with_login
from corridor.roles.health import Health
from corridor.roles.permits import Permits
from corridor.roles.process import serve_http, together
from corridor.settings import Settings
from corridor.settings.exposure import is_own
from schemas import profiles
from schemas.errors import Misconfigured
from streams.contracts import Contracts
from streams.ingest import Ingest
from streams.registry_log import RegistryLog
from streams.sizes import Sizes


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Serve webhooks, the API description, the registry, health and metrics until ``stop`` is set."""
    senders = [participant for participant in settings.participants.values() if participant.webhook]
    client = registry_client(settings)
    contracts = Contracts(client)
    schemas = {participant.name: profiles.load(participant.profile).schema for participant in senders}
    log = Ingest(settings.kafka, contracts, schemas, sizes=Sizes(settings.topics.max_message_bytes))
    endpoints = [Endpoint(participant, edge_format(participant.profile), log) for participant in senders]
    routes = [*webhook_routes(endpoints), *health.routes()]
    authorities = [
        Permits(participant, participant.authority, settings, contracts)
        for participant in settings.participants.values()
        if participant.authority
    ]
    for authority in authorities:
        routes += authority.routes()
        health.watch(f"ledger of {authority.name}", authority.is_ready)
    registry = _registry(settings)
    if registry:
        health.watch("registry", lambda: registry.ready)
        routes.append(_mounted(registry, settings))
    health.watch("log", lambda: log.ready)

    async def take_in() -> None:
        if registry:
            await registry.start()
        if await registered(contracts, stop):
            await together(stop, log.run(stop), *(authority.run(stop) for authority in authorities))

    try:
        await together(
            stop,
            take_in(),
            serve_http(settings.gateway, routes, stop, settings.gateway.shutdown),
            watch_registry(client, health, stop),
        )
    finally:
        if registry:
            await registry.close()
        await client.close()


def _registry(settings: Settings) -> RegistryLog | None:
    """Make the embedded registry, unless another one is used."""
    if settings.registry.url:
        if is_own(settings, settings.registry.url):
            message = "registry.url is this gateway itself, which then serves no registry: leave it out"
            raise Misconfigured("settings-unsafe", message)
        return None
    host = settings.gateway.host
    reachable = socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return RegistryLog(
        settings.kafka,
        settings.topics,
        url=f"http://{reachable}:{settings.gateway.port}",
        recursive=settings.registry.recursive,
    )


def _mounted(registry: RegistryLog, settings: Settings) -> BaseRoute:
    app = registry_app(registry)
    if settings.registry.token:
        app = with_login(app, find_secret(settings.registry.token))
    return Mount("/", app)
