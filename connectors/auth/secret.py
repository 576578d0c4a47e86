"""Secrets: found by reference, never printed."""

from __future__ import annotations

import hmac
import os
import re
from pathlib import Path
from typing import Final

from schemas.errors import Misconfigured

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)


class Secret:
    """A secret text. Its representation never shows it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text, for the one place that needs it."""
        return self._text

    def matches(self, other: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._text.encode(), other.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return "<secret>"


def find_secret(reference: str) -> Secret:
    """Read the secret at ``file:PATH`` or ``env:NAME``; white space around it does not count.

    Raises:
        Misconfigured: it is not there, empty, or holds characters that no HTTP header can carry.
    """
    kind, _, place = reference.partition(":")
    if kind == "env":
        text = os.environ.get(place)
        if text is None:
            raise Misconfigured("settings-invalid", f"environment variable {place} is not set")
    elif kind == "file":
        try:
            text = Path(place).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            raise Misconfigured("settings-invalid", f"secret file {place}: {reason}") from None
    else:
        raise Misconfigured("settings-invalid", "a secret is given as file:PATH or env:NAME, never as itself")
    text = text.strip()
    if not _PRINTABLE.fullmatch(text):
        raise Misconfigured("settings-invalid", f"the secret at {reference} is empty or not plain ASCII")
    return Secret(text)
