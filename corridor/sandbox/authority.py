"""An e-Permit authority of the sandbox: the real protocol, with its ledger in a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.routing import BaseRoute

from connectors.epermit.authority import Authority
from connectors.epermit.outbox import outbox_record
from connectors.epermit.peer import PeerPartner, describe
from connectors.epermit.ports import Decide
from connectors.epermit.public import public_routes
from connectors.ports import Delivered, OutgoingMessage
from connectors.settings import AuthoritySettings, Egress, PermitKey, PermitPeer
from schemas.epermit import acts
from schemas.epermit.acts import Change, LedgerEntry
from schemas.epermit.keys import generate
from schemas.epermit.ledger import Ledger, read_event
from schemas.errors import CorridorError
from schemas.records import LedgerRecord

AGAIN: Final = 0.5
_LOOPBACK: Final = Egress(networks=("127.0.0.0/8",))


def read_ledger(file: Path) -> list[LedgerRecord]:
    """Read the ledger that a `FileLog` keeps; a line that a crash cut is left out."""
    lines = file.read_bytes().rpartition(b"\n")[0].splitlines()
    return [msgspec.json.decode(line, type=LedgerRecord) for line in lines]


def count_taken(ledger: Path, peer: str) -> int:
    """Read how many of its events for a peer the authority with this ledger knows to be taken."""
    file = _taken_file(ledger, peer)
    return int(file.read_text() or 0) if file.exists() else 0


def _taken_file(ledger: Path, peer: str) -> Path:
    return ledger.with_name(f"{ledger.stem}-{peer}.sent")


class FileLog:
    """The `connectors.epermit.ports.PermitLog` protocol over one file; a line that a crash cut is dropped.

    Args:
        file: lines of JSON, only ever added.
        code: of the authority.

    Attributes:
        state: what the lines add up to.
        outbox: our events, per peer in order.
        grew: notified when there is more.
    """

    def __init__(self, file: Path, code: str) -> None:
        self.state = Ledger(code)
        self.ready = True
        self.outbox: dict[str, list[bytes]] = {}
        self.grew = asyncio.Condition()
        self._turn = asyncio.Lock()
        whole = file.read_bytes().rpartition(b"\n")[0] if file.exists() else b""
        self._file = file.open("ab")
        self._file.truncate(len(whole) + 1 if whole else 0)
        for line in whole.splitlines():
            self._take(msgspec.json.decode(line, type=LedgerRecord))

    async def write(self, decide: Decide) -> Change:
        """Decide on the newest state, write to the disk, and give what was written."""
        async with self._turn:
            change = await asyncio.to_thread(self._write, decide)
            for entry in change.entries:
                self._take(entry.record)
        async with self.grew:
            self.grew.notify_all()
        return change

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, decide: Decide) -> Change:
        change = decide(self.state)
        for entry in change.entries:
            self._file.write(msgspec.json.encode(entry.record) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        return change

    def _take(self, record: LedgerRecord) -> None:
        self.state.apply(record, self.state.offset + 1)
        event = read_event(record) if record.kind == "EVENT" else None
        wanted = outbox_record(LedgerEntry(record, event), self.state.code)
        if wanted is not None:
            self.outbox.setdefault(wanted.peer, []).append(msgspec.json.encode(wanted))


class Played:
    """One authority that the sandbox plays.

    Args:
        code: its code.
        directory: of its ledger, key and token.
        peers: code to address of those it talks to.
    """

    def __init__(self, code: str, directory: Path, peers: Mapping[str, str]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        key, token = directory / f"{code}.key", directory / f"{code}.token"
        for file in (key, token):
            if not file.exists():
                file.touch(0o600)
                file.write_text(generate("1"))
        self.code, self.path = code, f"/{code.lower()}"
        self.settings = AuthoritySettings(
            code=code,
            title=f"{code}, played by the sandbox",
            keys=(PermitKey(id="1", key=f"file:{key}"),),
            token=f"file:{token}",
            peers={name: PermitPeer(url=url, egress=_LOOPBACK) for name, url in peers.items()},
        )
        self._file = directory / f"{code}.jsonl"
        self.log = FileLog(self._file, code)
        self.authority = Authority(f"sandbox-{code.lower()}", self.settings, self.log)
        self._moved, self._taken = asyncio.Condition(), dict.fromkeys(peers, 0)

    def routes(self) -> Sequence[BaseRoute]:
        """Build the routes of its public API."""
        return public_routes(self.authority, self.path)

    async def run(self) -> None:
        """Publish the key, meet the peers and send them what is theirs, until cancelled."""
        try:
            await self.authority.act(acts.publish_keys)
            async with asyncio.TaskGroup() as tasks:
                for code in self.settings.peers:
                    tasks.create_task(self._serve(code))
        finally:
            self.log.close()

    async def settled(self) -> None:
        """Wait until the peers have taken everything that there is now."""
        async with self._moved:
            await self._moved.wait_for(
                lambda: all(self._taken.get(code, 0) >= len(box) for code, box in self.log.outbox.items())
            )

    async def _serve(self, code: str) -> None:
        uri = self.settings.peers[code].url
        while code not in self.log.state.peers:
            try:
                said = await describe(self.settings, code)
                await self._meet(code, uri, said)
            except CorridorError:
                await asyncio.sleep(AGAIN)  # the other side is not there yet
        sender = PeerPartner(self.authority.name, self.settings, code)
        try:
            await self._send(code, sender)
        finally:
            await sender.close()

    async def _meet(self, code: str, uri: str, said: Mapping[str, Any]) -> None:
        await self.authority.act(lambda ledger, author: acts.add_peer(ledger, code, uri, said, author))

    async def _send(self, code: str, sender: PeerPartner) -> None:
        """Send one event after the other, from the first that is not known to be taken."""
        file = _taken_file(self._file, code)
        self._taken[code] = count_taken(self._file, code)
        while True:
            event = await self._next(code)
            (outcome,) = await sender.deliver([OutgoingMessage(str(self._taken[code]), code, event)])
            if isinstance(outcome, Delivered):
                self._taken[code] += 1
                file.write_text(str(self._taken[code]))
                async with self._moved:
                    self._moved.notify_all()
            else:
                await asyncio.sleep(AGAIN)

    async def _next(self, code: str) -> bytes:
        """Wait for an event that is not taken yet."""
        async with self.log.grew:
            await self.log.grew.wait_for(lambda: len(self.log.outbox.get(code, ())) > self._taken[code])
        return self.log.outbox[code][self._taken[code]]
