"""A registry whose log is a list: the real rules, state and record format, without Kafka."""

from __future__ import annotations

import asyncio

from connectors.registry.ports import Decide
from schemas.registry.records import decode, encode
from schemas.registry.registration import RegistryChange
from schemas.registry.state import RegistryState


class MemoryRegistry:
    """The `Registry` protocol over a list of encoded records.

    Attributes:
        log: key and value of every record, in order.
    """

    def __init__(self, *, recursive: bool = False) -> None:
        self.state = RegistryState()
        self.ready = True
        self.recursive = recursive
        self.cluster = "memory"
        self.log: list[tuple[bytes, bytes | None]] = []
        self._lock = asyncio.Lock()

    async def write(self, decide: Decide, *, here: bool = False) -> RegistryChange:
        """Decide and append; there is nobody else who could write."""
        del here
        async with self._lock:
            change = await asyncio.to_thread(decide, self.state)
            for entry in change.entries:
                key, value = encode(entry)
                self.log.append((key, value))
                self.state.apply(decode(key, value, timestamp=len(self.log)), len(self.log) - 1)
            return change

    async def reached(self, offset: int) -> None:
        """The state has every record at once."""
        assert self.state.offset >= offset
