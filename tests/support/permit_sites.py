"""Two brokers, each one e-Permit authority, that reach each other over a line that loses answers."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from corridor.sandbox.server import Outage
from schemas.epermit.keys import generate

TOKEN = "the-token-of-the-internal-api"
ROLES = ("gateway", "stream", "deliver")


def free_port() -> int:
    """Find a free port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LossyLine:
    """Carries requests to a site, and cuts the connection after some of its answers.

    Args:
        target: address that it carries to.
        loss: part of the answers that never arrive.
        seed: of the dice.
    """

    def __init__(self, target: str, loss: float, seed: int) -> None:
        self._target, self.loss = target, loss
        self._dice = random.Random(seed)
        self.lost = 0
        self._client = httpx.AsyncClient(trust_env=False, timeout=30)
        app = Starlette(routes=[Route("/{path:path}", self._carry, methods=["GET", "POST"])])
        self.server = Outage(app, "127.0.0.1", 0)

    async def _carry(self, request: Request) -> Response:
        kept = ("authorization", "content-type", "accept")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        try:
            answer = await self._client.request(
                request.method, self._target + request.url.path, content=await request.body(), headers=headers
            )
        except httpx.HTTPError:
            return Response(status_code=502)
        if request.method == "POST" and self._dice.random() < self.loss:
            self.lost += 1
            request.scope["corridor.drop"]()
        return Response(answer.content, answer.status_code)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve, and give the address."""
        serving = asyncio.create_task(self.server.run())
        await self.server.serving.wait()
        try:
            yield f"http://127.0.0.1:{self.server.port}"
        finally:
            self.server.stop()
            await serving
            await self._client.aclose()


@dataclass
class Site:
    """One broker with one authority.

    Attributes:
        code: of the authority.
        name: of the participant.
        directory: for settings, keys and logs.
        bootstrap: of Kafka.
    """

    code: str
    name: str
    directory: Path
    bootstrap: str
    ports: list[int] = field(default_factory=lambda: [free_port() for _ in ROLES])
    kills: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the gateway."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def configure(self, peer: str, line: str) -> None:
        """Write settings, key and token; make the topics."""
        key, token = self.directory / f"{self.code}.key", self.directory / f"{self.code}.token"
        for file, text in ((key, generate("1")), (token, TOKEN)):
            file.write_text(text)
            file.chmod(0o600)
        listens = "".join(f"[{r}]\nport = {p}\n" for r, p in zip(ROLES, self.ports, strict=True))
        self.config.write_text(
            f'[kafka]\nbootstrap = "{self.bootstrap}"\n[topics]\npartitions = 1\n'
            f'[processing]\napp = "{self.name}"\n'
            f'{listens}[participants.{self.name}]\nprofile = "epermit.event.v1"\n'
            f'[participants.{self.name}.authority]\ncode = "{self.code}"\ntitle = "{self.code}"\n'
            f'path = "/permits"\nkeys = [{{ id = "1", key = "file:{key}" }}]\ntoken = "file:{token}"\n'
            "backoff = { first = 0.02, longest = 0.5 }\n"
            f'[participants.{self.name}.authority.peers.{peer}]\nurl = "{line}/permits"\n'
            'egress = { networks = ["127.0.0.0/8"] }\n'
        )
        self._run("topics", "create", "--unsafe").check_returncode()

    @property
    def config(self) -> Path:
        """Settings of this broker."""
        return self.directory / f"{self.code}.toml"

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "corridor", *arguments, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, timeout=60, check=False)

    def start(self) -> None:
        """Start gateway and deliver in one process."""
        command = [
            sys.executable,
            "-m",
            "corridor",
            "run",
            "gateway",
            "deliver",
            "--config",
            str(self.config),
        ]
        with (self.directory / f"{self.code}.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ))

    def kill(self) -> None:
        """Kill it with SIGKILL and start it again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1
        self.start()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


class Office:
    """Does acts at a site until they are answered, through every restart."""

    def __init__(self, site: Site, client: httpx.AsyncClient) -> None:
        self._url = f"{site.url}/permits/internal"
        self._client = client
        self._headers = {"Authorization": f"Bearer {TOKEN}"}

    async def act(self, method: str, path: str, body: object, act: str) -> dict[str, Any] | None:
        """Do one act; None when it is refused."""
        answer = await self._ask(method, path, body, {**self._headers, "Idempotency-Key": act})
        result: dict[str, Any] = answer.json()
        return result if answer.status_code == 200 else None

    async def overview(self) -> dict[str, Any]:
        """Keys, peers, chains, quotas."""
        found: dict[str, Any] = (await self._ask("GET", "", None, self._headers)).json()
        return found

    async def _ask(self, method: str, path: str, body: object, headers: dict[str, str]) -> httpx.Response:
        async with asyncio.timeout(120):
            while True:
                try:
                    answer = await self._client.request(method, self._url + path, json=body, headers=headers)
                except httpx.HTTPError:
                    await asyncio.sleep(
                        0.1
                    )  # it is being started again: there is nothing to wait on but its port
                    continue
                if answer.status_code < 500:
                    return answer
                await asyncio.sleep(0.05)
