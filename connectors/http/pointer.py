"""JSON pointers (RFC 6901) into bytes: only the values on the way are decoded."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from schemas.errors import Permanent

TOO_LONG: Final = "at most length"
"""What msgspec says of an array with more items than its type has places."""

Scalar = str | int | float | bool | None
_scalar: Final = msgspec.json.Decoder(Scalar)


@cache
def _array(most: int) -> msgspec.json.Decoder[Any]:
    """A decoder of arrays of at most so many items.

    Their type is a struct with as many places, because msgspec gives up at the first item beyond those. A
    list with a ``max_length`` is made whole before its length is looked at.
    """
    places = [(f"item_{place}", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET) for place in range(most)]
    kind = msgspec.defstruct("Items", places, array_like=True, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(kind)


@cache
def _member(name: str) -> msgspec.json.Decoder[Any]:
    """A decoder of one member of an object: it passes over all others, however many there are."""
    try:
        fields = [("value", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)]
        kind: Any = msgspec.defstruct("Member", fields, rename={"value": name}, gc=False)
    except ValueError:  # a quotation mark or the like, which no struct may have in a name
        kind = dict[str, msgspec.Raw]
    return msgspec.json.Decoder(kind)


def _found(decoded: Any, name: str) -> msgspec.Raw | None:  # noqa: ANN401 - either kind of `_member`
    value = decoded.get(name, msgspec.UNSET) if isinstance(decoded, dict) else decoded.value
    return None if value is msgspec.UNSET else value


def raw_at(body: bytes | msgspec.Raw, pointer: str) -> bytes | None:
    """Give the JSON text of the value at ``pointer`` through objects, None when there is none.

    Raises:
        Permanent: ``json-malformed``.
    """
    try:
        here: bytes | msgspec.Raw = body
        for token in pointer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            found = _found(_member(key).decode(here), key)
            if found is None:
                return None
            here = found
        return bytes(here)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Permanent("json-malformed", f"not JSON: {error}") from None


def value_at(body: bytes | msgspec.Raw, pointer: str) -> Scalar:
    """Give the text, number or truth value at ``pointer``; None when there is none.

    A list or an object is none: nobody looks for one here, and it may be larger in memory than it is as text.

    Raises:
        Permanent: ``json-malformed``.
    """
    text = raw_at(body, pointer)
    try:
        return None if text is None else _scalar.decode(text)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Permanent("json-malformed", f"not JSON: {error}") from None


def items_of(body: bytes | msgspec.Raw, most: int) -> list[bytes]:
    """Split a JSON array into the texts of its items; reading ends where there are too many.

    Raises:
        Permanent: ``json-malformed``; ``batch-too-large`` for more than ``most`` items.
    """
    try:
        items = _array(most).decode(body)
        return [bytes(item) for item in msgspec.structs.astuple(items) if item is not msgspec.UNSET]
    except msgspec.ValidationError as error:
        if TOO_LONG in str(error):
            raise Permanent("batch-too-large", f"more than {most} items") from None
        raise Permanent("json-malformed", f"not a JSON array: {error}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Permanent("json-malformed", f"not a JSON array: {error}") from None
