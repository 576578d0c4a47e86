"""What the registry refuses, with the error codes that Confluent's clients know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.errors import Permanent

INVALID_SCHEMA: Final = 42201


class RegistryRefusal(Permanent):
    """A request that the registry does not carry out.

    Args:
        code: Confluent's error code; its first three digits are the HTTP status.
        message: Confluent's text where it has one: clients match on it.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__("registry-refused", message)
        self.error_code = code
        self.status = int(str(code)[:3])


def no_subject(subject: str) -> RegistryRefusal:
    """40401."""
    return RegistryRefusal(40401, f"Subject '{subject}' not found.")


def no_version(version: int) -> RegistryRefusal:
    """40402."""
    return RegistryRefusal(40402, f"Version {version} not found.")


def no_schema(schema_id: int | str | None = None) -> RegistryRefusal:
    """40403, by id or guid, or for a text that is not under a subject."""
    return RegistryRefusal(
        40403, "Schema not found" if schema_id is None else f"Schema {schema_id} not found"
    )


def invalid_schema(details: str) -> RegistryRefusal:
    """42201."""
    return RegistryRefusal(INVALID_SCHEMA, f"Invalid schema of type AVRO, details: {details}")


def bad_version(version: str) -> RegistryRefusal:
    """42202."""
    return RegistryRefusal(
        42202,
        f"The specified version '{version[:50]}' is not a valid version id. "
        'Allowed values are between [1, 2^31-1] and the string "latest"',
    )


def not_permitted(reason: str) -> RegistryRefusal:
    """42205."""
    return RegistryRefusal(42205, reason)


def too_large(details: str) -> RegistryRefusal:
    """42209."""
    return RegistryRefusal(42209, f"Schema is too large: {details}")


def bad_subject(subject: str) -> RegistryRefusal:
    """42208."""
    return RegistryRefusal(42208, f"The specified subject '{subject[:100]}' is not a valid subject.")


def in_use(subject: str, ids: Sequence[int]) -> RegistryRefusal:
    """42220, a code of ours: a hard delete would make kept records unreadable."""
    shown = ", ".join(map(str, ids))
    return RegistryRefusal(
        42220,
        f"Subject '{subject}' is of a topic of this broker: what was written with schema {shown} could never "
        "be read again, in the topic or in a copy of it. Repeat the request with force=true to delete it all "
        "the same",
    )
