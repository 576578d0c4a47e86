"""Prometheus metrics of processors and deliveries; error codes are the label ``code``."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
AGES: Final = (1, 10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400)
SIZES: Final = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)

records_in = Counter("corridor_records_in_total", "Records read, by processor.", ["processor"])
records_out = Counter("corridor_records_out_total", "Records written to the output topic.", ["processor"])
filtered = Counter(
    "corridor_filtered_total",
    "Records that the target does not take, or that had nothing new to say; rules likewise.",
    ["processor", "reason"],
)
dead = Counter("corridor_dead_letters_total", "Dead letters, by stage and code.", ["processor", "code"])
lost_fields = Counter(
    "corridor_lost_fields_total",
    "Fields that the target format cannot carry, once per message, by stage.",
    ["processor", "mapping", "field", "reason"],
)
aside_fields = Counter(
    "corridor_aside_fields_total",
    "Fields that are not told on by design, or of no use there: personal data, codes of the publisher.",
    ["processor", "mapping", "field", "reason"],
)
unverified = Counter(
    "corridor_unverified_rows_total",
    "Rows of code lists that were used though nobody has verified them, once per message.",
    ["mapping", "list"],
)
findings = Counter(
    "corridor_findings_total",
    "Findings in messages, by the participant of the stage and rule.",
    ["participant", "mapping", "rule"],
)
batch_records = Histogram("corridor_batch_records", "Records per transaction.", ["processor"], buckets=SIZES)
transaction_seconds = Histogram(
    "corridor_transaction_seconds",
    "Time of committed transactions, of a processor or a role.",
    ["processor"],
    buckets=SECONDS,
)
openings = Counter(
    "corridor_writer_openings_total",
    "Times that a transactional writer was opened: each takes an epoch of its id.",
    ["writer"],
)
retries = Counter(
    "corridor_batch_retries_total",
    "Batches run again after an indefinite error, of a processor or a role.",
    ["processor"],
)
state_entries = Gauge(
    "corridor_state_entries", "Entries of the state held for a partition.", ["processor", "partition"]
)
state_bytes = Gauge(
    "corridor_state_bytes", "Bytes of the state held for a partition.", ["processor", "partition"]
)
remembered_ids = Gauge(
    "corridor_remembered_ids",
    "Message ids held in memory, by which a repeated message is known.",
    ["role"],
)
lag = Gauge(
    "corridor_consumer_lag_records",
    "Records not processed yet, by partition; none is told while Kafka is away.",
    ["processor", "partition"],
)
kafka_reachable = Gauge("corridor_kafka_reachable", "1 while Kafka answers this process.")
data_latency = Histogram(
    "corridor_data_latency_seconds",
    "From what a message tells of (the mapping's ``happened``) to its acceptance.",
    ["participant"],
    buckets=AGES,
)
projection_delay = Histogram(
    "corridor_projection_delay_seconds",
    "From written to the log to committed in the store, the oldest record of each batch.",
    ["processor"],
    buckets=SECONDS,
)
end_to_end = Histogram(
    "corridor_end_to_end_seconds", "From accepted to delivered.", ["participant"], buckets=SECONDS
)
deliveries = Counter(
    "corridor_deliveries_total", "Delivery attempts by outcome.", ["participant", "outcome", "code"]
)
undelivered = Gauge(
    "corridor_undelivered_records", "Outgoing messages in hand that are not finished.", ["participant"]
)
oldest_undelivered = Gauge(
    "corridor_oldest_undelivered_seconds",
    "Time since the oldest unfinished delivery was accepted.",
    ["participant"],
)
delivery_paused = Gauge(
    "corridor_delivery_paused", "1 while a partner's delivery is paused.", ["participant"]
)
appended = Counter(
    "corridor_log_appended_total", "Messages acknowledged into in.<participant>.", ["participant"]
)
polled = Counter("corridor_polled_total", "Messages taken over from polls.", ["participant"])


_known = True
"""Whether lag can be known now."""


def kafka_is(*, there: bool) -> None:
    """Say whether Kafka answers. While it does not, how far anybody is behind is not known, and not told."""
    global _known  # noqa: PLW0603 - as the metrics themselves, of the process
    _known = there
    kafka_reachable.set(there)
    if not there:
        lag.clear()


def behind(processor: str, partition: int | str, records: int) -> None:
    """Say how many records of a partition are not processed yet, as far as Kafka can be asked."""
    if _known:
        lag.labels(processor, partition).set(max(0, records))
