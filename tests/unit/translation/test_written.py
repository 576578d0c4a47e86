"""State from another version of the schemas: what it holds is read and compared as if it were of this one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest

from schemas import profiles
from schemas.aboard import Fan
from schemas.aboard.route import means_of
from schemas.translation import Context, Record, Result, history
from schemas.translation.store import SCHEMAS, Store, pack
from streams.processing.stage import Translates
from tests.support import crossing
from tests.support.crossing import ACCEPTED, note
from tests.support.evolved import CHANGES, CORRIDOR, brought, codec, translator

WAYS = [
    pytest.param(before, after, id=f"{before or 'shipped'} to {after or 'shipped'}")
    for before, after in (("", "a doc"), ("", "an optional field"), ("an optional field", ""))
]


def mapped(direction: str) -> list[str]:
    """Profiles with a mapping of this direction."""
    return [name for name in profiles.names() if direction in profiles.load(name).mappings]


class Input(NamedTuple):
    """One record of a topic, in the shipped schema."""

    key: bytes
    body: bytes
    id: str
    participant: str
    hops: tuple[str, ...]


class Place(NamedTuple):
    """A stage in two versions: the profiles on its sides, and its translator by version."""

    source: str
    target: str
    by_version: dict[str, Translates]


def run(place: Place, records: Sequence[Input], versions: Sequence[str]) -> list[tuple[Any, ...]]:
    """What comes of records, each translated by the version that runs then, in the shipped schemas."""
    store, said = Store(), []
    for number, (one, version) in enumerate(zip(records, versions, strict=True)):
        context = Context(one.id, f"p/{one.id}", one.participant, number, ACCEPTED + number, one.hops)
        batch = store.begin()
        batch.advance(context.accepted)
        body = brought(place.source, one.body, "", version)
        result = place.by_version[version].translate(Record(one.key, body, context), batch.get)
        batch.apply(result.changes)
        batch.commit()
        said.append(_said(place, result, version))
    return said


def _said(place: Place, result: Result, version: str) -> tuple[Any, ...]:
    outputs = [(o.id, o.key, o.subject, brought(place.target, o.body, version, "")) for o in result.outputs]
    return (
        outputs,
        result.filtered,
        result.findings,
        [one for one in result.losses if "laterField" not in one.pointer],
    )


def notes() -> list[dict[str, Any]]:
    """A note from its loading to an annulment: corrections, a delta, a late version, repetitions."""
    versions = [
        note("20", "707701", "12.01.2026 14:30"),
        note("31", "707701", "12.01.2026 18:00", noteVersion=2, trainIndex="7077-041-5721"),
        note("20", "707701", "12.01.2026 14:45", noteVersion=3, messageKind="DELTA"),
        note("72", "663404", "17.01.2026 10:00", noteVersion=5),
        note("50", "663404", "16.01.2026 10:00", noteVersion=4),
    ]
    annulled = note("19", "707701", "30.01.2026 10:00", noteVersion=6, messageKind="ANNULMENT")
    return [*versions[:3], *versions[:2], *versions[3:], *versions, annulled, annulled]


@cache
def sent(profile: str) -> list[Input]:
    """Messages of a profile: its examples, all of them twice, and the life of a note."""
    examples = list(profiles.load(profile).examples.values())
    told = [*examples, *examples, *(notes() if profile == "dtc.note.v1" else [])]
    form = crossing.form(profile)
    bodies = [form.take(json.dumps(one).encode())[0] for one in told]
    return [Input(b"k", body, f"m{number}", "p", ("p",)) for number, body in enumerate(bodies)]


@cache
def events(*senders: str) -> list[Input]:
    """The corridor events that messages of profiles become, each a second time at the end."""
    made: list[Input] = []
    for name in senders:
        store, into = Store(), translator(name, "to_corridor")
        for number, one in enumerate(sent(name)):
            batch = store.begin()
            context = Context(one.id, f"p/{one.id}", name, number, ACCEPTED + number, (name,))
            result = into.translate(Record(one.key, one.body, context), batch.get)
            batch.apply(result.changes)
            batch.commit()
            made += [Input(o.key, o.body, o.id, "receiver", o.hops) for o in result.outputs]
    return made + made[::3]


def place(profile: str, direction: str) -> Place:
    """A stage of a profile."""
    sides = (profile, CORRIDOR) if direction == "to_corridor" else (CORRIDOR, profile)
    return Place(*sides, {change: translator(profile, direction, change) for change in ("", *CHANGES)})


def holds(stage: Place, records: Sequence[Input], before: str, after: str) -> None:
    """The same comes out wherever in the records the other version takes over.

    Two contents that claim to be one version are left out: which of them counts is arbitrary.
    """
    right = run(stage, records, [""] * len(records))
    while any(contested := ["same-version-other-content" in {one.rule for one in said[2]} for said in right]):
        records = [one for one, no in zip(records, contested, strict=True) if not no]
        right = run(stage, records, [""] * len(records))
    assert any(said[0] for said in right)
    count = len(records)
    for split in sorted({1, count // 3, count // 2, count - count // 4}):
        versions = [before] * split + [after] * (count - split)
        assert run(stage, records, versions) == right, f"other version after {split} of {count}"


@pytest.mark.parametrize(("before", "after"), WAYS)
@pytest.mark.parametrize("profile", mapped("to_corridor"))
def test_what_a_platform_says_is_told_alike_over_a_change(profile: str, before: str, after: str) -> None:
    """Upgrade and rollback in the midst of a profile's messages: no version is lost, none is told twice."""
    holds(place(profile, "to_corridor"), sent(profile), before, after)


