"""Offers the timetable as a feed that the broker polls: pages under a cursor, with ETag."""

from __future__ import annotations

import asyncio
import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from corridor.sandbox.clock import Clock, Pace
from corridor.sandbox.ledger import Answered, SandboxLedger
from corridor.sandbox.message import PlayedMessage
from corridor.sandbox.progress import TimetableProgress
from corridor.sandbox.sender import Letter
from corridor.sandbox.settings import Sandbox
from corridor.sandbox.timetable import messages

WINDOW: Final = 50_000
"""Items kept behind the reader, who may come back to them, and most items waiting before him."""
LARGEST_PAGE: Final = 1000


class Feed:
    """Releases messages when they are due and serves them in pages.

    An item counts as accepted once the reader asks for what lies behind it.
    """

    def __init__(
        self, settings: Sandbox, clock: Clock, ledger: SandboxLedger, progress: TimetableProgress
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._progress = progress
        self._items: list[Letter] = []
        self._read = asyncio.Event()

    async def run(self) -> None:
        """Release messages until the limit is reached."""
        progress, pace = self._progress, Pace(self._settings.rate, self._clock)
        for n, message in self._timetable():
            if n % 500 == 0:
                await asyncio.sleep(0)  # many may be settled: others must have their turn
            if n < progress.low - WINDOW:
                continue
            letter = Letter(n, message.id, message.subject, message.body())
            if not progress.settled(n):
                await pace.due(message.at)
                await self._room(n)
                await self._ledger.append(letter.entry(1))
                progress.sent = max(progress.sent, n + 1)
            self._items.append(letter)

    async def page(self, request: Request) -> Response:
        """Answer ``GET /feed?cursor=&limit=``: ``{"items": […], "cursor": "…"}``."""
        try:
            after = int(request.query_params.get("cursor") or 0)
            limit = min(max(int(request.query_params.get("limit") or 100), 1), LARGEST_PAGE)
        except ValueError:
            return Response(b"cursor and limit are numbers that this feed gave", 400)
        if after and self._items and after < self._items[0].n:
            return Response(b"the cursor is older than what is kept", 410)
        start = self._place(after)
        await self._accept(start)
        items = self._items[start : start + limit]
        cursor = items[-1].n + 1 if items else after
        body = b'{"items":[' + b",".join(letter.body for letter in items) + b'],"cursor":"%d"}' % cursor
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(body, media_type="application/json", headers={"ETag": etag})

    def _timetable(self) -> Iterator[tuple[int, PlayedMessage]]:
        settings = self._settings
        for n, message in enumerate(messages(settings.participant, settings.seed)):
            if settings.limit and n >= settings.limit:
                return
            yield n, message

    def _place(self, n: int) -> int:
        return bisect_left(self._items, n, key=lambda letter: letter.n)

    async def _room(self, n: int) -> None:
        """Wait for the reader when he is a window behind, and forget what lies a window behind him."""
        while n - self._progress.low > WINDOW:
            self._read.clear()
            await self._read.wait()
        if len(self._items) > 3 * WINDOW:
            del self._items[: self._place(self._progress.low - WINDOW)]

    async def _accept(self, before: int) -> None:
        """The reader has everything before this index: write that down once."""
        read = self._items[self._place(self._progress.low) : before]
        ns = [letter.n for letter in read if not self._progress.settled(letter.n)]
        if ns:
            answered = Answered(ns, 200)
            self._progress.answer(answered)
            self._read.set()
            await self._ledger.append(answered)
