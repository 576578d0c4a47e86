"""What cannot run on every machine is checked by what can, and its commands run as plain processes."""

from __future__ import annotations

import asyncio
import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from compose_pydantic import ComposeSpecification
from pydantic import ValidationError

from corridor.roles import ROLES
from corridor.settings import Settings, load, unsafe
from deploy.kafka import Node, jars
from deploy.ports import free_port
from streams.kafka import topics
from streams.kafka.settings import Kafka as KafkaSettings

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy/systemd/corridor@.service"
CONFIG = ROOT / "deploy/container/corridor.toml"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/container/compose.yaml").read_text())
EXPOSURE = "15"
"""Tenths of what systemd calls exposure, from 0 to 100; a unit without any hardening has 96."""


def unit() -> configparser.RawConfigParser:
    """Read the unit file; of a key that comes twice the last one holds."""
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read(UNIT)
    return parsed


async def ready(port: int, process: asyncio.subprocess.Process) -> None:
    """Return when a role answers that it is ready; fail when it ends before."""
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(90):
        while True:
            try:
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            except httpx.TransportError:
                assert process.returncode is None
            await asyncio.sleep(0.1)


@pytest.mark.kafka
async def test_the_commands_of_compose_run_as_plain_processes(
    private_kafka: Callable[[], Node], tmp_path: Path
) -> None:
    """The topics are made, each role starts with its service's command and environment, and ends cleanly."""
    kafka = private_kafka()  # the topics have the names that every broker has
    await kafka.start()
    token = tmp_path / "registry-token"
    token.write_text("x" * 32)
    token.chmod(0o600)
    ports = {name: free_port() for name in ROLES}
    here = {
        **{f"CORRIDOR__{role.upper()}__PORT": str(port) for role, port in ports.items()},
        "CORRIDOR_CONFIG": str(CONFIG),
        "CORRIDOR__KAFKA__BOOTSTRAP": kafka.bootstrap,
        "CORRIDOR__TOPICS__REPLICATION": "1",
        "CORRIDOR__TOPICS__MIN_INSYNC": "1",
        "CORRIDOR__REGISTRY__TOKEN": f"file:{token}",
        "CORRIDOR__PROCESSING__APP": "compose",
        "CORRIDOR__VIEW__URL": f"sqlite:///{tmp_path}/view.sqlite3",
        "CORRIDOR__VIEW__TOKEN": f"file:{token}",
    }

    async def start(name: str, *options: str) -> asyncio.subprocess.Process:
        service = COMPOSE["services"][name]
        environment = {**os.environ, **service["environment"], **here}
        if "CORRIDOR__REGISTRY__URL" in service["environment"]:
            environment["CORRIDOR__REGISTRY__URL"] = f"http://127.0.0.1:{ports['gateway']}"
        command = (sys.executable, "-m", "corridor", *service["command"], *options)
        return await asyncio.create_subprocess_exec(*command, env=environment, cwd=tmp_path)

    made = await start("topics", "--unsafe")  # one broker here instead of three
    assert await made.wait() == 0
    planned = topics.plan([], Settings().topics)
    assert await topics.check(KafkaSettings(bootstrap=kafka.bootstrap), planned) == []
    processes = {name: await start(name) for name in ROLES}
    try:
        await asyncio.gather(*(ready(ports[name], process) for name, process in processes.items()))
        for process in processes.values():
            process.terminate()
        codes = await asyncio.gather(*(process.wait() for process in processes.values()))
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert codes == [0] * len(ROLES)


def compose(services: dict[str, Any]) -> ComposeSpecification:
    """Check a compose file with these services; its fragments (``x-``) are merged into them already."""
    named = {key: value for key, value in COMPOSE.items() if not key.startswith("x-")}
    return ComposeSpecification.model_validate({**named, "services": services})


def test_compose_follows_its_specification() -> None:
    """Every key and value is one that the Compose Specification knows; a misspelt one would be noticed."""
    services = COMPOSE["services"]
    assert compose(services).services.keys() == services.keys()
    with pytest.raises(ValidationError, match="comand"):
        compose({**services, "stream": {**services["stream"], "comand": []}})


def test_compose_mounts_what_it_names() -> None:
    """The settings file is there and is one; every secret and every wish to come later leads somewhere."""
    assert tomllib.loads(CONFIG.read_text()) == {}, "an example: participants are the operator's"
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert {config["source"] for config in service.get("configs", ())} <= set(COMPOSE["configs"])
        assert set(service.get("depends_on", ())) <= set(COMPOSE["services"])
    here = ROOT / "deploy/container"
    assert all((here / config["file"]).is_file() for config in COMPOSE["configs"].values())


def test_compose_keeps_what_it_must() -> None:
    """Three brokers, every record on two of them, a service per role, nothing privileged, no open port."""
    services = COMPOSE["services"]
    assert set(ROLES) < set(services)
    brokers = [service for name, service in services.items() if name.startswith("kafka-")]
    assert len({broker["environment"]["KAFKA_NODE_ID"] for broker in brokers}) == 3
    for broker in brokers:
        assert broker["environment"]["KAFKA_MIN_INSYNC_REPLICAS"] == "2"
        assert broker["environment"]["KAFKA_TRANSACTION_STATE_LOG_MIN_ISR"] == "2"
    for name in ROLES:
        assert services[name]["command"] == ["run", name]
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in services[name].get("ports", []))


