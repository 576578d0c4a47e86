"""The state of a partition: what a batch sees, what is left after it, and when entries expire."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.translation.store import FOREVER, STREAM_TIME, Store, pack

KEY, OTHER = b"key", b"other"


def test_changes_are_seen_by_the_batch_and_by_the_store_after_commit() -> None:
    """An uncommitted change exists only inside its batch."""
    store = Store()
    batch = store.begin()
    batch.apply({KEY: pack(FOREVER, b"1")})
    assert batch.get(KEY) == pack(FOREVER, b"1")
    assert store.get(KEY) is None
    batch.commit()
    assert store.get(KEY) == pack(FOREVER, b"1")


def test_a_discarded_batch_leaves_no_trace() -> None:
    """After a discard the store expires and answers as if the batch had never been."""
    store = Store()
    store.load(KEY, pack(100, b"1"))
    batch = store.begin()
    batch.advance(200)
    assert batch.get(KEY) is None
    batch.discard()
    again = store.begin()
    assert again.get(KEY) == pack(100, b"1")
    again.advance(200)
    assert again.changes[KEY] is None


def test_an_entry_expires_when_stream_time_reaches_it() -> None:
    """Expiry writes a tombstone, once, and only when the time has come."""
    store = Store()
    store.load(KEY, pack(100, b"1"))
    batch = store.begin()
    batch.advance(99)
    assert KEY not in batch.changes
    batch.advance(100)
    assert batch.changes[KEY] is None
    batch.commit()
    assert (len(store), store.size) == (0, 0)


def test_a_renewed_entry_does_not_expire_at_its_old_time() -> None:
    """The latest expiry counts, in the store and within the batch."""
    store = Store()
    store.load(KEY, pack(100, b"1"))
    batch = store.begin()
    batch.apply({KEY: pack(300, b"2")})
    batch.advance(200)
    assert batch.get(KEY) == pack(300, b"2")
    batch.advance(300)
    assert batch.get(KEY) is None


def test_stream_time_never_goes_back_and_survives_a_restart() -> None:
    """A store loaded from the changelog goes on at the same stream time."""
    store = Store()
    batch = store.begin()
    batch.advance(500)  # alone: a record that changes nothing else moves the time as well
    batch.advance(400)
    batch.commit()
    restored = Store()
    for key, entry in batch.changes.items():
        restored.load(key, entry)
    assert restored.time == store.time == 500


def test_size_counts_keys_and_entries() -> None:
    """Replacing and deleting keep the sum right."""
    store = Store()
    store.load(KEY, pack(FOREVER, b"12345"))
    store.load(KEY, pack(FOREVER, b"1"))
    store.load(OTHER, pack(FOREVER, b""))
    assert store.size == len(KEY) + 9 + len(OTHER) + 8
    store.load(KEY, None)
    assert store.size == len(OTHER) + 8


RECORDS = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from([b"a", b"b", b"c"]), st.integers(1, 30)), max_size=30
)


@given(RECORDS, st.lists(st.integers(1, 5), min_size=1, max_size=10), st.booleans())
def test_batch_boundaries_and_restarts_do_not_matter(
    records: list[tuple[int, bytes, int]], sizes: list[int], restart: bool
) -> None:
    """However records are cut into batches, with or without a restart between, the same entries are seen."""

    def run(cuts: list[int], *, reload: bool) -> tuple[list[bytes | None], dict[bytes, bytes | None]]:
        store, changelog, seen, rest, turn = Store(), dict[bytes, bytes | None](), [], list(records), 0
        while rest:
            size = cuts[turn % len(cuts)]
            turn += 1
            part, rest = rest[:size], rest[size:]
            batch = store.begin()
            for accepted, key, life in part:
                batch.advance(accepted)
                seen.append(batch.get(key))
                batch.apply({key: pack(accepted + life, key)})
            changelog.update(batch.changes)
            batch.commit()
            if reload:
                store = Store()
                for key, entry in changelog.items():
                    store.load(key, entry)
        final = {key: entry for key, entry in changelog.items() if entry is not None and key != STREAM_TIME}
        return seen, final

    assert run(sizes, reload=restart) == run([1000], reload=False)
