"""Compatibility of a new schema with earlier versions, in the seven modes of the Confluent registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from schemas.registry.engine import can_read
from schemas.registry.logical import logical_changes
from schemas.registry.model import Node
from schemas.registry.reasons import EndlessError, Reason, reasons

LEVELS: Final = (
    "NONE",
    "BACKWARD",
    "FORWARD",
    "FULL",
    "BACKWARD_TRANSITIVE",
    "FORWARD_TRANSITIVE",
    "FULL_TRANSITIVE",
)
LOGICAL: Final = "LOGICAL"
"""The policy under which a change of a logical type is refused."""
LOGICAL_CHANGE: Final = "LOGICAL_TYPE_CHANGED"
"""Kind of a reason that Avro's own rules do not have."""


class Earlier(NamedTuple):
    """An earlier version of a subject."""

    version: int
    text: str
    root: Node


class Incompatible(NamedTuple):
    """One reason, with the side that reads.

    Attributes:
        reader: ``new`` (backward) or ``old`` (forward).
    """

    reader: str
    reason: Reason

    @property
    def writer(self) -> str:
        """The side that wrote."""
        return "old" if self.reader == "new" else "new"

    @property
    def message(self) -> str:
        """Confluent's text."""
        return self.reason.message(self.reader, self.writer)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What came of a check.

    Attributes:
        against: the version that stands against it, None when compatible.
        incompatible: why, by Avro's rules.
        logical: changes of logical types that are refused under the policy.
        warnings: changes of logical types that are not refused.
        level: the level that was asked.
        reserved: names of fields that the subject has set aside and the schema does not honour.
        fields_checked: whether such names were looked at.
    """

    level: str
    against: Earlier | None = None
    incompatible: Sequence[Incompatible] = ()
    logical: Sequence[str] = ()
    warnings: list[str] = field(default_factory=list)
    reserved: Sequence[str] = ()
    fields_checked: bool = False

    @property
    def compatible(self) -> bool:
        """Tell whether the new schema may be registered."""
        return self.against is None and not self.reserved

    @property
    def messages(self) -> list[str]:
        """Give the reasons as the REST API has them; empty when compatible."""
        if self.compatible:
            return []
        found = [*self.reserved, *(item.message for item in self.incompatible), *self.logical]
        if self.against is not None:
            found += [
                f"{{oldSchemaVersion: {self.against.version}}}",
                f"{{oldSchema: '{self.against.text}'}}",
            ]
        checked = str(self.fields_checked).lower()
        return [*found, f"{{validateFields: '{checked}', compatibility: '{self.level}'}}"]


def check(new: Node, earlier: Sequence[Earlier], level: str, policy: str = "") -> CheckResult:
    """Check a new schema against earlier versions.

    Args:
        new: the new schema.
        earlier: all live versions, oldest first.
        level: one of ``LEVELS``.
        policy: ``LOGICAL`` to refuse changes of logical types.

    Raises:
        EndlessError: recursive schemas that cannot be compared in bounded time.
    """
    try:
        return _check(new, earlier, level, policy)
    except RecursionError as error:
        raise EndlessError from error


def _check(new: Node, earlier: Sequence[Earlier], level: str, policy: str) -> CheckResult:
    if level == "NONE" or not earlier:
        return CheckResult(level)
    asked = list(reversed(earlier)) if level.endswith("_TRANSITIVE") else [earlier[-1]]
    direction = level.removesuffix("_TRANSITIVE")
    warnings: list[str] = []
    for old in asked:
        found = _incompatible(new, old.root, direction)
        changes = _logical(new, old, direction)
        refused = changes if policy == LOGICAL else []
        if found or refused:
            return CheckResult(level, old, found, refused, [] if refused else changes)
        warnings += changes
    return CheckResult(level, warnings=warnings)


def _incompatible(new: Node, old: Node, direction: str) -> list[Incompatible]:
    found: list[Incompatible] = []
    if direction in {"BACKWARD", "FULL"}:
        found += [Incompatible("new", reason) for reason in unreadable(new, old)]
    if direction in {"FORWARD", "FULL"}:
        found += [Incompatible("old", reason) for reason in unreadable(old, new)]
    return found


def unreadable(reader: Node, writer: Node) -> list[Reason]:
    """Give the reasons why one schema cannot read what another wrote; empty when it can.

    Nothing passes without the word of Avro's own engine, which is asked last because it takes the longest.
    """
    found = reasons(reader, writer)
    return (
        found if found or can_read(reader, writer) else [Reason("TYPE_MISMATCH", (), "by Avro's own rules")]
    )


def _logical(new: Node, old: Earlier, direction: str) -> list[str]:
    reader, writer = (old.root, new) if direction == "FORWARD" else (new, old.root)
    return [
        f"{{errorType:'{LOGICAL_CHANGE}', description:'The meaning of values at path '{path}' changes"
        f" against version {old.version}', additionalInfo:'{change}'}}"
        for path, change in logical_changes(reader, writer)
    ]
