"""One check of bearer tokens: several at once, each with a name and with what it may do."""

from __future__ import annotations

import json

import httpx
import pytest
from structlog.testing import capture_logs

from connectors.auth import secret
from connectors.auth.bearer import SCOPES, Login, Logins, Scope
from connectors.auth.secret import Secret
from connectors.registry.app import registry_app
from connectors.registry.guard import guarded, right
from schemas.errors import Permanent
from tests.support.memory_registry import MemoryRegistry

TOKENS = {"viewer": "read", "ci": "register", "ops": "operate"}
LOGINS = [Login(name, Secret(name * 8), frozenset({scope})) for name, scope in TOKENS.items()]  # type: ignore[arg-type]
SCHEMA = {"schema": json.dumps({"type": "record", "name": "A", "fields": []})}


def code(logins: Logins, given: str, scope: Scope) -> str:
    """The name of whoever asks, or the code of the refusal."""
    try:
        return logins.require(given, scope)
    except Permanent as error:
        return error.code


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("name", TOKENS)
def test_a_token_does_what_it_may(name: str, scope: Scope) -> None:
    """Each token has its own scope and no other; what is free is free for all tokens too."""
    wanted = name if TOKENS[name] == scope else "auth-denied"
    assert code(Logins(LOGINS), f"Bearer {name * 8}", scope) == wanted
    assert code(Logins(LOGINS), f"bearer  {name * 8}", scope) == wanted
    assert code(Logins(LOGINS, frozenset({"read"})), f"Bearer {name * 8}", "read") == name


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("", "auth-missing"), ("Bearer ", "auth-invalid"), ("Bearer viewer", "auth-invalid"),
     ("Basic viewerviewerviewerviewerviewerviewerviewerviewer", "auth-invalid"), ("\xff\xfe", "auth-invalid"),
     ("viewerviewerviewerviewerviewerviewerviewerviewer", "auth-invalid")],
)  # fmt: skip
def test_a_stranger_does_nothing_but_what_is_free(given: str, wanted: str) -> None:
    """Nothing but a token that is configured, behind the word Bearer, is a login."""
    for scope in SCOPES:
        assert code(Logins(LOGINS), given, scope) == wanted
        assert code(Logins([]), given, scope) == wanted
    assert code(Logins(LOGINS, frozenset({"read"})), given, "read") == ""


def test_every_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that matches does not end the comparing: time tells nothing."""
    compared: list[bytes] = []
    plain = secret.hmac.compare_digest

    def counted(a: bytes, b: bytes) -> bool:
        compared.append(a)
        return plain(a, b)

    monkeypatch.setattr(secret.hmac, "compare_digest", counted)
    for given in ("Bearer " + "viewer" * 8, "Bearer x"):
        compared.clear()
        code(Logins(LOGINS), given, "read")
        assert len(compared) == len(LOGINS)


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/subjects", "read"),
        ("HEAD", "/schemas/ids/1", "read"),
        ("TRACE", "/config", "read"),
        ("POST", "/subjects/a", "read"),
        ("POST", "/subjects/versions", "read"),
        ("POST", "/compatibility/subjects/a/versions/1", "read"),
        ("POST", "/dry-run/subjects/a/versions", "read"),
        ("POST", "/subjects/a/versions", "register"),
        ("POST", "/subjects/a/versions/", "register"),
        ("POST", "/subjects/a%2Fb/versions", "register"),
        ("POST", "/contexts/.x/subjects/a/versions", "register"),
        ("POST", "/contexts/.x/subjects/a", "read"),
        ("PUT", "/config", "operate"),
        ("PUT", "/mode/a", "operate"),
        ("PUT", "/contexts/.x/mode", "operate"),
        ("DELETE", "/subjects/a", "operate"),
        ("DELETE", "/subjects/a/versions/1", "operate"),
        ("DELETE", "/contexts/.x", "operate"),
        ("PATCH", "/subjects", "operate"),
        ("POST", "/", "operate"),
        ("POST", "/subjects", "operate"),
    ],
)
def test_what_a_request_needs(method: str, path: str, wanted: Scope) -> None:
    """Questions read, new versions register, everything else operates."""
    assert right(method, path) == wanted


async def test_the_registry_knows_who_does_what() -> None:
    """Reading is free here, the rest wants its scope; what was done is logged with a name, and no token."""
    app = guarded(registry_app(MemoryRegistry()), Logins(LOGINS, frozenset({"read"})))
    transport = httpx.ASGITransport(app)
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as client:

            async def ask(method: str, path: str, name: str = "", body: object = None) -> tuple[int, int]:
                fields = {"Authorization": f"Bearer {name * 8}"} if name else {}
                answer = await client.request(method, path, json=body, headers=fields)
                found = answer.json()
                number = found.get("error_code", 0) if isinstance(found, dict) else 0
                return answer.status_code, number

            new, level = "/subjects/a/versions", {"compatibility": "NONE"}
            assert await ask("POST", new, "", SCHEMA) == (401, 40101)
            assert await ask("POST", new, "viewer", SCHEMA) == (403, 40301)
            assert await ask("POST", new, "ops", SCHEMA) == (403, 40301)
            assert await ask("POST", new, "ci", SCHEMA) == (200, 0)
            assert await ask("PUT", "/config/a", "ci", level) == (403, 40301)
            assert await ask("PUT", "/config/a", "ops", level) == (200, 0)
            assert await ask("GET", "/subjects") == (200, 0)
            assert await ask("POST", "/subjects/a", "", SCHEMA) == (200, 0)
    done = [(line["by"], line["method"], line["path"]) for line in lines if line["event"] == "registry asked"]
    assert done == [("ci", "POST", new), ("ops", "PUT", "/config/a")]
    assert [line["code"] for line in lines if line["event"] == "registry refused"] == [
        "auth-missing", "auth-denied", "auth-denied", "auth-denied",
    ]  # fmt: skip
    assert "opsops" not in str(lines)
