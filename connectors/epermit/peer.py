"""The other authorities: the handshake with them, and sending them our events in order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
import structlog

from connectors.epermit.answers import error_code
from connectors.epermit.outbox import DECODER
from connectors.http.client import Answer, Client
from connectors.ports import Delivered, Outcome, OutgoingMessage, Retry
from connectors.settings import AuthoritySettings, PermitPeer
from schemas.epermit.refusal import LedgerRefusal
from schemas.errors import CorridorError

log = structlog.get_logger(__name__)

FOR_EVER: Final = 10 * 365 * 86_400.0
"""Seconds that an event is tried: the chain cannot go on without it."""


def _client(authority: AuthoritySettings, peer: PermitPeer) -> Client:
    return Client(peer.egress, [peer.url], timeouts=authority.timeouts, limits=authority.limits)


async def describe(authority: AuthoritySettings, code: str) -> Mapping[str, Any]:
    """Fetch the self-description of a peer.

    One redirect within its own origin is followed, such as to the address with a slash behind it; none
    leads elsewhere.

    Raises:
        Transient: it does not answer.
        Refusal: ``REMOTE_ERROR``: the answer is none.
    """
    peer = authority.peers[code]
    client = _client(authority, peer)
    try:
        answer = await client.send("GET", peer.url, headers={"Accept": "application/json"})
        if moved := _within(peer.url, answer):
            answer = await client.send("GET", moved, headers={"Accept": "application/json"})
    finally:
        await client.close()
    if answer.status != 200 or answer.fault is not None:
        raise LedgerRefusal("REMOTE_ERROR", f"{peer.url} answered {answer.status}")
    try:
        said = json.loads(answer.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise LedgerRefusal("REMOTE_ERROR", f"{peer.url} did not answer with a description")
    return said


def _within(url: str, answer: Answer) -> httpx.URL | None:
    """Give where a redirect leads, if it stays at the same scheme, host and port."""
    if answer.status not in {301, 302, 303, 307, 308} or "location" not in answer.headers:
        return None
    try:
        here, there = httpx.URL(url), httpx.URL(url).join(answer.headers["location"])
    except httpx.InvalidURL:
        return None
    same = (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)
    return there if same else None


class PeerPartner:
    """Another authority as a partner that events are delivered to.

    An event is never parked: without it the peer takes none of those behind it.

    Args:
        name: of the participant.
        authority: our settings.
        code: of the peer.
    """

    def __init__(self, name: str, authority: AuthoritySettings, code: str) -> None:
        self._name, self._code = name, code
        self._url = authority.peers[code].url.rstrip("/")
        self._client = _client(authority, authority.peers[code])

    async def deliver(self, batch: Sequence[OutgoingMessage]) -> Sequence[Outcome]:
        """Send one event after the other; behind one that was not taken none is sent."""
        outcomes: list[Outcome] = []
        for delivery in batch:
            if outcomes and isinstance(outcomes[-1], Retry):
                outcomes.append(Retry(None, "partner-unavailable", "the event before it was not taken"))
            else:
                outcomes.append(await self._send(delivery))
        return outcomes

    async def _send(self, delivery: OutgoingMessage) -> Outcome:
        record = DECODER.decode(delivery.body)
        url = f"{self._url}/events/{record.path}"
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {record.proof}"}
        try:
            answer = await self._client.send("POST", url, headers=headers, content=record.content.encode())
        except CorridorError as error:
            return Retry(None, error.code, error.message)
        outcome = verdict(answer, delivery.id)
        if isinstance(outcome, Retry):
            log.warning(
                "permit event not taken", participant=self._name, peer=self._code, path=record.path,
                status=answer.status, code=outcome.code, detail=outcome.detail,
            )  # fmt: skip
        return outcome

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()


def verdict(answer: Answer, key: str) -> Delivered | Retry:
    """Say what an answer to an event means.

    200 is the only yes, and ``EVENT_ALREADY_EXISTS`` says that an earlier yes was lost. A redirect is no:
    what answers with one is not the authority.
    """
    status = answer.status
    if status == 200:
        return Delivered(status, key)
    said = error_code(answer.body) if status == 422 else ""
    if said == "EVENT_ALREADY_EXISTS":
        return Delivered(status, key)
    if said:
        return Retry(None, "permit-refused", said, status=status)
    if 300 <= status < 400:
        return Retry(
            None, "partner-unavailable", f"{status}: a redirect, which is not followed", status=status
        )
    code = "partner-unauthorized" if status in {401, 403} else "partner-unavailable"
    text = answer.body[:200].decode("utf-8", "replace")
    return Retry(None, code, f"{status}: {' '.join(text.split())}", status=status)
