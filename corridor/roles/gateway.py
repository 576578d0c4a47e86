"""The role gateway: takes in what participants send, and serves the registry."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors.auth.bearer import SCOPES
from connectors.epermit import openapi as permit_openapi
from connectors.http.openapi import Document
from connectors.http.problems import problem
from connectors.ports import Format
from connectors.receive.app import docs_routes, webhook_routes
from connectors.receive.endpoint import Endpoint
from connectors.registry import openapi as registry_openapi
from connectors.registry.app import Fallback, registry_app
from connectors.registry.forward import Forwarder
from connectors.registry.guard import guarded
from connectors.settings import AuthoritySettings, Participant
from corridor.roles.contracts import edge_format, registered, registry_client, watch_registry
from corridor.roles.health import Alone, Health
from corridor.roles.permits import PermitOffice
from corridor.roles.process import serve_all, together
from corridor.roles.until_done import REGISTRY, until_done
from corridor.settings import Settings
from corridor.settings.exposure import own_registry
from corridor.settings.logins import registry_logins
from corridor.settings.model import ListenerSettings
from schemas.errors import Misconfigured, Transient
from streams.edges.ingest import Ingest
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.logs.registry_log import RegistryLog
from streams.records.contracts import Contracts


async def serve(settings: Settings, health: Health, stop: asyncio.Event) -> None:
    """Serve webhooks, the API description, the registry, health and metrics until ``stop`` is set."""
    senders = [participant for participant in settings.participants.values() if participant.webhook]
    client = registry_client(settings)
    contracts = Contracts(client)
    forms: dict[str, Format] = {}
    for one in senders:
        with Alone(one.name, health.set_aside):
            forms[one.name] = edge_format(one.profile, settings.known)
    schemas = {one.name: settings.known.load(one.profile).schema for one in senders if one.name in forms}
    log = Ingest(
        settings.kafka,
        contracts,
        schemas,
        sizes=Sizes(settings.topics.max_message_bytes),
        aside=health.stands,
        reachable=lambda: health.has("kafka"),
        missing=health.lacks_topic,
    )
    endpoints: list[Endpoint] = []
    for one in senders:
        if one.name in forms:
            with Alone(one.name, health.set_aside):
                endpoints.append(Endpoint(one, forms[one.name], log))
    served = {endpoint.participant.name for endpoint in endpoints}
    routes = webhook_routes(endpoints)
    routes += [_closed(one.webhook_path) for one in senders if one.name not in served]
    authorities: list[PermitOffice] = []
    for participant in settings.participants.values():
        if participant.authority:
            path = participant.authority_path
            office = _office(participant, participant.authority, settings, contracts, health)
            routes += office.routes() if office else [_closed(path), _closed(f"{path}/{{rest:path}}")]
            authorities += [office] if office else []
    for authority in authorities:
        health.watch(f"ledger of {authority.name}", authority.is_ready)
    registry = _registry(settings, health)
    if registry:
        health.watch("registry", lambda: registry.ready)
    forwarder = Forwarder()
    own = [_mounted(registry, settings, forwarder)] if registry else []
    others = other_edges(settings, embedded=registry is not None)
    docs = docs_routes(endpoints, webhook_server(settings), others)
    parts = placed(settings, routes, docs, health.routes(), own)
    health.watch("log", lambda: log.ready)

    async def take_in() -> None:
        if registry and not await until_done(registry.start, REGISTRY, health, stop):
            return
        if await registered(contracts, health, stop):
            await together(stop, log.run(stop), *(authority.run(stop) for authority in authorities))

    try:
        await together(
            stop,
            take_in(),
            serve_all(parts, stop, settings.gateway.shutdown),
            watch_registry(client, health, stop),
        )
    finally:
        if registry:
            await registry.close()
        await forwarder.close()
        await client.close()


def webhook_server(settings: Settings) -> str:
    """Where the webhooks are, as seen from their description."""
    return _seen_from(settings.gateway.docs or settings.gateway, settings.gateway)


def other_edges(settings: Settings, *, embedded: bool) -> dict[str, Document]:
    """Describe what else the gateway serves, by where the descriptions are.

    Args:
        settings: of the broker.
        embedded: it has a registry.
    """
    docs = settings.gateway.docs or settings.gateway
    found: dict[str, Document] = {}
    if embedded:
        logins = registry_logins(settings)
        locked: dict[str, bool] = {scope: logins.needed(scope) for scope in SCOPES}
        server = _seen_from(docs, settings.registry_place)
        found["/openapi/registry.json"] = registry_openapi.describe(with_login=locked, server=server)
    places = {one.name: one.authority_path for one in settings.participants.values() if one.authority}
    if places:
        found["/openapi/permits.json"] = permit_openapi.describe(places, webhook_server(settings))
    return found


def _seen_from(docs: ListenerSettings, place: ListenerSettings) -> str:
    """Where a listener is as seen from the descriptions: at the same one, or by its first name."""
    if (docs.host, docs.port) == (place.host, place.port):
        return "/"
    host = next((name for name in place.hosts if name != "*"), place.host)
    return f"http://{host}:{place.port}"


def placed(
    settings: Settings,
    webhooks: Sequence[BaseRoute],
    docs: Sequence[BaseRoute],
    health: Sequence[BaseRoute],
    registry: Sequence[BaseRoute],
) -> list[tuple[ListenerSettings, Sequence[BaseRoute]]]:
    """Put each part of the gateway where the settings want it.

    The registry comes last: it answers every path that is left.
    """
    gateway = settings.gateway
    return [
        (gateway, webhooks),
        (gateway.docs or gateway, docs),
        (gateway.health, health),
        (settings.registry_place, registry),
    ]


def _office(
    participant: Participant,
    authority: AuthoritySettings,
    settings: Settings,
    contracts: Contracts,
    health: Health,
) -> PermitOffice | None:
    """Make an authority; None when its settings cannot be used."""
    with Alone(participant.name, health.set_aside):
        return PermitOffice(participant, authority, settings, contracts, health)
    return None


def _closed(path: str) -> BaseRoute:
    """What a participant that is set aside has at a path: what is sent there may be sent again later."""

    async def refuse(request: Request) -> Response:
        error = Transient("participant-set-aside", "settings or profile of this participant cannot be used")
        return problem(error, instance=request.url.path)

    return Route(path, refuse, methods=["GET", "POST", "DELETE"])


def _registry(settings: Settings, health: Health) -> RegistryLog | None:
    """Make the embedded registry, unless another one is used."""
    if settings.registry.url:
        for risk in own_registry(settings):
            raise Misconfigured("settings-unsafe", f"{risk.setting} {risk.reason}")
        return None
    host = settings.registry_place.host
    reachable = socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
    return RegistryLog(
        settings.kafka,
        settings.topics,
        url=f"http://{reachable}:{settings.registry_place.port}",
        recursive=settings.registry.recursive,
        reachable=lambda: health.has("kafka"),
        stands_still=partial(health.stands, REGISTRY),
    )


def _mounted(registry: RegistryLog, settings: Settings, forwarder: Forwarder) -> BaseRoute:
    app = registry_app(registry, forwarder, topics.is_own_subject)
    return Fallback(guarded(app, registry_logins(settings)))
