"""A gateway that has nothing but the registry, as a process of its own that a test may kill.

``python -m tests.support.registry_process BOOTSTRAP TOPIC PORT``; prints one line when it is ready.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import structlog
import uvicorn

from connectors.registry.app import registry_app
from streams.kafka.settings import Kafka
from streams.logs.registry_log import RegistryLog


async def serve(bootstrap: str, topic: str, port: int) -> None:
    """Serve the registry's API until killed."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    registry = RegistryLog(Kafka(bootstrap=bootstrap), topic=topic, url=f"http://127.0.0.1:{port}")
    await registry.start()
    print("ready", flush=True)  # noqa: T201 - the parent waits for it
    config = uvicorn.Config(registry_app(registry), port=port, log_level="warning", lifespan="off", ws="none")
    await uvicorn.Server(config).serve()
    await registry.close()


class RegistryProcess:
    """One such process, started and killed by a test.

    Args:
        bootstrap: Kafka.
        topic: of the registry's log.
        port: to listen on.
    """

    def __init__(self, bootstrap: str, topic: str, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._arguments = [
            sys.executable,
            "-m",
            "tests.support.registry_process",
            bootstrap,
            topic,
            str(port),
        ]
        self._process: subprocess.Popen[str] | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self._process = await asyncio.to_thread(
            subprocess.Popen,
            self._arguments,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        assert self._process.stdout is not None
        assert await asyncio.to_thread(self._process.stdout.readline) == "ready\n"

    async def kill(self) -> None:
        """Kill it with -9; it gets no chance to finish anything."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            await asyncio.to_thread(self._process.wait)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2], int(sys.argv[3])))
