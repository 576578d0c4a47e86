from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.deliver.backoff import backoff, gives_up
from connectors.http.circuit import Circuit, CircuitState
from connectors.http.rate import Bucket
from connectors.http.retry_after import LONGEST, SHORTEST, parse_retry_after
from connectors.settings import Backoff, Breaker, Rate

NOW = 1_767_600_000.0  # Mon, 05 Jan 2026 08:00:00 GMT


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("0", 1.0),
        ("-5", 1.0),
        ("315360000", 900.0),
        ("9" * 60, 900.0),
        ("9" * 5000, None),
        ("Mon, 05 Jan 2026 08:01:30 GMT", 90.0),
        ("Mon, 05 Jan 2026 07:00:00 GMT", 1.0),
        ("Mon, 05 Jan 2036 08:00:00 GMT", 900.0),
        ("Monday, 05-Jan-26 08:01:30 GMT", 90.0),
        ("soon", None),
        ("7 seconds", None),
        ("\u0667", None),
        ("Mon, 99 Jan 2026 08:00:00 GMT", None),
        ("1e3", None),
        ("NaN", None),
    ],
)
def test_retry_after(value: str | None, wait: float | None) -> None:
    """Seconds and HTTP dates are honoured from 1 s to 15 min; what cannot be read is as if absent."""
    assert parse_retry_after(value, NOW) == wait


@given(st.text(max_size=80))
def test_retry_after_never_raises(value: str) -> None:
    """Any text gives a wait within the bounds, or none."""
    wait = parse_retry_after(value, NOW)
    assert wait is None or SHORTEST <= wait <= LONGEST


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_is_full_jitter(attempt: int, chance: float) -> None:
    """The wait lies between zero and a bound that doubles up to the longest."""
    wait = backoff(Backoff(), attempt, chance)
    assert wait == chance * min(2.0 ** (attempt - 1) if attempt < 60 else 60.0, 60.0)


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True), st.floats(1, 900))
def test_backoff_waits_as_long_as_asked(attempt: int, chance: float, least: float) -> None:
    """What the partner asked for is the least wait, and not all come back in the same instant."""
    assert least <= backoff(Backoff(), attempt, chance, least) <= least + 1.0


def test_gives_up_by_age() -> None:
    """A message is tried for three days by default."""
    assert not gives_up(Backoff(), 72 * 3600)
    assert gives_up(Backoff(), 72 * 3600 + 1)


def test_bucket_holds_the_rate() -> None:
    """After the burst, tokens come one by one at the rate; a refusal says when."""
    clock = Clock()
    bucket = Bucket(Rate(per_second=2, burst=3), clock)
    assert [bucket.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.now += 0.5
    assert bucket.take() == 0.0
    assert bucket.take() == 0.5


def test_bucket_reservations_queue() -> None:
    """Reservations are spaced at the rate."""
    bucket = Bucket(Rate(per_second=4, burst=1), Clock())
    assert [bucket.reserve() for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]


def test_bucket_slows_down_and_recovers() -> None:
    """A slow-down halves the rate; it is whole again after a minute."""
    clock = Clock()
    bucket = Bucket(Rate(per_second=10, burst=1), clock)
    bucket.take()
    bucket.slow_down()
    assert bucket.take() == pytest.approx(0.2)
    clock.now += 60
    bucket.take()
    clock.now += 0.05
    assert bucket.take() == pytest.approx(0.05)


def test_bucket_never_stops_altogether() -> None:
    """However often it is slowed down, a token comes in the end."""
    clock = Clock()
    bucket = Bucket(Rate(per_second=1, burst=1), clock)
    bucket.take()
    for _ in range(200):
        bucket.slow_down()
    waits = 0
    while (wait := bucket.take()) and waits < 200:
        clock.now += min(wait, 1.0)
        waits += 1
    assert waits < 200


def test_no_rate_no_limit() -> None:
    """Without a rate everything passes."""
    bucket = Bucket(None, Clock())
    assert bucket.take(10**6) == bucket.reserve(10**6) == 0.0


def make_circuit() -> tuple[Circuit, Clock, list[CircuitState]]:
    """Give a circuit, its clock and the states it went through."""
    clock, states = Clock(), list[CircuitState]()
    return Circuit(Breaker(failures=3, first=1, longest=8), clock, states.append), clock, states


def test_circuit_opens_after_failures_in_a_row() -> None:
    """Three failures in a row open it; a success between them does not let it come to that."""
    circuit, _, _ = make_circuit()
    for outcome in ("f", "f", "s", "f", "f"):
        assert circuit.admit() == 0
        circuit.failed() if outcome == "f" else circuit.succeeded()
    assert circuit.state is CircuitState.CLOSED
    circuit.failed()
    assert circuit.state is CircuitState.OPEN
    assert circuit.admit() == 1.0


def test_circuit_lets_one_probe_through() -> None:
    """After the pause exactly one attempt is admitted, and its success closes the circuit."""
    circuit, clock, states = make_circuit()
    circuit.trip()
    clock.now += 1
    assert [circuit.admit() > 0 for _ in range(4)] == [False, True, True, True]
    circuit.succeeded()
    assert circuit.admit() == 0
    assert states == [CircuitState.OPEN, CircuitState.HALF_OPEN, CircuitState.CLOSED]


def test_circuit_pauses_grow_to_a_bound() -> None:
    """Every probe that fails doubles the pause, up to the longest; a success starts afresh."""
    circuit, clock, _ = make_circuit()
    circuit.trip()
    pauses = []
    for _ in range(6):
        pauses.append(circuit.remaining)
        clock.now += circuit.remaining
        assert circuit.admit() == 0
        circuit.failed()
    assert pauses == [1, 2, 4, 8, 8, 8]
    clock.now += 8
    circuit.admit()
    circuit.succeeded()
    circuit.trip()
    assert circuit.remaining == 1


def test_abandoned_probe_frees_its_place() -> None:
    """A probe that was cancelled does not leave the circuit half-open for ever."""
    circuit, clock, _ = make_circuit()
    circuit.trip()
    clock.now += 1
    assert circuit.admit() == 0
    circuit.abandoned()
    assert circuit.admit() == 0


def test_late_failures_do_not_prolong_the_pause() -> None:
    """Failures of attempts that began before the circuit opened change nothing."""
    circuit, clock, _ = make_circuit()
    circuit.trip()
    for _ in range(10):
        circuit.failed()
    clock.now += 1
    assert circuit.admit() == 0


def test_trip_waits_as_long_as_asked() -> None:
    """A pause that the partner asked for is kept, also when the circuit is open already."""
    circuit, _, _ = make_circuit()
    circuit.trip(5)
    circuit.trip(7)
    circuit.trip(2)
    assert circuit.remaining == 7
