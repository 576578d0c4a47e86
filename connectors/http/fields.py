"""Header fields that a partner wants with each request, such as the version of its API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from schemas.errors import Misconfigured

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_VALUE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,998}[\x21-\x7e])?", re.ASCII)
OWN: Final = frozenset(
    {
        "accept-encoding", "authorization", "connection", "content-encoding", "content-length",
        "content-type", "cookie", "corridor-message-keys", "expect", "host", "idempotency-key",
        "if-none-match", "keep-alive", "proxy-authorization", "proxy-connection", "te", "traceparent",
        "trailer", "transfer-encoding", "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp",
    }
)  # fmt: skip
"""What the broker says itself, in lower case."""


def checked_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Give the header fields of the settings back.

    Raises:
        Misconfigured: one is no header field, or one of the broker's own.
    """
    named: set[str] = set()
    for name, value in fields.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Misconfigured(
                "settings-invalid", f"headers: {name!r} is no header field, or its value is none"
            )
        if name.lower() in OWN:
            hint = "; see auth" if name.lower() == "authorization" else ""
            raise Misconfigured(
                "settings-invalid", f"headers: {name} is one that the broker sends itself{hint}"
            )
        if name.lower() in named:
            raise Misconfigured("settings-invalid", f"headers: {name} stands there twice")
        named.add(name.lower())
    return dict(fields)


def with_fields(own: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, str]:
    """Give the header of a request: our own fields, and the partner's, which go before our ``Accept``."""
    names = {name.lower() for name in fields}
    return {name: value for name, value in own.items() if name.lower() not in names} | dict(fields)
