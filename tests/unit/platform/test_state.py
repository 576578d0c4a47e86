"""The state directory: one user at a time, secrets kept private and for good, settings that load."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.sandbox.company import cast
from corridor.sandbox.settings import BORDER, CONTROL, PERMIT, PROFILES, Sandbox
from corridor.sandbox.trucks import OTHERS
from corridor.settings import load, unsafe
from corridor.supervisor.state import EVERYONE, Ports, StateDirectory
from schemas.errors import Misconfigured

HOW = Sandbox(participant="dtc", data=Path("unused"))


def test_a_second_user_is_refused_and_told_who_is_the_first(tmp_path: Path) -> None:
    """The lock is held for as long as it is used, and free afterwards."""
    state = StateDirectory(tmp_path / "state")
    with (
        state.locked(),
        pytest.raises(Misconfigured, match=r"process \d+") as refusal,
        StateDirectory(state.directory).locked(),
    ):
        pass
    assert refusal.value.code == "already-running"
    with state.locked():
        pass


def test_sandbox_settings_load_and_are_safe(tmp_path: Path) -> None:
    """What `corridor up` writes is a settings file like any other: it loads, and nothing in it is unsafe."""
    state = StateDirectory(tmp_path / "state")
    state.write_sandbox_settings(Ports(9100), "127.0.0.1:9105", None)
    settings = load(state.settings_file, {})
    assert unsafe(settings) == []
    assert sorted(settings.participants) == ["dlp", "dtc"]
    assert settings.gateway.port == 9100
    assert settings.kafka.bootstrap == "127.0.0.1:9105"
    assert settings.registry_url == "http://127.0.0.1:9100"


def test_secrets_are_private_random_and_stay(tmp_path: Path) -> None:
    """Each secret is another one, only its owner can read it, and a next start finds the same."""
    state = StateDirectory(tmp_path / "state")
    state.write_sandbox_settings(Ports(), "127.0.0.1:9105", "http://127.0.0.1:8081")
    first = {path.name: path.read_text() for path in state.secrets.iterdir()}
    assert len(set(first.values())) == len(first) == 7
    assert all(path.stat().st_mode & 0o077 == 0 for path in state.secrets.iterdir())
    state.write_sandbox_settings(Ports(), "127.0.0.1:9105", None)
    assert {path.name: path.read_text() for path in state.secrets.iterdir()} == first


def test_everyone_has_settings_of_his_own(tmp_path: Path) -> None:
    """Five participants, an authority and a border post are set up, each on ports that no other uses."""
    state, ports = StateDirectory(tmp_path / "up"), Ports(9100)
    state.write_sandbox_settings(ports, "127.0.0.1:9105", None, EVERYONE)
    settings = load(state.settings_file, {})
    assert unsafe(settings) == []
    profiles = {name: one.profile for name, one in settings.participants.items()}
    assert profiles == {**PROFILES, PERMIT: "epermit.event.v1", BORDER: "dlp.event.v1"}
    assert settings.peers == {PERMIT: OTHERS}
    assert [(one.participant, one.port) for one in cast(settings, HOW)] == [
        (name, ports.sandbox[name]) for name in PROFILES
    ]
    used = [*ports.roles.values(), *ports.kafka]
    used += [port + extra for port in ports.sandbox.values() for extra in (0, CONTROL)]
    assert len(used) == len(set(used))