@pytest.mark.parametrize("name", ROLES)
def test_every_role_of_compose_can_be_looked_at(name: str) -> None:
    """Its port is open to the other containers, which scrape metrics; its readiness is its health."""
    service = COMPOSE["services"][name]
    environment = {key: str(value) for key, value in service["environment"].items()}
    place = getattr(load(CONFIG, environment), name).health
    assert place.host == "0.0.0.0"
    test = service["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-c"]
    assert f"http://127.0.0.1:{place.port}/readyz" in test[3]
    done = subprocess.run([sys.executable, *test[2:]], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "URLError" in done.stderr, "nobody listens here, and it is no mistake in the test itself"


def test_base_images_come_by_digest() -> None:
    """A tag may be another image tomorrow: each image that is not built here has a digest or asks for it."""
    directory = ROOT / "deploy/container"
    filled = dict(
        line.split("=", 1) for line in (directory / "digests.env").read_text().splitlines() if line[:1] != "#"
    )
    assert all(re.fullmatch(r"(sha256:[0-9a-f]{64})?", digest) for digest in filled.values())
    text = (directory / "Containerfile").read_text()
    images = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    images += [one["image"] for one in COMPOSE["services"].values() if "build" not in one]
    assert len(images) == 5
    for image in images:
        digest = re.fullmatch(r"[^@]+@(?:sha256:[0-9a-f]{64}|\$\{(\w+)(?::\?[^}]+)?\})", image)
        assert digest, image
        assert digest[1] in {None, *filled}
    for argument in re.findall(r"^ARG (\S+)", text, re.MULTILINE):
        assert argument in filled, "no default: without a digest nothing is built"


def test_the_environment_of_compose_is_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable is a setting that there is, and what they make together is safe."""
    monkeypatch.chdir(tmp_path)
    for name in ROLES:
        environment = {key: str(value) for key, value in COMPOSE["services"][name]["environment"].items()}
        risks = unsafe(load(CONFIG, environment))
        secrets = ["registry.token", "view.token"] if name == "view" else ["registry.token"]
        assert [risk.setting for risk in risks] == secrets, "only the secrets' files are not on this machine"
        assert all("cannot be read" in risk.reason for risk in risks)


def test_the_unit_runs_every_role_hardened() -> None:
    """The unit runs a role, does not start again what a person must fix, and gives no privileges."""
    service = unit()["Service"]
    assert service["ExecStart"].split()[1:] == ["run", "%i"]
    assert service["RestartPreventExitStatus"] == "78"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["User"] == "corridor"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """``systemd-analyze`` finds nothing wrong with the unit of a role, and little that it could still do."""
    here = Path(sys.executable).with_name("corridor")
    (tmp_path / UNIT.name).write_text(UNIT.read_text().replace("/opt/corridor/bin/corridor", str(here)))
    instance = tmp_path / "corridor@stream.service"
    security = ("security", "--offline=yes", f"--threshold={EXPOSURE}")
    for check in (("verify", "--man=no", "--generators=no"), security):
        done = subprocess.run(
            ["systemd-analyze", *check, str(instance)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert check is security or done.stderr == ""


def build_wheel(source: Path, into: Path) -> zipfile.ZipFile:
    """Build the wheel of a tree, and open it."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-q"]
    subprocess.run([*command, "-w", str(into), str(source)], check=True)
    (wheel,) = into.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_no_secret_of_a_checkout_is_in_the_wheel(tmp_path: Path) -> None:
    """Secrets that lie where somebody put them, in any package, do not travel."""
    tree = tmp_path / "tree"
    for name in ("connectors", "schemas", "streams", "corridor", "deploy"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    canaries = (
        *("deploy/container/secrets/registry-token", "deploy/container/view-token", "corridor/tls.key"),
        *("connectors/auth/partner.pem", "schemas/.env", "streams/secrets/any"),
    )
    for canary in canaries:
        (tree / canary).parent.mkdir(parents=True, exist_ok=True)
        (tree / canary).write_text("canary-of-a-secret")
    wheel = build_wheel(tree, tmp_path)
    assert [name for name in wheel.namelist() if b"canary-of-a-secret" in wheel.read(name)] == []


def test_secrets_of_compose_lie_outside_the_packages() -> None:
    """Neither git, nor the wheel, nor the image takes them."""
    here = ROOT / "deploy/container"
    for secret in COMPOSE["secrets"].values():
        place = (here / secret["file"]).resolve().relative_to(ROOT.resolve())
        assert place.parts[0] == "secrets"
    assert "secrets/" in (ROOT / ".gitignore").read_text().split()
    assert "secrets" in (ROOT / ".dockerignore").read_text().split()


def test_the_wheel_has_everything_that_the_repository_has(tmp_path: Path) -> None:
    """What is installed from a wheel, as in the image, has each file of the packages."""
    packed = set(build_wheel(ROOT, tmp_path).namelist())
    for package in ("schemas", "connectors", "streams", "corridor", "deploy"):
        files = [
            path for path in (ROOT / package).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        ]
        missing = [name for path in files if (name := path.relative_to(ROOT).as_posix()) not in packed]
        assert missing == []
    assert "deploy/kafka/jars.lock" in packed
    assert jars.LOCK_FILE.name == "jars.lock"
