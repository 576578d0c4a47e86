"""Every case of `make bench` works: a very short version of it, of which no figure is judged."""

from __future__ import annotations

import math

import pytest

from bench.__main__ import CASES

pytestmark = pytest.mark.kafka

SHARE = 0.01
WITHOUT_TARGET = {"registry", "codes", "translation", "view", "show"}


@pytest.mark.parametrize("name", CASES)
def test_a_case_gives_figures(name: str) -> None:
    """A case ends by itself, says what it is at, and gives figures, beside a target where there is one."""
    said: list[str] = []
    figures = list(CASES[name].measure(SHARE, said.append))
    assert said
    assert all(math.isfinite(figure.value) for figure in figures)
    assert len({figure.what for figure in figures}) == len(figures)
    assert figures
    assert name in WITHOUT_TARGET or any(figure.met is not None for figure in figures)
