"""A whole broker for a measurement: what `corridor up` runs, in a directory and on ports of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from bench.case import Tell
from corridor.sandbox.settings import CONTROL
from corridor.supervisor.figures import parse
from corridor.supervisor.state import Ports, StateDirectory
from corridor.supervisor.supervisor import RunPlan, Supervisor, SupervisorStatus
from deploy.ports import free_port, require_free
from schemas.errors import Misconfigured, Transient
from streams.kafka.settings import Topics

PARTITIONS = Topics().partitions
"""As many as topics have by default; `corridor up` gives those of its sandbox fewer."""
LOOK = 1.0
"""Seconds between two looks at a running broker."""
QUIET = 8
"""Looks without any change after which nothing is on its way: lag is measured every five seconds."""


@asynccontextmanager
async def broker(
    tell: Tell, *, settings: str = "", play: Mapping[str, str] | None = None, partitions: int = PARTITIONS
) -> AsyncIterator[Supervisor]:
    """Run Kafka, the roles, and the sandbox unless settings are given; all of it is gone afterwards.

    Args:
        tell: told what is going on.
        settings: TOML with ``{secrets}``, ``{gateway}``, ``{stream}``, ``{deliver}``, ``{view}`` and
            ``{kafka}`` to be filled in; empty for the settings and participants of the sandbox.
        play: how the sandbox plays: options in capitals with their values, such as ``RATE``.
        partitions: of each topic, for the settings of the sandbox.
    """
    tell("starting a broker")
    with tempfile.TemporaryDirectory(prefix="corridor-bench-") as directory:
        state, ports = StateDirectory(Path(directory)), _free_ports()
        config = None
        if settings:
            state.write_sandbox_settings(ports, "", None)  # makes the secrets, too
            config = state.directory / "bench.toml"
            config.write_text(settings.format(secrets=state.secrets, kafka=ports.kafka[0], **ports.roles))
        supervisor = Supervisor(
            RunPlan(
                state=state, ports=ports, config=config, kafka=None, registry=None, sandbox=not settings,
                environment={f"CORRIDOR_SANDBOX_{k}": v for k, v in (play or {}).items()}
                | ({} if settings else {"CORRIDOR__TOPICS__PARTITIONS": str(partitions)}),
            ),
            lambda _: None,
        )  # fmt: skip
        try:
            await supervisor.start(lambda *_: None)
            yield supervisor
        finally:
            await supervisor.stop()


def process(supervisor: Supervisor, name: str) -> psutil.Process:
    """The process of a role.

    Raises:
        Transient: ``internal`` when it does not run at the moment.
    """
    for child in supervisor.children:
        if child.name == name and child.pid:
            return psutil.Process(child.pid)
    raise Transient("internal", f"{name} does not run")


def accepted(status: SupervisorStatus) -> int:
    """Messages taken in, of all participants."""
    return sum(system.accepted for system in status.figures.systems) if status.figures else 0


async def drained(supervisor: Supervisor, tell: Tell) -> None:
    """Return when the sandbox has sent everything and nothing is on its way any more."""
    quiet, before = 0, None
    while quiet < QUIET:
        await asyncio.sleep(LOOK)
        status = await supervisor.status()
        tell(f"{accepted(status):,} messages")
        now = status.figures and [(d.accepted, d.delivered, d.waiting) for d in status.figures.systems]
        still = now == before and await _finished(supervisor)
        quiet, before = (quiet + 1 if still else 0), now


async def metrics(supervisor: Supervisor, role: str) -> Callable[..., float]:
    """What a role's metrics say: from the name of a series, and labels, to its sum over all others."""
    address = getattr(supervisor.settings, role)
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{address.host}:{address.port}/metrics")
    series = parse(answer.text)
    return lambda wanted, **labels: sum(
        value for (name, found), value in series.items() if name == wanted and labels.items() <= set(found)
    )


async def _finished(supervisor: Supervisor) -> bool:
    """Say whether every participant has sent what it had; one that does not answer has not."""
    async with httpx.AsyncClient(trust_env=False) as client:
        for name in supervisor.plan.players:
            port = supervisor.plan.ports.sandbox[name] + CONTROL
            try:
                finished = (await client.get(f"http://127.0.0.1:{port}/stats")).json()["finished"]
            except httpx.TransportError:
                return False
            if not finished:
                return False
    return True


def _free_ports() -> Ports:
    """Ports that are free now, below those that the system gives to connections."""
    while True:
        ports = Ports(10_000 + free_port() % 1_000 * 20)
        try:
            for port in {*ports.roles.values(), *ports.sandbox.values(), *ports.kafka}:
                require_free(port, "a benchmark", "")
        except Misconfigured:
            continue
        return ports
