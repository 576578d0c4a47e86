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

from corridor.sandbox.settings import BORDER, PERMIT, PROFILES
from corridor.sandbox.trucks import OTHERS, OURS
from schemas.epermit.keys import generate
from schemas.errors import Misconfigured

PLATFORMS: Final = ("dtc", "dlp")
"""The two platforms of the corridor: the smallest sandbox in which shipments cross."""
PARTITIONS: Final = 2
"""Of each topic of the sandbox: few messages a second go in few transactions."""
EVERYONE: Final = (*PROFILES, PERMIT)
"""Everyone whom the sandbox can play."""


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
            PERMIT: self.base + 17,
        }

    @property
    def kafka(self) -> tuple[int, int]:
        """Kafka's port for clients and for its controller."""
        return self.base + 7, self.base + 8


class StateDirectory:
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
        self.sandbox = self.directory / "sandbox"
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
        self, ports: Ports, bootstrap: str, registry: str | None, players: Sequence[str] = PLATFORMS
    ) -> None:
        """Write the settings under which the sandbox runs, and the secrets they name."""
        for name in players:
            if name == PERMIT:
                self._make_secret("permit.token", _random())
                self._make_secret("permit.key", generate("1"))
                self._make_secret(f"{BORDER}.webhook", "whsec_" + _random())
                continue
            for purpose in ("webhook", "deliver", "client"):
                self._make_secret(f"{name}.{purpose}", ("whsec_" if purpose != "client" else "") + _random())
        self._make_secret("registry.token", secrets.token_urlsafe(32))
        registry_url = f'url = "{registry}"\n' if registry else ""
        tables = [
            _HEAD.format(bootstrap=bootstrap, partitions=PARTITIONS, directory=self.directory, **ports.roles),
            f'[registry]\n{registry_url}cache = "{self.directory / "schemas"}"\n',
            _LOGIN.format(secrets=self.secrets),
        ]
        for name in players:
            if name == PERMIT:
                tables.append(self._permit_table(ports))
                continue
            sends = _POLL if name == "dlp" else _WEBHOOK
            facts = {"name": name, "profile": PROFILES[name], "secrets": self.secrets}
            tables.append((_PARTICIPANT + sends).format(port=ports.sandbox[name], **facts))
        self.settings_file.write_text("\n".join(tables))
        self.settings_file.chmod(0o600)

    def _permit_table(self, ports: Ports) -> str:
        """Write the broker's own authority, whose peers the sandbox plays at one port."""
        address = f"http://127.0.0.1:{ports.sandbox[PERMIT]}"
        peers = [
            f'{code} = {{ url = "{address}/{code.lower()}", egress = {{ networks = ["127.0.0.0/8"] }} }}'
            for code in OTHERS
        ]
        facts = {"name": PERMIT, "code": OURS, "secrets": self.secrets, "gateway": ports.base}
        post = _BORDER.format(name=BORDER) + _WEBHOOK.format(name=BORDER, secrets=self.secrets)
        return _AUTHORITY.format(**facts) + "\n".join(peers) + "\n" + post

    def _make_secret(self, name: str, value: str) -> None:
        path = self.secrets / name
        if path.exists():
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value)


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


_HEAD: Final = """\
# Written by `corridor up`: simulated participants on this machine. Every start writes it anew;
# to change something, copy it to corridor.toml and change it there. docs/settings.md explains every line.

[kafka]
bootstrap = "{bootstrap}"

[topics]
partitions = {partitions}

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

_LOGIN: Final = """\
[tokens.local]
token = "file:{secrets}/registry.token"
scopes = ["register", "operate"]
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
simulated = true

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

_BORDER: Final = """
[participants.{name}]
profile = "dlp.event.v1"
simulated = true
"""

_AUTHORITY: Final = """\
[participants.{name}]
profile = "epermit.event.v1"
simulated = true

[participants.{name}.deliver]
url = "http://127.0.0.1:{gateway}/epermit/{name}/internal/reports"
auth = {{ kind = "bearer", token = "file:{secrets}/{name}.token" }}
egress = {{ networks = ["127.0.0.0/8"] }}

[participants.{name}.authority]
code = "{code}"
title = "Kazakhstan, played by the sandbox"
keys = [{{ id = "1", key = "file:{secrets}/{name}.key" }}]
token = "file:{secrets}/{name}.token"

[participants.{name}.authority.peers]
"""
