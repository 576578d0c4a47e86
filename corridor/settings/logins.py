"""Which tokens our APIs take, and which one our own clients send."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from connectors.auth.bearer import SCOPES, Login, Logins, Scope
from connectors.auth.secret import Secret, find_secret
from connectors.http.egress import is_loopback
from corridor.settings.model import Settings
from schemas.errors import Misconfigured

STATE: Final = "CORRIDOR_STATE"
"""Environment variable that names the state directory; default `.corridor` in the working directory."""
OWN: Final = "local"
"""Name of the token that is made where none is configured."""
_ALL: Final = frozenset(SCOPES)
_READ: Final = frozenset[Scope]({"read"})
_WRITE: Final = frozenset[Scope]({"register", "operate"})


def own_file() -> Path:
    """Where the token is that is made where none is configured."""
    return Path(os.environ.get(STATE) or ".corridor") / "secrets" / "registry.token"


def needs_own(settings: Settings) -> bool:
    """Tell whether our own registry runs without a configured token that may register."""
    return settings.registry.url is None and _configured(settings) is None


def make_own(settings: Settings) -> None:
    """Make the token of this machine, readable by this user alone, unless one is configured or there.

    Raises:
        Misconfigured: the directory cannot be written.
    """
    if not needs_own(settings):
        return
    path = own_file()
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(made, path)  # whole or not at all, and the first one wins
        except FileExistsError:
            pass
        finally:
            made.unlink()
    except OSError as error:
        message = f"no token can be kept at {path}: {error.strerror}; set registry.token, or {STATE}"
        raise Misconfigured("settings-invalid", message) from None


def registry_logins(settings: Settings) -> Logins:
    """Give the tokens that our own registry takes.

    Raises:
        Misconfigured: a secret cannot be read.
    """
    own = [("registry", settings.registry.token, _ALL)]
    if needs_own(settings):
        own.append((OWN, f"file:{own_file()}", _WRITE))
    return _logins(settings, settings.registry_place.host, own)


def view_logins(settings: Settings) -> Logins:
    """Give the tokens that the read API takes.

    Raises:
        Misconfigured: a secret cannot be read.
    """
    return _logins(settings, settings.view.host, [("view", settings.view.token, _READ)])


def registry_token(settings: Settings) -> Secret | None:
    """Give the token that our own clients send to the registry; None where there is none.

    Raises:
        Misconfigured: a secret cannot be read.
    """
    reference = settings.registry.token if settings.registry.url else _configured(settings)
    if reference is None and needs_own(settings) and own_file().is_file():
        reference = f"file:{own_file()}"
    return find_secret(reference) if reference else None


def view_token(settings: Settings) -> Secret | None:
    """Give the token that our own clients send to the read API; None where it wants none.

    Raises:
        Misconfigured: a secret cannot be read.
    """
    reference = settings.view.token or next(
        (token.token for token in settings.tokens.values() if "read" in token.scopes), None
    )
    return find_secret(reference) if reference else None


def _logins(settings: Settings, host: str, own: Sequence[tuple[str, str | None, frozenset[Scope]]]) -> Logins:
    """Give the named tokens of the settings, and those of one API's own that there are."""
    named = [(name, token.token, frozenset(token.scopes)) for name, token in settings.tokens.items()]
    all_of_them = [*named, *((name, reference, scopes) for name, reference, scopes in own if reference)]
    logins = [Login(name, find_secret(reference), scopes) for name, reference, scopes in all_of_them]
    return Logins(logins, _free(host, logins))


def _configured(settings: Settings) -> str | None:
    """Find the token with which the broker itself may register and, where that wants one, read."""
    if settings.registry.token:
        return settings.registry.token
    able = [token for token in settings.tokens.values() if "register" in token.scopes]
    both = [token for token in able if "read" in token.scopes]
    found = next(iter([*both, *able]), None)
    return found.token if found else None


def _free(host: str, logins: list[Login]) -> frozenset[Scope]:
    """Reading is free on this machine as long as no token is there for it."""
    return frozenset() if not is_loopback(host) or any("read" in x.scopes for x in logins) else _READ
