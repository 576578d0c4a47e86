"""Sends the timetable to the broker's webhook, at a rate, until each message is answered."""

from __future__ import annotations

import asyncio
import hashlib
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import structlog

from connectors.auth.secret import find_secret
from connectors.auth.webhook import hmac_key, sign
from connectors.http.client import Answer, Client
from connectors.http.retry_after import parse_retry_after
from connectors.settings import Egress, Timeouts
from corridor.sandbox.clock import Clock, Pace
from corridor.sandbox.faults import Injector
from corridor.sandbox.ledger import Answered, SandboxLedger, SentEntry
from corridor.sandbox.message import identity
from corridor.sandbox.progress import TimetableProgress, settles
from corridor.sandbox.settings import Sandbox
from corridor.sandbox.timetable import messages
from schemas.errors import Transient

log = structlog.get_logger(__name__)
FIRST_WAIT: Final = 0.2
LONGEST_WAIT: Final = 5.0
ANYWHERE: Final = Egress(networks=("0.0.0.0/0", "::/0"), plaintext=True)
"""Who starts a sandbox says where it sends; usually to his own machine."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its place and bytes, ready to be sent."""

    n: int
    id: str
    subject: str
    body: bytes

    def entry(self, attempt: int) -> SentEntry:
        """Its line in the ledger."""
        return SentEntry(self.n, self.id, self.subject, hashlib.sha256(self.body).hexdigest(), attempt)


class Sender:
    """Several lanes, each with one request under way; a subject stays in its lane, so its order holds."""

    def __init__(
        self,
        settings: Sandbox,
        clock: Clock,
        ledger: SandboxLedger,
        progress: TimetableProgress,
        injector: Injector,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._progress = progress
        self._injector = injector
        self._keys = [hmac_key(find_secret(settings.webhook_secret))] if settings.webhook_secret else []
        self._client = Client(ANYWHERE, [settings.webhook], timeouts=Timeouts(), connections=settings.lanes)
        self._lanes = [asyncio.Queue[Letter | None](settings.batch * 2) for _ in range(settings.lanes)]
        self._jitter = Random()  # noqa: S311 - waits only; what is sent does not depend on it

    async def run(self) -> None:
        """Send until the limit is reached and everything is answered."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for lane in self._lanes:
                    tasks.create_task(self._work(lane))
                tasks.create_task(self._feed())
        finally:
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _feed(self) -> None:
        """Put letters into the lanes when they are due."""
        settings, pace = self._settings, Pace(self._settings.rate, self._clock)
        held: list[Letter] = []
        for n, message in enumerate(messages(settings.participant, settings.seed)):
            if settings.limit and n >= settings.limit:
                break
            if self._progress.settled(n):
                if n % 500 == 0:
                    await asyncio.sleep(0)  # many may be settled: others must have their turn
                continue
            await pace.due(message.at)
            letter = Letter(n, message.id, message.subject, message.body())
            if self._injector.hold_back():
                held.append(letter)
                continue
            await self._enqueue(letter)
            while held:
                await self._enqueue(held.pop())
        while held:
            await self._enqueue(held.pop())
        for lane in self._lanes:
            await lane.put(None)

    async def _enqueue(self, letter: Letter) -> None:
        await self._lanes[zlib.crc32(letter.subject.encode()) % len(self._lanes)].put(letter)

    async def _work(self, lane: asyncio.Queue[Letter | None]) -> None:
        ended = False
        while not ended:
            letters: list[Letter] = []
            letter = await lane.get()
            while letter is not None and len(letters) < self._settings.batch:
                letters.append(letter)
                if len(letters) == self._settings.batch or lane.empty():
                    break
                letter = lane.get_nowait()
            ended = letter is None
            if letters:
                await self.settle(letters)
                again = [letter for letter in letters if self._injector.duplicate()]
                if again:
                    await self.settle(again)

    async def settle(self, letters: Sequence[Letter]) -> None:
        """Send one request until it is answered for good; a refused batch is sent again one by one."""
        attempt, wait = 0, FIRST_WAIT
        while True:
            attempt += 1
            await self._ledger.append(*(letter.entry(attempt) for letter in letters))
            self._progress.sent = max(self._progress.sent, letters[-1].n + 1)
            status, after = await self._attempt(letters)
            if settles(status) and status >= 300 and len(letters) > 1:
                for letter in letters:
                    await self.settle([letter])
                return
            answered = Answered([letter.n for letter in letters], status)
            await self._ledger.append(answered)
            self._progress.answer(answered)
            if settles(status):
                return
            await asyncio.sleep(after if after is not None else self._jitter.uniform(0, wait))
            wait = min(2 * wait, LONGEST_WAIT)

    async def _attempt(self, letters: Sequence[Letter]) -> tuple[int, float | None]:
        """Make one request; return its status, 0 without one, and the wait that was asked for."""
        single = len(letters) == 1
        body = letters[0].body if single else b"[" + b",".join(letter.body for letter in letters) + b"]"
        request_id = letters[0].id if single else identity("batch", *(letter.id for letter in letters))
        headers = {"Content-Type": "application/json"}
        headers |= sign(self._keys, request_id, int(time.time()), body) if self._keys else {}
        try:
            answer = await self._client.send("POST", self._settings.webhook, headers=headers, content=body)
        except Transient as error:
            log.info("no answer from the broker", detail=error.message)
            return 0, None
        if answer.status >= 300:
            log.info("the broker refuses", status=answer.status, detail=_excerpt(answer))
        after = parse_retry_after(answer.headers.get("retry-after"), time.time())
        return answer.status, None if after is None else min(after, LONGEST_WAIT)


def _excerpt(answer: Answer) -> str:
    return answer.body[:300].decode("utf-8", "replace")
