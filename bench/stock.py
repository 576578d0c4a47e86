"""The baseline: a stock Faust agent as its documentation teaches it, mapping by hand, one send per event.

Run as a process of its own: ``python -m bench.stock KAFKA INPUT OUTPUT GROUP``.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import fastavro
import faust

from bench.workload import by_hand, text

MAGIC = b"\x00\x00\x00\x00\x01"


def app(kafka: str, source: str, target: str, group: str) -> faust.App:
    """A Faust application with one agent that reads JSON, maps by hand and sends Avro, event by event."""
    application = faust.App(
        group,
        broker=f"kafka://{kafka}",
        value_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
    )
    schema = fastavro.parse_schema(json.loads(text("shipment.avsc")))
    output = application.topic(target, value_serializer="raw", key_serializer="raw")

    @application.agent(
        application.topic(source, value_type=bytes, value_serializer="raw", key_serializer="raw")
    )
    async def translate(stream: Any) -> None:  # noqa: ANN401 - Faust's stream type is generic over itself
        async for key, body in stream.items():
            out = io.BytesIO(MAGIC)
            out.seek(len(MAGIC))
            fastavro.schemaless_writer(out, schema, by_hand(json.loads(body)))
            await output.send(key=key, value=out.getvalue())

    return application


def main() -> None:
    """Run the worker until it is killed."""
    faust.Worker(app(*sys.argv[1:5]), loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
