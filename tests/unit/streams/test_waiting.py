from __future__ import annotations

from uuid import UUID

import pytest

from streams.waiting import Behind, Queue

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
