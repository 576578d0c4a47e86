"""A message that is given up keeps what the partner answered last."""

from __future__ import annotations

import time
from collections import deque
from types import SimpleNamespace
from typing import Any

from connectors.ports import OutgoingMessage, Retry
from connectors.settings import Backoff, Deliver
from corridor.roles.contracts import codec, json_form
from streams.delivery.outbound import Item, Outbound
from streams.delivery.track import Done
from streams.kafka.settings import Kafka, Processing
from streams.records.contracts import Contracts
from streams.records.envelope import Envelope

PROFILE = "dlp.event.v1"


def test_a_message_that_is_given_up_says_what_the_partner_answered() -> None:
    """After 72 hours of the same answer nobody should have to ask the partner what it was."""
    settings = Deliver(url="http://127.0.0.1:1", backoff=Backoff(give_up=1.0))
    partner: Any = SimpleNamespace()
    made = Outbound(
        "dlp", partner, settings, json_form(PROFILE), codec(PROFILE),
        Kafka(bootstrap="127.0.0.1:1"), Processing(), Contracts(None),
    )  # fmt: skip
    ended: list[Done] = []
    track: Any = SimpleNamespace(partition=0, finish=ended.append)
    record: Any = SimpleNamespace(offset=1, value=b"x")
    envelope = Envelope("i", "dtc/i", ("dtc",), 0, "", "NOTE:1", "", "")
    item = Item(record, envelope, track, 1, OutgoingMessage("i", "NOTE:1", b"{}"), attempts=9)
    item.first_attempt = time.monotonic() - 100
    made._queues[0, "NOTE:1"] = deque([item])
    answer = "the partner answered 500 No stock: wagon 5 is not known"
    made._settle(item, Retry(None, "partner-unavailable", answer, status=500))
    (done,) = ended
    assert done.error is not None
    assert done.error.code == "retries-exhausted"
    assert answer in done.error.message
