"""No text of a partner carries what commands a terminal or turns a line round, at any edge, in any field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.roles.contracts import edge_format, json_form
from schemas import profiles
from schemas.avro.schema import Array, Map, Nullable, Primitive, Record, Type
from schemas.epermit.body import read_object
from schemas.epermit.event import make
from schemas.epermit.fields import ENVELOPE, PAYLOADS
from schemas.epermit.refusal import Malformed
from schemas.errors import CorridorError, Invalid
from schemas.text import forbidden, suspect, visible
from tests.support.permits import CREATED, QUOTA, REVOKED, USED

NAMES = [name for name in profiles.names() if profiles.load(name).http is not None]
CONTROLS = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0xA0)]
TURNING = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
NEVER = [chr(point) for point in (*CONTROLS, *TURNING, 0xFEFF)]
ESCAPED = ("\0", "\x1b", "\x7f", "\x9b", "\u202e", "\u2069", "\ufeff")
NEEDED = (
    "ğüşəіқ",
    "ქართული",
    "«Ақтау» № 5",
    "é…",
    "مرحبا \u200f",
    "🚢",
    "\u00a0",
    "\u200d",
    "\\u001b",
    "a/b~c",
)
"""What people of the corridor write."""


EVENTS: dict[str, dict[str, Any]] = {
    str(event["event_type"]): event
    for event in (
        CREATED, QUOTA, REVOKED, USED,
        {**QUOTA, "event_type": "KEY_CREATED", "authority": "KZ", "kid": "2", "jwk": "{}"},
        {**QUOTA, "event_type": "KEY_REVOKED", "authority": "KZ", "key_id": "2", "revoked_at": 1768560000},
    )
}  # fmt: skip
NAMING = {"lot", "permit_id", "event_id", "vesselName", "portVisitReference", "railDepartureID"}
"""Plain texts that name what a message is about: they are ids and keys, which have one line."""
edge = cache(edge_format)


def texts(
    node: Type, way: tuple[Any, ...] = (), properties: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """The way to every text of a type, and what its field declares of it."""
    match node:
        case Nullable(inner=inner):
            yield from texts(inner, way, properties)
        case Record(fields=fields):
            for field in fields:
                yield from texts(field.type, (*way, field.name), field.properties)
        case Array(items=items):
            yield from texts(items, (*way, 0), {"item": True})
        case Map(values=values):
            yield from texts(values, (*way, "name"))
        case Primitive(name="string", logical=None):
            yield way, properties


def grown(value: Any, way: tuple[Any, ...], text: str) -> Any:  # noqa: ANN401 - JSON
    """A copy of a document with a text at a place, and all that leads there."""
    if not way:
        return text
    if way[0] == 0:
        return [grown(value[0] if isinstance(value, list) and value else None, way[1:], text)]
    held = dict(value) if isinstance(value, dict) else {}
    return held | {way[0]: grown(held.get(way[0]), way[1:], text)}


def cases() -> Iterator[Any]:
    """Each text of each profile."""
    for name in NAMES:
        profile = profiles.load(name)
        hidden = profile.schema.record.properties.get("explicitNulls")
        example = min(profile.examples.values(), key=lambda one: len(json.dumps(one)))
        for way, properties in texts(profile.schema.root):
            if way[0] != hidden:
                yield pytest.param(name, example, way, properties, id=f"{name}:{'/'.join(map(str, way))}")


def refusal(name: str, document: Any, *, ascii_only: bool = False) -> Invalid | None:  # noqa: ANN401
    """How the profile's edge refuses a document, if it does."""
    try:
        edge(name).read(json.dumps(document, ensure_ascii=ascii_only).encode())
    except Invalid as error:
        return error
    return None


@pytest.mark.parametrize(("name", "example", "way", "properties"), list(cases()))
def test_every_text_of_every_profile(
    name: str, example: dict[str, Any], way: tuple[Any, ...], properties: Mapping[str, Any]
) -> None:
    """Every such character in every text, plain or escaped, is refused; field, rule and value are shown."""
    pointer = "".join(f"/{step}" for step in way)
    for character in NEVER:
        for ascii_only in (False, True)[: 1 + (character in ESCAPED)]:
            error = refusal(name, grown(example, way, f"A1{character}b"), ascii_only=ascii_only)
            assert error is not None
            said = [one for one in error.violations if one.pointer == pointer]
            assert f"U+{ord(character):04X}" in said[0].rule
            assert said[0].value in {"***", visible(f"A1{character}b")}
            assert all(part.isprintable() for one in error.violations for part in one[:3])
            assert error.message.isprintable()
    if "unreadable" in properties:
        return  # what cannot be read is left out and told
    error = refusal(name, grown(example, way, "a\nb"))
    broken = error is not None and any(one.pointer == pointer for one in error.violations)
    line = properties.keys() & {"pattern", "codeList", "identifier", "item"}
    assert broken or not line
    assert not broken or line or way[-1] in NAMING


