"""What a mapping into the corridor event owes its readers, as data, and the check of a mapping against it.

``docs/contract.md`` says the same in words, with who reads what.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.mapping.document import Document, Rule, Tree

CANONICAL: Final = "corridor.event.v1"

EVERY_RULE: Final = (
    "envelope.event_id",
    "envelope.source",
    "envelope.source_message_id",
    "envelope.schema_version",
    "envelope.ingested_at",
    "envelope.hops",
    "correction.version",
    "correction.retracted",
    "subject.type",
    "subject.id",
    "when.occurred_at",
    "when.precision",
    "when.classifier",
    "why.code",
    "why.original_code",
    "why.original_list",
)
"""What every rule sets, and the retraction, too."""

EVERY_TELLING: Final = ("quality.findings", "quality.losses")
"""What every rule sets, but not the retraction, which repeats."""

TOGETHER: Final = (
    ("consignment_id", "what.references"),
    ("what.publisher", "what.publisher_scheme"),
    ("where.facility", "where.facility_scheme"),
    ("when.original_time", "when.original_basis"),
    ("customs.status", "customs.declaration"),
)
"""Where the first is set, the second is, too: nobody can read it alone."""

UNIT_SUBJECTS: Final = ("EQUIPMENT", "WAGON")
"""Subjects that are units: a rule whose subject may be one sets ``what.units``."""

STATE: Final = {"latest": ("retracted", "updated")}
"""Parameters that a state kind has to have, beside those it cannot be without."""


def broken(document: Document) -> Iterator[str]:
    """What a mapping file breaks of the contract; nothing where its target is another schema."""
    if document.target.text != CANONICAL:
        return
    rules: list[tuple[Rule, tuple[str, ...]]] = [
        (rule, (*EVERY_RULE, *EVERY_TELLING)) for rule in document.rules
    ]
    if document.state.retract is not None:
        rules.append((document.state.retract, EVERY_RULE))
    for rule, needed in rules:
        for path in needed:
            if not _sets(rule.target, path):
                yield f"rule `{rule.name}` does not set `{path}`"
        for path, other in TOGETHER:
            if _sets(rule.target, path) and not _sets(rule.target, other):
                yield f"rule `{rule.name}` sets `{path}` without `{other}`"
        if _about_units(rule) and not _sets(rule.target, "what.units"):
            yield f"rule `{rule.name}` is about a unit and does not set `what.units`"
    for name in STATE.get(document.state.kind, ()):
        if name not in document.state.expressions:
            yield f"state of kind `{document.state.kind}` has no `{name}`"


def _sets(tree: Tree, path: str) -> bool:
    first, _, rest = path.partition(".")
    if first not in tree.fields:
        return False
    inner = tree.fields[first][1]
    return not rest or not isinstance(inner, Tree) or _sets(inner, rest)


def _about_units(rule: Rule) -> bool:
    text = rule.subject[0].text if rule.subject else ""
    return text.strip("'") in UNIT_SUBJECTS
