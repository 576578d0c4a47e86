"""What tests of the HTTP edges share: a small profile, a log in memory, a running server, ready settings."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from starlette.types import ASGIApp

from connectors.http.server import BoundedHttp, listen, make_server
from connectors.ports import Accepted, Format, IncomingMessage
from connectors.settings import Participant
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import Schema
from schemas.errors import Transient

SECRET = "whsec_" + base64.b64encode(b"corridor-canary-secret-32-bytes!").decode()
TOKEN = "canary-token-0123456789"
LOOPBACK = {"networks": ["127.0.0.0/8", "::1/128"]}

NO_FIELDS: tuple[dict[str, str], ...] = (
    {"X": "a\r\nHost: evil"}, {"X": ""}, {"X": " a"}, {"X": "é"}, {"": "a"}, {"a b": "a"}, {"X:": "a"},
    {"Authorization": "Bearer x"}, {"host": "evil"}, {"Content-Length": "0"}, {"Idempotency-Key": "1"},
    {"webhook-signature": "v1,x"}, {"A": "1", "a": "2"},
)  # fmt: skip
"""Header fields that settings must not have."""

EVENT = {
    "type": "record",
    "name": "Event",
    "namespace": "test",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "n", "type": "int"},
        {"name": "at", "type": ["null", "string"], "default": None},
    ],
}


def event_format() -> Format:
    """Build the format of a small record through the real codec: id and key are the field ``id``."""
    form = JsonForm(Schema.parse(json.dumps(EVENT)))

    def read(body: bytes) -> IncomingMessage:
        avro = form.to_avro(body)
        message_id = json.loads(body)["id"]
        return IncomingMessage(message_id, message_id.encode(), avro)

    return Format(
        "test.event.v1",
        read,
        json_schema=form.json_schema(),
        examples={"one": {"id": "e-1", "n": 1}},
        doc="An event of the tests.",
    )


class MemoryLog:
    """A `connectors.ports.ReceiverLog` in memory.

    Attributes:
        messages: what is in the log, in order.
        away: while set, appends fail.
        gate: appends wait for it.
        waiting: released once per append that begins.
    """

    def __init__(self) -> None:
        self.messages: list[Accepted] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Semaphore(0)

    async def append(self, messages: Sequence[Accepted]) -> None:
        """Append, when the gate is open and the log is not away."""
        self.waiting.release()
        await self.gate.wait()
        if self.away:
            raise Transient("log-unavailable", "Kafka did not acknowledge", retry_after=2)
        self.messages.extend(messages)

    def seen(self, participant: str, message_id: str) -> bytes | None:
        """Look an id up."""
        for message in self.messages:
            if (message.participant, message.id) == (participant, message_id):
                return message.digest
        return None


def participant(**groups: object) -> Participant:
    """Build a participant ``p`` from plain settings."""
    return msgspec.convert({"name": "p", "profile": "test.event.v1", **groups}, Participant)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    *,
    connections: int = 100,
    protocol: type[BoundedHttp] = BoundedHttp,
    **timeouts: float,
) -> AsyncIterator[str]:
    """Run the application on the product's own server, on a free port, and give its address."""
    sock = listen("127.0.0.1", 0)
    server = make_server(app, connections=connections, drain=2)
    server.config.http = type("Http", (protocol,), timeouts)
    running = asyncio.create_task(server.serve([sock]))
    await server.ready.wait()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        sock.close()
