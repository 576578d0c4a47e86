from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from streams.partition.progress import MOST_METADATA, Progress


def test_the_offset_stays_at_the_first_unfinished_record() -> None:
    """What is committed never steps over a record that is not finished."""
    progress = Progress(10)
    assert all(progress.take(offset) for offset in (10, 11, 13))
    progress.finish(11)
    progress.finish(13)
    assert progress.commit()[0] == 10
    progress.finish(10)
    assert progress.commit() == (14, "", 14)


@given(st.integers(0, 2**40), st.lists(st.integers(1, 300), max_size=200), st.randoms(use_true_random=False))
def test_a_restart_knows_exactly_what_is_finished(base: int, gaps: list[int], chance: random.Random) -> None:
    """Offset and metadata bring back, for every record, whether it was finished."""
    progress, offset, finished = Progress(base), base, set()
    offsets = [offset := offset + gap for gap in gaps]
    for each in offsets:
        assert progress.take(each)
        if chance.random() < 0.5:
            progress.finish(each)
            finished.add(each)
    committed, metadata, high = progress.commit()
    after = Progress(committed, metadata)
    assert {each for each in offsets if each < high and after.is_finished(each)} == finished
    assert [after.take(each) for each in offsets] == [each not in finished for each in offsets]


def test_records_that_do_not_fit_the_metadata_wait() -> None:
    """However many records are unfinished, the metadata fits; above its limit nothing counts as finished."""
    progress = Progress()
    for offset in range(0, 200_000, 2):
        progress.take(offset)
        progress.take(offset + 1)
        progress.finish(offset + 1)
    base, metadata, high = progress.commit()
    assert base == 0
    assert len(metadata) <= MOST_METADATA
    after = Progress(base, metadata)
    assert 1_000 < high < 200_000
    assert after.is_finished(high - 2) != after.is_finished(high - 1)
    assert not after.is_finished(high)
    assert not after.is_finished(high + 1)


def test_a_record_is_taken_once() -> None:
    """A record that is in hand, or was finished by an earlier owner, is not taken again."""
    progress = Progress(5)
    assert not progress.take(4)
    assert progress.take(5)
    assert not progress.take(5)


def test_what_another_owner_finished_stays_finished() -> None:
    """After a doubt: it comes back neither as work nor as a lower offset."""
    progress = Progress(10)
    assert all(progress.take(offset) for offset in (10, 11, 12))
    progress.learn(Progress(12))
    assert not progress.finish(10)
    assert not progress.take(11)
    assert progress.commit()[0] == 12
    assert progress.finish(12)
    assert progress.commit()[0] == 13
