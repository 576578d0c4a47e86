"""The mapping alone: JSON bytes to Avro bytes, against the same mapping written by hand over fastavro."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, Sequence

import fastavro
import msgspec

from bench.case import BenchFigure, Tell
from bench.workload import by_hand, message, text
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from schemas.translation import Context, Record, Translator

Contestant = Callable[[bytes], bytes]
ROUNDS = 7
MESSAGES = 5_000
OURS = "generated"


def contestants() -> dict[str, Contestant]:
    """Name to what turns the JSON of a message into the Avro body of its event."""
    return {OURS: _generated(), "json + fastavro": _fastavro(json.loads),
            "msgspec + fastavro": _fastavro(msgspec.json.Decoder().decode)}  # fmt: skip


def _generated() -> Contestant:
    schemas = {s.fullname: s for s in map(Schema.parse, (text("event.avsc"), text("shipment.avsc")))}
    mapping = load(text("mapping.yaml"), "mapping.yaml", schemas.__getitem__, CodeLists.load(), "attr")
    translate = Translator(mapping, "json").translate
    context = Context("id", "bench/id", "bench", 0, 0, ())

    def run(body: bytes) -> bytes:
        return translate(Record(b"", body, context), lambda _: None).outputs[0].body

    return run


def _fastavro(decode: Callable[[bytes], dict[str, object]]) -> Contestant:
    schema = fastavro.parse_schema(json.loads(text("shipment.avsc")))

    def run(body: bytes) -> bytes:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, by_hand(decode(body)))
        return out.getvalue()

    return run


def figures(share: float, tell: Tell) -> Iterator[BenchFigure]:
    """CPU time per message of each contestant, and how many times ours the fastest by hand takes."""
    micros = _measure(max(1, round(MESSAGES * share)), tell)
    for name, value in micros.items():
        yield BenchFigure(name, round(value, 2), "µs")
    best = min(value for name, value in micros.items() if name != OURS)
    yield BenchFigure("fastest by hand ÷ generated", round(best / micros[OURS], 2), at_least=1)


def _measure(count: int, tell: Tell) -> dict[str, float]:
    """CPU microseconds per message of each contestant: the best of several rounds, taken in turn."""
    bodies = [message(n)[1] for n in range(count)]
    best = dict.fromkeys(running := contestants(), float("inf"))
    for number in range(ROUNDS):
        tell(f"round {number + 1} of {ROUNDS}")
        for name, run in running.items():
            best[name] = min(best[name], _round(run, bodies) / count * 1e6)
    return best


def _round(run: Contestant, bodies: Sequence[bytes]) -> float:
    began = time.process_time()
    for body in bodies:
        run(body)
    return time.process_time() - began
