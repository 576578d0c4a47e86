"""One setting that is not safe."""

from __future__ import annotations

from typing import NamedTuple


class Risk(NamedTuple):
    """One setting that is not safe.

    Attributes:
        setting: dotted address.
        reason: why it is not safe, and what to do.
    """

    setting: str
    reason: str
