"""One authority: its keys, its ledger and its clock."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog

from connectors import metrics
from connectors.auth.bearer import Login, Logins
from connectors.auth.secret import find_secret
from connectors.epermit.ports import PermitLog
from connectors.settings import AuthoritySettings
from schemas.epermit import acts
from schemas.epermit.acts import Author, Change
from schemas.epermit.body import read_object
from schemas.epermit.event import PATHS, make
from schemas.epermit.keys import read_private
from schemas.epermit.ledger import Ledger
from schemas.epermit.proof import Signer, jws_kid, token_claims, verify_jws
from schemas.epermit.refusal import LedgerRefusal, Untrusted
from schemas.errors import CorridorError, Transient

log = structlog.get_logger(__name__)

VERSION: Final = "1.1.2"
"""Version of the reference implementation that we are compatible with."""
WHOLE: Final = "authority"
"""Name, in the log, of the token that may do everything."""
_BEARER: Final = "bearer "


class Authority:
    """Does an authority's acts on its ledger.

    Args:
        name: of the participant.
        settings: code, keys and peers.
        ledger: the log.
        now: UTC seconds.

    Raises:
        Misconfigured: a key or a token cannot be used.
    """

    def __init__(
        self, name: str, settings: AuthoritySettings, ledger: PermitLog, now: Callable[[], float] = time.time
    ) -> None:
        self.name, self.settings, self.ledger = name, settings, ledger
        self.logins = Logins(
            [
                Login(WHOLE, find_secret(settings.token), frozenset({"read", "operate"})),
                *(
                    Login(who, find_secret(token.token), frozenset(token.scopes))
                    for who, token in settings.tokens.items()
                ),
            ]
        )
        self.signers = {
            key.id: Signer(key.id, read_private(find_secret(key.key).reveal(), key.id))
            for key in settings.keys
        }
        self._numberings = {code: peer.permit_types for code, peer in settings.peers.items()}
        self._now = now

    @property
    def state(self) -> Ledger:
        """What the ledger adds up to.

        Raises:
            Transient: ``log-unavailable``: it is not read, or cannot be; an empty state would deny permits.
        """
        if not self.ledger.ready:
            raise Transient("log-unavailable", "The ledger is not read yet")
        return self.ledger.state

    def author(self, act: str = "") -> Author:
        """Be the author of an act; without an id it is one that never was before."""
        return Author(self.signers, int(self._now() * 1000), act or str(uuid.uuid4()), self._numberings)

    async def act(self, decide: Callable[[Ledger, Author], Change], act: str = "") -> Mapping[str, Any]:
        """Do an act and give its result when it is in the log.

        Raises:
            CorridorError: it is refused, or not known to be done.
        """
        author = self.author(act)
        return (await self.ledger.write(lambda ledger: decide(ledger, author))).result

    async def receive(self, path: str, body: bytes, authorization: str | None) -> None:
        """Take an event of a peer; return when it is in the log.

        Raises:
            CorridorError: as the peer is to be told.
        """
        kind, code = PATHS[path], "ok"
        try:
            event = make(kind, read_object(body))
            proof = _bearer(authorization)
            await self.act(lambda ledger, author: acts.receive(ledger, event, proof, author))
        except CorridorError as error:
            code = error.reason if isinstance(error, LedgerRefusal) else error.code
            log.info("permit event refused", participant=self.name, kind=kind, code=code, error=error.message)
            raise
        finally:
            metrics.PERMIT_EVENTS.labels(self.name, kind, code).inc()

    def heads(self, authorization: str | None) -> dict[str, str]:
        """Give a peer the heads of the two chains between us, for the health check.

        Raises:
            Untrusted, Refusal: its token does not hold.
        """
        token = _bearer(authorization)
        issuer, audience, end = token_claims(token)
        peer = self.state.peers.get(issuer)
        if audience != self.state.code:
            raise Untrusted("Authorization failed")
        if peer is None:
            raise LedgerRefusal("AUTHORITY_NOT_FOUND")
        jwk = peer.valid.get(jws_kid(token))
        if jwk is None:
            raise LedgerRefusal("KEY_NOTFOUND")
        verify_jws(token, jwk)
        if end <= self._now():
            raise Untrusted("Authorization failed")
        return {
            "to_last_event_id": self.state.chain(issuer, self.state.code).head,
            "from_last_event_id": self.state.chain(self.state.code, issuer).head,
        }

    def description(self) -> dict[str, Any]:
        """Describe ourselves, with all keys that are valid."""
        keys = [dict(self.state.keys[kid].jwk) for kid in self.state.valid_keys]
        return {"code": self.state.code, "name": self.settings.title, "version": VERSION, "keys": keys}


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise Untrusted("Authorization header not found")
    if not authorization.lower().startswith(_BEARER):
        raise Untrusted("Invalid authorization type")
    return authorization[len(_BEARER) :].strip()
