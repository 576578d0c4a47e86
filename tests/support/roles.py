"""All roles of a broker in one process of their own, with a Kafka that a test may take away."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from corridor.roles import ROLES
from deploy.ports import LOOPBACK, free_port

PATIENCE = 90.0
SETTINGS = """
[kafka]
bootstrap = "{kafka}"
[topics]
partitions = 2
[log]
format = "json"
[view]
url = "sqlite:///{directory}/view.sqlite3"
port = {view}
[gateway]
port = {gateway}
[stream]
port = {stream}
[deliver]
port = {deliver}
[participants.dlp]
profile = "dlp.event.v1"
[participants.dlp.deliver]
url = "https://dlp.example/events"
[participants.dlp.webhook]
bearer = ["env:DLP_TOKEN"]
"""
TOKEN = "dlp-token-0123456789"


class Broker:
    """All roles in one process, asked over HTTP."""

    def __init__(self, directory: Path, kafka: str, more: str = "") -> None:
        self.ports = {role: free_port() for role in ROLES}
        self.log = directory / "roles.log"
        self._file = directory / "corridor.toml"
        self._file.write_text(SETTINGS.format(kafka=kafka, directory=directory, **self.ports) + more)

    async def __aenter__(self) -> Broker:
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "corridor", "run", *ROLES, "--config", str(self._file)),
                stdout=log, stderr=log, cwd=self._file.parent, env={**os.environ, "DLP_TOKEN": TOKEN},
            )  # fmt: skip
        self._client = httpx.AsyncClient(timeout=10)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()

    async def until(self, role: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask a role until its readiness is as wanted."""
        body: dict[str, Any] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    assert self.process.returncode is None, self.log.read_text()
                    try:
                        answer = await self._client.get(f"http://{LOOPBACK}:{self.ports[role]}/readyz")
                    except httpx.HTTPError:
                        await asyncio.sleep(0.1)
                        continue
                    body = answer.json()
                    assert answer.status_code == (200 if body["ready"] else 503)
                    if condition(body):
                        return body
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{role}: {body}\n{self.log.read_text()}") from None

    async def until_all(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        """Ask all roles."""
        for role in ROLES:
            await self.until(role, condition)

    async def send(self, path: str, body: bytes) -> httpx.Response:
        """Send a message to a webhook of the gateway."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        url = f"http://{LOOPBACK}:{self.ports['gateway']}{path}"
        return await self._client.post(url, content=body, headers=headers)

    async def metrics(self) -> dict[str, float]:
        """Samples of the process, by name and labels."""
        answer = await self._client.get(f"http://{LOOPBACK}:{self.ports['stream']}/metrics")
        lines = (line for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def told(self, event: str) -> list[dict[str, Any]]:
        """Lines of the log that tell of an event; every line is JSON."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == event]
