"""The described edges as a process, and a poller beside them: ``python -m tests.support.described_process``.

It prints the addresses as a line of JSON. Each line that it reads is polled once as an address, and answered
with the number of messages or the code of the error.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

import structlog

from connectors.poll.source import HttpSource
from schemas.errors import CorridorError
from tests.support.described import described
from tests.support.edges import LOOPBACK, event_format, participant


async def poll(url: str) -> str:
    """Poll an address once."""
    conf = {"url": url, "egress": LOOPBACK, "timeouts": {"total": 5.0}}
    source = HttpSource(participant(poll=conf), event_format())
    try:
        return str(len((await source.poll("")).messages))
    except CorridorError as error:
        return error.code
    finally:
        await source.close()


async def main() -> None:
    """Serve until the input ends."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with tempfile.TemporaryDirectory() as directory:
        async with described(Path(directory)) as edges:
            sys.stdout.write(json.dumps({name: list(edge) for name, edge in edges.items()}) + "\n")
            sys.stdout.flush()
            while line := await lines.readline():
                sys.stdout.write(await poll(line.decode().strip()) + "\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
