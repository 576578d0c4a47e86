"""``docs/profiles/<name>.md``: one profile, from its schema, its HTTP side, its mappings and its examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import yaml

from corridor.reference.markdown import code, document, page, table
from schemas import profiles
from schemas.avro.schema import (
    MISSING,
    Array,
    DecimalType,
    Enum,
    Field,
    Map,
    Nullable,
    Primitive,
    Record,
    Type,
)
from schemas.codes.lists import CodeLists
from schemas.profiles import Http, Profile

_OPEN: Final = (
    "**This is an open profile.** It is made from public standards, because the platform publishes no format"
    " of its own. It is not the platform's own wire format."
)
_CANONICAL: Final = (
    "**This is the broker's own record.** Every profile maps to it and from it, so a new profile needs two"
    " mappings and not one for every other profile."
)
_LOGICAL: Final = {
    "uuid": "uuid",
    "timestamp-millis": "time, RFC 3339 in UTC (`2026-01-12T08:30:00Z`)",
    "date": "date, `YYYY-MM-DD`",
}
_WORDS: Final = {"int": "integer", "long": "integer", "bytes": "base64 text"}


def profile_page(name: str) -> str:
    """Make the page of one profile."""
    profile = profiles.load(name)
    return page(
        f"# {name}",
        profile.schema.record.doc,
        _CANONICAL if name == profiles.CANONICAL else _OPEN,
        *(_http(profile.http) if profile.http else ()),
        "## Fields",
        "JSON keys in this order; what is not there is left out, not null. Fields marked * must be there.",
        table(("field", "type", "unit, codes, form", "meaning"), _fields(profile.schema.record, "")),
        *_lists(profile),
        *_dropped(profile),
        *_examples(profile),
    )


def _http(http: Http) -> Iterator[str]:
    yield "## On HTTP"
    yield table(
        ("", ""),
        [
            ("one message is", http.doc),
            ("media type", ", ".join(map(code, http.media_types))),
            ("several in one body", f"{' or '.join(http.batch) or 'no'}, at most {http.max_batch}"),
            ("message id", code(http.message_id)),
            ("Kafka key", code(http.key)),
            ("subject", ", ".join(map(code, http.subject))),
            ("behind a dead letter, later messages", http.dead_letters),
        ],
    )


def _fields(record: Record, prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for field in record.fields:
        required = field.default is MISSING
        yield f"`{prefix}{field.name}`{'*' if required else ''}", _type(field.type), _rules(field), field.doc
        inner, path = _inside(field.type, f"{prefix}{field.name}")
        if isinstance(inner, Record):
            yield from _fields(inner, f"{path}.")


def _inside(node: Type, path: str) -> tuple[Type, str]:
    match node:
        case Nullable(inner):
            return _inside(inner, path)
        case Array(items):
            return _inside(items, f"{path}[]")
        case Map(values):
            return _inside(values, f"{path}{{}}")
        case _:
            return node, path


def _type(node: Type) -> str:
    match node:
        case Nullable(inner):
            return _type(inner)
        case Array(items):
            return f"list of {_type(items)}"
        case Map(values):
            return f"map of {_type(values)}"
        case Record():
            return "object"
        case Enum(_, symbols):
            return ", ".join(map(code, symbols))
        case DecimalType(precision, scale):
            return f"decimal as text, {precision - scale} digits and {scale} decimals"
        case Primitive(name, logical):
            return _LOGICAL.get(logical or "", _WORDS.get(name, name))
        case _:
            return "base64 text"


def _rules(field: Field) -> str:
    words = []
    for word, name in (("unit", "unit"), ("list", "codeList"), ("check", "identifier"), ("form", "pattern")):
        if name in field.properties:
            words.append(f"{word} {code(field.properties[name])}")
    if bounds := _bounds(field):
        words.append(bounds)
    if "itemKey" in field.properties:
        words.append(f"items are told apart by {code(field.properties['itemKey'])}")
    if field.properties.get("personal"):
        words.append("personal data")
    return "; ".join(words)


def _bounds(field: Field) -> str:
    """Least and greatest number, where the schema says one."""
    low, high = field.properties.get("minimum"), field.properties.get("maximum")
    least = "" if low is None else f"from {low}"
    return f"{least} to {high}".strip() if high is not None else least


def _lists(profile: Profile) -> Iterator[str]:
    codes = CodeLists.load()
    for name in codes.names:
        if name.startswith(f"{profile.name.partition('.')[0]}-"):
            columns = [column for column in codes.columns(name) if column not in {"source", "verified"}]
            rows = [[str(row[column] or "") for column in columns] for _, row in codes.rows(name)]
            yield f"## Code list {name}"
            yield f"{codes.table(name).title}."
            yield table(columns, rows)


def _dropped(profile: Profile) -> Iterator[str]:
    titles = {
        "to_corridor": "What does not leave this profile",
        "from_corridor": "What of a corridor event it cannot take",
    }
    for direction, text in profile.mappings.items():
        drops = yaml.safe_load(text).get("drops", {})
        if drops:
            yield f"## {titles[direction]}"
            yield "Whenever one of these is present it is in the loss report of the message and counted."
            yield table(("field", "reason"), [(code(path), reason) for path, reason in drops.items()])


def _examples(profile: Profile) -> Iterator[str]:
    if profile.examples:
        yield "## Examples"
    for name, value in profile.examples.items():
        yield f"### {name}"
        yield document(value)
    if profile.refused:
        yield "## Refused"
        rows = [
            (name, code(refused.code), code(refused.pointer)) for name, refused in profile.refused.items()
        ]
        yield table(("example", "code", "field"), rows)
