"""Who may send to a webhook: signature or bearer token, fail closed."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.auth.secret import Secret, find_secret
from connectors.auth.webhook import Verifier, hmac_key, public_key
from connectors.settings import Webhook
from schemas.errors import Misconfigured, Permanent


class Admission:
    """Checks the credentials of requests to one webhook.

    Raises:
        Misconfigured: nothing to check against is configured, or a secret cannot be used.
    """

    def __init__(self, settings: Webhook) -> None:
        self._tokens = [_token(find_secret(reference)) for reference in settings.bearer]
        keys = [hmac_key(find_secret(reference)) for reference in settings.secrets]
        public = [public_key(find_secret(reference)) for reference in settings.public_keys]
        self._signed = bool(keys or public)
        self._verifier = Verifier(keys, public, window=settings.replay_window)
        if not (self._signed or self._tokens):
            raise Misconfigured("settings-unsafe", "a webhook needs a secret, a public key or a bearer token")

    def before_body(self, headers: Mapping[str, str], now: float) -> None:
        """Refuse before the body is read what can be refused without it.

        Raises:
            Permanent: ``auth-missing``, ``auth-invalid`` or ``auth-expired``.
        """
        if self._by_token(headers):
            self._check_token(headers["authorization"])
        elif self._signed:
            self._verifier.check_time(headers, now)
        else:
            raise Permanent("auth-missing", "a bearer token is needed")

    def check(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Check the whole request.

        Args:
            headers: header fields, lower case.
            body: raw bytes as they came over the wire.
            now: UTC seconds.

        Raises:
            Permanent: ``auth-missing``, ``auth-invalid`` or ``auth-expired``.
        """
        if self._by_token(headers):
            self._check_token(headers["authorization"])
        else:
            self._verifier.verify(headers, body, now)

    def _by_token(self, headers: Mapping[str, str]) -> bool:
        return bool(self._tokens) and "authorization" in headers

    def _check_token(self, field: str) -> None:
        scheme, _, token = field.partition(" ")
        matches = [secret.matches(token.strip()) for secret in self._tokens]  # all: time must not tell which
        if scheme.lower() != "bearer" or not any(matches):
            raise Permanent("auth-invalid", "the bearer token is not one that is configured")


def _token(secret: Secret) -> Secret:
    if len(secret.reveal()) < 16:
        raise Misconfigured("settings-unsafe", "a bearer token must have at least 16 characters")
    return secret
