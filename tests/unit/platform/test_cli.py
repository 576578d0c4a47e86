"""The command line: errors are one message with a documented exit code, and nothing secret is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from corridor.cli.exits import Exit, exit_code
from corridor.roles.gateway import _registry
from corridor.roles.health import Health
from corridor.roles.stream import plans
from corridor.settings import Settings, load, unsafe
from corridor.settings.model import Codes
from schemas.errors import CorridorError, Invalid, Misconfigured, Permanent, Transient


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "corridor", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.UsageError("x"), Exit.USAGE),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (Misconfigured("settings-invalid", "x"), Exit.CONFIGURATION),
        (Misconfigured("port-in-use", "x"), Exit.CONFIGURATION),
        (Transient("kafka-unavailable", "x"), Exit.UNAVAILABLE),
        (Transient("download-failed", "x"), Exit.UNAVAILABLE),
        (Transient("rate-limited", "x"), Exit.TEMPORARY),
        (Permanent("schema-incompatible", "x"), Exit.FINDINGS),
        (Invalid("schema-violation", "/a", "x"), Exit.FINDINGS),
        (CorridorError("internal", "x"), Exit.INTERNAL),
        (ZeroDivisionError(), Exit.INTERNAL),
    ],
)
def test_exit_codes(error: BaseException, code: Exit) -> None:
    """Each kind of error ends with its documented code."""
    assert exit_code(error) is code


def test_an_error_is_a_message_and_a_traceback_only_on_request(tmp_path: Path) -> None:
    """A wrong setting ends with 78 and one message; --debug adds the traceback."""
    (tmp_path / "corridor.toml").write_text("[kafka]\nport = 1\n")
    plain = run("check", cwd=tmp_path)
    assert plain.returncode == Exit.CONFIGURATION
    assert plain.stderr.startswith("settings-invalid: corridor.toml:2: unknown setting 'kafka.port'")
    assert "Traceback" not in plain.stderr
    assert "Traceback" in run("--debug", "check", cwd=tmp_path).stderr


def test_an_unknown_command_is_a_usage_error(tmp_path: Path) -> None:
    """A mistyped command ends with 64 and points to the help."""
    done = run("chekc", cwd=tmp_path)
    assert done.returncode == Exit.USAGE
    assert "corridor -h" in done.stderr


def test_check_shows_what_is_in_effect_and_no_secret(tmp_path: Path) -> None:
    """The effective settings come as JSON, with the environment over the file and credentials hidden."""
    done = run(
        "check",
        "--json",
        cwd=tmp_path,
        CORRIDOR__REGISTRY__URL="https://user:hunter2@registry.example",
        CORRIDOR__TOPICS__PARTITIONS="2",
    )
    assert done.returncode == Exit.OK, done.stderr
    settings = json.loads(done.stdout)["settings"]
    assert settings["topics"]["partitions"] == 2
    assert settings["registry"]["url"] == "https://***@registry.example"
    assert "hunter2" not in done.stdout + done.stderr


def test_check_refuses_what_is_unsafe(tmp_path: Path) -> None:
    """An open registry ends with 78 and the reason."""
    done = run("check", cwd=tmp_path, CORRIDOR__GATEWAY__HOST="0.0.0.0")
    assert done.returncode == Exit.CONFIGURATION
    assert "registry.token" in done.stderr


@pytest.mark.parametrize(
    ("url", "port"), [("http://localhost:8400", "8400"), ("http://127.0.0.1:8499", "8499")]
)
def test_check_and_the_gateway_refuse_a_registry_that_is_the_gateway(
    tmp_path: Path, url: str, port: str
) -> None:
    """It would wait for itself for ever; another role beside it may name it."""
    place = {"CORRIDOR__GATEWAY__REGISTRY__PORT": port} if port != "8400" else {}
    done = run("check", cwd=tmp_path, CORRIDOR__REGISTRY__URL=url, **place)
    assert done.returncode == Exit.CONFIGURATION
    assert "registry.url: is this gateway itself" in done.stderr
    settings = load(environment={"CORRIDOR__REGISTRY__URL": url, **place})
    assert unsafe(settings) == []
    with pytest.raises(Misconfigured, match=r"registry\.url is this gateway itself"):
        _registry(settings, Health("gateway"))


def test_code_lists_of_the_settings_are_read(tmp_path: Path) -> None:
    """`corridor check` and the role stream read them: a bad row is told with its place."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "zones.csv").write_text("zone,source,verified\nMars/Utopia,project,yes\n")
    done = run("check", cwd=tmp_path, CORRIDOR__CODES__OVERLAYS='["lists"]')
    assert done.returncode == Exit.CONFIGURATION
    assert "zones.csv:2" in done.stderr
    settings = Settings(codes=Codes(overlays=(str(tmp_path / "lists"),)))
    with pytest.raises(Misconfigured, match=r"zones\.csv:2"):
        list(plans(settings))


def test_the_overview_imports_no_command(tmp_path: Path) -> None:
    """`corridor --help` is quick: neither the stream layer nor the HTTP client is imported for it."""
    code = "import sys\nfrom corridor.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "print(sorted({'faust', 'httpx', 'aiokafka'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")
