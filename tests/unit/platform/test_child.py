"""Child processes are kept running, and nothing of them is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from corridor.supervisor.child import Child, ChildRegister, ending
from deploy.ports import free_port
from schemas.errors import Misconfigured

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def child(directory: Path, told: list[str], code: str) -> Child:
    """Make a child that runs a piece of Python."""
    port = free_port()
    return Child(
        "worker",
        [sys.executable, "-c", code, str(port)],
        f"http://127.0.0.1:{port}/readyz",
        directory / "worker.log",
        os.environ,
        told.append,
    )


async def test_a_killed_child_is_started_again_and_said_so(tmp_path: Path) -> None:
    """After kill -9 the child is ready again under another id, and the operator was told why."""
    told: list[str] = []
    anyone_told = asyncio.Event()
    worker = child(tmp_path, told, SERVER)
    worker.tell = lambda sentence: (told.append(sentence), anyone_told.set())[0]
    running = asyncio.create_task(worker.keep_running())
    async with httpx.AsyncClient() as client:
        await worker.ready(client)
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await anyone_told.wait()
        await worker.ready(client)
        assert worker.restarts == 1
    assert worker.pid not in {None, first}
    assert worker.state == "ready"
    assert "was ended by SIGKILL" in told[0]
    await worker.stop(5)
    await running
    assert worker.pid is None


async def test_a_child_that_refuses_is_not_started_again(tmp_path: Path) -> None:
    """Exit code 78 means that only a person can help: the last words of the child are the message."""
    worker = child(tmp_path, [], "import sys; print('kafka.bootstrap: wrong', flush=True); sys.exit(78)")
    with pytest.raises(Misconfigured, match=r"kafka\.bootstrap: wrong"):
        await worker.keep_running()


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """Stopping ends within its timeout, whatever the child does."""
    told: list[str] = []
    worker = child(tmp_path, told, "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER)
    running = asyncio.create_task(worker.keep_running())
    async with httpx.AsyncClient() as client:
        await worker.ready(client)
    await worker.stop(0.2)
    await running
    assert worker.pid is None
    assert "is killed" in told[-1]


async def test_orphans_of_a_killed_supervisor_are_ended(tmp_path: Path) -> None:
    """A next run ends the processes that the last one noted, and no other of the same id."""
    worker = child(tmp_path, [], SERVER)
    orphan = await worker._start()
    ChildRegister(tmp_path / "children.json").write([worker])
    (tmp_path / "others.json").write_text(json.dumps({os.getpid(): ["python", "-m", "corridor", "run"]}))
    assert await asyncio.to_thread(ChildRegister(tmp_path / "others.json").end_orphans) == 0
    assert psutil.pid_exists(os.getpid())
    assert await asyncio.to_thread(ChildRegister(tmp_path / "children.json").end_orphans) == 1
    await orphan.wait()
    assert not psutil.pid_exists(orphan.pid)


WAITER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503); self.end_headers()
        said = b'{"waiting":["kafka","deliveries"],"degraded": ["registry"], "set_aside": {"a\\u001b": "x"}}'
        self.wfile.write(said)
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


async def test_a_child_says_what_it_waits_for(tmp_path: Path) -> None:
    """Causes come first, as the child names them; nothing in them moves a terminal."""
    worker = child(tmp_path, [], WAITER)
    running = asyncio.create_task(worker.keep_running())
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while not worker.why:
            await worker.ask(client)
            await asyncio.sleep(0.05)
    assert worker.state == "waiting"
    assert worker.why == ("kafka", "deliveries", "registry", "a\\u001b, set aside")
    await worker.stop(5)
    await running


@pytest.mark.parametrize(("code", "words"), [(75, "ended with exit code 75"), (-9, "was ended by SIGKILL")])
def test_endings_in_words(code: int, words: str) -> None:
    """An exit code and a signal are told apart."""
    assert ending(code) == words


WRITER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        os.write(1, b"x" * 999 + b"\\n")
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


async def test_a_log_stays_small_while_its_process_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit the log begins anew under the running process, whose lines go on; the rest is kept."""
    monkeypatch.setattr("corridor.supervisor.child.LOG_LIMIT", 10_000)
    worker = child(tmp_path, [], WRITER)
    running = asyncio.create_task(worker.keep_running())
    log, old = tmp_path / "worker.log", tmp_path / "worker.old.log"
    async with httpx.AsyncClient() as client:
        await worker.ready(client)
        pid = worker.pid
        for _ in range(25):
            assert await worker.ask(client)
            assert log.stat().st_size <= 11_000
        assert worker.pid == pid
    assert 10_000 < old.stat().st_size <= 11_000
    assert b"\0" not in log.read_bytes() + old.read_bytes()
    assert log.stat().st_size % 1000 == 0
    await worker.stop(5)
    await running
