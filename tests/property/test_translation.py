"""Laws of the translation over generated histories of notes."""

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
    records: list[Record], sizes: list[int], *, reload: bool
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


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(1, 7)), st.lists(st.sampled_from(["20", "30"]), min_size=6, max_size=6))
def test_disorder_never_overrides_newer_content(order: list[int], operations: list[str]) -> None:
    """A version older than the newest changes no event that was told already."""
    newest, told = 0, set[str]()
    store = Store()
    for index, version in enumerate(order):
        box = {"id": "B1", "kg": version, "seals": []}
        message = {
            "number": "N",
            "version": version,
            "op": operations[version - 1],
            "place": "A",
            "boxes": [box],
        }
        batch = store.begin()
        result = TRANSLATOR.translate(record(index, message, 0), batch.get)
        batch.apply(result.changes)
        batch.commit()
        for output in result.outputs:
            event = TARGET.decode(output.body)
            assert version > newest or event["id"] not in told
            told.add(event["id"])
        newest = max(newest, version)
