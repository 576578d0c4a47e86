import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from connectors.registry.app import registry_app
from corridor.cli.schema import command
from tests.support.memory_registry import MemoryRegistry
from tests.support.serving import serving

OLD = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
NEXT = (
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":1}]}'
)
BAD = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"c","type":"int"}]}'


@pytest.fixture
def registries() -> Iterator[list[str]]:
    """Two empty registries on real ports."""
    urls: list[str] = []
    started, stop = threading.Event(), threading.Event()

    async def main() -> None:
        async with serving() as (left, left_url), serving() as (right, right_url):
            left(registry_app(MemoryRegistry()))
            right(registry_app(MemoryRegistry()))
            urls.extend([left_url, right_url])
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert started.wait(20)
    yield urls
    stop.set()
    thread.join(20)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Schemas as files."""
    made = {}
    for name, text in {"old": OLD, "next": NEXT, "bad": BAD}.items():
        path = tmp_path / f"{name}.avsc"
        path.write_text(text)
        made[name] = str(path)
    return made


def run(*arguments: str, stdin: str = "") -> Result:
    """Run ``corridor schema …``."""
    return CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)


def test_register_check_show_list_diff(registries: list[str], files: dict[str, str]) -> None:
    """The way of a schema through its life, with exit codes for pipelines."""
    at = ("--registry", registries[0])
    assert run("register", "s/1", files["old"], *at).stdout == "1\n"
    checked = run("check", "s/1", files["bad"], *at)
    assert checked.return_value == 1
    assert "To mend it: give it a default" in checked.stdout
    assert run("check", "s/1", files["next"], *at).return_value == 0
    assert run("register", "s/1", files["bad"], "--dry-run", *at).return_value == 1
    assert run("list", *at, "--json").stdout == '{"subject": "s/1", "versions": [1]}\n', "nothing was written"
    assert run("register", "s/1", files["next"], *at).stdout == "2\n"
    assert run("list", *at, "--json").stdout == '{"subject": "s/1", "versions": [1, 2]}\n'
    assert json.loads(run("show", "s/1:1", *at).stdout) == json.loads(OLD)
    changed = run("diff", "s/1:1", "s/1", *at)
    assert changed.return_value == 1
    assert "b: added, int, default 1" in changed.stdout
    assert run("diff", "s/1:2", files["next"], *at).return_value == 0


def test_dry_run_says_what_registering_would(registries: list[str], tmp_path: Path) -> None:
    """It is the same code: it warns of changed meanings, and knows modes and policies."""
    at = ("--registry", registries[0])
    cents, mills = tmp_path / "cents.avsc", tmp_path / "mills.avsc"
    for path, scale in ((cents, 2), (mills, 3)):
        amount = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": scale}
        fields = [{"name": "a", "type": amount}]
        path.write_text(json.dumps({"type": "record", "name": "R", "fields": fields}))
    run("register", "s", str(cents), *at)
    for command_line in (("check", "s", str(mills)), ("register", "s", str(mills), "--dry-run")):
        warned = run(*command_line, *at)
        assert warned.return_value == 0
        assert "decimal(9,2) would be read as decimal(9,3)" in warned.stdout
    httpx.put(f"{registries[0]}/config/s", json={"compatibilityPolicy": "LOGICAL"})
    refused = run("check", "s", str(mills), *at)
    assert refused.return_value == 1
    assert "decimal(9,2) would be read as decimal(9,3)" in refused.stdout
    assert "keep the logical type" in refused.stdout
    httpx.put(f"{registries[0]}/mode/s", json={"mode": "READONLY"})
    locked = run("register", "s", str(mills), "--dry-run", *at)
    assert "read-only mode" in str(locked.exception)


def test_check_and_lint_work_without_a_registry(files: dict[str, str], tmp_path: Path) -> None:
    """Between files nothing is asked of any registry."""
    assert run("check", "--against", files["old"], files["next"]).return_value == 0
    refused = run("check", "--against", files["old"], files["bad"], "--json")
    assert refused.return_value == 1
    assert not json.loads(refused.stdout)["compatible"]
    assert run("check", "--against", files["old"], "--level", "full", files["next"]).return_value == 0
    assert run("lint", files["old"]).return_value == 0
    recursive = tmp_path / "recursive.avsc"
    recursive.write_text('{"type":"record","name":"R","fields":[{"name":"n","type":["null","R"]}]}')
    linted = run("lint", files["old"], str(recursive))
    assert linted.return_value == 1
    assert "not recursive" in linted.stdout


def test_export_and_import_keep_contexts_references_and_deletes(registries: list[str]) -> None:
    """What refers has the lower id, both are in a context with settings of its own, and one is deleted."""
    source, target = (("--registry", url) for url in registries)
    reference = {"name": "R", "subject": "r", "version": 1}

    def request(method: str, path: str, body: object = None) -> None:
        httpx.request(method, f"{registries[0]}{path}", json=body).raise_for_status()

    request("PUT", "/mode/:.ctx:", {"mode": "IMPORT"})
    request("POST", "/subjects/:.ctx:r/versions", {"schema": OLD, "id": 9, "version": 1})
    array = {"schema": '{"type":"array","items":"R"}', "references": [reference], "id": 4, "version": 1}
    request("POST", "/subjects/:.ctx:rs/versions", array)
    request("DELETE", "/mode/:.ctx:")
    request("DELETE", "/subjects/:.ctx:rs")
    request("DELETE", "/subjects/:.ctx:r")
    request("PUT", "/config/:.ctx:", {"compatibility": "FULL"})
    request("PUT", "/config/:.__GLOBAL:", {"compatibility": "NONE"})
    exported = run("export", *source).stdout
    assert '"subject": ":.ctx:", "config"' in exported
    assert '"subject": ":.__GLOBAL:", "config"' in exported
    assert run("import", "-", *target, stdin=exported).exit_code == 0
    assert run("export", *target).stdout == exported


def test_export_and_import_keep_everything(registries: list[str], files: dict[str, str]) -> None:
    """What is exported from one registry and imported into another is exported the same from there."""
    source, target = (("--registry", url) for url in registries)
    for subject, name in (("a", "old"), ("a", "next"), ("b/c", "next")):
        run("register", subject, files[name], *source)
    exported = run("export", *source).stdout
    assert len(exported.splitlines()) == 5
    assert run("import", "-", *target, stdin=exported).exit_code == 0
    assert run("export", *target).stdout == exported
    assert run("import", "-", *target, stdin=exported).exit_code == 0, "importing again changes nothing"
    run("register", "b/c", files["old"], *source)
    conflicting = run("import", "-", *target, stdin=run("export", *source).stdout)
    assert conflicting.exception is not None
    assert "other versions of b/c" in str(conflicting.exception)
