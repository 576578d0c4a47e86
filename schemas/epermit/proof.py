"""Signatures: detached proofs of events and the token of the health check. All are ES256 (RFC 7515).

A proof is a compact JWS without its middle part: the receiver writes the event that it parsed in canonical
form and puts that in.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from schemas.epermit.canonical import canonical
from schemas.epermit.refusal import Untrusted

ALGORITHM: Final = "ES256"
TOKEN_LIFE: Final = 3600
"""Seconds that the token of a health check may live at most."""
LONGEST_PROOF: Final = 1000


class Signer(NamedTuple):
    """Our private key and its id."""

    kid: str
    key: ECKey

    def jws(self, text: str) -> str:
        """Sign a text; give the compact JWS."""
        header = {"kid": self.kid, "alg": ALGORITHM}
        return jws.serialize_compact(header, text.encode(), self.key, algorithms=[ALGORITHM])

    def proof(self, text: str) -> str:
        """Sign the canonical text of an event; give ``header.signature``."""
        header, _, signature = self.jws(text).split(".")
        return f"{header}.{signature}"

    def token(self, issuer: str, audience: str, now: int) -> str:
        """Make the token of a health check.

        Args:
            issuer: our code.
            audience: the other authority's code.
            now: UTC seconds.
        """
        return self.jws(canonical({"iss": issuer, "aud": audience, "exp": now + TOKEN_LIFE}))


def proof_kid(proof: str) -> str:
    """Give the id of the key that a proof was made with.

    Raises:
        Untrusted: it is no proof.
    """
    parts = proof.split(".")
    if len(parts) != 2 or len(proof) > LONGEST_PROOF:
        raise Untrusted("Invalid jws")
    return _kid(parts[0])


def verify_proof(proof: str, text: str, jwk: Mapping[str, str]) -> None:
    """Check a proof over the canonical text of an event.

    Raises:
        Untrusted: it does not hold.
    """
    header, _, signature = proof.partition(".")
    payload = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
    verify_jws(f"{header}.{payload}.{signature}", jwk)


def jws_kid(token: str) -> str:
    """Give the id of the key that a compact JWS was made with.

    Raises:
        Untrusted: it is none.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Untrusted("Invalid jws")
    return _kid(parts[0])


def verify_jws(token: str, jwk: Mapping[str, str]) -> bytes:
    """Check a compact JWS and give what was signed.

    Raises:
        Untrusted: it does not hold.
    """
    try:
        return jws.deserialize_compact(token, ECKey.import_key(dict(jwk)), algorithms=[ALGORITHM]).payload
    except (JoseError, ValueError, TypeError) as error:
        raise Untrusted("Invalid jws") from error


def token_claims(token: str) -> tuple[str, str, int]:
    """Give issuer, audience and end of a health check's token, not verified yet.

    Raises:
        Untrusted: it is no such token.
    """
    try:
        claims = json.loads(_decode(token.split(".")[1]))
        audience = claims["aud"][0] if isinstance(claims["aud"], list) else claims["aud"]
        return str(claims["iss"]), str(audience), int(claims["exp"])
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError):
        raise Untrusted("Authorization failed") from None


def _kid(header: str) -> str:
    try:
        members = json.loads(_decode(header))
        kid, algorithm = members["kid"], members["alg"]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise Untrusted("Invalid jws") from None
    if algorithm != ALGORITHM or not isinstance(kid, str):
        raise Untrusted("Invalid jws")
    return kid


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
