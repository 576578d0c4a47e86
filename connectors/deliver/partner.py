"""A participant that we deliver to: makes one attempt, and owns everything that spans attempts.

That is the circuit, the rate, the token and the connections. When to try again is the caller's business;
whether a message can ever be tried again is said here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from connectors import metrics
from connectors.auth.outbound import make_credentials, token_urls
from connectors.auth.secret import find_secret
from connectors.auth.webhook import hmac_key
from connectors.deliver.outcomes import said_of_each
from connectors.deliver.request import PreparedRequest, delivery_key, prepare, signed
from connectors.deliver.verdict import Verdict, VerdictKind, judge
from connectors.http.circuit import Circuit, CircuitState
from connectors.http.client import Answer, Client
from connectors.http.fields import checked_fields, with_fields
from connectors.http.rate import Bucket
from connectors.ports import Delivered, Outcome, OutgoingMessage, Park, Retry
from connectors.settings import Participant
from schemas.errors import Misconfigured, Transient

log = structlog.get_logger(__name__)

CLOSED_PAUSE: Final = 300.0
"""Seconds between probes of an endpoint that said 404, 405 or 410."""
THROTTLED_PAUSE: Final = 1.0
"""Seconds to pause after a 429 that does not say how long."""


class HttpPartner:
    """Delivers over HTTP; a `connectors.ports.Partner`.

    Args:
        participant: its settings, with ``deliver``.
        now: UTC seconds, for signatures and dates.
        clock: monotonic seconds, for everything else.

    Raises:
        Misconfigured: no ``deliver``, a secret or a header field that cannot be used, an address that is not
            allowed.
    """

    def __init__(
        self,
        participant: Participant,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if participant.deliver is None:
            raise Misconfigured("settings-invalid", f"participant {participant.name} has no deliver")
        self.name = participant.name
        self.settings = participant.deliver
        settings = self.settings
        self._now = now
        self._fields = checked_fields(settings.headers)
        self._keys = [hmac_key(find_secret(reference)) for reference in settings.secrets]
        self._client = Client(
            settings.egress,
            [settings.url, *token_urls(settings.auth)],
            timeouts=settings.timeouts,
            limits=settings.limits,
            connections=settings.concurrency + 1,
        )
        self._credentials = make_credentials(settings.auth, self._client, self.name, clock)
        self._bucket = Bucket(settings.rate, clock)
        self.circuit = Circuit(settings.breaker, clock, self._observe)
        self._slots = asyncio.Semaphore(settings.concurrency)
        metrics.CIRCUIT.labels(self.name).set(CircuitState.CLOSED.value)

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Make one attempt for the batch; see `connectors.ports.Partner`."""
        if self.settings.batch == "none":
            return await self._one_by_one(batch)
        outcomes: list[Outcome] = []
        for start in range(0, len(batch), self.settings.max_batch):
            part = batch[start : start + self.settings.max_batch]
            made = await self._together(part)
            outcomes += made
            if all(isinstance(one, Retry) for one in made):
                return outcomes + [made[-1]] * (len(batch) - len(outcomes))
        return outcomes

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _together(self, batch: Sequence[OutgoingMessage]) -> list[Outcome]:
        verdict, status = await self._attempt(prepare(self.name, batch, self.settings.batch), len(batch))
        if verdict.kind is VerdictKind.PARK and len(batch) > 1:
            return await self._one_by_one(batch)  # one of them is bad: find out which, deliver the others
        return [
            self._outcome(*self._of_one(verdict, status, index), message)
            for index, message in enumerate(batch)
        ]

    def _of_one(self, verdict: Verdict, status: int, index: int) -> tuple[Verdict, int]:
        """The verdict of one message: that of the batch, unless the answer says something else of it."""
        if index not in verdict.said:
            return verdict, status
        own, words = verdict.said[index]
        if own in self.settings.park:
            return Verdict(VerdictKind.PARK, "partner-refused", f"{own} {words}".rstrip()), own
        return Verdict(
            VerdictKind.RETRY, "partner-unavailable", f"of this message: {own} {words}".rstrip()
        ), own

    async def _one_by_one(self, batch: Sequence[OutgoingMessage]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        held: dict[str, Retry] = {}
        for message in batch:
            if message.subject in held:
                outcomes.append(held[message.subject])
                continue
            verdict, status = await self._attempt(prepare(self.name, [message], self.settings.batch), 1)
            outcome = self._outcome(*self._of_one(verdict, status, 0), message)
            outcomes.append(outcome)
            if isinstance(outcome, Retry):
                held[message.subject] = outcome
        return outcomes

    def _outcome(self, verdict: Verdict, status: int, message: OutgoingMessage) -> Outcome:
        match verdict.kind:
            case VerdictKind.DELIVERED:
                return Delivered(status, delivery_key(self.name, message.id))
            case VerdictKind.PARK:
                return Park(verdict.code, verdict.detail, status)
            case VerdictKind.RETRY:
                return Retry(verdict.after, verdict.code, verdict.detail, status=status)
            case _:
                after = verdict.after or self.circuit.remaining
                return Retry(after, verdict.code, verdict.detail, paused=True, status=status)

    async def _attempt(self, prepared: PreparedRequest, count: int) -> tuple[Verdict, int]:
        """Send once, if circuit and rate allow it, and learn from the answer."""
        async with self._slots:
            if wait := self.circuit.admit():
                return Verdict(VerdictKind.CLOSED, "partner-unavailable", "the circuit is open", wait), 0
            began = time.perf_counter()
            verdict = Verdict(VerdictKind.RETRY, "internal", "the attempt was cancelled")
            try:
                await asyncio.sleep(self._bucket.reserve(count))
                verdict, status = await self._exchange(prepared, count)
            finally:
                self._learn(verdict)
                metrics.ATTEMPTS.labels(self.name, verdict.code).inc(count)
                metrics.ATTEMPT_SECONDS.labels(self.name).observe(time.perf_counter() - began)
        return verdict, status

    async def _exchange(self, prepared: PreparedRequest, count: int) -> tuple[Verdict, int]:
        try:
            authorization = await self._credentials.header()
            answer = await self._post(prepared, authorization)
            verdict = judge(answer, self.settings, self._now())
            if verdict.kind is VerdictKind.UNAUTHORIZED and await self._credentials.renew(authorization):
                answer = await self._post(prepared, await self._credentials.header())
                verdict = judge(answer, self.settings, self._now())
        except Transient as error:
            kind = VerdictKind.UNAUTHORIZED if error.code == "partner-unauthorized" else VerdictKind.RETRY
            return Verdict(kind, error.code, error.message, error.retry_after), 0
        except Misconfigured as error:
            return Verdict(VerdictKind.CLOSED, error.code, error.message), 0
        return self._each(verdict, answer, count), answer.status

    def _each(self, verdict: Verdict, answer: Answer, count: int) -> Verdict:
        """Add what an answer says of single messages; a success that cannot be told apart is none."""
        if verdict.kind is not VerdictKind.DELIVERED:
            return verdict
        said = said_of_each(answer, self.settings, count)
        if said is None:
            detail = f"{answer.status}, but the outcomes of the messages cannot be read"
            return Verdict(VerdictKind.RETRY, "partner-unavailable", detail)
        return verdict._replace(said=said)

    async def _post(self, prepared: PreparedRequest, authorization: str) -> Answer:
        headers = with_fields(signed(prepared, self._keys, self._now()), self._fields)
        if authorization:
            headers = headers | {"Authorization": authorization}
        return await self._client.send("POST", self.settings.url, headers=headers, content=prepared.body)

    def _learn(self, verdict: Verdict) -> None:
        match verdict.kind:
            case VerdictKind.DELIVERED | VerdictKind.PARK:
                self.circuit.succeeded()
            case VerdictKind.RETRY if verdict.code == "internal":
                self.circuit.abandoned()
            case VerdictKind.RETRY:
                self.circuit.failed()
            case VerdictKind.THROTTLED:
                self._bucket.slow_down()
                self.circuit.trip(verdict.after or THROTTLED_PAUSE)
            case VerdictKind.UNAUTHORIZED:
                self.circuit.trip(verdict.after or 0.0)
            case VerdictKind.CLOSED:
                self.circuit.trip(verdict.after or CLOSED_PAUSE)
        if verdict.kind in (VerdictKind.UNAUTHORIZED, VerdictKind.CLOSED):
            log.error("deliveries paused", participant=self.name, code=verdict.code, detail=verdict.detail)

    def _observe(self, state: CircuitState) -> None:
        metrics.CIRCUIT.labels(self.name).set(state.value)
        log.warning("circuit changed", participant=self.name, state=state.name.lower())
