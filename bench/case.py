"""What a case of the benchmark is: a function that measures and gives figures, each beside its target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

Tell = Callable[[str], None]
"""Takes what a long measurement is at, in a few words."""


class BenchFigure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured figure.

    Attributes:
        what: what was measured.
        value: in the unit.
        unit: of the value; empty for a number of something.
        at_least: the target, where more is better.
        at_most: the target, where less is better.
    """

    what: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most


class Case(NamedTuple):
    """One case.

    Attributes:
        summary: what it measures, for the help text.
        measure: called with the share of the full number of events (1 is what the documentation shows)
            and with what to tell progress to.
    """

    summary: str
    measure: Callable[[float, Tell], Iterable[BenchFigure]]
