"""Each field of each message, left out in turn: an output or the report says so, in every profile and way.

What may be silent stands in ``silent.csv`` with its reason, and nothing stands there that need not.
"""

from __future__ import annotations

import copy
import csv
import fnmatch
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from schemas import profiles
from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import MISSING, Array, Map, Nullable, Record, Schema, Type
from schemas.errors import Permanent
from schemas.mapping.profiles import find_mapping
from schemas.profiles import CANONICAL
from schemas.translation import Context, Result, Translator
from schemas.translation import Record as Message
from tests.support.field import ACCEPTED

OTHERS = [name for name in profiles.names() if name != CANONICAL]
WAYS = [(name, "to_corridor") for name in OTHERS] + [(name, "from_corridor") for name in OTHERS]
PENDING = {("corridor-to-dlp", "what.units.laden")}
"""Silent without a good reason, and to be mended: whoever does takes them out, or a test fails."""
REASONS = {
    "handling": "How the broker or the sender keeps the message; told in headers, or by versions.",
    "derived": "The broker made it of another field of the same event, which is carried or lost by itself.",
    "code": "The kind of what stands beside it: without it that is read as the usual kind.",
    "said-twice": "Another field of the message, `other`, says the same.",
}


class Silent(NamedTuple):
    """A field that may be silent."""

    mapping: str
    path: str
    other: str
    reason: str
    why: str

    def covers(self, mapping: str, path: str) -> bool:
        """Whether it speaks of this field under this mapping."""
        return fnmatch.fnmatch(path, self.path) and fnmatch.fnmatch(mapping, self.mapping)


with (Path(__file__).parent / "silent.csv").open(encoding="utf-8") as lines:
    SILENT = [Silent(**row) for row in csv.DictReader(lines)]


@cache
def codec(name: str) -> Codec:
    """The codec of a profile's schema."""
    return Codec(profiles.load(name).schema)


@cache
def translator(profile: str, way: str) -> Translator:
    """The translator of a profile's mapping."""
    mapping = find_mapping(profile, way)
    assert mapping is not None
    return Translator(mapping)


def run(profile: str, way: str, body: bytes, hops: tuple[str, ...]) -> Result:
    """Translate one message, the first that there is."""
    me = profile.partition(".")[0]
    context = Context("1", f"{hops[0]}/1", me, 1, ACCEPTED, hops)
    return translator(profile, way).translate(Message(b"k", body, context), lambda _: None)


@cache
def examples(name: str) -> tuple[bytes, ...]:
    """The examples of a profile, in Avro."""
    form = JsonForm(profiles.load(name).schema)
    return tuple(form.to_avro(json.dumps(one).encode()) for one in profiles.load(name).examples.values())


@cache
def events() -> tuple[bytes, ...]:
    """The canonical examples, and one of each kind of event that messages become, the longest."""
    found: dict[tuple[Any, ...], bytes] = {}
    for name in OTHERS:
        for body in examples(name):
            me = name.partition(".")[0]
            for output in run(name, "to_corridor", body, (me,)).outputs:
                datum: Any = codec(CANONICAL).decode(output.body)
                kind = (me, datum["why"]["code"], datum["subject"]["type"], datum["when"]["classifier"])
                found[kind] = max(found.get(kind, b""), output.body, key=len)
    told = [codec(CANONICAL).decode(body) for body in (*examples(CANONICAL), *found.values())]
    for datum in told:  # not from the target: that would be an echo
        datum["envelope"] |= {"source": "somebody", "hops": ["somebody"]}
    return tuple(codec(CANONICAL).encode(datum) for datum in told)


