"""What operators watch is what happened, and no more than they may see.

After a drain the metrics equal the ledgers, to the message; logs hold neither secrets nor content.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.auth.secret import Secret
from connectors.auth.webhook import hmac_key, sign
from tests.support.crossing import note
from tests.support.rig import Rig

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

EVENTS = 600
CANARY = "canary-7f3a"
"""Text in every message that is planted."""
STRANGER = "whsec_" + base64.b64encode(b"a key that nobody knows here!").decode()


@pytest.mark.timeout(1200)
def test_after_a_drain_the_counters_equal_the_ledgers(rig: Callable[..., Rig]) -> None:
    """Accepted, delivered, dead and filtered of all roles are those of ledgers, receipts and reports.

    Messages with a canary are planted afterwards: neither it nor a secret is in any log, at level debug.
    """
    broker = rig(EVENTS, CORRIDOR__LOG__LEVEL="debug")
    found = broker.settle(200)
    assert found["violations"] == []
    counts = found["counts"]
    assert counts["effects"] == counts["delivered"] > 0
    expected = {
        "accepted": counts["logged"],
        "delivered": counts["effects"],
        "dead": counts["dead"],
        "filtered": counts["filtered"],
    }

    def counted(status: dict[str, Any]) -> dict[str, int]:
        figures = status["figures"]
        return {
            "accepted": sum(system["accepted"] for system in figures["systems"]),
            "delivered": sum(system["delivered"] for system in figures["systems"]),
            "dead": sum(figures["dead"].values()),
            "filtered": figures["filtered"],
        }

    before = broker.status
    broker.wait_for(lambda status: status is not before and status["figures"] is not None, 30)
    assert counted(broker.status) == expected
    plant(broker, counted)
    assert broker.stop() == 0
    assert leaks(broker) == []


def plant(broker: Rig, counted: Callable[[dict[str, Any]], dict[str, int]]) -> None:
    """Send messages with a canary: they pass, die at the partner, break the schema, come from strangers."""
    before = counted(broker.status)
    secret = (broker.directory / "secrets" / "dtc.webhook").read_text()
    broker.faults("dlp", errors={"422": 1.0}, most=1, path="/deliveries")
    good = note("20", "707701", "12.01.2026 14:30", noteNumber="7654321", remark=CANARY)
    good["consignor"] = {**good["consignor"], "name": CANARY}
    bad = {**good, "messageId": f"{CANARY}-id", "noteVersion": CANARY, CANARY: CANARY}
    for message, key, status in ((good, secret, 202), (bad, secret, 422), (good, STRANGER, 401)):
        body = json.dumps(message).encode()
        headers = sign([hmac_key(Secret(key))], "canary", int(time.time()), body)
        headers["Content-Type"] = "application/json"
        url = f"http://127.0.0.1:{broker.base}/webhooks/dtc"
        answer = httpx.post(url, content=body, headers=headers, timeout=10)
        assert answer.status_code == status, answer.text

    def arrived(status: dict[str, Any]) -> bool:
        now = counted(status) if status["figures"] is not None else before
        return now["dead"] > before["dead"] and now["delivered"] > before["delivered"]

    broker.wait_for(arrived, 60)


def leaks(broker: Rig) -> list[tuple[str, str]]:
    """Log file and what it must not hold, for everything that is found."""
    logs = [*(broker.directory / "logs").iterdir(), broker.directory.parent / "up.log"]
    texts = {path.name: path.read_text(errors="replace") for path in logs}
    assert all(any(name.startswith(role) for name in texts) for role in ("gateway", "stream", "deliver"))
    assert any(line for text in texts.values() for line in text.splitlines() if "partner-refused" in line)
    forbidden = [CANARY, *secret_texts(broker.directory / "secrets")]
    return [(name, what) for name, text in texts.items() for what in forbidden if what in text]


def secret_texts(directory: Path) -> Iterator[str]:
    """Every secret of the run, as it is configured and as the key that it stands for.

    Keys are in base64 of either alphabet; a token has no padding.
    """
    for path in directory.iterdir():
        text = path.read_text().strip().removeprefix("whsec_")
        yield text
        padded = text + "=" * (-len(text) % 4)
        yield base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).hex()
