"""Why an event is not taken: the three ways in which the reference implementation says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.errors import Invalid, Permanent

CODES: Final[dict[str, str]] = {
    "AUTHORITY_ALREADY_EXISTS": "This authority is known already.",
    "AUTHORITY_NOT_FOUND": "This authority is not known.",
    "KEYID_ALREADY_EXISTS": "Another key has this id.",
    "KEY_NOTFOUND": "There is no valid key with this id.",
    "INSUFFICIENT_KEY": "The last valid key cannot be revoked.",
    "EVENT_ALREADY_EXISTS": "The event is in the ledger already.",
    "PREVIOUS_EVENT_NOTFOUND": "The event before it is not in the ledger.",
    "GENESIS_EVENT_ALREADY_EXISTS": "There is a first event already.",
    "INSUFFICIENT_PERMIT_QUOTA": "There is no quota for such permits, or it is used up.",
    "INVALID_PERMIT_QUOTA_RANGE": "The serial number is outside of the quota.",
    "PERMITID_ALREADY_EXISTS": "There is a permit with this id already.",
    "PERMIT_NOTFOUND": "There is no such permit between these authorities.",
    "PERMIT_USED": "The permit was used and cannot be revoked.",
    "PERMIT_ALREADY_REVOKED": "The permit was revoked.",
    "INVALID_PERMITID": "The permit's id does not say what its fields say.",
    "REMOTE_ERROR": "The other authority did not answer as it should.",
}
"""The protocol's business errors; their names are part of the wire format."""


class LedgerRefusal(Permanent):
    """A rule of the ledger is broken (HTTP 422).

    Args:
        reason: a key of ``CODES``.
        detail: what exactly, for a person.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__("permit-refused", f"{reason}: {detail or CODES[reason]}")
        self.reason = reason


class Untrusted(Permanent):
    """The proof does not hold (HTTP 401).

    Args:
        reason: in the words of the reference implementation.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("auth-invalid", reason)


class Malformed(Permanent):
    """Fields of an event break rules (HTTP 400), all of them listed.

    Args:
        violations: one per field.
    """

    def __init__(self, violations: Sequence[Invalid]) -> None:
        super().__init__(violations[0].code, "; ".join(found.message for found in violations))
        self.violations = tuple(violations)
