"""What the house promises its next owner: one home for each thing, counted in the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = "streams/kafka/clients.py"
ELSEWHERE = {
    "streams/kafka/away.py",  # looks whether Kafka answers at all, with the bare client
    "deploy/kafka/node.py",  # starts the embedded Kafka and knows nothing of streams
}


def test_clients_of_kafka_are_made_in_one_place() -> None:
    """A consumer, producer or admin client that is made elsewhere could read what was never committed."""
    made = re.compile(r"\bAIOKafka(?:Consumer|Producer|AdminClient|Client)\(")
    places = {
        str(path.relative_to(ROOT))
        for package in ("connectors", "corridor", "deploy", "schemas", "streams")
        for path in (ROOT / package).rglob("*.py")
        if made.search(path.read_text("utf-8"))
    }
    assert places == {HOME} | ELSEWHERE
