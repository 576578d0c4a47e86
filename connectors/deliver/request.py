"""The request of a delivery: same messages, same key, same bytes, on every attempt."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from connectors.auth.webhook import HmacKey, sign
from connectors.http.trace import is_traceparent
from connectors.ports import OutgoingMessage
from schemas.broken import broken

NAMESPACE: Final = uuid.UUID("6f2ad7f3-6d0c-5d7b-9f3e-5a1c0b7f2e41")
"""Namespace of all Idempotency-Keys."""

MESSAGE_KEYS: Final = "corridor-message-keys"
"""Header of a batch: the key of each message in order, as each would have alone."""

Batching = Literal["none", "array", "ndjson"]


class PreparedRequest(NamedTuple):
    """A request ready to be sent, but for credentials and signature."""

    key: str
    body: bytes
    headers: dict[str, str]


def delivery_key(participant: str, message_id: str) -> str:
    """Give the ``Idempotency-Key`` of a message: the same over retries, restarts and replays."""
    return str(uuid.uuid5(NAMESPACE, f"{participant}/{message_id}"))


def prepare(participant: str, batch: Sequence[OutgoingMessage], batching: Batching) -> PreparedRequest:
    """Put messages into one request.

    Args:
        participant: who it goes to.
        batch: at least one message; exactly one when ``batching`` is ``none``.
        batching: form of the body.
    """
    keys = [delivery_key(participant, message.id) for message in batch]
    if broken("new-key-on-retry"):
        keys = [str(uuid.uuid4()) for _ in batch]
    key = keys[0] if len(keys) == 1 else str(uuid.uuid5(NAMESPACE, " ".join(keys)))
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": key}
    trace = batch[0].traceparent
    if is_traceparent(trace):
        headers["traceparent"] = trace
    if batching == "none":
        return PreparedRequest(key, batch[0].body, headers)
    headers[MESSAGE_KEYS] = ", ".join(keys)
    if batching == "ndjson":
        headers["Content-Type"] = "application/x-ndjson"
        return PreparedRequest(key, b"".join(message.body + b"\n" for message in batch), headers)
    return PreparedRequest(key, b"[" + b",".join(message.body for message in batch) + b"]", headers)


def signed(prepared: PreparedRequest, keys: Sequence[HmacKey], now: float) -> dict[str, str]:
    """Give the headers of one attempt: with Standard Webhooks signatures when there are keys to sign with."""
    if not keys:
        return prepared.headers
    return prepared.headers | sign(keys, prepared.key, int(now), prepared.body)
