"""How dead letters are shown: in a line, and whole."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from corridor.roles.contracts import codec, json_form
from corridor.settings import Settings
from schemas.errors import CODES, CorridorError, Misconfigured
from schemas.profiles import CANONICAL, Profiles
from schemas.records import DeadLetter
from streams.kafka import topics
from streams.operations.dead import Open
from streams.records.contracts import HEAD

HIDDEN: Final = frozenset({"body", "key", "headers"})


def facts(found: Open) -> dict[str, Any]:
    """Everything about a letter but its content, for JSON."""
    told = {name: value for name, value in msgspec.structs.asdict(found.letter).items() if name not in HIDDEN}
    return {**told, "died": moment(found.died), "under_way": moment(found.replayed)}


def line(found: Open) -> str:
    """One letter in a line."""
    letter = found.letter
    why = f"{letter.pointer}: {letter.rule}" if letter.rule else letter.detail or ""
    state = "  under way" if found.replayed is not None else ""
    return (
        f"{letter.id}  {moment(found.died)}  {letter.stage:24}  {letter.code:20}  {letter.subject or ''}  "
        f"{why}{state}"
    )


def moment(at: int | None) -> str | None:
    """UTC milliseconds as RFC 3339."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def whole(found: Open, settings: Settings) -> Iterator[tuple[str, str]]:
    """A letter for a person: names and values, why before what."""
    letter = found.letter
    yield "id", letter.id
    yield "died", moment(found.died) or ""
    if found.replayed is not None:
        yield "under way", f"since {moment(found.replayed)}"
    yield "stage", letter.stage
    yield "code", f"{letter.code}: {CODES.get(letter.code, '')}"
    yield "detail", letter.detail or ""
    for violation in letter.violations or ():
        value = f", got {violation.value!r}" if violation.value else ""
        yield "because", f"{violation.pointer or '/'}: {violation.rule}{value}"
    if letter.mapping:
        yield "mapping", place(letter, settings.known)
    if letter.behind:
        yield "behind", letter.behind
    yield "subject", letter.subject or ""
    yield "origin", letter.origin or ""
    yield "accepted", moment(letter.accepted) or ""
    yield "attempts", str(letter.attempts)
    yield "record", f"{letter.topic}/{letter.partition}@{letter.offset}"
    for name, text in letter.headers.items():
        yield "header", f"{name}={text.decode('utf-8', 'backslashreplace')}"
    yield "body", body(letter, settings)


def place(letter: DeadLetter, known: Profiles) -> str:
    """File of the letter's mapping, and the line of the rule that its error names."""
    stage, _, _ = letter.stage.partition(".")
    direction = stage.replace("-", "_")
    for name in known.names:
        try:
            text = known.load(name).mappings.get(direction, "")
        except Misconfigured:
            continue  # a broken folder of somebody else
        lines = text.splitlines()
        if f"mapping: {letter.mapping}" not in lines[:20]:
            continue
        rules = {word.rstrip(":") for one in letter.violations or () for word in one.rule.split()}
        for number, content in enumerate(lines, 1):
            before, _, rule = content.partition("rule: ")
            named = rule.split("#")[0].strip()
            if named in rules and before.strip() in {"-", ""}:
                return f"{letter.mapping}, {name}/{direction}.yaml:{number}, rule {named}"
        return f"{letter.mapping}, {name}/{direction}.yaml"
    return letter.mapping or ""


def body(letter: DeadLetter, settings: Settings) -> str:
    """The body as JSON where it can be read by the profile of its topic, else as text, else in base64."""
    content = letter.body or b""
    kind, _, name = letter.topic.partition(".")
    participant = settings.participants.get(name)
    profile = participant.profile if participant and kind in {"in", "out"} else ""
    profile = CANONICAL if letter.topic in {topics.EVENTS, topics.ABOARD} else profile
    try:
        if profile and content[:1] == b"\0":
            return (
                json_form(profile, settings.known)
                .from_datum(codec(profile, settings.known).decode(content[HEAD:]))
                .decode()
            )
        text = content.decode()
    except (CorridorError, UnicodeDecodeError):
        return base64.b64encode(content).decode()
    return text if text.isprintable() else base64.b64encode(content).decode()
