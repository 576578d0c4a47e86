"""Who asks: the one check of bearer tokens, with what each of them may do (RFC 6750)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from connectors.auth.secret import Secret
from schemas.errors import Permanent

Scope = Literal["read", "register", "operate"]
SCOPES: Final[tuple[Scope, ...]] = ("read", "register", "operate")


class Login(NamedTuple):
    """A token that is taken.

    Attributes:
        name: of whoever has it, for the log.
        secret: the token.
        scopes: what it may do.
    """

    name: str
    secret: Secret
    scopes: frozenset[Scope]


class Logins:
    """The tokens that one API takes.

    Args:
        logins: all of them.
        free: what anybody may do who reaches the port.
    """

    def __init__(self, logins: Sequence[Login], free: frozenset[Scope] = frozenset()) -> None:
        self._logins = tuple(logins)
        self._free = free

    def needed(self, scope: Scope) -> bool:
        """Tell whether this wants a token."""
        return scope not in self._free

    def require(self, authorization: str, scope: Scope) -> str:
        """Give the name of whoever asks; ``""`` for a stranger who may do it.

        Every token is compared, each in constant time: how long an answer takes tells nothing.

        Args:
            authorization: the header field, ``""`` when there is none.
            scope: what is to be done.

        Raises:
            Permanent: ``auth-missing``, ``auth-invalid``, or ``auth-denied`` for a token without this scope.
        """
        scheme, _, given = authorization.partition(" ")
        matches = [login for login in self._logins if login.secret.matches(given.strip())]
        if scheme.lower() == "bearer" and matches:
            if self.needed(scope) and not any(scope in login.scopes for login in matches):
                raise Permanent("auth-denied", f"the token {matches[0].name} does not have the scope {scope}")
            return matches[0].name
        if not self.needed(scope):
            return ""
        if not authorization:
            raise Permanent("auth-missing", f"send a token with the scope {scope} as Authorization: Bearer")
        raise Permanent("auth-invalid", "the token is not one that is configured")
