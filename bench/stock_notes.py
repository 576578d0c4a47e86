"""The baseline of the case ``notes``: two stock Faust agents with a table each, one send per event.

Run as a process of its own: ``python -m bench.stock_notes KAFKA INPUT MIDDLE OUTPUT REPORTS GROUP``.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import fastavro
import faust

from bench.contest import PARTITIONS
from bench.hand import corridor_events, dlp_event, event_losses, note_losses, report
from schemas import profiles
from schemas.avro.schema import Schema
from schemas.avro.wire import frame
from schemas.records import REPORT

FRAME = frame(1, b"")
TABLES = ("kept", "seen")
"""What the agents keep, each with a changelog in Kafka."""


class Avro:
    """Reads and writes one schema with fastavro, in the wire format."""

    def __init__(self, schema: Schema) -> None:
        self._schema = fastavro.parse_schema(json.loads(schema.text))

    def read(self, value: bytes) -> Any:  # noqa: ANN401 - a datum
        """Read a value."""
        return fastavro.schemaless_reader(io.BytesIO(value[len(FRAME) :]), self._schema, None)

    def write(self, datum: object) -> bytes:
        """Write a value."""
        out = io.BytesIO(FRAME)
        out.seek(len(FRAME))
        fastavro.schemaless_writer(out, self._schema, datum)
        return out.getvalue()


def changelogs(group: str) -> list[str]:
    """Topics of the tables, as Faust names them.

    Faust makes them too, but does not wait until its consumer knows them: an agent that writes to a table
    before that crashes (``PartitionsMismatch``), and the event that it had in hand is never told.
    """
    return [f"{group}-{group}-{name}-changelog" for name in TABLES]


def app(kafka: str, source: str, middle: str, target: str, reports: str, group: str) -> faust.App:
    """A Faust application: notes become corridor events, and those DLP events."""
    application = faust.App(
        group,
        broker=f"kafka://{kafka}",
        web_enabled=False,
        topic_disable_leader=True,
        topic_partitions=PARTITIONS,
        consumer_auto_offset_reset="earliest",
    )
    notes, events, dlp = (
        Avro(profiles.load(name).schema) for name in ("dtc.note.v1", profiles.CANONICAL, "dlp.event.v1")
    )
    said = Avro(REPORT.codec.schema)
    incoming, between, outgoing, reporting = (
        application.topic(name, value_type=bytes, value_serializer="raw", key_serializer="raw")
        for name in (source, middle, target, reports)
    )
    kept, seen = (
        application.Table(f"{group}-{name}", default=default, partitions=PARTITIONS)
        for name, default in zip(TABLES, (dict, int), strict=True)
    )

    @application.agent(incoming)
    async def to_corridor(stream: Any) -> None:  # noqa: ANN401 - Faust's stream type is generic over itself
        async for key, value in stream.items():
            name, accepted = key.decode(), round(stream.current_event.message.timestamp * 1000)
            past, note = kept[name], notes.read(value)
            told = corridor_events(note, past, accepted)
            for event in told:
                identity = event["consignment_id"]
                if event["subject"]["type"] == "TRAIN":
                    identity = f"TRAIN:{event['subject']['id']}"
                await between.send(key=identity.encode(), value=events.write(event))
            kept[name] = past
            about = report("to-corridor", str(note["messageId"]), len(told), note_losses(note), accepted)
            await reporting.send(key=key, value=said.write(about))

    @application.agent(between)
    async def from_corridor(stream: Any) -> None:  # noqa: ANN401 - as above
        async for key, value in stream.items():
            event = events.read(value)
            identity = str(event["envelope"]["event_id"])
            made = dlp_event(event, seen[identity])
            if made is not None:
                await outgoing.send(key=key, value=dlp.write(made))
                seen[identity] = event["correction"]["version"]
            losses, accepted = event_losses(event), round(stream.current_event.message.timestamp * 1000)
            about = report("from-corridor", identity, int(made is not None), losses, accepted)
            await reporting.send(key=key, value=said.write(about))

    return application


def main() -> None:
    """Run the worker until it is killed."""
    faust.Worker(app(*sys.argv[1:7]), loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
