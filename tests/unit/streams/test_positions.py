from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from streams.partition.positions import MOST_METADATA, Positions, require_room

A, B = "from-corridor.a", "from-corridor.b"
OFFSETS = st.integers(0, 2**40)


def test_without_metadata_all_are_at_the_head() -> None:
    """Offsets that somebody reset by hand hold for all processors."""
    positions = Positions.read(70, "", [A, B])
    assert not positions.is_behind(A)
    assert not positions.is_behind(B)


def test_a_new_processor_is_behind_from_the_beginning() -> None:
    """Who is not named in the metadata has had nothing; the others go on without it."""
    positions = Positions.read(70, A, [A, B])
    assert (positions.ours[A], positions.ours[B]) == (70, 0)
    assert positions.is_behind(B)
    after = positions.advance(80)
    assert (after.head, after.ours) == (80, {A: 80, B: 0})


def test_one_that_was_away_goes_on_where_it_was() -> None:
    """What passed while a processor was not run is what it has to catch up on when it is run again."""
    without = Positions.read(70, f"{A} {B}", [A]).advance(90)
    again = Positions.read(without.head, without.metadata(), [A, B])
    assert (again.ours[A], again.ours[B]) == (90, 70)


def test_one_that_reaches_the_head_goes_on_with_the_others() -> None:
    """Having caught up, a processor moves with the head."""
    positions = Positions.read(70, A, [A, B]).move(B, 70)
    assert not positions.is_behind(B)
    assert positions.advance(75).ours == {A: 75, B: 75}


@given(OFFSETS, st.dictionaries(st.from_regex(r"[a-z.-]{1,20}", fullmatch=True), OFFSETS, max_size=20))
def test_a_commit_brings_back_where_everybody_is(head: int, at: dict[str, int]) -> None:
    """Head and metadata give every position back, whoever runs next."""
    positions = Positions(head, at, {})
    metadata = positions.metadata()
    if metadata:
        assert Positions.read(head, metadata, list(at)).ours == at
        assert Positions.read(head, metadata, []).others == at


def test_metadata_fits_and_forgets_strangers_first() -> None:
    """However many ran once, the metadata fits, and those that run now are in it."""
    positions = Positions(9, {A: 1, B: 9}, {f"from-corridor.{n:030}": n for n in range(200)})
    metadata = positions.metadata()
    assert len(metadata) <= MOST_METADATA
    assert Positions.read(9, metadata, [A, B]).ours == {A: 1, B: 9}


def test_more_processors_than_the_metadata_can_name_are_refused() -> None:
    """The start is refused, before anything could be forgotten."""
    require_room(f"from-corridor.{n:04}" for n in range(100))
    with pytest.raises(Misconfigured):
        require_room(f"from-corridor.{n:04}" for n in range(200))
