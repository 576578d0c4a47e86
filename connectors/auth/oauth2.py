"""OAuth2 client credentials (RFC 6749, section 4.4): one token, fetched by one request at a time.

A token is renewed in the background once most of its life is over, so no delivery waits for it. However many
requests find out together that the token is gone, one of them fetches the next.
"""

from __future__ import annotations

import asyncio
import base64
import math
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote_plus, urlencode

import msgspec

from connectors import metrics
from connectors.auth.secret import Secret, find_secret
from connectors.http.client import Answer, Client
from connectors.settings import OAuth2
from schemas.errors import Transient

UNSTATED_LIFE: Final = 300.0
"""Seconds that a token is used when the server does not say how long it lives."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}", re.ASCII)


class _TokenAnswer(msgspec.Struct):
    access_token: str
    token_type: str
    expires_in: float | str | None = None


class ClientCredentials:
    """A token source for one participant.

    Args:
        settings: token endpoint and client.
        client: connections that may go there.
        participant: label of the metrics.
        now: monotonic seconds.
    """

    def __init__(self, settings: OAuth2, client: Client, participant: str, now: Callable[[], float]) -> None:
        self._settings = settings
        self._secret = find_secret(settings.client_secret)
        self._client = client
        self._participant = participant
        self._now = now
        self._token: Secret | None = None
        self._renew_at = self._dead_at = 0.0
        self._flight: asyncio.Task[Secret] | None = None

    async def header(self) -> str:
        """Give the ``Authorization`` header with a token that is alive.

        Raises:
            Transient: ``partner-unauthorized`` or ``partner-unavailable``: there is none to be had now.
        """
        now = self._now()
        if self._token is None or now >= self._dead_at:
            return _bearer(await asyncio.shield(self._fetching()))
        if now >= self._renew_at:
            self._fetching()
        return _bearer(self._token)

    async def renew(self, refused: str) -> bool:
        """Replace the token that was refused, unless that has happened already.

        Raises:
            Transient: there is none to be had now.
        """
        if self._token is None or _bearer(self._token) == refused:
            self._token = await asyncio.shield(self._fetching())
        return _bearer(self._token) != refused

    def _fetching(self) -> asyncio.Task[Secret]:
        if self._flight is None:
            self._flight = asyncio.ensure_future(self._fetch())
            self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, flight: asyncio.Task[Secret]) -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # whoever waits gets it; in the background it may fail while the token lives

    async def _fetch(self) -> Secret:
        code = "ok"
        try:
            began = self._now()
            token, life = _read(await self._ask())
            self._token = token
            self._renew_at = began + life * self._settings.refresh_at
            self._dead_at = began + life
        except Transient as error:
            code = error.code
            raise
        else:
            return token
        finally:
            metrics.TOKENS.labels(self._participant, code).inc()

    async def _ask(self) -> Answer:
        settings, secret = self._settings, self._secret.reveal()
        form = {"grant_type": "client_credentials"}
        form |= {k: v for k, v in (("scope", settings.scope), ("audience", settings.audience)) if v}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if settings.send == "basic":
            pair = f"{quote_plus(settings.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        return await self._client.send(
            "POST", settings.token_url, headers=headers, content=urlencode(form).encode()
        )


def _bearer(token: Secret) -> str:
    return f"Bearer {token.reveal()}"


def _seconds(stated: float | str) -> float:
    """Read a life; one that is no number would never be over."""
    if math.isnan(life := float(stated)):
        raise ValueError("no number")
    return life


def _read(answer: Answer) -> tuple[Secret, float]:
    if answer.status in (400, 401, 403):
        raise Transient("partner-unauthorized", f"the token endpoint answered {answer.status}")
    if answer.status != 200 or answer.fault:
        raise Transient("partner-unavailable", f"the token endpoint answered {answer.status}")
    try:
        found = msgspec.json.decode(answer.body, type=_TokenAnswer)
        life = UNSTATED_LIFE if found.expires_in is None else _seconds(found.expires_in)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise Transient("partner-unavailable", "the token endpoint gave an answer without a token") from None
    if found.token_type.lower() != "bearer" or not _TOKEN.fullmatch(found.access_token):
        raise Transient("partner-unauthorized", "the token endpoint gave no bearer token")
    return Secret(found.access_token), min(max(life, 0.0), 30 * 86400.0)
