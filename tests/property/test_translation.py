"""Laws of the translation over generated histories of notes."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro.codec import Codec
from schemas.translation import Context, Output, Record, Translator
from schemas.translation.store import Store
from tests.support.small_mapping import SNAPSHOT, compiled

MAPPING = compiled(SNAPSHOT)
TRANSLATOR = Translator(MAPPING)
SOURCE, TARGET = Codec(MAPPING.source), Codec(MAPPING.target)
DAY = 86_400_000

boxes = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["B1", "B2", "B3"]), "kg": st.none() | st.integers(0, 3), "seals": st.just([])}
    ),
    max_size=3,
    unique_by=lambda box: box["id"],
)
messages = st.fixed_dictionaries(
    {
        "number": st.sampled_from(["N1", "N2"]),
        "version": st.integers(1, 6),
        "kind": st.sampled_from(["SNAPSHOT"] * 6 + ["DELTA"] * 3 + ["ANNULMENT"]),
        "op": st.none() | st.sampled_from(["20", "30", "40", "41", "90"]),
        "place": st.none() | st.sampled_from(["X", "Y"]),
        "boxes": boxes,
        "nulls": st.sampled_from([[], ["/place"]]),
    }
)
histories = st.lists(st.tuples(messages, st.integers(0, 200)), max_size=14)


def record(index: int, message: dict[str, Any], days: int) -> Record:
    """One message as a record, taken in ``days`` after the first day."""
    context = Context(f"m{index}", f"dtc/m{index}", "dtc", index, DAY * (1 + days), ("dtc",))
    return Record(b"k", SOURCE.encode(message), context)


def run(
    records: list[Record], sizes: list[int], *, reload: bool = False
) -> tuple[list[Output], dict[bytes, bytes | None]]:
    """Translate in batches of these sizes; ``reload`` sends the state through its changelog."""
    store, log, outputs = Store(), list[tuple[bytes, bytes | None]](), list[Output]()
    rest = list(records)
    for size in [*sizes, len(records)]:
        batch = store.begin()
        taken, rest = rest[:size], rest[size:]
        for one in taken:
            batch.advance(one.context.accepted)
            result = TRANSLATOR.translate(one, batch.get)
            batch.apply(result.changes)
            outputs += result.outputs
        log += batch.changes.items()
        batch.commit()
        if reload:
            store = Store()
            for key, value in log:
                store.load(key, value)
    return outputs, dict(log)


@settings(max_examples=60, deadline=None)
@given(histories, st.lists(st.integers(0, 4), max_size=6), st.booleans())
def test_outputs_do_not_depend_on_batches_restarts_or_replays(
    history: list[tuple[dict[str, Any], int]], sizes: list[int], reload: bool
) -> None:
    """Ids and bytes are the same one by one, in any batches, and with the state reloaded between them."""
    records = [record(index, message, days) for index, (message, days) in enumerate(history)]
    once = run(records, [1] * len(records), reload=False)
    other = run(records, sizes, reload=reload)
    assert other[0] == once[0]
    assert other[1] == once[1]


@settings(max_examples=60, deadline=None)
@given(histories)
def test_versions_of_an_event_rise_by_one_and_end_with_a_retraction(
    history: list[tuple[dict[str, Any], int]],
) -> None:
    """Every receiver can tell which is the newest, whatever was repeated or disordered before."""
    records = [record(index, message, 0) for index, (message, _) in enumerate(history)]
    seen: dict[str, tuple[int, bool]] = {}
    for output in run(records, [], reload=False)[0]:
        event = TARGET.decode(output.body)
        version, retracted = seen.get(event["id"], (0, False))
        assert not retracted
        assert event["version"] == version + 1
        seen[event["id"]] = (event["version"], event["retracted"])


versions = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["20", "20", "30", "40", "41"]),
            "place": st.sampled_from(["X", "Y"]),
            "ids": st.lists(st.sampled_from(["B1", "B2"]), min_size=1, unique=True),
        }
    ),
    min_size=6,
    max_size=6,
)


def numbered(told: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Versions 1, 2, 3, … of a note; the mass of every box is the number of the version."""
    return {
        number: {
            "number": "N",
            "version": number,
            "op": one["op"],
            "place": one["place"],
            "boxes": [{"id": box, "kg": number, "seals": []} for box in one["ids"]],
        }
        for number, one in enumerate(told, 1)
    }


def standing(messages: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What holds after these messages: the last word of every event that is not retracted."""
    records = [record(index, message, 0) for index, message in enumerate(messages)]
    last = {event["id"]: event for event in (TARGET.decode(one.body) for one in run(records, [])[0])}
    return sorted(
        (event["code"], event["box"] or "", event["place"], event["kg"] or 0)
        for event in last.values()
        if not event["retracted"]
    )


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(1, 7)), versions)
def test_disorder_never_overrides_newer_content(order: list[int], told: list[dict[str, Any]]) -> None:
    """At any time what holds is what the versions that came say in their order; the newest has its word."""
    note = numbered(told)
    for count in range(1, len(order) + 1):
        came = order[:count]
        held = standing(note[number] for number in came)
        assert held == standing(note[number] for number in sorted(came))
        newest = note[max(came)]
        if newest["op"] == "20":
            said = {("LOAD", box["id"], newest["place"], box["kg"]) for box in newest["boxes"]}
            assert said <= set(held)
        if newest["op"] == "30":
            assert ("ETA", "", newest["place"], 0) in held
