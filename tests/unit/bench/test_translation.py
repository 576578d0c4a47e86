"""The stages of the case ``translation`` do the work of the role stream."""

from __future__ import annotations

import itertools

from bench.notes import Mapped, some_notes
from bench.translation import figures, once


def test_every_stage_is_measured() -> None:
    """A short run gives a figure per stage, and their sum."""
    *each, whole = figures(0.05, lambda _: None)
    assert [figure.what for figure in each] == [
        "to-corridor.dtc",
        "from-corridor.dlp",
        "to-aboard",
        "from-aboard",
    ]
    assert whole.value >= max(figure.value for figure in each) > 0


def test_its_stages_tell_what_the_chain_of_mappings_tells() -> None:
    """As many DLP events come of the same notes as in the case ``notes``: what is told aboard adds none."""
    notes = list(itertools.islice(some_notes(), 300))
    outward = once(notes)[1]
    assert outward.outputs == sum(map(Mapped(), notes))
