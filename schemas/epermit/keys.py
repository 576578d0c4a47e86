"""Keys of authorities: EC P-256, as JSON Web Keys (RFC 7517)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from schemas.epermit.canonical import canonical
from schemas.errors import Invalid, Misconfigured

_CURVE: Final = "P-256"


def public_jwk(key: ECKey, kid: str) -> dict[str, str]:
    """Give the public half in the reference implementation's order of members."""
    members = key.as_dict(private=False)
    return {
        "kty": "EC", "use": "sig", "crv": _CURVE, "kid": kid,
        "x": str(members["x"]), "y": str(members["y"]), "alg": "ES256",
    }  # fmt: skip


def jwk_text(jwk: Mapping[str, str]) -> str:
    """Write a public key as it stands in a ``KEY_CREATED`` event."""
    return canonical(jwk)


def read_public(jwk: object, kid: str, pointer: str = "/jwk") -> dict[str, str]:
    """Take a peer's public key.

    Args:
        jwk: the JSON Web Key, or its text.
        kid: the id that it must have.
        pointer: where it stands, for the error.

    Raises:
        Invalid: ``schema-violation``: it is none of this curve, its point is not on the curve, it has another
            id, or it holds a private part.
    """
    try:
        members = json.loads(jwk) if isinstance(jwk, str) else jwk
        if not isinstance(members, dict) or members.get("kty") != "EC" or members.get("crv") != _CURVE:
            raise Invalid("schema-violation", pointer, "must be an EC key on P-256")
        if "d" in members:
            raise Invalid("schema-violation", pointer, "must not hold a private key")
        if members.get("kid", kid) != kid:
            raise Invalid("schema-violation", pointer, f"its kid must be {kid}", members["kid"])
        key = ECKey.import_key({name: members[name] for name in ("kty", "crv", "x", "y")})
        return public_jwk(key, kid)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid("schema-violation", pointer, f"must be a JSON Web Key: {error}") from None


def generate(kid: str) -> str:
    """Make a new key; give its private JSON Web Key as one line without white space, to be kept in a file."""
    key = ECKey.generate_key(_CURVE, {"kid": kid, "use": "sig", "alg": "ES256"})
    return json.dumps(key.as_dict(private=True), separators=(",", ":"))


def read_private(text: str, kid: str) -> ECKey:
    """Take our own key.

    Raises:
        Misconfigured: ``settings-invalid``: it is no private key on P-256, or has another id.
    """
    try:
        members = json.loads(text)
        other = members.get("kid", kid)
        key = ECKey.import_key({name: members[name] for name in ("kty", "crv", "x", "y", "d")})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Misconfigured("settings-invalid", f"key {kid}: not a private JSON Web Key: {error}") from None
    if key.curve_name != _CURVE or other != kid:
        raise Misconfigured("settings-invalid", f"key {kid}: it is key {other} on {key.curve_name}")
    return key
