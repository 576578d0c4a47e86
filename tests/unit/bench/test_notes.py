"""What is compared in the case ``notes`` does comparable work."""

from __future__ import annotations

import itertools

from bench.hand import dlp_event
from bench.notes import ByHand, Mapped, some_notes


def test_both_tell_the_dlp_about_as_much() -> None:
    """Over the same notes the functions written by hand give nearly as many DLP events as the mappings."""
    notes = list(itertools.islice(some_notes(), 400))
    ours, by_hand = Mapped(), ByHand()
    mapped, written = sum(map(ours, notes)), sum(map(by_hand, notes))
    assert 0.8 * mapped <= written <= 1.1 * mapped


def test_an_event_by_hand_passes_once() -> None:
    """A version that was seen gives nothing."""
    assert dlp_event({"correction": {"version": 2}}, seen=2) is None
