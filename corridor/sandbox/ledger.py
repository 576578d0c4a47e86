"""The ledger: what a participant sent and got, line by line, on disk before anything is answered.

It is what an audit believes. Lines are only ever added; a line that a crash cut short is dropped when the
file is opened again.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

FILE: Final = "ledger.jsonl"


class SentEntry(msgspec.Struct, frozen=True, tag_field="kind", tag="sent", omit_defaults=True):
    """A message is about to be sent, or is offered for the first time.

    Attributes:
        n: its place in the timetable, from 0.
        id: message id by the profile.
        subject: ``<TYPE>:<id>``; messages of one subject are sent one after the other.
        sha256: of its bytes, hex.
        attempt: 1 for the first time in this process.
    """

    n: int
    id: str
    subject: str
    sha256: str
    attempt: int = 1


class Answered(msgspec.Struct, frozen=True, tag_field="kind", tag="answered", omit_defaults=True):
    """What came of sending: the HTTP status, 0 when no answer came.

    An item of a feed is answered 200 once the reader has come back with a cursor behind it.
    """

    ns: list[int]
    status: int
    detail: str = ""


class GotEntry(msgspec.Struct, frozen=True, tag_field="kind", tag="got", omit_defaults=True):
    """One message of one delivery request.

    Attributes:
        key: idempotency key of the message.
        sha256: of its bytes, hex.
        subject: ``<TYPE>:<id>`` by the profile.
        id: event id, or key of the note.
        version: version of the event or note.
        attempt: how often this key came, from 1.
        answer: HTTP status that was given.
        effect: whether it took effect now; at most once per key.
        lost: whether the answer was withheld.
    """

    key: str
    sha256: str
    subject: str
    id: str
    version: int
    attempt: int
    answer: int
    effect: bool = False
    lost: bool = False


Entry = SentEntry | Answered | GotEntry

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def read(path: Path) -> Iterator[Entry]:
    """Yield the entries of a ledger, in order; a line that is not finished is left out."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield _decode(line)


class SandboxLedger:
    """Appends entries; ``append`` returns when they are on disk, many at a time."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / FILE
        _cut_torn_line(self.path)
        self._lines: list[bytes] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._writer: asyncio.Task[None] | None = None

    async def append(self, *entries: Entry) -> None:
        """Write entries and wait until the disk has them.

        Raises:
            OSError: the disk does not take them.
        """
        self._lines += [_encode(entry) + b"\n" for entry in entries]
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await done

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writer is not None:
            await self._writer

    async def _write(self) -> None:
        while self._lines:
            block, self._lines = b"".join(self._lines), []
            waiting, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._store, block)
            except OSError as error:
                outcome: OSError | None = error
            else:
                outcome = None
            for done in waiting:
                if done.cancelled():
                    continue
                done.set_exception(outcome) if outcome else done.set_result(None)
        self._writer = None

    def _store(self, block: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            begin, view = file.seek(0, os.SEEK_END), memoryview(block)
            try:
                while view:
                    view = view[file.write(view) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(begin)  # half a line must not be in the way of the next
                raise


def _cut_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        keep = end
        while keep > 0:
            file.seek(keep - 1)
            if file.read(1) == b"\n":
                break
            keep -= 1
        if keep != end:
            file.truncate(keep)