@pytest.mark.parametrize(("before", "after"), WAYS)
@pytest.mark.parametrize("profile", mapped("from_corridor"))
def test_what_a_platform_is_told_is_alike_over_a_change(profile: str, before: str, after: str) -> None:
    """Upgrade and rollback in the midst of corridor events, for every receiver."""
    others = (name for name in mapped("to_corridor") if name != profile)
    holds(place(profile, "from_corridor"), events(*others), before, after)


def routed() -> list[Input]:
    """Events of trains and vessels, and of what is aboard, by the key of the vessel or train."""
    avro = codec(CORRIDOR)
    told = events("dtc.note.v1", "port.event.v1", "vessel.event.v1")
    means = [(means_of(avro.decode(one.body)), one) for one in told]
    return [one._replace(key=key.encode()) for key, one in means if key]


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_who_is_aboard_is_told_alike_over_a_change(before: str, after: str) -> None:
    """Upgrade and rollback between an event of a train or vessel and what boards it."""
    stage = Place(CORRIDOR, CORRIDOR, {change: Fan(codec(CORRIDOR, change)) for change in ("", *CHANGES)})
    holds(stage, routed(), before, after)


def bodies_from_before() -> tuple[Store, list[Input]]:
    """State of a note whose entry has no marks, as it was written before there were any."""
    store, records = Store(), sent("dtc.note.v1")
    batch = store.begin()
    context = Context("m0", "p/m0", "p", 0, ACCEPTED, ("p",))
    into = translator("dtc.note.v1", "to_corridor")
    result = into.translate(Record(records[0].key, records[0].body, context), batch.get)
    assert result.outputs
    (key, entry), *schemas = result.changes.items()
    assert all(name.startswith(SCHEMAS) for name, _ in schemas)
    past = history.decode((entry or b"")[8:])
    past.source = past.target = b""
    store.load(key, pack(ACCEPTED * 2, past.entry()))
    return store, records


def test_an_entry_without_marks_is_of_the_schema_of_now() -> None:
    """What lies in changelogs from before there were marks knows its versions."""
    store, records = bodies_from_before()
    context = Context("m1", "p/m1", "p", 1, ACCEPTED, ("p",))
    into = translator("dtc.note.v1", "to_corridor")
    result = into.translate(Record(records[0].key, records[0].body, context), store.get)
    assert [one.reason for one in result.filtered] == ["duplicate"]


def test_kept_versions_that_cannot_be_read_are_found_and_what_they_told_stands() -> None:
    """Without the schema that they were written with: no dead letter, nothing told twice, but an error."""
    store, records = bodies_from_before()
    later = translator("dtc.note.v1", "to_corridor", "an optional field")
    body = brought("dtc.note.v1", records[0].body, "", "an optional field")
    context = Context("m1", "p/m1", "p", 1, ACCEPTED, ("p",))
    result = later.translate(Record(records[0].key, body, context), store.get)
    assert "kept-versions-unreadable" in {one.rule for one in result.findings}
    assert result.outputs == []
