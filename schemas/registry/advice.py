"""Reasons of incompatibility for people: what breaks for whom, and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from schemas.registry.compatibility import LOGICAL_CHANGE, CheckResult, Incompatible
from schemas.registry.model import Array, Map, Node, Record, Union

_SAYS: Final = {
    ("READER_FIELD_MISSING_DEFAULT_VALUE", "new"): (
        "the field is new and has no default, so nothing can be read that was written before",
        'give it a default, for example "type": ["null", …], "default": null',
    ),
    ("READER_FIELD_MISSING_DEFAULT_VALUE", "old"): (
        "the field is gone, but programs with the old schema need it and have no default for it",
        "keep the field, or first register a version in which it has a default and bring all readers to that",
    ),
    ("TYPE_MISMATCH", "new"): (
        "the type changed, and values written before cannot be read as the new one",
        "keep the type, or add a field with the new type and a default beside it",
    ),
    ("TYPE_MISMATCH", "old"): (
        "the type changed, and programs with the old schema cannot read the new values",
        "keep the type, or add a field with the new type and a default beside it",
    ),
    ("MISSING_UNION_BRANCH", "new"): (
        "the union lost a type that was written before",
        "keep the type in the union",
    ),
    ("MISSING_UNION_BRANCH", "old"): (
        "the union has a type that programs with the old schema do not know",
        "add the type only once all readers have a schema with it (that is BACKWARD), or add a field",
    ),
    ("MISSING_ENUM_SYMBOLS", "new"): (
        "symbols are gone that were written before",
        "keep the symbols, or give the enum a default that stands for symbols it does not know",
    ),
    ("MISSING_ENUM_SYMBOLS", "old"): (
        "the enum has symbols that programs with the old schema do not know",
        "first register a version whose enum has a default, bring all readers to it, then add the symbols",
    ),
    ("NAME_MISMATCH", "new"): (
        "the type has another name than when it was written",
        'keep the name, or add the old one to its "aliases"',
    ),
    ("NAME_MISMATCH", "old"): (
        "the type has another name than programs with the old schema expect",
        "keep the name",
    ),
    ("FIXED_SIZE_MISMATCH", "new"): ("the size changed", "keep the size, or make a fixed of another name"),
    ("FIXED_SIZE_MISMATCH", "old"): ("the size changed", "keep the size, or make a fixed of another name"),
}
_AMBIGUOUS: Final = (
    "the field could be filled from two fields of the other schema through its aliases",
    "remove one of the aliases",
)
_LOGICAL: Final = (
    "the bytes stay readable and mean something else",
    "keep the logical type, or add a field with the new one beside it",
)
_MESSAGE: Final = re.compile(r"\{errorType:'(\w+)', description:'(.*)', additionalInfo:'(.*)'\}", re.DOTALL)
_VERSION: Final = re.compile(r"\{oldSchemaVersion: (\d+)\}")
_CONTEXT: Final = ("{oldSchemaVersion:", "{oldSchema:", "{validateFields:", "{compatibility:")


def explain(verdict: CheckResult, new: Node) -> list[str]:
    """Say in sentences why a schema is refused, and what to do; empty when it is not.

    Args:
        verdict: of the check.
        new: the new schema.
    """
    if verdict.against is None:
        return list(verdict.reserved)
    version = verdict.against.version
    lines = [_sentence(item, new, verdict.against.root, version) for item in verdict.incompatible]
    return [*verdict.reserved, *lines, *spoken_messages(verdict.logical)]


def spoken_messages(messages: Iterable[str]) -> list[str]:
    """Say in sentences what the messages of a registry mean, anybody's with the Confluent API.

    A message that is not known is passed on as it is.
    """
    lines = list(messages)
    version = next((found[1] for line in lines if (found := _VERSION.fullmatch(line))), "")
    said = []
    for line in lines:
        found = _MESSAGE.fullmatch(line)
        if found is not None and found[1] == LOGICAL_CHANGE:
            what, remedy = _LOGICAL
            said.append(f"{found[2]}: {found[3]}, {what}. To mend it: {remedy}.")
        elif found is not None:
            what, remedy = _SAYS.get((found[1], _reader(found[2])), _AMBIGUOUS)
            against = f" (version {version})" if version else ""
            said.append(f"{found[2]}: {what}{against}. To mend it: {remedy}.")
        elif not line.startswith(_CONTEXT):
            said.append(line)
    return said


def _reader(description: str) -> str:
    """Tell which side reads: the one whose schema a description names first."""
    new, old = description.find("new schema"), description.find("old schema")
    return "old" if 0 <= old < (new if new >= 0 else len(description)) else "new"


def _sentence(item: Incompatible, new: Node, old: Node, version: int) -> str:
    reason = item.reason
    what, remedy = _SAYS.get((reason.kind, item.reader), _AMBIGUOUS)
    root = new if item.reader == "new" else old
    where = spoken(root, reason.place) or "the schema"
    return f"{where}: {what} (version {version}; {reason.detail}). To mend it: {remedy}."


def spoken(root: Node, place: tuple[str, ...]) -> str:
    """Give a place as a person names it: ``wagons[].seals[].number``."""
    node: Node | None = root
    said = ""
    steps = iter(place)
    for step in steps:
        match node:
            case Record() if step == "fields":
                item = node.fields[int(next(steps))]
                said += f".{item.name}"
                node = item.type
                next(steps, None)
            case Array() if step == "items":
                said, node = f"{said}[]", node.items
            case Map() if step == "values":
                said, node = f"{said}{{}}", node.values
            case Union() if step.isdigit() and int(step) < len(node.branches):
                node = node.branches[int(step)]
            case _:
                break
    return said.removeprefix(".")
