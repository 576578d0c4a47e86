"""An OAuth2 token endpoint for client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from urllib.parse import parse_qs, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.auth.secret import Secret


class Tokens:
    """Gives tokens to one client and knows which are alive. A restart forgets them all.

    Args:
        client_id: the client; empty: nobody needs a token.
        secret: its secret.
        life: seconds that a token lives.
    """

    def __init__(self, client_id: str, secret: Secret | None, life: float) -> None:
        self._client_id = client_id
        self._secret = secret
        self._life = life
        self._alive: dict[str, float] = {}

    async def give(self, request: Request) -> Response:
        """Answer ``POST /oauth/token``."""
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode("latin-1")).items()
        }
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        client_id, secret = _credentials(request.headers.get("authorization", ""), form)
        if self._secret is None or client_id != self._client_id or not self._secret.matches(secret):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        now = time.monotonic()
        self._alive = {token: end for token, end in self._alive.items() if end > now}
        token = secrets.token_urlsafe(32)
        self._alive[token] = now + self._life
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self._life}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def allows(self, authorization: str) -> bool:
        """Whether a request with this ``Authorization`` header may pass."""
        if not self._client_id:
            return True
        return self._alive.get(authorization.removeprefix("Bearer "), 0.0) > time.monotonic()

    def forget(self) -> None:
        """Take all tokens back."""
        self._alive.clear()


def _credentials(authorization: str, form: dict[str, str]) -> tuple[str, str]:
    if not authorization.startswith("Basic "):
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        pair = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
