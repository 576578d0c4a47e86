"""QR codes of permits: a compact JWS over a few claims, whose dates are texts and no NumericDate."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.epermit.canonical import canonical
from schemas.epermit.permit import PermitId, parse_date
from schemas.epermit.proof import Signer, jws_kid, verify_jws
from schemas.epermit.refusal import Untrusted

_OLD: Final = "0."
"""Prefix of codes of the protocol's first version: a fourth part in front."""


class QrClaims(NamedTuple):
    """What a QR code says of its permit."""

    permit_id: str
    issued_at: str
    expires_at: str
    plate_number: str | None
    company_name: str

    def expired(self, today: dt.date) -> bool:
        """Tell whether the permit's last day has passed."""
        return parse_date(self.expires_at) < today

    @property
    def issuer(self) -> str:
        """Code of the authority that issued the permit."""
        return PermitId.parse(self.permit_id).issuer


def make_qr(claims: QrClaims, signer: Signer) -> str:
    """Make the text of a QR code."""
    members = {
        "id": claims.permit_id, "iat": claims.issued_at, "exp": claims.expires_at,
        "pn": claims.plate_number, "cn": claims.company_name,
    }  # fmt: skip
    return signer.jws(canonical(members))


def peek_qr(code: str) -> tuple[QrClaims, str]:
    """Read a QR code without checking it, to learn whose key is needed; give the claims and the key's id.

    Raises:
        Untrusted: it is no QR code of a permit.
    """
    token = _jws(code)
    kid = jws_kid(token)
    return _claims(_payload(token)), kid


def verify_qr(code: str, keys: Mapping[str, Mapping[str, str]]) -> QrClaims:
    """Check a QR code offline.

    Args:
        code: the text of the code, of any version.
        keys: the issuer's keys by id, revoked ones too: a permit outlives the key that signed it.

    Raises:
        Untrusted: it is no QR code of a permit, or was signed with none of these keys.
    """
    token = _jws(code)
    jwk = keys.get(jws_kid(token))
    if jwk is None:
        raise Untrusted("Invalid jws")
    return _claims(verify_jws(token, jwk))


def _jws(code: str) -> str:
    return code[len(_OLD) :] if code.startswith(_OLD) and code.count(".") == 3 else code


def _payload(token: str) -> bytes:
    part = token.split(".")[1]
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise Untrusted("Invalid jws") from None


def _claims(payload: bytes) -> QrClaims:
    try:
        members = json.loads(payload)
        plate = members.get("pn")
        claims = QrClaims(
            str(members["id"]), str(members["iat"]), str(members["exp"]),
            None if plate is None else str(plate), str(members["cn"]),
        )  # fmt: skip
        PermitId.parse(claims.permit_id)
        parse_date(claims.issued_at)
        parse_date(claims.expires_at)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise Untrusted("The code does not hold a permit") from None
    return claims
