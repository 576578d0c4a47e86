"""A replay gives the same ids, bytes and state, wherever batches begin and end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.translation import Context, Output, Record
from schemas.translation.store import Store
from tests.support.crossing import ACCEPTED, C1, C2, event, form, note, translator

pytestmark = pytest.mark.system("dtc", "dlp")

PLACES = st.sampled_from(
    (("707701", "12.01.2026 09:10"), ("663404", "17.01.2026 11:45"), ("562800", "21.01.2026 08:20"))
)
NOTES = st.builds(
    lambda operation, place, version, number, kind: note(
        operation,
        *place,
        noteVersion=version,
        noteNumber=number,
        messageKind=kind,
        trainIndex="7077-041-5721",
    ),
    st.sampled_from(("11", "20", "31", "40", "41", "51", "61", "72")),
    PLACES,
    st.integers(1, 6),
    st.sampled_from(("0012345", "0012346")),
    st.sampled_from(("SNAPSHOT", "SNAPSHOT", "DELTA", "ANNULMENT")),
)
EVENTS = st.builds(
    lambda code, box, version, retracted: (
        event("EQUIPMENT", code, equipmentReference=box, location={"UNLocationCode": "GEPTI"})
        | {"eventVersion": version, "isRetracted": retracted}
    ),
    st.sampled_from(("GTOT", "INSP", "RSEA", "CROS")),
    st.sampled_from((C1, C2)),
    st.integers(1, 3),
    st.booleans(),
)


def run(
    profile: str, direction: str, bodies: Sequence[bytes], ends: Sequence[int]
) -> tuple[list[Output], dict[bytes, bytes | None]]:
    """Translate bodies in order, committing after every index in ``ends``; give outputs and changelog."""
    store, outputs, changelog = Store(), [], {}
    batch = store.begin()
    for index, body in enumerate(bodies):
        context = Context(f"m{index}", f"x/m{index}", "x", index, ACCEPTED + index, ("y",), "")
        batch.advance(context.accepted)
        result = translator(profile, direction).translate(Record(b"key", body, context), batch.get)
        outputs += result.outputs
        batch.apply(result.changes)
        if index in ends or index == len(bodies) - 1:
            changelog |= dict(batch.changes)
            batch.commit()
            batch = store.begin()
    return outputs, changelog


def check(profile: str, messages: list[dict[str, Any]], ends: list[int]) -> None:
    """Both ways through the corridor give the same in one batch, in others, and again."""
    bodies = [form(profile).to_avro(json.dumps(message).encode()) for message in messages]
    whole = run(profile, "to_corridor", bodies, [])
    assert run(profile, "to_corridor", bodies, ends) == whole
    assert run(profile, "to_corridor", bodies, range(len(bodies))) == whole
    events = [output.body for output in whole[0]]
    for target in ("dtc.note.v1", "dlp.event.v1"):
        told = run(target, "from_corridor", events, [])
        assert run(target, "from_corridor", events, ends) == told
        assert len({output.id for output in told[0]}) == len(told[0])
    own = [output.id for output in whole[0] if not output.subject.startswith("TRAIN:")]
    assert len(set(own)) == len(own)


@settings(max_examples=40, deadline=None)
@given(messages=st.lists(NOTES, min_size=1, max_size=8), ends=st.lists(st.integers(0, 8)))
def test_notes_give_the_same_over_replays_and_batches(
    messages: list[dict[str, Any]], ends: list[int]
) -> None:
    """Ids, keys, bytes and state of notes do not depend on batch boundaries; only a train's ids repeat."""
    check("dtc.note.v1", messages, ends)


@settings(max_examples=40, deadline=None)
@given(messages=st.lists(EVENTS, min_size=1, max_size=8), ends=st.lists(st.integers(0, 8)))
def test_events_give_the_same_over_replays_and_batches(
    messages: list[dict[str, Any]], ends: list[int]
) -> None:
    """Ids, keys, bytes and state of events do not depend on batch boundaries, and no id comes twice."""
    check("dlp.event.v1", messages, ends)