def leaves(node: Type, value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
    """The way to each field with a value, and to each item of a list."""
    while isinstance(node, Nullable):
        node = node.inner
    if value is None or value == []:
        return
    if isinstance(node, Record):
        for field in node.fields:
            yield from leaves(field.type, value[field.name], (*way, field.name))
    elif isinstance(node, Array):
        for index, item in enumerate(value):
            if index > 1:
                return  # it is as the others
            yield (*way, index)
            if isinstance(item, dict):
                yield from leaves(node.items, item, (*way, index))
    elif not isinstance(node, Map) or value:
        yield way


def without(datum: Any, way: tuple[Any, ...], schema: Schema) -> Any:  # noqa: ANN401 - a datum
    """A copy without what is there; None where there has to be something."""
    made = copy.deepcopy(datum)
    here = made
    for step in way[:-1]:
        here = here[step]
    if isinstance(way[-1], int):
        del here[way[-1]]
        return made
    field = schema.at(".".join(step for step in way if isinstance(step, str)))
    if isinstance(field.type, Nullable):
        here[way[-1]] = None
    elif field.default is not MISSING:
        here[way[-1]] = copy.deepcopy(field.default)
    else:
        return None
    return None if made == datum else made


def said(result: Result) -> Any:  # noqa: ANN401 - anything that can be compared
    """All that one sees of a translation."""
    return (
        [(output.key, output.body, output.subject) for output in result.outputs],
        sorted((loss.pointer, loss.reason, str(loss.value)) for loss in result.losses),
        sorted((found.pointer, found.rule, str(found.value)) for found in result.findings),
        sorted((one.rule, one.reason) for one in result.filtered),
    )


def taken(profile: str, way: str, body: bytes, hops: tuple[str, ...]) -> bool:
    """Whether the target takes a message of this kind; any other is filtered, which is one fact."""
    result = run(profile, way, body, hops)
    reasons = [one.reason for one in result.filtered]
    if result.outputs or not set(reasons) & {"no-equivalent", "not-concerned"}:
        return True
    assert len(reasons) == 1, "it is one fact"
    return False


class Silence(NamedTuple):
    """A field that nobody misses: its path, the message, and where it stands there."""

    path: str
    body: bytes
    place: tuple[Any, ...]


def origin_of(profile: str, way: str) -> tuple[str, tuple[str, ...]]:
    """The profile that is translated, and whom the message has passed."""
    return (profile, (profile.partition(".")[0],)) if way == "to_corridor" else (CANONICAL, ("somebody",))


@cache
def silences(profile: str, way: str) -> tuple[Silence, ...]:
    """Each field that nobody misses in some message, once."""
    source, hops = origin_of(profile, way)
    schema, found = codec(source).schema, dict[str, Silence]()
    for body in examples(source) if way == "to_corridor" else events():
        if not taken(profile, way, body, hops):
            continue
        datum, whole = codec(source).decode(body), said(run(profile, way, body, hops))
        for place in leaves(schema.root, datum):
            path = ".".join(step for step in place if isinstance(step, str))
            made = None if path in found else without(datum, place, schema)
            if made is not None and heard(profile, way, made) == whole:
                found[path] = Silence(path, body, place)
    return tuple(found.values())


def heard(profile: str, way: str, datum: Any) -> Any:  # noqa: ANN401 - a datum
    """What is said of a message; None of one that is refused."""
    source, hops = origin_of(profile, way)
    try:
        return said(run(profile, way, codec(source).encode(datum), hops))
    except Permanent:
        return None


@pytest.mark.parametrize(("profile", "way"), WAYS)
def test_each_field_is_missed(profile: str, way: str) -> None:
    """Without it an output, a loss or a finding is another, or it has a reason to be silent."""
    mapping = translator(profile, way).name
    found = {one.path for one in silences(profile, way)}
    left = {path for path in found if not any(known.covers(mapping, path) for known in SILENT)}
    assert left == {path for name, path in PENDING if name == mapping}


def test_no_silence_is_for_nothing() -> None:
    """Each entry has a known reason and is needed: some field would be missed without it."""
    silent = [(translator(*way).name, one.path) for way in WAYS for one in silences(*way)]
    assert [one for one in SILENT if one.reason not in REASONS or not one.why] == []
    assert [one for one in SILENT if not any(one.covers(*field) for field in silent)] == []
    assert len(SILENT) <= 45
