"""An e-Permit authority without Kafka: its ledger in memory, its APIs over real HTTP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from starlette.applications import Starlette

from connectors.epermit.authority import Authority
from connectors.epermit.internal import internal_routes
from connectors.epermit.ports import Decide
from connectors.epermit.public import public_routes
from connectors.settings import AuthoritySettings
from schemas.epermit.acts import Change, LedgerEntry, publish_keys
from schemas.epermit.keys import generate
from schemas.epermit.ledger import Ledger
from schemas.errors import Transient
from tests.support.permits import NOON

TOKEN = "the-token-of-the-internal-api"
READER, CLERK = "the-token-of-a-reader", "the-token-of-a-clerk"


class MemoryPermits:
    """A `PermitLog` in memory.

    Attributes:
        entries: everything that was written.
        broken: no write succeeds while it is set.
    """

    def __init__(self, code: str) -> None:
        self.state = Ledger(code)
        self.ready = True
        self.broken = False
        self.entries: list[LedgerEntry] = []
        self._turn = asyncio.Lock()

    async def write(self, decide: Decide) -> Change:
        """Decide and keep."""
        async with self._turn:
            change = await asyncio.to_thread(decide, self.state)
            if self.broken:
                raise Transient("log-unavailable", "Kafka did not acknowledge in time")
            for entry in change.entries:
                self.entries.append(entry)
                self.state.apply(entry.record, len(self.entries))
            return change


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON / 1000

    def __call__(self) -> float:
        """Give UTC seconds."""
        return self.now


class Site:
    """One authority: settings, ledger, and the application to serve.

    Args:
        code: its code.
        directory: where its keys are.
    """

    def __init__(self, code: str, directory: Path) -> None:
        key, token = directory / f"{code}.key", directory / f"{code}.token"
        key.write_text(generate("1"))
        token.write_text(TOKEN)
        others = {"reader": (READER, ["read"]), "clerk": (CLERK, ["operate"])}
        for name, (text, _) in others.items():
            (directory / f"{code}.{name}").write_text(text)
        fields = {
            "code": code,
            "title": code,
            "keys": [{"id": "1", "key": f"file:{key}"}],
            "token": f"file:{token}",
            "tokens": {
                name: {"token": f"file:{directory / f'{code}.{name}'}", "scopes": scopes}
                for name, (_, scopes) in others.items()
            },
        }
        self.clock = Clock()
        self.log = MemoryPermits(code)
        self.settings = msgspec.convert(fields, AuthoritySettings)
        self.authority = Authority(code.lower(), self.settings, self.log, self.clock)
        self.routes = [
            *public_routes(self.authority, "/permits"),
            *internal_routes(self.authority, "/permits"),
        ]
        self.app = Starlette(routes=self.routes)

    async def start(self) -> None:
        """Publish its first key."""
        await self.authority.act(publish_keys)
