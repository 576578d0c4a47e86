"""One door per broker: the clients of a process knock together, and ever more seldom while nobody opens.

aiokafka tries again after a fixed pause, each client by itself. A role has dozens of them, which makes
hundreds of connections a second to a Kafka that is away. Here a broker that did not open is tried by one
client at a time, after a pause that grows; the others get the outcome of that try.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from weakref import WeakKeyDictionary

import aiokafka.client
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.errors import KafkaConnectionError

from connectors.pauses import Pauses

FIRST: Final = 0.2
LONGEST: Final = 2.0
"""Seconds between two tries; no more, so that work goes on soon after Kafka is back."""


class Door:
    """One address of a broker, as one event loop sees it."""

    def __init__(self) -> None:
        self._pauses = Pauses(FIRST, LONGEST)
        self._until = 0.0
        self._outcome: asyncio.Future[bool] | None = None
        self._shut = False

    def is_shut(self) -> bool:
        """Tell whether the last try failed."""
        return self._shut

    async def knock(self, *, wait: bool, **options: Any) -> AIOKafkaConnection:  # noqa: ANN401
        """Open a connection, alone while the door is shut.

        Args:
            wait: stand at a door that is shut, instead of giving up at once.
            options: of ``aiokafka.conn.create_conn``.

        Raises:
            KafkaConnectionError: the door is shut, or it did not open.
        """
        while self.is_shut():
            if not wait and (self._outcome is not None or self._until > _now()):
                raise _shut(options)
            if self._outcome is None:
                return await self._stand(**options)
            tried, _ = await asyncio.wait({self._outcome})
            if tried.pop().result() and self.is_shut():
                raise _shut(options)
        return await self._try(**options)

    async def _stand(self, **options: Any) -> AIOKafkaConnection:  # noqa: ANN401
        """Wait for the end of the pause and try, for all who stand at the door meanwhile."""
        outcome = self._outcome = asyncio.get_running_loop().create_future()
        tried = False
        try:
            await asyncio.sleep(self._until - _now())
            connection = await self._try(**options)
        except Exception:
            tried = True
            raise
        else:
            return connection
        finally:
            self._outcome = None
            outcome.set_result(tried)

    async def _try(self, **options: Any) -> AIOKafkaConnection:  # noqa: ANN401
        try:
            connection = await create_conn(**options)
        except Exception:
            if not self.is_shut() or self._outcome is not None:  # of many that fail together, one counts
                self._shut = True
                self._until = _now() + self._pauses.next()
            raise
        self._shut = False
        self._pauses.reset()
        return connection


def _now() -> float:
    return asyncio.get_running_loop().time()


def _shut(options: dict[str, Any]) -> KafkaConnectionError:
    return KafkaConnectionError(f"{options['host']}:{options['port']} did not open a moment ago")


_doors: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, int], Door]] = WeakKeyDictionary()


async def knock(host: str, port: int, **options: Any) -> AIOKafkaConnection:  # noqa: ANN401
    """Connect to a broker as ``aiokafka.conn.create_conn`` does, through its door.

    While another broker is open, a shut door is passed over at once: the client asks that one instead.
    """
    doors = _doors.setdefault(asyncio.get_running_loop(), {})
    door = doors.setdefault((host, port), Door())
    elsewhere = any(not other.is_shut() for other in doors.values() if other is not door)
    return await door.knock(wait=not elsewhere, host=host, port=port, **options)


def install() -> None:
    """Let every client of this process go through the doors."""
    aiokafka.client.create_conn = knock
