"""JSON pointers (RFC 6901) into bytes: only the values on the way are decoded."""

from __future__ import annotations

import msgspec

from schemas.errors import Permanent


def raw_at(body: bytes | msgspec.Raw, pointer: str) -> bytes | None:
    """Give the JSON text of the value at ``pointer`` through objects, None when there is none.

    Raises:
        Permanent: ``json-malformed``.
    """
    try:
        here: bytes | msgspec.Raw = body
        for token in pointer.split("/")[1:]:
            fields = msgspec.json.decode(here, type=dict[str, msgspec.Raw])
            key = token.replace("~1", "/").replace("~0", "~")
            if key not in fields:
                return None
            here = fields[key]
        return bytes(here)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Permanent("json-malformed", f"not JSON: {error}") from None


def value_at(body: bytes | msgspec.Raw, pointer: str) -> object:
    """Decode the value at ``pointer``; None when there is none.

    Raises:
        Permanent: ``json-malformed``.
    """
    text = raw_at(body, pointer)
    try:
        return None if text is None else msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Permanent("json-malformed", f"not JSON: {error}") from None


def items_of(body: bytes | msgspec.Raw) -> list[bytes]:
    """Split a JSON array into the texts of its items.

    Raises:
        Permanent: ``json-malformed``.
    """
    try:
        return [bytes(item) for item in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Permanent("json-malformed", f"not a JSON array: {error}") from None
