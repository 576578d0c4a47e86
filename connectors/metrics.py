"""Metrics of the HTTP edges. The label ``code`` is ``ok`` or an error code."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

REQUESTS: Final = Counter(
    "corridor_webhook_requests", "Webhook requests by outcome.", ["participant", "code"]
)
REQUEST_SECONDS: Final = Histogram(
    "corridor_webhook_request_seconds", "Time to answer a webhook request.", ["participant"], buckets=SECONDS
)
RECEIVED: Final = Counter(
    "corridor_received",
    "Messages taken in: new ones, and repeated ones that were dropped.",
    ["participant", "kind"],
)
ATTEMPTS: Final = Counter(
    "corridor_delivery_attempts", "Delivery requests by outcome.", ["participant", "code"]
)
ATTEMPT_SECONDS: Final = Histogram(
    "corridor_delivery_attempt_seconds", "Time of a delivery request.", ["participant"], buckets=SECONDS
)
CIRCUIT: Final = Gauge(
    "corridor_circuit_state", "Circuit to a partner: 0 closed, 1 half-open, 2 open.", ["participant"]
)
TOKENS: Final = Counter(
    "corridor_token_requests", "OAuth2 token requests by outcome.", ["participant", "code"]
)
POLLS: Final = Counter("corridor_polls", "Pages polled by outcome.", ["participant", "code"])
POLL_SECONDS: Final = Histogram(
    "corridor_poll_seconds", "Time to read a page.", ["participant"], buckets=SECONDS
)
PERMIT_EVENTS: Final = Counter(
    "corridor_permit_events",
    "Events that peers sent to an e-Permit authority, by outcome.",
    ["participant", "type", "code"],
)
PERMIT_REPORTS: Final = Counter(
    "corridor_permit_reports",
    "Entries and exits that came over the corridor: used, or not ours.",
    ["participant", "outcome"],
)
