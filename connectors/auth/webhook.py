"""Standard Webhooks signatures over raw bytes (https://www.standardwebhooks.com, version 1.0).

The signed content is ``<id>.<timestamp>.<body>``. ``v1`` is HMAC-SHA256, ``v1a`` ed25519;
any of several secrets may match, so one can be rotated without a gap.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from connectors.auth.secret import Secret
from schemas.errors import Misconfigured, Permanent

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

_ID: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,255}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_MOST_SIGNATURES: Final = 16


class HmacKey:
    """A shared secret, ready to sign with. Its representation never shows it."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, content: bytes) -> bytes:
        """Give the HMAC-SHA256 of the content."""
        return hmac.digest(self._key, content, hashlib.sha256)

    def __repr__(self) -> str:
        return "<secret>"


def hmac_key(secret: Secret) -> HmacKey:
    """Decode a ``whsec_`` secret of 24 to 64 bytes.

    Raises:
        Misconfigured: it is not base64 or of another length.
    """
    key = _decoded(secret, "whsec_")
    if not 24 <= len(key) <= 64:
        raise Misconfigured("settings-unsafe", "a webhook secret must have 24 to 64 bytes")
    return HmacKey(key)


def public_key(secret: Secret) -> Ed25519PublicKey:
    """Decode a ``whpk_`` public key.

    Raises:
        Misconfigured: it is not the base64 of 32 bytes.
    """
    key = _decoded(secret, "whpk_")
    if len(key) != 32:
        raise Misconfigured("settings-invalid", "an ed25519 public key has 32 bytes")
    return Ed25519PublicKey.from_public_bytes(key)


def _decoded(secret: Secret, prefix: str) -> bytes:
    try:
        return base64.b64decode(secret.reveal().removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise Misconfigured("settings-invalid", f"a {prefix} key must be base64") from None


def sign(keys: Sequence[HmacKey], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Make the three header fields; with several keys each one signs, so the receiver may have either."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = ["v1," + base64.b64encode(key.digest(content)).decode() for key in keys]
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: " ".join(signatures)}


class Verifier:
    """Checks the signature of a request.

    Args:
        keys: shared secrets for ``v1``.
        public_keys: public keys for ``v1a``.
        window: seconds that the timestamp may be off, before or after.
    """

    def __init__(
        self, keys: Sequence[HmacKey], public_keys: Sequence[Ed25519PublicKey] = (), *, window: float = 300.0
    ) -> None:
        self._keys = list(keys)
        self._public_keys = list(public_keys)
        self._window = window

    def check_time(self, headers: Mapping[str, str], now: float) -> None:
        """Check all that can be checked before the body is read: the fields are there, the time is near.

        Raises:
            Permanent: ``auth-missing``, ``auth-invalid`` or ``auth-expired``.
        """
        if not (headers.get(ID) and headers.get(TIMESTAMP) and headers.get(SIGNATURE)):
            raise Permanent("auth-missing", f"{ID}, {TIMESTAMP} and {SIGNATURE} are needed")
        if not _ID.fullmatch(headers[ID]) or not _TIMESTAMP.fullmatch(headers[TIMESTAMP]):
            raise Permanent("auth-invalid", f"{ID} or {TIMESTAMP} is malformed")
        if abs(now - int(headers[TIMESTAMP])) > self._window:
            raise Permanent("auth-expired", f"the time of the signature is more than {self._window:g} s off")

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> None:
        """Check the signature over the raw body.

        Raises:
            Permanent: ``auth-missing``, ``auth-invalid`` or ``auth-expired``; nothing else, whatever comes.
        """
        self.check_time(headers, now)
        content = f"{headers[ID]}.{headers[TIMESTAMP]}.".encode() + body
        for part in headers[SIGNATURE].split(" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]:
            version, _, text = part.partition(",")
            try:
                signature = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue
            if (version == "v1" and self._shared(content, signature)) or (
                version == "v1a" and self._asymmetric(content, signature)
            ):
                return
        raise Permanent("auth-invalid", "no signature matches")

    def _shared(self, content: bytes, signature: bytes) -> bool:
        found = False
        for key in self._keys:  # all of them: the time must not say which one matched
            found |= hmac.compare_digest(key.digest(content), signature)
        return found

    def _asymmetric(self, content: bytes, signature: bytes) -> bool:
        for key in self._public_keys:
            try:
                key.verify(signature, content)
            except InvalidSignature:
                continue
            return True
        return False
