"""Kafka's jars are taken only as pinned."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.kafka import jars
from deploy.ports import free_port
from schemas.errors import Permanent, Transient

CONTENT = b"a jar" * 1000


class Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing."""

    def log_error(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serve a Maven repository with one jar over HTTP, pinned in a lock file of its own."""
    root = tmp_path / "repository"
    jar = root / "org/example/thing/1.0/thing-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(CONTENT)
    lock = tmp_path / "jars.lock"
    lock.write_text(f"# pinned\norg.example:thing:1.0 {len(CONTENT)} {hashlib.sha256(CONTENT).hexdigest()}\n")
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    monkeypatch.setenv("CORRIDOR_MAVEN_REPO", f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield jar
    server.shutdown()
    thread.join()
    server.server_close()


def test_fetches_with_progress_and_then_never_again(repository: Path, tmp_path: Path) -> None:
    """The first call fetches and reports up to the total; the second needs no repository at all."""
    steps: list[tuple[int, int]] = []
    found = jars.classpath(lambda done, total: steps.append((done, total)), tmp_path / "cache")
    assert [path.read_bytes() for path in found] == [CONTENT]
    assert steps[0] == (0, len(CONTENT))
    assert steps[-1] == (len(CONTENT), len(CONTENT))
    repository.unlink()
    assert jars.classpath(None, tmp_path / "cache") == found


@pytest.mark.parametrize("damage", [b"", CONTENT[:-1], CONTENT[:-1] + b"!"])
@pytest.mark.usefixtures("repository")
def test_a_damaged_cache_heals(damage: bytes, tmp_path: Path) -> None:
    """A cut or changed file in the cache is fetched again."""
    (path,) = jars.classpath(None, tmp_path / "cache")
    path.write_bytes(damage)
    assert jars.classpath(None, tmp_path / "cache") == [path]
    assert path.read_bytes() == CONTENT


def test_a_changed_jar_is_refused(repository: Path, tmp_path: Path) -> None:
    """A file with another digest than the pinned one is never put on the class path."""
    repository.write_bytes(CONTENT.replace(b"jar", b"rat"))
    with pytest.raises(Permanent, match="pinned") as refusal:
        jars.classpath(None, tmp_path / "cache")
    assert refusal.value.code == "download-failed"
    assert not (tmp_path / "cache/thing-1.0.jar").exists()


@pytest.mark.usefixtures("repository")
def test_no_network_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the message names the ways out, and nothing half is left."""
    monkeypatch.setenv("CORRIDOR_MAVEN_REPO", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Transient, match="--kafka HOST:PORT") as refusal:
        jars.classpath(None, tmp_path / "cache")
    assert refusal.value.code == "download-failed"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_every_jar_of_the_release_is_pinned() -> None:
    """The committed lock names each jar once, with a full digest."""
    pinned = jars.pinned()
    assert len({jar.filename for jar in pinned}) == len(pinned) >= 40
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in pinned)
