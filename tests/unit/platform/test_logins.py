"""Writing needs a login on this machine too: one is made, kept from others, and found by our own clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.settings import load, unsafe
from corridor.settings.logins import (
    STATE,
    make_own,
    own_file,
    registry_logins,
    registry_token,
    view_logins,
    view_token,
)
from corridor.supervisor.state import Ports, StateDirectory
from schemas.errors import Misconfigured, Permanent


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an empty directory, with secrets in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(STATE, raising=False)
    for name in ("A", "B", "C"):
        monkeypatch.setenv(name, name * 32)


def written(text: str) -> Path:
    """Write settings."""
    path = Path("corridor.toml")
    path.write_text(text)
    return path


def test_a_token_is_made_once_and_for_this_user_alone() -> None:
    """Nothing configured: one token, 0600 in 0700, that stays; reading is free, writing needs it."""
    settings = load(None, {})
    assert registry_token(settings) is None  # a command makes none: it would not be the gateway's
    make_own(settings)
    path = own_file()
    first = path.read_text()
    assert len(first) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    make_own(settings)
    assert path.read_text() == first
    assert list(path.parent.iterdir()) == [path]
    token = registry_token(settings)
    assert token is not None
    logins = registry_logins(settings)
    assert logins.require("", "read") == ""
    for scope in ("register", "operate"):
        assert logins.require(f"Bearer {token.reveal()}", scope) == "local"  # type: ignore[arg-type]
        with pytest.raises(Permanent):
            logins.require("", scope)  # type: ignore[arg-type]


def test_the_state_directory_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the state is elsewhere, the token is there; where nothing can be written, it is said."""
    monkeypatch.setenv(STATE, str(tmp_path / "elsewhere"))
    make_own(load(None, {}))
    assert (tmp_path / "elsewhere/secrets/registry.token").is_file()
    (tmp_path / "file").touch()
    monkeypatch.setenv(STATE, str(tmp_path / "file"))
    with pytest.raises(Misconfigured, match=r"registry\.token"):
        make_own(load(None, {}))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ('[registry]\ntoken = "env:A"', "A"),
        ('[tokens.ci]\ntoken = "env:B"\nscopes = ["register"]', "B"),
        (
            (
                '[tokens.ci]\ntoken = "env:B"\nscopes = ["register"]\n'
                '[tokens.all]\ntoken = "env:C"\nscopes = ["read", "register"]'
            ),
            "C",
        ),
        ('[registry]\nurl = "https://r.example"\ntoken = "env:A"', "A"),
    ],
)
def test_what_is_configured_is_used_and_nothing_made(text: str, sent: str) -> None:
    """Our own clients send the token that may do most of what they need."""
    settings = load(written(text), {})
    make_own(settings)
    assert not own_file().exists()
    token = registry_token(settings)
    assert token is not None
    assert token.reveal() == sent * 32


def test_a_reader_closes_reading() -> None:
    """With a token for reading, reading wants one, at the registry and at the read API."""
    text = '[tokens.viewer]\ntoken = "env:A"\nscopes = ["read"]'
    settings = load(written(text), {})
    make_own(settings)
    for logins in (registry_logins(settings), view_logins(settings)):
        assert logins.require("Bearer " + "A" * 32, "read") == "viewer"
        with pytest.raises(Permanent, match="scope read"):
            logins.require("", "read")
    sent = view_token(settings)
    assert sent is not None
    assert sent.reveal() == "A" * 32


def test_tokens_are_checked_as_other_secrets_are() -> None:
    """Absent or short ones are refused before anything starts; beyond loopback one must read and register."""
    text = '[tokens.ci]\ntoken = "env:ABSENT"\nscopes = ["register"]\n'
    assert [risk.setting for risk in unsafe(load(written(text), {}))] == ["tokens.ci.token"]
    open_to_all = '[gateway]\nhost = "0.0.0.0"\n[tokens.ci]\ntoken = "env:A"\nscopes = '
    assert [r.setting for r in unsafe(load(written(open_to_all + '["register"]'), {}))] == ["registry.token"]
    assert unsafe(load(written(open_to_all + '["read", "register"]'), {})) == []
    with pytest.raises(Misconfigured, match="scopes"):
        load(written('[tokens.ci]\ntoken = "env:A"\nscopes = ["write"]'), {})
    with pytest.raises(Misconfigured, match="scopes"):
        load(written('[tokens.ci]\ntoken = "env:A"\nscopes = []'), {})


def test_the_sandbox_has_one(tmp_path: Path) -> None:
    """`corridor up` names its token in the settings it writes, so that `--config` finds it from anywhere."""
    state = StateDirectory(tmp_path / "state")
    state.write_sandbox_settings(Ports(), "127.0.0.1:9092", None)
    token = registry_token(load(state.settings_file, {}))
    assert token is not None
    assert (state.secrets / "registry.token").read_text() == token.reveal()
    assert (state.secrets / "registry.token").stat().st_mode & 0o777 == 0o600
    assert unsafe(load(state.settings_file, {})) == []
