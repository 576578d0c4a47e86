"""What the roles need of a participant's profile and of the registry, put together from the layers below."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import httpx
import structlog
from prometheus_client import Gauge

from connectors.auth.secret import find_secret
from connectors.pauses import Pauses, pause
from connectors.ports import Format, IncomingMessage, too_long
from connectors.registry.client import RegistryClient
from connectors.registry.transport import TokenAuth
from corridor.roles.health import Health
from corridor.settings import Settings
from corridor.settings.logins import registry_token
from schemas.avro.codec import Codec
from schemas.avro.emit import FAILURES
from schemas.avro.jsonform import JsonForm
from schemas.avro.leaves import leaves
from schemas.codes.brought import brought
from schemas.errors import Invalid, Misconfigured, Transient
from schemas.mapping.compile import compile_expression
from schemas.profiles import SHIPPED, Profiles
from schemas.text import forbidden
from streams.records.contracts import Contracts

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two tries to reach a registry that a role cannot start without."""
LOOK: Final = 5.0
"""Seconds between two looks at the registry."""

reachable = Gauge("corridor_registry_reachable", "1 while the schema registry in use answers.")


@lru_cache(maxsize=256)
def json_form(profile: str, known: Profiles = SHIPPED) -> JsonForm:
    """Return the JSON form of a profile's schema."""
    return JsonForm(known.load(profile).schema)


@lru_cache(maxsize=256)
def codec(profile: str, known: Profiles = SHIPPED) -> Codec:
    """Return the codec of a profile's schema."""
    return Codec(known.load(profile).schema)


def edge_format(name: str, known: Profiles = SHIPPED) -> Format:
    """Put together what an HTTP edge needs of a profile.

    Args:
        name: of the profile.
        known: where it is looked for.

    Raises:
        Misconfigured: there is no such profile, or it has no HTTP side.
    """
    profile = known.load(name)
    if profile.http is None:
        raise Misconfigured("settings-invalid", f"the profile {name} has no http.yaml: nobody can speak it")
    form, avro = json_form(name, known), codec(name, known)
    identify = compile_expression(profile.http.message_id, profile.schema, brought())
    partition = compile_expression(profile.http.key, profile.schema, brought())

    def read(body: bytes) -> IncomingMessage:
        encoded, findings = form.take(body)
        datum = avro.decode_trusted(encoded)
        try:
            identity, key = identify(datum), partition(datum)
        except FAILURES as error:
            rule = f"no id or key can be made of the message: {error}"
            raise Invalid("id-missing", "", rule) from error
        if not identity:
            raise Invalid("id-missing", "", f"the message's id is {profile.http and profile.http.message_id}")
        for made in map(str, (identity, key)):
            if rule := forbidden(made) or too_long(made):  # prose elsewhere, but a name has one line
                at = (x.pointer for x in leaves(profile.schema.root, datum) if str(x.value) in made)
                raise Invalid("schema-violation", next(at, ""), rule, made)
        return IncomingMessage(str(identity), str(key or identity).encode(), encoded, findings)

    return Format(
        profile=name,
        read=read,
        json_schema=form.json_schema(),
        media_types=profile.http.media_types,
        batch=profile.http.batch,
        max_batch=profile.http.max_batch,
        examples=profile.examples,
        doc=profile.http.doc,
    )


def registry_client(settings: Settings) -> RegistryClient:
    """Make the client of the registry in use.

    Raises:
        Misconfigured: a secret or a certificate cannot be read.
    """
    registry = settings.registry
    auth: httpx.Auth | tuple[str, str] | None = None
    if token := registry_token(settings):
        auth = TokenAuth(token.reveal())
    elif registry.password:
        auth = (registry.username, find_secret(registry.password).reveal())
    return RegistryClient(
        settings.registry_url,
        auth=auth,
        verify=_trust(registry.ca_file, registry.cert_file),
        cache_dir=Path(registry.cache) if registry.cache else None,
        offline=registry.url is not None,
    )


async def watch_registry(client: RegistryClient, health: Health, stop: asyncio.Event) -> None:
    """Ask now and then whether the registry answers, and let readiness and metrics say so.

    What runs has its schemas: a registry that is away degrades a role and stops it not.
    """
    health.degrades("registry", lambda: client.reachable)
    while not stop.is_set():
        reachable.set(await client.ready())
        await pause(stop, LOOK)


def _trust(ca_file: str, cert_file: str) -> ssl.SSLContext | None:
    if not ca_file and not cert_file:
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
        if cert_file:
            context.load_cert_chain(cert_file)
    except OSError as error:
        raise Misconfigured("settings-invalid", f"registry: {ca_file or cert_file}: {error}") from error
    return context


async def registered(contracts: Contracts, health: Health, stop: asyncio.Event) -> bool:
    """Register the broker's own records, waiting for a registry that is not there yet.

    Returns:
        False when ``stop`` was set first.
    """
    return await tried(contracts.start, "registry", health, stop)


async def tried(
    work: Callable[[], Awaitable[object]], what: str, health: Health, stop: asyncio.Event
) -> bool:
    """Do something until it succeeds; readiness says meanwhile what the role waits for.

    Args:
        work: what is done.
        what: cause of a failure that may pass.
        health: of the role.
        stop: ends it.

    Returns:
        False when ``stop`` was set first.
    """
    pauses = Pauses(FIRST_PAUSE, LONGEST_PAUSE)
    with contextlib.ExitStack() as waiting:
        while not stop.is_set():
            try:
                await work()
            except Transient as error:
                if not pauses.failures:
                    waiting.enter_context(health.awaiting(what))
                log.warning("not there yet", waiting=what, code=error.code, error=error.message)
                await pauses.rest(stop)
            else:
                return True
    return False
