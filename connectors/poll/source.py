"""A participant that is polled: one page per call, bounded and checked like a webhook request."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Callable
from typing import Final

import httpx
import structlog
from msgspec.structs import replace

from connectors import metrics
from connectors.auth.outbound import make_credentials, token_urls
from connectors.http.client import Answer, Client
from connectors.http.fields import checked_fields, with_fields
from connectors.http.retry_after import parse_retry_after
from connectors.http.trace import traceparent_from
from connectors.poll.envelope import open_envelope, origin
from connectors.poll.place import FeedPosition, decode_place
from connectors.ports import Accepted, Format, IncomingMessage, PolledPage, Rejected, check_record
from connectors.settings import Participant
from schemas.errors import CorridorError, Misconfigured, Permanent, Transient

log = structlog.get_logger(__name__)

UNNAMED: Final = uuid.UUID("b4f0d0a6-93a4-5f43-8f0c-0d3f7f9b8a11")
"""Namespace for the ids of items that cannot be read."""
_ETAG: Final = re.compile(r"[\x20-\x7e]{1,256}", re.ASCII)
MOST_EMPTY: Final = 10
"""Empty pages in a row that are followed at once; after that the next one waits for the interval."""


class HttpSource:
    """Polls over HTTP; a `connectors.ports.Source`.

    Args:
        participant: its settings, with ``poll``.
        form: its profile.
        now: UTC seconds, for the time of acceptance and dates.
        clock: monotonic seconds, for tokens.

    Raises:
        Misconfigured: no ``poll``, a secret or a header field that cannot be used, an address that is not
            allowed.
    """

    def __init__(
        self,
        participant: Participant,
        form: Format,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if participant.poll is None:
            raise Misconfigured("settings-invalid", f"participant {participant.name} has no poll")
        self.name = participant.name
        self.settings = participant.poll
        self._form = form
        self._now = now
        self._size = self.settings.page_size
        self._fields = checked_fields(self.settings.headers)
        self._client = Client(
            self.settings.egress,
            [self.settings.url, *token_urls(self.settings.auth)],
            timeouts=self.settings.timeouts,
            limits=self.settings.limits,
            connections=2,
        )
        self._credentials = make_credentials(self.settings.auth, self._client, self.name, clock)

    async def poll(self, cursor: str) -> PolledPage:
        """Read one page; see `connectors.ports.Source`."""
        began, code = time.perf_counter(), "ok"
        try:
            return await self._poll(decode_place(cursor))
        except CorridorError as error:
            code = error.code
            raise
        finally:
            metrics.POLLS.labels(self.name, code).inc()
            metrics.POLL_SECONDS.labels(self.name).observe(time.perf_counter() - began)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _poll(self, place: FeedPosition) -> PolledPage:
        url = place.address(self.settings, self._size)
        if origin(url) != origin(httpx.URL(self.settings.url)):
            raise Misconfigured("settings-unsafe", "the stored cursor leads to another origin")
        answer = await self._get(url, place.etag)
        if answer.status == 304:
            return PolledPage([], [], place.encode(), more=False)
        if answer.status == 410 and (place.cursor or place.next):
            log.warning("cursor expired, reading again", participant=self.name, newest=place.newest)
            return PolledPage([], [], FeedPosition(newest=place.newest).encode(), more=True)
        self._check(answer)
        return self._page(place, url, answer)

    async def _get(self, url: httpx.URL, etag: str) -> Answer:
        authorization = await self._credentials.header()
        answer = await self._client.send("GET", url, headers=self._headers(authorization, etag))
        if answer.status in (401, 403) and await self._credentials.renew(authorization):
            authorization = await self._credentials.header()
            answer = await self._client.send("GET", url, headers=self._headers(authorization, etag))
        return answer

    def _check(self, answer: Answer) -> None:
        status = answer.status
        wait = parse_retry_after(answer.headers.get("retry-after"), self._now())
        if status in (401, 403):
            raise Transient("partner-unauthorized", f"the partner answered {status}", retry_after=wait)
        if status == 410:
            raise Transient("partner-gone", "the partner answered 410", retry_after=wait)
        if status != 200:
            raise Transient("partner-unavailable", f"the partner answered {status}", retry_after=wait)
        if answer.fault is not None:
            if answer.fault.code == "body-too-large":
                self._size = max(1, self._size // 2)
            raise Transient(answer.fault.code, answer.fault.message)

    def _page(self, place: FeedPosition, url: httpx.URL, answer: Answer) -> PolledPage:
        try:
            items, follow = open_envelope(self.settings, place, url, answer)
        except Permanent as error:
            raise Transient(error.code, f"the page cannot be read: {error.message}") from None
        leads_on = bool(follow.cursor or follow.next)
        more = leads_on and (follow.cursor, follow.next) != (place.cursor, place.next)
        if not leads_on and not self.settings.since_param:
            follow = replace(follow, cursor=place.cursor, next=place.next)
        etag = answer.headers.get("etag", "")
        if follow.address(self.settings, self._size) == url and _ETAG.fullmatch(etag):
            follow = replace(follow, etag=etag)
        return self._read(items, follow, more=more and follow.empty <= MOST_EMPTY)

    def _read(self, items: list[bytes], follow: FeedPosition, *, more: bool) -> PolledPage:
        when, trace = int(self._now() * 1000), traceparent_from(None)
        messages: list[Accepted] = []
        rejected: list[Rejected] = []
        for item in items:
            try:
                message = self._item(item)
            except Permanent as error:
                unnamed = str(uuid.uuid5(UNNAMED, hashlib.sha256(item).hexdigest()))
                rejected.append(Rejected(self.name, unnamed, item, error, when, trace))
                continue
            digest = hashlib.sha256(item).digest()
            messages.append(
                Accepted(
                    self.name, message.id, message.key, message.body, digest, when, trace, message.findings
                )
            )
        return PolledPage(messages, rejected, follow.encode(), more)

    def _item(self, item: bytes) -> IncomingMessage:
        message = self._form.read(item)
        check_record(message, self.settings.limits.record)
        if not message.id:
            raise Permanent("id-missing", "the item carries no id")
        return message

    def _headers(self, authorization: str, etag: str) -> dict[str, str]:
        own = {"Accept": "application/json", "Authorization": authorization, "If-None-Match": etag}
        return with_fields({name: value for name, value in own.items() if value}, self._fields)
