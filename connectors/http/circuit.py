"""A circuit breaker per partner: when it is away, nothing is sent but one probe now and then."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from connectors.pauses import bound
from connectors.settings import Breaker


class CircuitState(Enum):
    """State of a circuit; the value is what the metric shows."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Circuit:
    """Closed until failures in a row, then open with growing pauses, each ended by one probe.

    Args:
        settings: how many failures, how long the pauses.
        now: monotonic seconds.
        observe: called with every new state.
    """

    def __init__(
        self,
        settings: Breaker,
        now: Callable[[], float],
        observe: Callable[[CircuitState], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._observe = observe
        self._failures = 0
        self._pauses = 0
        self._until = 0.0
        self.state = CircuitState.CLOSED

    def admit(self) -> float:
        """Ask to send. Whoever is admitted must call `succeeded`, `failed`, `trip` or `abandoned` afterwards.

        Returns:
            0.0: go ahead (in a half-open circuit, as the probe); else the seconds until asking again helps.
        """
        if self.state is CircuitState.CLOSED:
            return 0.0
        if self.state is CircuitState.OPEN and self._now() >= self._until:
            self._enter(CircuitState.HALF_OPEN)
            return 0.0
        return self.remaining if self.state is CircuitState.OPEN else max(self._settings.first, 0.01)

    @property
    def remaining(self) -> float:
        """Seconds until the next probe may be sent, at least a moment when the circuit is not closed."""
        return 0.0 if self.state is CircuitState.CLOSED else max(self._until - self._now(), 0.01)

    def succeeded(self) -> None:
        """The partner works: close."""
        self._failures = self._pauses = 0
        self._enter(CircuitState.CLOSED)

    def failed(self) -> None:
        """One failure more; open when they are too many in a row or when it was the probe."""
        self._failures += 1
        if self.state is CircuitState.HALF_OPEN or (
            self.state is CircuitState.CLOSED and self._failures >= self._settings.failures
        ):
            self.trip()

    def trip(self, pause: float = 0.0) -> None:
        """Open at once, for ``pause`` seconds or the next of the doubling pauses, whichever is longer."""
        if self.state is CircuitState.OPEN:
            self._until = max(self._until, self._now() + pause)
            return
        self._pauses += 1
        step = bound(self._settings.first, self._settings.longest, self._pauses)
        self._until = self._now() + max(step, pause)
        self._enter(CircuitState.OPEN)

    def abandoned(self) -> None:
        """The attempt ended without an answer of any kind (cancelled): free the probe for the next one."""
        if self.state is CircuitState.HALF_OPEN:
            self._enter(CircuitState.OPEN)

    def _enter(self, state: CircuitState) -> None:
        if state is not self.state:
            self.state = state
            self._observe(state)
