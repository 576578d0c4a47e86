"""One webhook: from a request to messages in the log, answered 202 only when they are there."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from connectors import metrics
from connectors.http.body import BoundedBody, receive
from connectors.http.problems import Violation, problem, violations
from connectors.http.rate import Bucket
from connectors.http.trace import traceparent_from
from connectors.ports import Accepted, Format, IncomingMessage, ReceiverLog, check_record, too_long
from connectors.receive.admission import Admission
from connectors.receive.answers import accepted
from connectors.receive.batch import NDJSON, split
from connectors.receive.intake import Intake
from connectors.settings import Participant, Webhook
from schemas.avro.refusal import BOM
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient
from schemas.text import forbidden

log = structlog.get_logger(__name__)

LONGEST_ID: Final = 100
"""Characters of a sender's id that a log line shows."""
MAX_ERRORS: Final = 200
"""Broken rules that one answer lists; of a long batch it names one of each bad message all the same."""


class BadBatch(Permanent):
    """Messages of a request that cannot be accepted, all of them listed."""

    def __init__(self, code: str, violations: Sequence[Violation], bad: int, of: int) -> None:
        count = f"{bad} of {of} messages" if of > 1 else "the message"
        super().__init__(code, f"{count} cannot be accepted; nothing was taken")
        self.violations = violations


class Endpoint:
    """The webhook of one participant, as a Starlette endpoint.

    A batch is taken whole or not at all: 202 has one meaning. The problem lists every bad message by its
    index, so the sender can send the others again at once; repeated ids cost nothing.

    Args:
        participant: its settings, with a webhook.
        form: its profile.
        messages: the log.
        now: UTC seconds, for signatures and the time of acceptance.

    Raises:
        Misconfigured: no webhook, no credentials to check, or a secret that cannot be used.
    """

    def __init__(
        self,
        participant: Participant,
        form: Format,
        messages: ReceiverLog,
        now: Callable[[], float] = time.time,
    ) -> None:
        if participant.webhook is None:
            raise Misconfigured("settings-invalid", f"participant {participant.name} has no webhook")
        self.participant = participant
        self.settings: Webhook = participant.webhook
        self.form = form
        self._admission = Admission(self.settings)
        self._intake = Intake(messages)
        self._bucket = Bucket(self.settings.rate, time.monotonic)
        self._now = now

    @property
    def max_batch(self) -> int:
        """Most messages in one request; 1 when the profile has no batches."""
        return min(self.settings.max_batch, self.form.max_batch) if self.form.batch else 1

    @property
    def media_types(self) -> tuple[str, ...]:
        """Accepted values of ``Content-Type``."""
        lines = NDJSON if self.max_batch > 1 and "ndjson" in self.form.batch else ()
        return self.form.media_types + lines

    async def __call__(self, request: Request) -> Response:
        """Answer one request; every failure is a problem document."""
        name, began, code = self.participant.name, time.perf_counter(), "ok"
        sent = request.headers.get("webhook-id", "")[:LONGEST_ID]
        try:
            return await self._receive(request)
        except BadBatch as error:
            code = error.code
            return problem(error, instance=request.url.path, errors=error.violations)
        except CorridorError as error:
            code = error.code
            return problem(error, instance=request.url.path, headers=_fields(error))
        except ClientDisconnect:
            code = "request-too-slow"
            return Response(status_code=408)
        except Exception:
            code = "internal"
            raise
        finally:
            metrics.REQUESTS.labels(name, code).inc()
            metrics.REQUEST_SECONDS.labels(name).observe(time.perf_counter() - began)
            if code != "ok":
                log.info("webhook refused", participant=name, code=code, id=sent)

    async def _receive(self, request: Request) -> Response:
        self._check_headers(request)
        media_type = self._media_type(request)
        headers = request.headers
        self._admission.before_body(headers, self._now())
        raw = await receive(request, self.settings.limits)
        self._admission.check(headers, raw, self._now())
        self._throttle(1)  # only who can sign spends the participant's rate
        body = self._decode(raw, headers.get("content-encoding", ""))
        texts, is_batch = split(body, media_type, self.form, self.max_batch)
        self._bucket.reserve(len(texts) - 1)
        messages = self._accept(texts, request, is_batch=is_batch)
        new = await self._intake.take(messages)
        name = self.participant.name
        metrics.RECEIVED.labels(name, "new").inc(new)
        metrics.RECEIVED.labels(name, "repeated").inc(len(messages) - new)
        return accepted([message.id for message in messages], is_batch=is_batch)

    def _check_headers(self, request: Request) -> None:
        if b"%2f" in request.scope.get("raw_path", b"").lower():  # a proxy in front takes it for another path
            raise Permanent("not-found", "a slash in the path is written as itself")
        limits, raw = self.settings.limits, request.headers.raw
        if len(raw) > limits.headers:
            raise Permanent("headers-too-large", f"more than {limits.headers} header fields")
        if sum(len(name) + len(value) for name, value in raw) > limits.header_bytes:
            raise Permanent("headers-too-large", f"header fields larger than {limits.header_bytes} bytes")

    def _media_type(self, request: Request) -> str:
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        known = self.media_types
        if media_type not in known:
            raise Permanent("media-type-unsupported", f"Content-Type must be one of {', '.join(known)}")
        return media_type

    def _throttle(self, count: int) -> None:
        wait = self._bucket.take(count)
        if wait:
            raise Transient("rate-limited", "more messages than this participant's limit", retry_after=wait)

    def _decode(self, raw: bytes, encoding: str) -> bytes:
        body = BoundedBody(self.settings.limits, encoding)
        body.feed(raw)
        return body.finish().removeprefix(BOM)

    def _accept(self, texts: Sequence[bytes], request: Request, *, is_batch: bool) -> list[Accepted]:
        when = int(self._now() * 1000)
        trace = traceparent_from(request.headers.get("traceparent"))
        messages: list[Accepted] = []
        refused: list[Violation] = []
        bad = 0
        for index, text in enumerate(texts):
            try:
                message = self.form.read(text)
                check_record(message, self.settings.limits.record)
                message_id = self._identify(message, request, is_batch=is_batch)
            except Permanent as error:
                bad += 1
                refused += violations(error, index if is_batch else None)[: max(1, MAX_ERRORS - len(refused))]
                continue
            digest = hashlib.sha256(text).digest()
            messages.append(
                Accepted(
                    self.participant.name,
                    message_id,
                    message.key,
                    message.body,
                    digest,
                    when,
                    trace,
                    message.findings,
                )
            )
        if refused:
            raise BadBatch(refused[0].code, refused, bad, len(texts))
        return messages

    def _identify(self, message: IncomingMessage, request: Request, *, is_batch: bool) -> str:
        sent = "" if is_batch else request.headers.get("webhook-id", "")
        message_id = message.id or sent
        if not message_id:
            raise Permanent("id-missing", "the message carries no id, and the request no webhook-id")
        if rule := forbidden(message_id) or too_long(message_id):
            raise Permanent("http-malformed", f"webhook-id: {rule}")
        return message_id


def _fields(error: CorridorError) -> dict[str, str]:
    return {"Connection": "close"} if error.code == "request-too-slow" else {}
