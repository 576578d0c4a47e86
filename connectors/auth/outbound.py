"""The credentials that we send: none, a fixed bearer token, or OAuth2 client credentials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from connectors.auth.oauth2 import ClientCredentials
from connectors.auth.secret import Secret, find_secret
from connectors.http.client import Client
from connectors.settings import Auth, BearerSettings, OAuth2


class Credentials(Protocol):
    """Where the ``Authorization`` header of a request comes from."""

    async def header(self) -> str:
        """Give the header's value, ``""`` for none.

        Raises:
            Transient: there is no token to be had now.
        """

    async def renew(self, refused: str) -> bool:
        """Say that the partner refused this header; tell whether there is another one to try.

        Raises:
            Transient: there is no token to be had now.
        """


class FixedHeader:
    """A header that does not change; with an empty token there is none."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    async def header(self) -> str:
        """Give the header's value."""
        return f"Bearer {self._token.reveal()}" if self._token else ""

    async def renew(self, refused: str) -> bool:  # noqa: ARG002 - the protocol's signature
        """There is no other token."""
        return False


def make_credentials(auth: Auth, client: Client, participant: str, now: Callable[[], float]) -> Credentials:
    """Build the credentials of the settings.

    Args:
        auth: settings.
        client: for the token endpoint.
        participant: label of the metrics.
        now: monotonic seconds.

    Raises:
        Misconfigured: a secret cannot be found.
    """
    match auth:
        case OAuth2():
            return ClientCredentials(auth, client, participant, now)
        case BearerSettings():
            return FixedHeader(find_secret(auth.token))
        case _:
            return FixedHeader(None)


def token_urls(auth: Auth) -> list[str]:
    """Give the addresses that the credentials connect to."""
    return [auth.token_url] if isinstance(auth, OAuth2) else []
