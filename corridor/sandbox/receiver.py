"""Takes deliveries of the broker: token, signature, one effect per idempotency key, faults."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from connectors.auth.secret import find_secret
from connectors.auth.webhook import Verifier, hmac_key
from connectors.deliver.request import MESSAGE_KEYS
from connectors.http.pointer import items_of
from corridor.sandbox.documents import DocumentChecker
from corridor.sandbox.faults import Injector
from corridor.sandbox.ledger import Entry, GotEntry, SandboxLedger
from corridor.sandbox.settings import Sandbox
from corridor.sandbox.tokens import Tokens
from corridor.sandbox.unreliable import drop, refuse, until_gone
from schemas.errors import Permanent

NDJSON = "application/x-ndjson"


class Receiver:
    """The endpoint that the broker delivers to.

    Each message has a key of its own, in a batch as well. A key that came before has no second effect and
    gets the first answer; with other bytes it is 422. What took effect is in the ledger before the answer.
    """

    def __init__(
        self, settings: Sandbox, ledger: SandboxLedger, injector: Injector, entries: Iterable[Entry]
    ) -> None:
        self._ledger = ledger
        self._injector = injector
        self._reader = DocumentChecker(settings.participant)
        keys = [hmac_key(find_secret(settings.delivery_secret))] if settings.delivery_secret else []
        self._verifier = Verifier(keys) if keys else None
        secret = find_secret(settings.client_secret) if settings.client_secret else None
        self.tokens = Tokens(settings.client_id, secret, settings.token_life)
        self._digests: dict[str, str] = {}
        self._attempts: Counter[str] = Counter()
        self.answers: Counter[int] = Counter()
        self.effects = self.repeated = 0
        for entry in entries:
            if isinstance(entry, GotEntry):
                self._count(entry)

    async def receive(self, request: Request) -> Response:
        """Answer ``POST /deliveries``."""
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        if not self.tokens.allows(request.headers.get("authorization", "")):
            return refuse(401, "the token is not known or has expired", {"WWW-Authenticate": "Bearer"})
        if self._verifier:
            try:
                self._verifier.verify(request.headers, body, time.time())
            except Permanent as error:
                return refuse(401, error.message)
        messages = _split(request, body)
        if isinstance(messages, str):
            return refuse(400, messages)
        await self._injector.delay()
        return await self._answer(request, messages)

    async def _answer(self, request: Request, messages: Sequence[tuple[str, bytes]]) -> Response:
        fault = self._injector.draw(request.url.path)
        if fault.isdigit():
            await self._write(messages, int(fault))
            headers = (
                {"Retry-After": f"{self._injector.faults.retry_after:g}"} if fault in ("429", "503") else {}
            )
            if fault == "401":
                self.tokens.forget()
            return refuse(int(fault), "a fault that was asked for", headers)
        if fault == "timeout":
            await self._write(messages, 0)
            await until_gone(request, self._injector.faults.hold)
            return drop(request)
        for key, body in messages:
            if self._digests.get(key, digest := _digest(body)) != digest:
                await self._write(messages, 422)
                return refuse(422, f"idempotency key {key} came before with another body")
        try:
            described = [self._reader.read(body) for _, body in messages]
        except Permanent as error:
            await self._write(messages, 422)
            return refuse(422, error.message)
        await self._write(messages, 200, described, lost=fault == "lost")
        if fault == "lost":
            return drop(request)
        return JSONResponse({"received": [f"{found[1]}:{found[2]}" for found in described]})

    async def _write(
        self,
        messages: Sequence[tuple[str, bytes]],
        answer: int,
        described: Sequence[tuple[str, str, int]] = (),
        *,
        lost: bool = False,
    ) -> None:
        """Put a request into the ledger; described messages that are new take effect."""
        entries = []
        for index, (key, body) in enumerate(messages):
            subject, name, version = described[index] if described else ("", "", 0)
            effect = bool(described) and key not in self._digests
            attempt = self._attempts[key] + 1
            entry = GotEntry(key, _digest(body), subject, name, version, attempt, answer, effect, lost)
            self._count(entry)
            entries.append(entry)
        await self._ledger.append(*entries)

    def _count(self, entry: GotEntry) -> None:
        self._attempts[entry.key] += 1
        self.answers[entry.answer] += 1
        self.effects += entry.effect
        self.repeated += entry.answer == 200 and not entry.effect
        if entry.effect:
            self._digests[entry.key] = entry.sha256


def _split(request: Request, body: bytes) -> list[tuple[str, bytes]] | str:
    """Pair the messages of a request with their keys, or say what is missing."""
    request_key = request.headers.get("idempotency-key", "")
    if not request_key:
        return "the header Idempotency-Key is missing"
    if MESSAGE_KEYS not in request.headers:
        return [(request_key, body)]
    keys = [key.strip() for key in request.headers[MESSAGE_KEYS].split(",")]
    if request.headers.get("content-type", "").startswith(NDJSON):
        texts = [line for line in body.split(b"\n") if line]
    else:
        try:
            texts = items_of(body, len(keys))
        except Permanent as error:
            return error.message
    if len(keys) != len(texts):
        return f"{len(keys)} keys for {len(texts)} messages"
    return list(zip(keys, texts, strict=True))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
