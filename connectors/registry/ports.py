"""What the REST API needs from the log under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from schemas.registry.registration import RegistryChange
from schemas.registry.state import RegistryState

Decide = Callable[[RegistryState], RegistryChange]
"""What a request writes, given all that was written before; may raise `RegistryRefusal`."""


class Elsewhere(Exception):
    """Another process is the writer now.

    Args:
        url: address of its REST API.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Registry(Protocol):
    """The registry's log: one writer at a time, every process a reader.

    Attributes:
        state: what the log adds up to here; never changed by its readers.
        ready: all of its log was read; until then nothing is known of what it has.
        recursive: accept recursive schemas, which no decoder of ours reads.
        cluster: id of the Kafka cluster.
    """

    state: RegistryState
    ready: bool
    recursive: bool
    cluster: str

    async def write(self, decide: Decide, *, here: bool = False) -> RegistryChange:
        """Decide on the newest state, write, and return when `state` has it.

        Args:
            decide: runs in a thread; it may run again when another writer came in between.
            here: become the writer instead of saying who is.

        Raises:
            Elsewhere: another process writes.
            Refusal: from ``decide``.
            Transient: (``log-unavailable``) not known to be written; the same request may be sent again.
        """

    async def reached(self, offset: int) -> None:
        """Wait until `state` has the record at an offset.

        Raises:
            Transient: (``log-unavailable``) not in time.
        """
