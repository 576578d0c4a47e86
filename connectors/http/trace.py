"""W3C trace context: pass on what is well formed, begin a trace where there is none."""

from __future__ import annotations

import re
import secrets
from typing import Final

_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)


def is_traceparent(value: str) -> bool:
    """Tell whether a ``traceparent`` is well formed (W3C Trace Context, version 00)."""
    return _TRACEPARENT.fullmatch(value) is not None


def traceparent_from(value: str | None) -> str:
    """Give the sender's ``traceparent`` when it is well formed, else a new one."""
    if value and is_traceparent(value):
        return value
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
