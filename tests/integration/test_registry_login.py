"""The role gateway as a process, with nothing configured: writing wants a login, and our commands have it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from corridor.settings.logins import STATE
from deploy.ports import free_port
from streams.kafka.settings import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SCHEMA = {"type": "record", "name": "LoginTest", "fields": []}


@pytest.fixture
def environment(tmp_path: Path, kafka: Kafka) -> dict[str, str]:
    """Of a gateway and of the commands beside it, away from anybody's settings."""
    return {
        **os.environ,
        STATE: str(tmp_path / "state"),
        "CORRIDOR__KAFKA__BOOTSTRAP": kafka.bootstrap,
        "CORRIDOR__GATEWAY__PORT": str(free_port()),
    }


@pytest.fixture
def log(tmp_path: Path, environment: dict[str, str]) -> Iterator[Path]:
    """Run the gateway; give its log once it is ready."""
    path = tmp_path / "gateway.log"
    with path.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "corridor", "run", "gateway"], env=environment, cwd=tmp_path, stderr=stderr
        )
    try:
        url = f"http://127.0.0.1:{environment['CORRIDOR__GATEWAY__PORT']}/readyz"
        while True:
            assert process.poll() is None, path.read_text()
            try:
                if httpx.get(url, trust_env=False).is_success:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.2)  # the process says nothing that could be awaited
        yield path
    finally:
        process.terminate()
        process.wait()


def test_only_who_has_the_token_writes(tmp_path: Path, environment: dict[str, str], log: Path) -> None:
    """Strangers on this machine read and change nothing; `corridor schema` finds the token; it is logged."""
    base = f"http://127.0.0.1:{environment['CORRIDOR__GATEWAY__PORT']}"
    body = {"schema": json.dumps(SCHEMA)}
    with httpx.Client(base_url=base, trust_env=False) as stranger:
        assert "in.dtc-value" not in stranger.get("/subjects").json()
        assert stranger.get("/subjects").is_success
        for method, path, said in (
            ("POST", "/subjects/a/versions", body),
            ("PUT", "/config", {"compatibility": "NONE"}),
            ("PUT", "/mode", {"mode": "READONLY"}),
            ("DELETE", "/subjects/corridor.events-value", None),
        ):
            answer = stranger.request(method, path, json=said)
            assert (answer.status_code, answer.json()["error_code"]) == (401, 40101)
    (tmp_path / "a.avsc").write_text(json.dumps(SCHEMA))
    command = [sys.executable, "-m", "corridor", "schema", "register", "login-test", str(tmp_path / "a.avsc")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lost = {**environment, STATE: str(tmp_path / "elsewhere")}
    refused = subprocess.run(command, env=lost, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused.returncode == 78
    assert "registry.token" in refused.stderr
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    asked = {(line["by"], line["path"]) for line in lines if line["event"] == "registry asked"}
    assert ("local", "/subjects/login-test/versions") in asked
    token = (tmp_path / "state/secrets/registry.token").read_text()
    assert token not in log.read_text()
