"""Starts everything in order, watches it, and ends it in the opposite order."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import msgspec
import psutil

from corridor.roles import ROLES
from corridor.sandbox.settings import CONTROL
from corridor.settings import Settings, load, require_safe
from corridor.settings.logins import STATE
from corridor.supervisor.child import Child, ChildRegister
from corridor.supervisor.figures import Figures, Observer, Totals, parse
from corridor.supervisor.outlook import Outlook, Watch
from corridor.supervisor.state import PLATFORMS, Ports, StateDirectory
from deploy.kafka import Node
from deploy.ports import require_free
from schemas.errors import CorridorError, Misconfigured
from streams.kafka import topics

CHILD_TIMEOUT: Final = 6.0
KAFKA_TIMEOUT: Final = 3.0
LOOK_AGAIN: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What one `corridor up` is to run.

    Attributes:
        state: its directory.
        ports: used without settings of the user's own.
        config: settings of the user's own; None for those of the sandbox.
        kafka: an external Kafka, ``HOST:PORT``; None for the embedded one.
        registry: an external registry; None for the gateway's.
        sandbox: whether sandbox participants play.
        players: which of them, all in one process.
        environment: added to that of the children.
    """

    state: StateDirectory
    ports: Ports
    config: Path | None
    kafka: str | None
    registry: str | None
    sandbox: bool
    players: tuple[str, ...] = PLATFORMS
    environment: Mapping[str, str] = field(default_factory=dict)


class ProcessFigures(msgspec.Struct, frozen=True):
    """One process as the operator sees it.

    Attributes:
        name: role, ``sandbox`` or ``kafka``.
        state: ``ready``, ``starting``, ``waiting`` or ``ended``.
        pid: process id while it runs.
        memory: resident bytes.
        cpu: per cent of one core since the last look.
        restarts: how often it was started again.
        why: what it waits for or does without, causes first; empty when all is well.
    """

    name: str
    state: str
    pid: int | None
    memory: int
    cpu: float
    restarts: int
    why: tuple[str, ...] = ()


class SupervisorStatus(msgspec.Struct, frozen=True):
    """Everything there is to show at one moment.

    Attributes:
        time: RFC 3339, UTC.
        figures: of the traffic; None before the first reading.
        outlook: what holds things up, and the permits.
        processes: all of them, Kafka first.
        addresses: what is where, name to URL.
        messages: the last sentences for the operator, oldest first.
    """

    time: str
    figures: Figures | None
    outlook: Outlook
    processes: tuple[ProcessFigures, ...]
    addresses: dict[str, str]
    messages: tuple[str, ...]


