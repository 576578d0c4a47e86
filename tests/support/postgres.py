"""A PostgreSQL of the test run's own: an unprivileged server on a free port, gone with the run."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "corridor"
NOBODY = "nobody"


def binaries() -> Path | None:
    """Directory of the server's programs, None where there is no PostgreSQL."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


@contextmanager
def server(programs: Path) -> Iterator[str]:
    """Run a server and give the address of its database; root runs it as `nobody`."""
    run = {"user": NOBODY} if os.geteuid() == 0 else {}
    home = Path(tempfile.mkdtemp(prefix="corridor-postgres-"))
    if run:
        shutil.chown(home, NOBODY)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = str(home / "data")

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs / program), "-D", data, *arguments],
            check=True, cwd=home, stdout=subprocess.DEVNULL, **run,
        )  # type: ignore[call-overload]  # fmt: skip

    try:
        call("initdb", "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync")
        options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off"
        call("pg_ctl", "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)
