"""The values of the codes benchmark are valid, so that the whole check is measured."""

from __future__ import annotations

from bench.codes import VALUES, figures
from schemas.codes.identifiers import CHECKS


def test_every_value_is_valid() -> None:
    """A check that stops at the first character would look fast."""
    assert {name: CHECKS[name](value) for name, value in VALUES.items()} == dict.fromkeys(VALUES)


def test_every_figure_is_given() -> None:
    """A short run gives a figure per check, the look-ups and the reading of all lists."""
    found = list(figures(0.01, lambda _: None))
    assert len(found) == len(VALUES) + 3
    assert found[-1].unit == "ms"
    assert found[-1].value > 0
