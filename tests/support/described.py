"""Every HTTP edge that has an OpenAPI document, with its real rules over logs in memory, on one server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from connectors.auth.bearer import SCOPES, Login, Logins
from connectors.auth.secret import Secret
from connectors.epermit import openapi as permit_openapi
from connectors.receive.app import docs_routes, make_app, webhook_routes
from connectors.receive.endpoint import Endpoint
from connectors.registry import openapi as registry_openapi
from connectors.registry.app import Fallback, registry_app
from connectors.registry.guard import guarded
from corridor.roles.contracts import edge_format
from corridor.settings.model import View
from corridor.view.api import view_routes
from corridor.view.database import Database
from schemas import profiles
from schemas.epermit import acts
from tests.support.edges import MemoryLog, participant, serving
from tests.support.journeys import facts
from tests.support.memory_permits import TOKEN as PERMITS_TOKEN
from tests.support.memory_permits import Site
from tests.support.memory_registry import MemoryRegistry
from tests.support.permits import Party
from tests.support.view import write

TOKEN = "canary-token-0123456789"
VARIABLE = "DESCRIBED_TOKEN"
PERMITS = "/permits"


class Described(NamedTuple):
    """An edge.

    Attributes:
        document: address of its document.
        token: what is sent as a bearer token.
    """

    document: str
    token: str


@asynccontextmanager
async def described(directory: Path) -> AsyncIterator[dict[str, Described]]:
    """Serve the edges, each with something in it."""
    os.environ[VARIABLE] = TOKEN
    endpoints = [
        Endpoint(
            participant(name=name.partition(".")[0], profile=name, webhook={"bearer": [f"env:{VARIABLE}"]}),
            edge_format(name),
            MemoryLog(),
        )
        for name in profiles.names()
        if profiles.load(name).http is not None
    ]
    logins = Logins([Login("all", Secret(TOKEN), frozenset(SCOPES))])
    site = Site("AZ", directory)
    await site.start()
    peer = Party("KZ")
    await site.authority.act(
        lambda ledger, author: acts.add_peer(ledger, "KZ", "https://kz", peer.description(), author)
    )
    others = {
        "/openapi/registry.json": registry_openapi.describe(
            with_login=dict.fromkeys(SCOPES, True), server="/"
        ),
        "/openapi/permits.json": permit_openapi.describe({"permits": PERMITS}, "/"),
    }
    routes = [*webhook_routes(endpoints), *site.routes, *docs_routes(endpoints, others=others)]
    database = Database(View(url=f"sqlite:///{directory}/view.sqlite3"))
    database.migrate()
    write(database, facts(2))
    registry = Fallback(guarded(registry_app(MemoryRegistry()), logins))
    async with (
        serving(make_app([*routes, registry])) as gateway,
        serving(make_app(view_routes(database, logins))) as view,
    ):
        yield {
            "webhooks": Described(f"{gateway}/openapi.json", TOKEN),
            "registry": Described(f"{gateway}/openapi/registry.json", TOKEN),
            "permits": Described(f"{gateway}/openapi/permits.json", PERMITS_TOKEN),
            "view": Described(f"{view}/openapi.json", TOKEN),
        }
    database.close()


async def judge(edge: Described, settings: Path, *options: str) -> tuple[int, str]:
    """Let Schemathesis try an edge; give its exit code and what it says."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    login = ("--header", f"Authorization: Bearer {edge.token}")
    process = await asyncio.create_subprocess_exec(
        *(program, "--config-file", str(settings), "run", edge.document, *login, "--no-color", *options),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=settings.parent,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
