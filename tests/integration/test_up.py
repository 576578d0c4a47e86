"""`corridor up` on one machine: all of it starts, shipments cross, what dies comes back, the end is clean."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.kafka import Node
from tests.support.up import Status, Up, crossing, free_base, ready

pytestmark = [pytest.mark.kafka, pytest.mark.system("dtc", "dlp")]


@pytest.fixture
def base() -> int:
    """The first of twenty free ports."""
    return free_base()


@pytest.fixture
def started(tmp_path: Path, base: int) -> Iterator[Callable[..., Up]]:
    """Give a function that starts `corridor up` in the same state directory again and again."""
    runs: list[Up] = []

    def start(*options: str) -> Up:
        runs.append(Up(tmp_path / "state", base, *options))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)
        run.close()


def of(status: Status, name: str) -> dict[str, Any]:
    """Return what is said of one process."""
    found: dict[str, Any] = next(process for process in status["processes"] if process["name"] == name)
    return found


def listeners(pid: int) -> set[int]:
    """TCP ports on which a process waits."""
    found = psutil.Process(pid).net_connections("tcp")
    return {at.laddr.port for at in found if at.status == psutil.CONN_LISTEN}


def test_shipments_cross_both_ways_and_what_dies_comes_back(started: Callable[..., Up], base: int) -> None:
    """Both directions deliver; a killed role and a killed Kafka are started again, and it is said."""
    up = started("--only", "dtc,dlp")
    before = up.until(lambda status: ready(status) and crossing(status))
    assert before["addresses"]["API docs"].endswith("/docs")
    stream = httpx.get(f"http://127.0.0.1:{base + 1}/metrics").text
    assert 'corridor_unverified_rows_total{list="stations"' in stream, "the sandbox goes by Aktau port"
    doors = {port for one in before["processes"] if one["name"] != "kafka" for port in listeners(one["pid"])}
    assert len(doors) >= 8, "four roles, two participants and their controls"
    for door in doors:
        answer = httpx.get(f"http://127.0.0.1:{door}/readyz", headers={"Host": "evil.example"})
        assert answer.status_code == 421, door
    for name in ("stream", "kafka"):
        os.kill(of(before, name)["pid"], signal.SIGKILL)
        before = up.until(lambda status, name=name: of(status, name)["restarts"] > 0 and ready(status))
    count = [system["delivered"] for system in before["figures"]["systems"]]
    up.until(lambda s: all(d["delivered"] > c for d, c in zip(s["figures"]["systems"], count, strict=True)))
    assert any("stream was ended by SIGKILL" in line for line in up.words)
    assert any("Kafka died" in line for line in up.words)
    processes = [psutil.Process(process["pid"]) for process in before["processes"]]
    assert up.end() == 0
    assert not any(process.is_running() for process in processes)


def test_the_next_start_goes_on_where_the_last_one_stopped(
    started: Callable[..., Up], tmp_path: Path
) -> None:
    """After a clean stop the same data is there, and what was accepted before is not accepted again."""
    first = started("--only", "dtc,dlp")
    first.until(lambda status: ready(status) and crossing(status))
    assert first.end(signal.SIGTERM) == 0
    cluster = (tmp_path / "state/kafka/data/meta.properties").read_text()
    second = started("--only", "dtc,dlp", "--seconds", "1")
    second.until(ready)
    assert second.process.wait(timeout=120) == 0
    second.close()
    assert (tmp_path / "state/kafka/data/meta.properties").read_text() == cluster
    assert any("topics are there" in line for line in second.words)


def test_a_second_one_is_refused_and_a_killed_one_is_cleaned_up(started: Callable[..., Up]) -> None:
    """The state directory has one user; after its kill -9 the next start ends what it left running."""
    first = started("--no-sandbox")
    status = first.until(ready)
    second = started()
    assert second.process.wait(timeout=60) == 78
    second.close()
    assert "already-running" in "".join(second.words)
    assert str(first.process.pid) in "".join(second.words)
    first.process.kill()
    first.process.wait()
    left = [psutil.Process(process["pid"]) for process in status["processes"]]
    assert any(process.is_running() for process in left)
    third = started("--no-sandbox")
    third.until(ready)
    assert not any(process.is_running() for process in left)
    first.close()


def test_a_taken_port_is_said(started: Callable[..., Up], base: int) -> None:
    """A port that somebody else has ends the start with 78, the port's number, its holder, and what to do."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", base + 1))
        holder.listen()
        up = started()
        assert up.process.wait(timeout=60) == 78
        up.close()
    words = "".join(up.words)
    assert f"Port {base + 1}" in words
    assert f"process {os.getpid()}" in words
    assert "--ports" in words


def test_an_external_kafka_is_used_and_none_started(
    started: Callable[..., Up], private_kafka: Callable[[], Node]
) -> None:
    """With --kafka the roles run on that one, and no Kafka of our own is among the processes."""
    kafka = private_kafka()  # the tests' shared one may have topics of other partition counts
    asyncio.run(kafka.start())
    up = started("--kafka", kafka.bootstrap, "--no-sandbox")
    status = up.until(ready)
    assert {process["name"] for process in status["processes"]} == {"gateway", "stream", "deliver", "view"}
    assert status["addresses"]["Kafka"] == kafka.bootstrap
    assert up.end() == 0


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_reader_that_goes_leaves_nobody_behind(tmp_path: Path, base: int, form: tuple[str, ...]) -> None:
    """`corridor up | head -1`, and a SIGHUP of the terminal before: all is ended in order."""
    up = subprocess.Popen(
        [
            *(sys.executable, "-m", "corridor", "up", "--no-sandbox", "--state", str(tmp_path / "state")),
            *("--ports", str(base), *form),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    try:
        assert up.stdout is not None
        assert up.stdout.readline()
        up.send_signal(signal.SIGHUP)
        processes = psutil.Process(up.pid).children(recursive=True)
        assert processes
        up.stdout.close()
        assert up.wait(timeout=200) == 0
    finally:
        up.kill()
    assert not any(process.is_running() for process in processes)
    assert not (tmp_path / "state/kafka/kafka.pid").exists()
