"""One address before several gateways, as the load balancer of an operator: what is down gets no caller."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Sequence
from typing import Final

from deploy.ports import LOOPBACK

_PIECE: Final = 65536


class Doorway:
    """Passes each TCP connection on to the next gateway that takes it, in a thread of its own.

    Args:
        port: where callers come.
        behind: ports of the gateways.
    """

    def __init__(self, port: int, behind: Sequence[int]) -> None:
        self.port, self._behind, self._turn = port, behind, itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def open(self) -> None:
        """Take callers from now on."""
        self._thread.start()
        serving = asyncio.start_server(self._pass, LOOPBACK, self.port)
        asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)

    def close(self) -> None:
        """Take no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _pass(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        first = next(self._turn)
        for number in range(len(self._behind)):
            try:
                port = self._behind[(first + number) % len(self._behind)]
                answer, on = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                continue
            await asyncio.gather(_pour(caller, on), _pour(answer, back))
            return
        back.close()


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()