@dataclass(slots=True)
class Supervisor:
    """Runs a plan.

    Attributes:
        plan: what to run.
        tell: takes sentences for the operator at once, beside ``status``.
    """

    plan: RunPlan
    tell: Callable[[str], None]
    settings: Settings = field(default_factory=Settings)
    children: list[Child] = field(default_factory=list)
    _node: Node | None = None
    _kafka_restarts: int = 0
    _messages: deque[str] = field(default_factory=lambda: deque(maxlen=6))
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _processes: dict[int, psutil.Process] = field(default_factory=dict)
    _client: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=2.0, trust_env=False)
    )
    _totals: Totals = field(default_factory=Totals)
    _observer: Observer = field(default_factory=lambda: Observer(()))
    _figures: Figures | None = None
    _watch: Watch | None = None

    async def start(self, progress: Callable[[int, int], None]) -> None:
        """Start everything and return when all of it is ready.

        Args:
            progress: told about bytes of Kafka fetched and in all, on a first start.

        Raises:
            CorridorError: something cannot run; the message says what to do.
        """
        register = ChildRegister(self.plan.state.directory / "children.json")
        if orphans := await asyncio.to_thread(register.end_orphans):
            self.say(f"ended {orphans} processes that an earlier run left behind")
        self.settings = self._settle()
        self._require_ports()
        await self._start_kafka(progress)
        planned = topics.plan(self.settings.participants, self.settings.topics, self.settings.peers)
        made = await topics.create(self.settings.kafka, planned)
        if self.plan.config is None:
            await self._require_same_partitions(planned)
        self.say(f"{len(made)} topics created" if made else "topics are there")
        self._observer = Observer(self.settings.participants)
        self.children = self._plan_children()
        self._tasks = [asyncio.create_task(child.keep_running(), name=child.name) for child in self.children]
        if self._node:
            self._tasks.append(asyncio.create_task(self._keep_kafka(self._node), name="kafka"))
        await self._all_ready()
        register.write(self.children)
        self._watch = Watch(self.settings, self._client)
        self._tasks.append(asyncio.create_task(self._watch.run(), name="watch"))
        self._tasks.append(asyncio.create_task(self._note(register), name="register"))

    async def failed(self) -> None:
        """Return never, unless a child cannot run at all: then raise why."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """End everything: first all that works with Kafka, then Kafka."""
        for task in self._tasks:
            if task.get_name() in {"kafka", "register", "watch"}:
                task.cancel()
        await asyncio.gather(*(child.stop(CHILD_TIMEOUT) for child in self.children))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._node:
            await self._node.stop(KAFKA_TIMEOUT)
        (self.plan.state.directory / "children.json").unlink(missing_ok=True)
        await self._client.aclose()

    def say(self, sentence: str) -> None:
        """Tell the operator something, now and in the next views."""
        self._messages.append(f"{datetime.now():%H:%M:%S} {sentence}")  # noqa: DTZ005 - the operator's clock
        self.tell(sentence)

    async def status(self) -> SupervisorStatus:
        """Look at everything."""
        asked = [child for child in self.children if child.name in ROLES]
        await asyncio.gather(*(child.ask(self._client) for child in self.children))
        for child, page in zip(asked, await asyncio.gather(*map(self._page, asked)), strict=True):
            if page:
                self._totals.add(child.name, parse(page))
        self._figures = self._observer.observe(self._totals.sum())
        return SupervisorStatus(
            time=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            figures=self._figures,
            outlook=self._watch.outlook if self._watch else Outlook(),
            processes=tuple(self._look()),
            addresses=self.addresses(),
            messages=tuple(self._messages),
        )

    def addresses(self) -> dict[str, str]:
        """Return what a person may want to open or connect to."""
        gateway = f"http://{self.settings.gateway.host}:{self.settings.gateway.port}"
        docs = self.settings.gateway.docs or self.settings.gateway
        found = {"API docs": f"http://{docs.host}:{docs.port}/docs"}
        for name, participant in self.settings.participants.items():
            if participant.webhook:
                found[f"webhook of {name}"] = f"{gateway}{participant.webhook_path}"
        found["schema registry"] = self.settings.registry_url
        for role in ROLES:
            listen = getattr(self.settings, role).health
            found[f"metrics of {role}"] = f"http://{listen.host}:{listen.port}/metrics"
        found["shipments"] = f"http://{self.settings.view.host}:{self.settings.view.port}/shipments"
        found["Kafka"] = self.settings.kafka.bootstrap
        found["settings"] = str(self.plan.config or self.plan.state.settings_file)
        found["logs"] = str(self.plan.state.logs)
        return found

    def _settle(self) -> Settings:
        """Find the settings that hold, and put them where the children read them."""
        plan = self.plan
        if plan.config is None:
            bootstrap = plan.kafka or f"127.0.0.1:{plan.ports.kafka[0]}"
            plan.state.write_sandbox_settings(plan.ports, bootstrap, plan.registry, plan.players)
        settings = load(plan.config or plan.state.settings_file, self._environment())
        require_safe(settings)
        return settings

    def _environment(self) -> dict[str, str]:
        """Return the environment of the children: ours, with the options of the command line over it."""
        environment = {**os.environ, STATE: str(self.plan.state.directory), **self.plan.environment}
        if self.plan.kafka:
            environment["CORRIDOR__KAFKA__BOOTSTRAP"] = self.plan.kafka
        if self.plan.registry:
            environment["CORRIDOR__REGISTRY__URL"] = self.plan.registry
        return environment

    def _require_ports(self) -> None:
        remedy = "Stop it, or move all ports: corridor up --ports 8500."
        for role in ROLES:
            for place in getattr(self.settings, role).places:
                require_free(place.port, f"the role {role}", remedy, place.host)
        if self.plan.sandbox:
            for name in self.plan.players:
                port = self.plan.ports.sandbox[name]
                for each in (port, port + CONTROL):
                    require_free(each, f"the sandbox participant {name}", remedy)

    async def _start_kafka(self, progress: Callable[[int, int], None]) -> None:
        bootstrap = self.settings.kafka.bootstrap
        if self.plan.kafka:
            await topics.check(self.settings.kafka, [])
            self.say(f"using Kafka at {bootstrap}")
            return
        host, _, port = bootstrap.rpartition(":")
        if host not in {"127.0.0.1", "localhost"}:
            raise Misconfigured(
                "settings-invalid",
                f"kafka.bootstrap is {bootstrap}, where no Kafka can be started: "
                f"say `corridor up --kafka {bootstrap}` to use the one that is there.",
            )
        self._node = Node(self.plan.state.kafka, port=int(port), controller_port=int(port) + 1)
        await self._node.start(progress)
        self.say(f"Kafka runs at {bootstrap}")

    async def _require_same_partitions(self, planned: Sequence[topics.Topic]) -> None:
        """Refuse the data of a sandbox that was cut otherwise: its state would be looked for elsewhere."""
        for found in await topics.check(self.settings.kafka, planned):
            if found.what == "partitions":
                raise Misconfigured(
                    "settings-invalid",
                    f"topic {found.topic} has {found.found} partitions, the sandbox of this version "
                    f"{found.expected}: start anew with corridor up --state DIR, or with "
                    f"CORRIDOR__TOPICS__PARTITIONS={found.found}.",
                )

    async def _keep_kafka(self, node: Node) -> None:
        """Start Kafka again when it dies; the roles wait for it meanwhile and lose nothing."""
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            if node.process is not None:
                continue
            self._kafka_restarts += 1
            self.say(f"Kafka died and is started again on its data (see {node.log})")
            try:
                await node.start()
            except CorridorError as error:  # also a port that the dead process still holds for a moment
                self.say(f"{error.message} Trying again.")
            else:
                self.say("Kafka runs again")

    def _plan_children(self) -> list[Child]:
        plan, config = self.plan, str(self.plan.config or self.plan.state.settings_file)
        corridor = [sys.executable, "-m", "corridor"]
        children = []
        for role in ROLES:
            listen = getattr(self.settings, role).health
            url = f"http://{listen.host}:{listen.port}/readyz"
            children.append(self._child(role, [*corridor, "run", role, "--config", config], url))
        if plan.sandbox:
            command = [*corridor, "sandbox", "--config", config, "--data", str(plan.state.sandbox)]
            url = f"http://127.0.0.1:{plan.ports.sandbox[plan.players[-1]] + CONTROL}/livez"
            children.append(self._child("sandbox", command, url))
        return children

    def _child(self, name: str, command: list[str], ready_url: str) -> Child:
        log = self.plan.state.logs / f"{name}.log"
        return Child(name, command, ready_url, log, self._environment(), self.say)

    async def _all_ready(self) -> None:
        """Return when every child is ready, or raise why one cannot run at all."""
        ready = asyncio.create_task(self._ready())
        failing = asyncio.create_task(self.failed())
        try:
            await asyncio.wait({ready, failing}, return_when=asyncio.FIRST_COMPLETED)
            await (failing if failing.done() else ready)
        finally:
            failing.cancel()
            ready.cancel()

    async def _ready(self) -> None:
        await asyncio.gather(*(child.ready(self._client) for child in self.children))

    async def _note(self, register: ChildRegister) -> None:
        """Keep the register of process ids up to date over restarts."""
        known: set[int | None] = set()
        while True:
            await asyncio.sleep(LOOK_AGAIN)
            if (now := {child.pid for child in self.children}) != known:
                register.write(self.children)
                known = now

    async def _page(self, child: Child) -> str:
        try:
            answer = await self._client.get(child.ready_url.replace("/readyz", "/metrics"))
        except httpx.HTTPError:
            return ""
        return answer.text if answer.is_success else ""

    def _look(self) -> list[ProcessFigures]:
        rows = []
        if self._node:
            process = self._node.process
            state = "ready" if process else "ended"
            rows.append(self._measure("kafka", state, process.pid if process else None, self._kafka_restarts))
        rows += [self._measure(c.name, c.state, c.pid, c.restarts, c.why) for c in self.children]
        return rows

    def _measure(
        self, name: str, state: str, pid: int | None, restarts: int, why: tuple[str, ...] = ()
    ) -> ProcessFigures:
        memory, cpu = 0, 0.0
        with suppress(psutil.Error):
            if pid:
                process = self._processes.setdefault(pid, psutil.Process(pid))
                memory, cpu = process.memory_info().rss, process.cpu_percent()
        return ProcessFigures(name, state, pid, memory, cpu, restarts, why)
