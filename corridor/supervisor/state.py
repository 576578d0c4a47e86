"""The state directory of `corridor up`: lock, secrets, settings, logs: what a next start goes on with."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from corridor.sandbox.settings import PROFILES
from schemas.errors import Misconfigured

SANDBOX: Final = ("dtc", "dlp")
"""Participants that always play."""
SEA: Final = ("port", "vessel", "oil")
"""Participants that `corridor up --sea` adds."""
CONTROL: Final = 2
"""How far a sandbox participant's control port is above that of its API."""


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports of one `corridor up`, counted from a base so that one number moves them all.

    Attributes:
        base: the gateway's port, what a person opens in the browser.
    """

    base: int = 8400

    @property
    def roles(self) -> dict[str, int]:
        """Port of each role's HTTP."""
        return {
            "gateway": self.base, "stream": self.base + 1, "deliver": self.base + 2, "view": self.base + 9,
        }  # fmt: skip

    @property
    def sandbox(self) -> dict[str, int]:
        """Port of each sandbox participant's API; two above it is its control port."""
        return {
            "dtc": self.base + 3,
            "dlp": self.base + 4,
            "port": self.base + 10,
            "vessel": self.base + 11,
            "oil": self.base + 14,
        }

    @property
    def kafka(self) -> tuple[int, int]:
        """Kafka's port for clients and for its controller."""
        return self.base + 7, self.base + 8


class State:
    """A state directory, created when missing, readable by its owner alone.

    Args:
        directory: where.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.settings_file = self.directory / "corridor.toml"
        self.kafka = self.directory / "kafka"
        self.logs = self.directory / "logs"
        self.secrets = self.directory / "secrets"
        for path in (self.directory, self.logs, self.secrets):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for this process.

        Raises:
            Misconfigured: ``already-running``, naming the process that holds it.
        """
        descriptor = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Misconfigured(
                    "already-running",
                    f"{self.directory} is used by process {lock.read().strip() or '?'}. Stop it, or name "
                    "another directory and other ports: corridor up --state DIR --ports 8500",
                ) from None
            lock.truncate()
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def write_sandbox_settings(
        self, ports: Ports, bootstrap: str, registry: str | None, players: Sequence[str] = SANDBOX
    ) -> None:
        """Write the settings under which the sandbox runs, and the secrets they name."""
        for name in players:
            for purpose in ("webhook", "deliver", "client"):
                self._make_secret(f"{name}.{purpose}", signing=purpose != "client")
        registry_url = f'url = "{registry}"\n' if registry else ""
        tables = [
            _HEAD.format(bootstrap=bootstrap, directory=self.directory, **ports.roles),
            f'[registry]\n{registry_url}cache = "{self.directory / "schemas"}"\n',
        ]
        for name in players:
            sends = _POLL if name == "dlp" else _WEBHOOK
            facts = {"name": name, "profile": PROFILES[name], "secrets": self.secrets}
            tables.append((_PARTICIPANT + sends).format(port=ports.sandbox[name], **facts))
        self.settings_file.write_text("\n".join(tables))
        self.settings_file.chmod(0o600)

    def _make_secret(self, name: str, *, signing: bool) -> None:
        path = self.secrets / name
        if path.exists():
            return
        value = base64.b64encode(secrets.token_bytes(32)).decode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(("whsec_" if signing else "") + value)


_HEAD: Final = """\
# Written by `corridor up`: simulated participants on this machine. Every start writes it anew;
# to change something, copy it to corridor.toml and change it there. docs/settings.md explains every line.

[kafka]
bootstrap = "{bootstrap}"

[gateway]
port = {gateway}

[stream]
port = {stream}

[deliver]
port = {deliver}

[view]
port = {view}
url = "sqlite:///{directory}/view.sqlite3"
"""

_OAUTH2: Final = """\
auth = {{ kind = "oauth2", token_url = "http://127.0.0.1:{port}/oauth/token", client_id = "corridor", \
client_secret = "file:{secrets}/{name}.client" }}
egress = {{ networks = ["127.0.0.0/8"] }}
"""

_PARTICIPANT: Final = (
    """\
[participants.{name}]
profile = "{profile}"

[participants.{name}.deliver]
url = "http://127.0.0.1:{port}/deliveries"
secrets = ["file:{secrets}/{name}.deliver"]
"""
    + _OAUTH2
)

_WEBHOOK: Final = """
[participants.{name}.webhook]
secrets = ["file:{secrets}/{name}.webhook"]
"""

_POLL: Final = (
    """
[participants.{name}.poll]
url = "http://127.0.0.1:{port}/feed"
interval = 0.5
"""
    + _OAUTH2
)
