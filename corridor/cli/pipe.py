"""``corridor pipe``: one mapping between two topics."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Literal

import click
import structlog
import uvloop

from connectors.registry.client import RegistryClient
from corridor.cli.options import settings_options
from corridor.lists import bring_lists, lists_beside
from corridor.logging import configure
from corridor.settings import Settings
from corridor.settings.model import Listen
from corridor.signals import heed
from schemas.avro.schema import Schema
from schemas.errors import CorridorError, Misconfigured, Transient
from streams.kafka.away import reconnecting
from streams.kafka.presence import Presence
from streams.processing.pipe import Route, compile_for, make_pipe
from streams.processing.runner import Runner
from streams.records.contracts import Contracts

log = structlog.get_logger(__name__)

EPILOG = """\b
Examples:
  corridor pipe --mapping gate.yaml --schema-in gate.avsc --schema-out event.avsc \\
      --in gate.json --out gate.events --group gate --kafka localhost:9092
  corridor pipe --mapping m.yaml --schema-in a.avsc --schema-out b.avsc --format avro \\
      --in a --out b --group ab --registry http://localhost:8081 --listen 127.0.0.1:9100

\b
Each record is mapped exactly once. One that cannot be mapped becomes a dead letter in
OUT.dead, and the others go on. Start the same command again for more throughput: the
processes share the partitions. While Kafka or the registry is away it waits, also at
the start. SIGTERM or Ctrl-C ends it cleanly.
"""

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Address(click.ParamType):
    """``HOST:PORT`` to listen on."""

    name = "address"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Listen:
        """Read host and port."""
        host, _, port = str(value).rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            self.fail(f"{value!r} is not HOST:PORT, for example 127.0.0.1:9100", param, ctx)
        return Listen(host=host.strip("[]"), port=int(port))


@click.command(epilog=EPILOG)
@settings_options
@click.option("--mapping", type=FILE, required=True, help="The mapping (docs/mapping.md).")
@click.option("--schema-in", type=FILE, required=True, help="Avro schema of what is read.")
@click.option("--schema-out", type=FILE, required=True, help="Avro schema of what is written.")
@click.option("--in", "source", required=True, metavar="TOPIC", help="Topic to read.")
@click.option("--out", "target", required=True, metavar="TOPIC", help="Topic to write; created if missing.")
@click.option("--group", required=True, metavar="ID", help="Consumer group; names the pipe for ever.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "avro"]),
    default="json",
    show_default=True,
    help="What the values in the input topic are.",
)
@click.option("--registry", metavar="URL", help="Schema registry to register at. Default: none is needed.")
@click.option(
    "--schema-id",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Schema id in front of every value, without a registry.",
)
@click.option("--dead", metavar="TOPIC", help="Topic of dead letters. Default: OUT.dead.")
@click.option(
    "--listen",
    type=Address(),
    metavar="HOST:PORT",
    help="Serve /livez, /readyz and /metrics here. Default: nowhere.",
)
def command(
    settings: Settings,
    mapping: Path,
    schema_in: Path,
    schema_out: Path,
    source: str,
    target: str,
    group: str,
    form: Literal["json", "avro"],
    registry: str | None,
    schema_id: int,
    dead: str | None,
    listen: Listen | None,
) -> None:
    """Run one mapping between two topics, exactly once.

    JSON or Avro in, Avro in Confluent's wire format out. Needs nothing but Kafka.
    """
    configure(settings.log, "pipe")
    schemas = {schema.fullname: schema for schema in map(_schema, (schema_in, schema_out))}
    for name in settings.known.names:
        with contextlib.suppress(Misconfigured):  # a broken folder is no concern of this pipe
            schemas.setdefault(name, settings.known.schema(name))
    route = Route(source, target, dead or f"{target}.dead", group, form)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(settings, mapping, schemas, route, registry, schema_id, listen))


def _schema(path: Path) -> Schema:
    try:
        return Schema.parse(path.read_text(encoding="utf-8"))
    except CorridorError as error:
        raise Misconfigured("settings-invalid", f"{path}: {error.message}") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Misconfigured("settings-invalid", f"{path} is no Avro schema: {error}") from error


async def _serve(
    address: Listen,
    presence: Presence,
    ready: Callable[[], bool],
    stop: asyncio.Event,
    work: Coroutine[Any, Any, None],
) -> None:
    """Do the work, and say over HTTP how it goes."""
    from corridor.roles.health import Health  # noqa: PLC0415 - a pipe that does not listen needs no server
    from corridor.roles.process import serve_http, together  # noqa: PLC0415

    health = Health("pipe")
    health.watch("pipe", ready)
    health.needs("kafka", lambda: presence.there)
    await together(stop, serve_http(address, health.routes(), stop), presence.watch(stop), work)


async def _run(
    settings: Settings,
    mapping: Path,
    schemas: dict[str, Schema],
    route: Route,
    registry: str | None,
    schema_id: int,
    address: Listen | None,
) -> None:
    stop = asyncio.Event()
    heed(stop)
    client = RegistryClient(registry) if registry else None
    running = False

    async def make() -> Runner:
        contracts = Contracts(client, schema_id)
        await contracts.start()
        return await make_pipe(compiled, route, settings.kafka, settings.processing, contracts)

    async def translate() -> None:
        nonlocal running
        pipe = await _made(make, stop)
        if pipe is not None:
            running = True
            await pipe.run(stop)

    text = await asyncio.to_thread(mapping.read_text, encoding="utf-8")
    await asyncio.to_thread(bring_lists, settings)
    codes = await asyncio.to_thread(lists_beside, mapping, settings.overlays)
    compiled = await asyncio.to_thread(compile_for, text, str(mapping), schemas, route.form, codes)
    try:
        presence = Presence(settings.kafka, watched=[route.target, route.dead])
        await (
            translate() if address is None else _serve(address, presence, lambda: running, stop, translate())
        )
    finally:
        if client is not None:
            await client.close()


async def _made(make: Callable[[], Awaitable[Runner]], stop: asyncio.Event) -> Runner | None:
    """Make the pipe; Kafka or a registry that is away is waited for. None when ``stop`` was set first."""
    pauses = reconnecting()
    while not stop.is_set():
        try:
            return await make()
        except Transient as error:
            log.warning("waiting", code=error.code, error=error.message)
            await pauses.rest(stop)
    return None
