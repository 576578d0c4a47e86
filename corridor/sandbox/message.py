"""A message of the sandbox and how it is identified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

NAMESPACE: Final[UUID] = uuid5(NAMESPACE_URL, "urn:corridor:sandbox")


@dataclass(frozen=True, slots=True)
class PlayedMessage:
    """A message to be sent.

    Attributes:
        at: simulated time at which the participant sends it.
        id: identity by the profile; a message that is sent again has the same.
        subject: what it is about, ``<TYPE>:<id>``: messages of one subject are sent one after the other.
        document: its JSON value.
    """

    at: datetime
    id: str
    subject: str
    document: dict[str, Any]

    def body(self) -> bytes:
        """Its bytes; the same at every run."""
        return msgspec.json.encode(self.document)


def identity(*parts: object) -> str:
    """UUID that follows from its parts."""
    return str(uuid5(NAMESPACE, "/".join(map(str, parts))))
