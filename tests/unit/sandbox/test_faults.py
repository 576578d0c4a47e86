"""Faults: as often as asked, the same for the same seed, and only sensible ones."""

from collections import Counter

import msgspec
import pytest

from corridor.sandbox.faults import Faults, Injector


def test_nothing_goes_wrong_unless_asked() -> None:
    """The default injects nothing."""
    injector = Injector(Faults())
    assert {injector.draw() for _ in range(1000)} == {""}
    assert not any(injector.duplicate() or injector.hold_back() for _ in range(1000))
    assert injector.injected == {}


def test_faults_come_as_often_as_asked_and_are_counted() -> None:
    """Each kind happens about as often as its chance, and what happened is counted."""
    faults = Faults(errors={"500": 0.1, "429": 0.05}, timeouts=0.02, lost=0.2, seed=3)
    injector = Injector(faults)
    drawn = Counter(injector.draw() for _ in range(10_000))
    for kind, chance in {"500": 0.1, "429": 0.05, "timeout": 0.02, "lost": 0.2}.items():
        assert drawn[kind] == pytest.approx(10_000 * chance, rel=0.2)
        assert injector.injected[kind] == drawn[kind]


def test_the_same_seed_draws_the_same_faults() -> None:
    """A run can be repeated."""
    draws = [
        [Injector.draw(injector) for _ in range(200)]
        for injector in (_injector(1), _injector(1), _injector(2))
    ]
    assert draws[0] == draws[1] != draws[2]


def _injector(seed: int) -> Injector:
    return Injector(Faults(errors={"503": 0.3}, lost=0.3, seed=seed))


def test_a_number_of_faults_ends() -> None:
    """With ``most`` only so many come, then none."""
    injector = Injector(Faults(errors={"500": 1.0}, most=3))
    assert [injector.draw() for _ in range(5)] == ["500", "500", "500", "", ""]


def test_faults_of_one_path_spare_the_others() -> None:
    """With ``path`` others get what they ask for, and use none of the faults up."""
    injector = Injector(Faults(errors={"422": 1.0}, most=1, path="/deliveries"))
    assert [injector.draw(path) for path in ("/events", "/deliveries", "/deliveries")] == ["", "422", ""]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"lost": 1.5}', "<= 1"),
        ('{"lost": 0.6, "timeouts": 0.6}', "more than 1"),
        ('{"errors": {"299": 0.1}}', "status 299"),
        ('{"lots": 0.1}', "unknown field"),
        ('{"down": -1}', ">= 0"),
    ],
)
def test_senseless_faults_are_refused(text: str, words: str) -> None:
    """A mistake in a fault is told, not ignored."""
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.json.decode(text, type=Faults)
