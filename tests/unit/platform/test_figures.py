"""The figures of the live view are those of the metrics."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from corridor.supervisor.figures import Observer, Totals, parse

PROFILES = {"dtc": "dtc.note.v1", "dlp": "dlp.event.v1", "permit": "epermit.event.v1"}


class Role:
    """The metrics of one process, as a role exports them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.appended = Counter("corridor_log_appended_total", "d", ["participant"], registry=self.registry)
        self.delivered = Counter(
            "corridor_deliveries_total", "d", ["participant", "outcome", "code"], registry=self.registry
        )
        self.dead = Counter("corridor_dead_letters_total", "d", ["processor", "code"], registry=self.registry)
        self.lost = Counter(
            "corridor_lost_fields_total",
            "d",
            ["processor", "mapping", "field", "reason"],
            registry=self.registry,
        )
        self.waiting = Gauge("corridor_undelivered_records", "d", ["participant"], registry=self.registry)
        self.lag = Gauge("corridor_consumer_lag_records", "d", ["processor"], registry=self.registry)
        self.circuit = Gauge("corridor_circuit_state", "d", ["participant"], registry=self.registry)
        self.latency = Histogram(
            "corridor_end_to_end_seconds", "d", ["participant"], registry=self.registry, buckets=(0.1, 0.2, 1)
        )

    def page(self) -> str:
        """Return the metrics page."""
        return generate_latest(self.registry).decode()


def test_systems_count_rate_and_measure() -> None:
    """What one sent and what it confirmed is counted, with rates of late; dead letters, losses both ways."""
    role, totals, observer = Role(), Totals(), Observer(PROFILES)
    role.appended.labels("dtc").inc(10)
    totals.add("one", parse(role.page()))
    observer.observe(totals.sum(), now=100.0)
    role.appended.labels("dtc").inc(20)
    role.delivered.labels("dlp", "delivered", "ok").inc(8)
    role.delivered.labels("dlp", "retry", "partner-unavailable").inc(3)
    role.delivered.labels("permit.az", "delivered", "ok").inc(4)
    role.waiting.labels("permit.az").set(3)
    role.lost.labels("to-corridor.dtc", "dtc-to-corridor", "/remark", "no-equivalent").inc(2)
    role.lost.labels("from-corridor.border", "corridor-to-dlp", "/remark", "no-equivalent").inc(7)  # not dlp
    role.dead.labels("to-corridor.dtc", "mapping-failed").inc()
    role.dead.labels("deliver.dlp", "partner-refused").inc()
    role.circuit.labels("dlp").set(2)
    for value in (0.05, 0.15, 0.15, 0.15):
        role.latency.labels("dlp").observe(value)
    totals.add("one", parse(role.page()))
    figures = observer.observe(totals.sum(), now=110.0)
    dtc, dlp, permit = figures.systems
    assert (dtc.name, dtc.accepted, dtc.accepted_rate, dtc.delivered, dtc.p50) == ("dtc", 30, 2.0, 0, None)
    assert (dlp.name, dlp.accepted, dlp.delivered, dlp.delivered_rate) == ("dlp", 0, 8, 0.8)
    assert dlp.circuit == "open"
    assert dlp.p50 == pytest.approx(0.1 + 0.1 / 3)
    assert (dtc.lost, dlp.lost, dtc.dead, dlp.dead) == (2, 0, 1, 1)
    assert (permit.delivered, permit.waiting) == (4, 3), "what its peers got"


def test_processes_add_up_and_a_restart_loses_no_count() -> None:
    """Counters of processes are added; one that begins anew keeps its past; gauges are of now."""
    totals, observer = Totals(), Observer(PROFILES)
    first, second = Role(), Role()
    first.dead.labels("to-corridor.dtc", "mapping-failed").inc(2)
    first.lag.labels("to-corridor.dtc").set(7)
    second.dead.labels("deliver.dlp", "partner-refused").inc(1)
    totals.add("stream", parse(first.page()))
    totals.add("deliver", parse(second.page()))
    again = Role()
    again.dead.labels("to-corridor.dtc", "mapping-failed").inc(1)
    again.lag.labels("to-corridor.dtc").set(3)
    totals.add("stream", parse(again.page()))
    figures = observer.observe(totals.sum(), now=1.0)
    assert figures.dead == {"mapping-failed": 3, "partner-refused": 1}
    assert figures.lag == 3


def test_rates_are_of_late() -> None:
    """A burst long ago does not show in the rate, only in the count."""
    role, observer = Role(), Observer(PROFILES)
    observer.observe(parse(role.page()), now=0.0)
    role.appended.labels("dtc").inc(1000)
    for now in range(1, 100):
        figures = observer.observe(parse(role.page()), now=float(now))
    assert figures.systems[0].accepted == 1000
    assert figures.systems[0].accepted_rate == 0.0
