"""Kafka's jars: fetched by jgo into the user's cache, each checked against ``jars.lock``."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jgo.maven
import requests

from schemas.errors import Permanent, Transient

LOCK_FILE: Final = Path(__file__).with_name("jars.lock")
ATTEMPTS: Final = 3

Progress = Callable[[int, int], None]
"""Called with bytes fetched so far and bytes in all, from any thread."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned file.

    Attributes:
        coordinate: ``group:artifact:version``.
        size: bytes.
        sha256: hex digest that the file must have.
    """

    coordinate: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """Name in the cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def pinned() -> list[Jar]:
    """Read ``jars.lock``, in class path order."""
    lines = LOCK_FILE.read_text().splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return [Jar(coordinate, int(size), digest) for coordinate, size, digest in rows]


def cache_directory() -> Path:
    """Return where downloads are kept: ``$XDG_CACHE_HOME/corridor``, else ``~/.cache/corridor``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corridor"


def classpath(progress: Progress | None = None, directory: Path | None = None) -> list[Path]:
    """Return Kafka's jars on this machine, fetching the missing ones.

    Several processes may call this at once: one fetches, the others wait. A file with a wrong digest in the
    cache is fetched again, so a broken cache heals itself.

    Args:
        progress: told about every piece that arrives; not called when nothing is missing.
        directory: the cache, default ``cache_directory() / "kafka"``.

    Raises:
        Transient: ``download-failed``, no network or a repository that does not answer.
        Permanent: ``download-failed``, the repository served another file than the pinned one.
    """
    directory = directory or cache_directory() / "kafka"
    directory.mkdir(parents=True, exist_ok=True)
    jars = pinned()
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [jar for jar in jars if not _intact(directory / jar.filename, jar)]
        if missing:
            _fetch(missing, directory, progress or (lambda _done, _total: None))
    return [directory / jar.filename for jar in jars]


def sha256(path: Path) -> str:
    """Return the hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _intact(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.size and sha256(path) == jar.sha256


def _fetch(jars: list[Jar], directory: Path, progress: Progress) -> None:
    """Download into a scratch directory, check, then move into the cache: no half file is ever seen."""
    total = sum(jar.size for jar in jars)
    done, guard = 0, threading.Lock()

    def count(size: int) -> None:
        nonlocal done
        with guard:
            done += size
            progress(done, total)

    @contextlib.contextmanager
    def counted(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield count

    progress(0, total)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".fetch-") as scratch:
        context = jgo.maven.MavenContext(
            resolver=jgo.maven.PythonResolver(progress_callback=counted),
            repo_cache=Path(scratch),
            remote_repos=_mirror(),
            timeout=30,
        )
        with ThreadPoolExecutor(max_workers=6) as pool:
            for jar, path in zip(jars, pool.map(lambda jar: _download(context, jar), jars), strict=True):
                path.replace(directory / jar.filename)


def _mirror() -> dict[str, str] | None:
    """Return the repository to use instead of Maven Central, where a site has its own mirror."""
    url = os.environ.get("CORRIDOR_MAVEN_REPO")
    return {"mirror": url.rstrip("/")} if url else None


def _download(context: jgo.maven.MavenContext, jar: Jar) -> Path:
    artifact = context.create_dependency(jar.coordinate).artifact
    for attempt in range(1, ATTEMPTS + 1):
        try:
            path = Path(artifact.resolve())
            break
        except (requests.RequestException, OSError, RuntimeError) as error:
            _discard(artifact.cached_path)
            if attempt == ATTEMPTS:
                raise Transient("download-failed", _advice(jar, error)) from error
    found = sha256(path)
    if found != jar.sha256:
        raise Permanent(
            "download-failed",
            f"{jar.coordinate} has SHA-256 {found} instead of the pinned {jar.sha256}: it was "
            "changed on the way. Nothing of it is used; check the proxy or mirror in between.",
        )
    return path


def _discard(path: Path | None) -> None:
    """Remove what a broken transfer left: jgo refuses to write over it."""
    if path is not None:
        path.unlink(missing_ok=True)


def _advice(jar: Jar, error: Exception) -> str:
    return (
        f"{jar.coordinate} could not be fetched ({type(error).__name__}). The first start needs the network "
        "once; connect it (HTTPS_PROXY is honoured), name a mirror in CORRIDOR_MAVEN_REPO, "
        "or use a Kafka of your own: corridor up --kafka HOST:PORT."
    )