@pytest.mark.parametrize("text", [*NEEDED, "two\nlines", "two\r\nlines", "a\ttab"])
def test_prose_has_what_people_write(text: str) -> None:
    """Letters of all scripts, joiners, tabs and ends of lines stay as they are."""
    example = profiles.load("dtc.note.v1").examples["loaded"]
    body = json.dumps(example | {"remark": text}).encode()
    assert json_form("dtc.note.v1").decode(body).remark == text


@pytest.mark.parametrize("body", [b'{"id\\u001b":1}', '{"i\u202ed":1}'.encode(), b'{"\\u0000":1}'])
def test_names_of_fields_are_shown_not_obeyed(body: bytes) -> None:
    """A field that nobody knows is named in what is said of it, visibly."""
    with pytest.raises(Invalid) as refused:
        json_form("dtc.note.v1").take(body)
    assert refused.value.message.isprintable()


@given(text=st.text(), ascii_only=st.booleans())
def test_the_quick_look_misses_nothing(text: str, ascii_only: bool) -> None:
    """What is refused is never taken for harmless by the look at the bytes."""
    if forbidden(text):
        assert suspect(json.dumps(text, ensure_ascii=ascii_only).encode())


@given(text=st.text())
def test_a_visible_text_is_printable_and_json_of_the_same(text: str) -> None:
    """A terminal obeys nothing of it; a line of JSON stays JSON of the same value."""
    assert visible(text).isprintable()
    line = json.dumps({"a": text}, ensure_ascii=False)
    assert json.loads(visible(line)) == {"a": text}


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_every_text_of_every_permit_event(kind: str) -> None:
    """Each text field of each event of the e-Permit protocol, and texts inside its objects."""
    sound = EVENTS[kind]
    make(kind, sound)
    for name in [field.name for field in (*PAYLOADS[kind], *ENVELOPE) if field.kind == "text"]:
        for character in NEVER:
            with pytest.raises(Malformed) as refused:
                make(kind, read_object(json.dumps(sound | {name: f"{sound[name]}{character}"}).encode()))
            assert f"/{name}" in [one.pointer for one in refused.value.violations]
            assert refused.value.message.isprintable()
    if kind == "PERMIT_CREATED":
        for claims in ({"a": ["\x1b[2J"]}, {"\u202e": 1}, {"a": {"b": "\x85"}}):
            with pytest.raises(CorridorError) as broken:
                make(kind, sound | {"other_claims": claims})
            assert broken.value.message.isprintable()


@pytest.mark.parametrize("name", NAMES)
def test_an_id_or_key_is_no_longer_than_everything_about_it_can_carry(name: str) -> None:
    """1,024 bytes are taken, one more is a violation that names the field, whatever makes the id or key."""
    profile = profiles.load(name)
    example = next(iter(profile.examples.values()))
    seen = set()
    for way, _ in texts(profile.schema.root):
        for size in (200, 600, 1200, 3000):
            document = grown(example, way, "я" * size)
            if document is None:
                continue
            try:
                message = edge(name).read(json.dumps(document).encode())
            except Invalid as error:
                if error.rule.startswith("an id or key"):
                    seen.add((error.code, bool(error.pointer)))
                continue
            assert len(message.id.encode()) <= 1024
            assert len(message.key) <= 1024
    assert seen <= {("schema-violation", True)}
    if name == "epermit.event.v1":
        assert seen
        for size, taken in ((1024, True), (1025, False), (260_000, False)):
            body = json.dumps({**example, "event_id": "e" * size}).encode()
            if taken:
                assert len(edge(name).read(body).id) == size
                continue
            with pytest.raises(Invalid) as refused:
                edge(name).read(body)
            assert (refused.value.code, refused.value.pointer) == ("schema-violation", "/event_id")
