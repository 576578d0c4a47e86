"""What a report says is so: its pointers are the sender's, its values stand there, no field is lost twice."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from schemas import profiles
from schemas.mapping.report import personal, plain
from schemas.profiles import CANONICAL
from tests.support.field import CASES, Told, told

NAMES = profiles.names()
SENDERS = [name for name in NAMES if name != CANONICAL]
IDS = {"messageId": "dtc.note.v1", "lot": "oil.lot.v1", "event_id": "epermit.event.v1", "envelope": CANONICAL}
"""A field by which the profile of a case is known."""
SAYS = {"places-differ", "customs-differs", "time-assumed", "time-of-amendment-unknown", "reference-assumed",
        "differs-from-computed", "in-the-future", "contradicts-other-note", "ambiguous",
        "normalised"}  # fmt: skip
"""Rules whose findings say something else than the value that they are about: what it is held against."""
Sequence = list[dict[str, Any]]


def versions(example: dict[str, Any]) -> Iterator[Sequence]:
    """One message alone; corrected and taken back; the same the other way round."""
    yield [example]
    number = "noteVersion" if "noteVersion" in example else "eventVersion"
    said = {"noteKey": "707701/2026-01-12/0012399", "operationStation": "663306", "lot": "L-99",
            "railCarReference": "94001237", "equipmentReference": "CSQU3054383",
            "references": [{"type": "SMGS", "value": "707701/2026-01-12/0012399"}]}  # fmt: skip
    correction = {name: value for name, value in said.items() if example.get(name)}
    last = {"messageKind": "ANNULMENT"} if "messageKind" in example else {"isRetracted": True}
    made = [example]
    for step, change in enumerate([correction, correction | {"remark": "words"}, last, {}]):
        one = copy.deepcopy(example) | change
        one[number] = (example.get(number) or 1) + (1, 1, 2, 3)[step]
        if "messageId" in one:
            one["messageId"] = one["messageId"][:-1] + "abcd"[step]
        made.append(one)
    if "event_id" not in example:
        yield made
        yield made[::-1]


def sequences(name: str) -> Iterator[Sequence]:
    """Messages of a profile: its examples with other versions of them, and the cases of the field."""
    for example in profiles.load(name).examples.values():
        yield from versions(json.loads(json.dumps(example)))
    for file in sorted(CASES.glob("*.jsonl")):
        try:
            messages = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
        except ValueError:
            continue
        kind = next((one for field, one in IDS.items() if field in messages[0]), None)
        kind = kind or ("dlp.event.v1" if {"references", "location"} & set(messages[0]) else "port.event.v1")
        if kind == name and len(messages) == len(file.read_text("utf-8").splitlines()):
            yield messages


def at(message: Any, pointer: str) -> Any:  # noqa: ANN401 - JSON
    """What is at a pointer as text, None where nothing is."""
    for step in pointer.split("/")[1:]:
        if isinstance(message, list):
            message = message[int(step)] if step.isdigit() and int(step) < len(message) else None
        else:
            message = message.get(step) if isinstance(message, dict) else None
    if isinstance(message, bool):
        return str(message).lower()
    if isinstance(message, list):
        return None if message and isinstance(message[0], dict) else ", ".join(map(str, message))
    return None if message is None or isinstance(message, dict) else str(message)


def wrong(sender: str, given: Sequence, said: Told) -> Iterator[str]:
    """Each line of a report that is not so."""
    schema = profiles.load(sender).schema
    fields, people = {"/" + path.replace(".", "/") for path, _ in schema.fields()}, personal(schema)
    lost: Counter[tuple[int, str]] = Counter()
    for line in said.report:
        if line["kind"] in {"filtered", "dead-letter"}:
            continue
        pointer, value, rule = line["pointer"], line["value"], line.get("rule") or line["reason"]
        there = at(given[line["line"] - 1], pointer)
        if plain(pointer) not in fields:
            yield f"no field: {line}"
        elif value == "***" and plain(pointer) not in people:
            yield f"hidden: {line}"
        elif there is None or plain(pointer) in people or rule in {"personal-data", *SAYS}:
            pass
        elif value != there and not (value.endswith("Z") and there.startswith(value[:-1])):
            yield f"sent {there!r}: {line}"
        if line["kind"] != "finding":
            lost[line["line"], pointer] += 1
    yield from (f"twice: {place}" for place, times in lost.items() if times > 1)


@pytest.mark.parametrize("sender", SENDERS)
def test_a_report_speaks_of_what_was_sent(sender: str) -> None:
    """Of all examples and cases, to everybody: each pointer is a field of the sender's, and has the value."""
    found = {
        f"{target}: {why}"
        for target in NAMES
        if target != sender
        for given in sequences(sender)
        for why in wrong(sender, given, told(sender, target, *given))
    }
    assert sorted(found) == []
