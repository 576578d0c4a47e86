"""The described edges as a process, and clients beside them: ``python -m tests.support.described_process``.

It prints the addresses as a line of JSON. Each line that it reads names what is asked and an address (or a
file), and is answered with what came of it: a number, or the code of the error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx
import msgspec
import structlog

from connectors.deliver.partner import HttpPartner
from connectors.poll.source import HttpSource
from connectors.ports import Delivered, OutgoingMessage
from connectors.registry import transport
from connectors.registry.client import RegistryClient
from schemas.avro.codec import Codec
from schemas.avro.resolve import resolver
from schemas.avro.schema import Schema
from schemas.avro.wire import frame
from schemas.errors import CorridorError
from schemas.records import RECEIPT, Receipt
from tests.support.described import described
from tests.support.edges import LOOPBACK, event_format, participant

NOBODY: Final = "http://127.0.0.1:1/"
PROOF: Final = Receipt(
    id="m", participant="p", origin="p/m", subject="S:1", idempotency_key="k", outcome="PARKED", attempts=1,
    accepted=1, delivered=1, body_sha256="", topic="out.p", partition=0, offset=0,
)  # fmt: skip
"""What a delivery is accounted with: whatever a partner answers must fit it."""
BOUNDS = {"egress": LOOPBACK, "timeouts": {"total": 3.0, "read": 0.5}}
transport._TIMEOUTS, transport._TOTAL_TIMEOUT = httpx.Timeout(2.0), 4.0  # type: ignore[misc]
os.environ["BOMBS_SECRET"] = "a-secret-of-the-tests"


async def poll(url: str, **auth: object) -> str:
    """Poll an address once; gives the number of messages."""
    source = HttpSource(participant(poll={"url": url, **BOUNDS, **auth}), event_format())
    try:
        return str(len((await source.poll("")).messages))
    finally:
        await source.close()


async def deliver(url: str) -> str:
    """Deliver a batch of two; gives how many were taken."""
    told = {"at": "", "status": "status"}
    settings = {"url": url, **BOUNDS, "batch": "array", "outcomes": told, "concurrency": 1}
    partner = HttpPartner(participant(deliver=settings))
    batch = [OutgoingMessage(f"m-{n}", f"S:{n}", b"{}") for n in range(2)]
    try:
        made = await partner.deliver(batch)
    finally:
        await partner.close()
    bad = [one for one in made if not isinstance(one, Delivered)]
    for one in bad:
        RECEIPT.encode(msgspec.structs.replace(PROOF, status=one.status or None, code=one.code))
    return f"{bad[0].code}" if bad else str(len(made))


async def token(url: str) -> str:
    """Poll with a token that comes from an address; nobody is there to be polled."""
    auth = {"kind": "oauth2", "token_url": url, "client_id": "c", "client_secret": "env:BOMBS_SECRET"}
    return await poll(NOBODY, auth=auth)


async def schema(url: str) -> str:
    """Ask a registry for a schema, and for the id of one; gives the length of the text."""
    async with RegistryClient(url, attempts=1) as client:
        text = await client.schema(7)
        resolver(text, Codec(Schema.parse('"int"')))
        return str(len(text))


async def register(url: str) -> str:
    """Register a schema with a registry; gives its id."""
    async with RegistryClient(url, attempts=1) as client:
        given = await client.register("s", '"int"')
        await client.ensure_compatibility("s")
        frame(given, b"")
        return str(given)


ASKED: dict[str, Callable[[str], Awaitable[str]]] = {
    "poll": poll, "deliver": deliver, "token": token, "schema": schema, "register": register,
}  # fmt: skip


async def asked(line: str) -> str:
    """Do what a line says."""
    what, _, where = line.partition(" ")
    try:
        return await ASKED[what](where)
    except CorridorError as error:
        return error.code


async def main() -> None:
    """Serve until the input ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with tempfile.TemporaryDirectory() as directory:
        async with described(Path(directory)) as edges:
            sys.stdout.write(json.dumps({name: list(edge) for name, edge in edges.items()}) + "\n")
            sys.stdout.flush()
            while line := await lines.readline():
                sys.stdout.write(await asked(line.decode().strip()) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
