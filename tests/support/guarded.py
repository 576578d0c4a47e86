"""Defects that no run of the broker is needed to notice, and the tests that must fail with them."""

from __future__ import annotations

from typing import Final

GUARDED: Final = {
    "head-sent-twice": "tests/unit/streams/test_heads.py",
    "offset-moves-back": "tests/unit/streams/test_track.py",
    "one-ends-all": "tests/unit/platform/test_broken_participants.py",
}
"""Defect to the tests that notice it."""
