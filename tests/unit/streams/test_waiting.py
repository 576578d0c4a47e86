from __future__ import annotations

from uuid import UUID

import pytest

from streams.kafka.sizes import LEAST, size_of
from streams.partition import waiting
from streams.partition.waiting import PAGE, Behind, Queue
from streams.records.envelope import LONGEST

FIRST, SECOND = str(UUID(int=1)), str(UUID(int=2))


class State(dict[bytes, bytes | None]):
    """State entries of a partition."""

    def queue(self, subject: str = "EQUIPMENT:X") -> Queue:
        """The subject's queue as it is now."""
        return Queue(subject, self.get)


def test_messages_wait_behind_a_dead_letter_until_it_is_replayed() -> None:
    """Nothing passes a dead letter of its subject; replays in order bring the subject up to date."""
    state = State()
    state.queue().admit()
    state.update(state.queue().join(FIRST))
    with pytest.raises(Behind) as refused:
        state.queue().admit()
    assert refused.value.behind == FIRST
    state.update(state.queue().join(SECOND))
    with pytest.raises(Behind):
        state.queue().admit(SECOND)
    for letter in (FIRST, SECOND):
        state.queue().admit(letter)
        state.update(state.queue().leave(letter))
    assert list(state.values()) == [None]


def test_a_replay_that_fails_again_keeps_its_place() -> None:
    """A replay that dies again is still the head of the queue."""
    state = State()
    for letter in (FIRST, SECOND, FIRST):
        state.update(state.queue().join(letter))
    state.queue().admit(FIRST)
    with pytest.raises(Behind):
        state.queue().admit(SECOND)


def test_subjects_do_not_wait_for_each_other() -> None:
    """A dead letter holds back its own subject only."""
    state = State()
    state.update(state.queue().join(FIRST))
    state.queue("EQUIPMENT:Y").admit()


def test_a_long_queue_lies_in_entries_of_bounded_size() -> None:
    """Weeks behind one dead letter: no entry grows without bound, and the order holds to the end."""
    state, letters = State(), [str(UUID(int=n)) for n in range(1, 3 * PAGE + 5)]
    for letter in letters:
        state.update(state.queue().join(letter))
    assert max(len(entry) for entry in state.values() if entry) < 25 * PAGE
    with pytest.raises(Behind, match=f"{len(letters)} earlier messages"):
        state.queue().admit()
    for failing in (letters[0], letters[PAGE + 7], letters[-1]):
        assert state.queue().join(failing, again=True) == {}
    for letter in letters:
        state.queue().admit(letter)
        state.update(state.queue().leave(letter))
    assert set(state.values()) == {None}
    state.queue().admit()


def test_the_entries_of_a_queue_fit_any_topic() -> None:
    """Of the longest subject, in a topic that takes the least: one that does not fit stops a partition."""
    subject, state = "N" * LONGEST, State()
    for number in range(3 * PAGE + 5):
        state.update(state.queue(subject).join(str(UUID(int=number + 1))))
    assert max(size_of(key, entry) for key, entry in state.items()) <= LEAST


def test_a_page_of_an_earlier_release_is_read_to_its_end() -> None:
    """A thousand letters lay in one entry: they leave in their order, and what comes later is behind them."""
    letters = [str(UUID(int=n)) for n in range(1, 1006)]
    state = State()
    state[waiting.PREFIX + b"EQUIPMENT:X"] = waiting._packed([UUID(one).bytes for one in letters[:1000]])
    for letter in letters[1000:]:
        state.update(state.queue().join(letter))
    for letter in letters:
        state.queue().admit(letter)
        state.update(state.queue().leave(letter))
    assert set(state.values()) == {None}


def test_who_comes_while_a_long_queue_is_replayed_stands_at_its_end() -> None:
    """A message that arrives during the replay waits behind all that were there."""
    state, letters = State(), [str(UUID(int=n)) for n in range(1, PAGE + 3)]
    for letter in letters:
        state.update(state.queue().join(letter))
    for letter in letters[:5]:
        state.update(state.queue().leave(letter))
    late = str(UUID(int=10**9))
    state.update(state.queue().join(late))
    for letter in [*letters[5:], late]:
        state.queue().admit(letter)
        state.update(state.queue().leave(letter))
    state.queue().admit()
