"""One mapping between two topics, JSON or Avro in, Avro out, with the guarantees of every other processor.

Records that a stateless mapping turns into outputs and nothing else, which is nearly all of them, take a
straight way through the generated code. Any other record takes the way of `streams.processing.step`, which
knows how to fail and to report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.avro.wire import HEADER
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import CompiledMapping, load
from schemas.mapping.inputs import JsonInput, access_for
from schemas.mapping.report import MessageReport
from schemas.translation import Translator
from streams.kafka import topics
from streams.kafka.partitioning import partition_of
from streams.kafka.settings import Kafka, Processing
from streams.kafka.sizes import SMALLEST, size_of
from streams.processing.processor import Processor
from streams.processing.runner import Runner
from streams.processing.stage import Planned, Stage
from streams.processing.work import Crew
from streams.records.contracts import AsIs, Contracts, ValueReader
from streams.records.envelope import REPLAY

ROOM: Final = SMALLEST // 2
"""Bytes up to which an output needs no exact look at its size."""
CONTEXT: Final = re.compile(r"\b[me]\.")
"""A use of the message's context or event in generated code."""


class Route(NamedTuple):
    """Where a pipe reads and writes.

    Attributes:
        source: topic to read.
        target: topic to write.
        dead: topic of its dead letters.
        group: consumer group; also the prefix of its transactional ids.
        form: what the values in the source are.
    """

    source: str
    target: str
    dead: str
    group: str
    form: Literal["json", "avro"]

    @property
    def state(self) -> str:
        """Topic of the state of a mapping that has one."""
        return f"{self.group}.state"


class Pipe(Processor):
    """The work of a pipe.

    Args:
        stage: its place.
        route: its topics and group.
        contracts: codecs of dead letters.
        mapping: the compiled mapping.
    """

    def __init__(self, stage: Stage, route: Route, contracts: Contracts, mapping: CompiledMapping) -> None:
        super().__init__(stage._replace(own_changelog=route.state), contracts)
        self._mapping = mapping
        self._straight = is_straight(mapping)
        codec = Codec(mapping.source)
        self._decode: Callable[[bytes], Any] = (
            JsonInput(mapping, codec).read
            if route.form == "json"
            else lambda value: codec.decode(stage.read(value))
        )
        self._report = MessageReport()
        functions = mapping.module.functions
        self._rules, self._whole = functions["rules"], mapping.remains.never(mapping.rules)

    def step(self, record: Any, planned: Planned, partitions: dict[str, int]) -> None:  # noqa: ANN401
        """Bring one record through, straight if it lets itself."""
        straight = self._straight and not (record.headers and _has_more_to_say(record))
        outputs = self._translate(record, self._room(record, planned)) if straight else None
        if outputs is None:
            super().step(record, planned, partitions)
            return
        target, frame = self.stage.target, self.stage.frame
        count, rows = partitions[target], planned.writes.rows
        for output in outputs:
            key = record.key if output[2] is None else output[2].encode()
            row = key, frame + output[4], list(record.headers)
            place = target, partition_of(key or b"", count)
            if place in rows:
                rows[place].append(row)
            else:
                rows[place] = [row]
        planned.straight += len(outputs)

    def _room(self, record: Any, planned: Planned) -> int:  # noqa: ANN401
        """Bytes of an output beside what it takes over from the record, up to which it surely fits."""
        most = min(ROOM, planned.writes.sizes.of(self.stage.target) // 2)
        return most - size_of(record.key, None, record.headers)

    def _translate(self, record: Any, room: int) -> list[Any] | None:  # noqa: ANN401
        """Outputs of a record that leads to nothing else; None for any other."""
        outputs: list[Any] = []
        try:
            row = self._decode(record.value)
            self._rules(row, None, self._report, None, self._mapping.slots(), outputs)
            if not self._whole and self._left(row, outputs):
                return None
        except Exception:  # noqa: BLE001 - whatever it is, the other way says it properly
            outputs = []
        if self._report.took:
            self._report.took.clear()
        if not self._report.silent:
            self._report = MessageReport()
            return None
        for output in outputs:
            if len(output[4]) + 4 * len(output[2] or "") > room:
                return None
        return outputs or None

    def _left(self, row: Any, outputs: list[Any]) -> bool:  # noqa: ANN401
        """Tell whether anything of a record is in no output."""
        fired = [(made[0], made[5]) for made in outputs]
        return bool(self._mapping.remains.left(row, fired, self._report.took))


def _has_more_to_say(record: Any) -> bool:  # noqa: ANN401
    """Whether it is a replay, or has its schema in a header."""
    return any(name in {REPLAY, HEADER} for name, _ in record.headers)


def is_straight(mapping: CompiledMapping) -> bool:
    """Tell whether a mapping's outputs depend on nothing but the record's body."""
    functions = mapping.module.functions
    stateless = mapping.document.state.kind == "none" and not any(n.startswith("head_") for n in functions)
    return stateless and not CONTEXT.search(mapping.module.source)


async def make_pipe(
    mapping: CompiledMapping, route: Route, kafka: Kafka, processing: Processing, contracts: Contracts
) -> Runner:
    """Make the topics that a pipe needs beside its source, and put it together.

    Args:
        mapping: for values of the route's form (`compile_for`).
        route: topics and group.
        kafka: connection.
        processing: limits.
        contracts: started.

    Raises:
        Misconfigured: ``settings-invalid`` when there is no source.
        Transient: ``kafka-unavailable`` or ``registry-unavailable``.
    """
    stage = Stage(
        name="pipe",
        source=route.source,
        target=route.target,
        participant=route.group,
        translator=Translator(mapping, route.form, trusted=False),
        read=AsIs() if route.form == "json" else await _reader(contracts, route, mapping),
        frame=await contracts.frame(route.target, mapping.target),
        dead=route.dead,
        reports=None,
        foreign=True,
    )
    pipe = Pipe(stage, route, contracts, mapping)
    await topics.create_beside(kafka, route.source, [route.target, route.dead], pipe.changelog)
    return Runner(Crew(pipe.name, route.group, (pipe,)), kafka, processing)


async def _reader(contracts: Contracts, route: Route, mapping: CompiledMapping) -> ValueReader:
    return ValueReader(contracts, Codec(mapping.source), await contracts.frame(route.source, mapping.source))


def compile_for(
    text: str, file: str, schemas: dict[str, Schema], form: Literal["json", "avro"], codes: CodeLists
) -> CompiledMapping:
    """Compile a mapping for values of a form.

    Raises:
        Misconfigured: ``mapping-invalid``.
    """
    compiled = load(text, file, schemas.__getitem__, codes)
    if form == "json" and access_for(compiled.document, compiled.source) == "attr":
        return load(text, file, schemas.__getitem__, codes, "attr")
    return compiled
