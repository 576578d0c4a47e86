"""`corridor translate`: a translation without Kafka, JSON lines in and JSON lines out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any, TextIO

import click
import msgspec

from corridor.cli.exits import Exit
from corridor.cli.options import overlay_option, profiles_option, say
from corridor.lists import lists_beside
from schemas.avro.codec import Codec
from schemas.avro.emit import FAILURES
from schemas.avro.jsonform import JsonForm
from schemas.avro.refusal import encoding_of
from schemas.codes.brought import bring
from schemas.codes.lists import CodeLists
from schemas.errors import CorridorError, Invalid, Misconfigured, Permanent
from schemas.mapping.compile import CompiledMapping, compile_expression
from schemas.mapping.compile import load as compile_mapping
from schemas.mapping.profiles import find_mapping
from schemas.mapping.reasons import NO_EQUIVALENT, kind_of
from schemas.profiles import CANONICAL, Profiles
from schemas.records import violations_of
from schemas.text import visible
from schemas.translation import Context, Record, Translator
from schemas.translation.chain import Chain, ChainStage, ChainStep

NOTHING = {NO_EQUIVALENT, "not-concerned"}
"""Why an event beside others is not told: what the message says is in the others, or among the losses."""
NO_MATTER = {"not-concerned", "echo"}
"""Why nothing of a message is a loss: it is not for the target, or has come from it."""
MAX_LINE = 1024 * 1024
"""Bytes of one message: the limit of a body on HTTP."""


@click.command(
    epilog="""\b
Examples:
  corridor translate dtc.note.v1 dlp.event.v1 < notes.jsonl
  corridor translate dtc.note.v1 corridor.event.v1 < notes.jsonl
  corridor translate dtc.note.v1 dlp.event.v1 --report losses.jsonl < notes.jsonl > events.jsonl
  corridor translate dtc.note.v1 corridor.event.v1 --mapping mine.yaml < notes.jsonl"""
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--input",
    "lines",
    type=click.File("rb"),
    default="-",
    help="Messages, one JSON value a line. Default: stdin.",
)
@click.option(
    "--report",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Losses, findings and dead letters go here, not to stderr.",
)
@click.option(
    "--mapping",
    "mapping_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take this mapping instead of the profile's own; it says itself which one it replaces.",
)
@profiles_option
@overlay_option
@click.option(
    "--accepted",
    type=int,
    metavar="MS",
    help="UTC milliseconds at which the first message counts as taken in, each later one a second on. "
    "Default: now; give it to get the same output every time.",
)
def command(
    source: str,
    target: str,
    lines: IO[bytes],
    report: TextIO | None,
    mapping_file: Path | None,
    known: Profiles,
    overlays: tuple[Path, ...],
    accepted: int,
) -> int:
    """Translate messages of profile FROM to profile TO, directly or by way of the corridor event.

    Reads JSON lines in order and keeps state over them, as the broker does: a note is compared with its
    version before. Results are JSON lines on stdout. What was lost, filtered or odd, and dead letters,
    are JSON lines on stderr or in --report FILE, each with the number of its line.

    Exit code 1 when there was a dead letter; the other messages are translated all the same.
    """
    accepted = round(time.time() * 1000) if accepted is None else accepted
    bring(CodeLists.load(overlays))
    override = _override(mapping_file, known, overlays)
    chain = Chain(list(_stages(source, target, override, known, overlays)))
    # a document says more than its events: what is in none of them may have been for the target
    one_event = chain.stages[0].translator.mapping.document.state.kind == "latest"
    form, codec = _forms(target, known)
    reader = _Reader(source, target, known)
    dead = False
    for count, (number, line) in enumerate(_lines(lines)):
        try:
            record = reader.record(line, number, accepted + 1000 * count, count)
        except Permanent as error:
            dead = True
            _say(report, {"line": number, **_letter("read", error)})
            if count == 0 and encoding_of(line):
                break  # the whole file is in it: one word is enough
            continue
        said = _Said()
        left: list[dict[str, Any]] = []
        told = False
        for step in chain.run(record):
            dead = dead or step.error is not None
            for entry in _entries(number, step):
                said.add(entry)
            left.extend(entry for entry in _filtered(number, step) if entry not in left)
            for output in step.outputs if step.final else ():
                told = True
                try:
                    say(form.from_datum(codec.decode_trusted(output.body)).decode())
                except Permanent as error:
                    dead = True
                    _say(report, {"line": number, "id": output.id, **_letter("write", error)})
        reasons = {entry["reason"] for entry in left}
        for entry in said.entries.values():
            if not one_event or told or not reasons or reasons - NO_MATTER or entry["kind"] != "loss":
                _say(report, entry)
        told = told or bool(reasons - NOTHING)
        for entry in left:
            if not told or entry["reason"] not in NOTHING:
                _say(report, entry)
    return Exit.FINDINGS if dead else Exit.OK


def _override(file: Path | None, known: Profiles, overlays: tuple[Path, ...]) -> CompiledMapping | None:
    if file is None:
        return None
    return compile_mapping(file.read_text("utf-8"), str(file), known.schema, lists_beside(file, overlays))


def _stages(
    source: str,
    target: str,
    override: CompiledMapping | None,
    known: Profiles,
    overlays: tuple[Path, ...],
) -> Iterator[ChainStage]:
    """The translations between two profiles: into the corridor event, out of it, or both."""
    ways = [(source, "to_corridor", source, CANONICAL)] if source != CANONICAL else []
    ways += [(target, "from_corridor", CANONICAL, target)] if target != CANONICAL else []
    names = [(way[2], way[3]) for way in ways]
    if override is not None:
        given = (override.source.fullname, override.target.fullname)
        if given == (source, target):
            yield ChainStage(Translator(override), source.partition(".")[0])
            return
        if given not in names:
            raise Misconfigured(
                "mapping-invalid", f"the mapping is from {given[0]} to {given[1]}: no part of this way"
            )
    if not ways:
        raise Misconfigured(
            "settings-invalid", f"{source} and {target} are the same: there is nothing to translate"
        )
    for (profile, direction, *_), name in zip(ways, names, strict=True):
        mine = override is not None and name == (override.source.fullname, override.target.fullname)
        translator = (
            Translator(override) if override and mine else _translator(profile, direction, known, overlays)
        )
        yield ChainStage(translator, profile.partition(".")[0], toward=direction == "from_corridor")


@cache
def _translator(profile: str, direction: str, known: Profiles, overlays: tuple[Path, ...]) -> Translator:
    """Make the translator of a profile's mapping, once in a process."""
    mapping = find_mapping(profile, direction, overlays=overlays, known=known)
    if mapping is None:
        raise Misconfigured("settings-invalid", f"profile {profile} has no {direction}.yaml")
    return Translator(mapping)


@cache
def _forms(profile: str, known: Profiles) -> tuple[JsonForm, Codec]:
    schema = known.load(profile).schema
    return JsonForm(schema), Codec(schema)


@cache
def _identity(
    profile: str, known: Profiles
) -> tuple[Callable[[Any], Any] | None, Callable[[Any], Any] | None]:
    """Compile the expressions for a message's id and key, where the profile has some."""
    schema, http = known.load(profile).schema, known.load(profile).http
    if http is None:
        return None, None
    return compile_expression(http.message_id, schema), compile_expression(http.key, schema)


class _Reader:
    """Makes records of lines, as the gateway would."""

    def __init__(self, profile: str, target: str, known: Profiles) -> None:
        self._canonical = profile == CANONICAL
        self._toward = target.partition(".")[0]
        self._form, self._codec = _forms(profile, known)
        self._participant = profile.partition(".")[0]
        self._id, self._key = _identity(profile, known)

    def record(self, line: bytes, number: int, accepted: int, sequence: int) -> Record:
        """One line as a record.

        Raises:
            Permanent: it is no valid message of the profile.
        """
        if len(line) > MAX_LINE:
            raise Permanent("body-too-large", f"the line has more than {MAX_LINE} bytes")
        body, findings = self._form.take(line)
        datum = self._codec.decode_trusted(body)
        try:
            identity = str(self._id(datum)) if self._id is not None else f"line-{number}"
            key = str(self._key(datum)).encode() if self._key is not None else b""
        except FAILURES as error:
            rule = f"no id or key can be made of the message: {error}"
            raise Invalid("id-missing", "", rule) from error
        origin = f"{self._participant}/{identity}"
        if self._canonical:  # it is on its way already: what has passed the target does not go back there
            hops = tuple(datum["envelope"]["hops"])
            return Record(key, body, Context(identity, origin, self._toward, sequence, accepted, hops))
        me = self._participant
        context = Context(identity, origin, me, sequence, accepted, (me,), None, findings)
        return Record(key, body, context)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Number and text of the lines that are not empty.

    Of one that is too long no more than shows that it is.
    """
    number = 0
    while line := stream.readline(MAX_LINE + 2):
        number += 1
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE)
        if line.strip():
            yield number, line.rstrip(b"\r\n")


class _Said:
    """What was said of one message: of each field one loss, whatever translation and event it is of."""

    def __init__(self) -> None:
        self.entries: dict[tuple[object, ...], dict[str, Any]] = {}

    def add(self, entry: dict[str, Any]) -> None:
        """Add an entry, unless what is there says as much."""
        kind = entry["kind"]
        if kind == "dead-letter":
            self.entries[len(self.entries),] = entry
        elif kind == "finding":
            self.entries.setdefault((entry["pointer"], entry["rule"]), entry)
        else:
            known = self.entries.get((entry["pointer"],))
            if known is None or _weight(entry) > _weight(known):
                self.entries[entry["pointer"],] = entry


def _weight(entry: dict[str, Any]) -> tuple[int, bool]:
    """How much a loss says: that a value is withheld is all there is to it, and any reason beats none."""
    return ("administrative", "loss", "withheld").index(entry["kind"]), entry["reason"] != NO_EQUIVALENT


def _entries(number: int, step: ChainStep) -> Iterator[dict[str, Any]]:
    """What a step has to say beside its outputs."""
    at = {"line": number, "mapping": step.stage.translator.name, "id": step.record.context.id}
    if step.error is not None:
        yield {**at, **_letter("translate", step.error)}
        return
    if step.result is None:
        return
    for loss, via in step.losses:
        entry = {**at, "kind": kind_of(loss.reason), **msgspec.structs.asdict(loss)}
        yield {**entry, "via": via} if via else entry
    for finding in step.findings:
        yield {**at, "kind": "finding", **msgspec.structs.asdict(finding)}


def _filtered(number: int, step: ChainStep) -> Iterator[dict[str, Any]]:
    """Why a step gave less than it might have; the rule is named where it is one rule's."""
    if (result := step.result) is None:
        return
    at = {"line": number, "mapping": step.stage.translator.name, "id": step.record.context.id}
    for one in result.filtered:
        yield {**at, "kind": "filtered", **({"rule": one.rule} if one.rule else {}), "reason": one.reason}
    if step.stage.toward and len(step.outputs) < len(result.outputs):
        yield {**at, "kind": "filtered", "reason": "echo"}


def _letter(stage: str, error: CorridorError) -> dict[str, Any]:
    details: dict[str, Any] = {
        name: getattr(error, name) for name in ("pointer", "rule", "value") if hasattr(error, name)
    }
    if len(listed := violations_of(error)) > 1:
        details["violations"] = [msgspec.structs.asdict(one) for one in listed]
    return {"kind": "dead-letter", "stage": stage, "code": error.code, "message": error.message, **details}


def _say(report: TextIO | None, entry: dict[str, Any]) -> None:
    print(visible(json.dumps(entry, ensure_ascii=False)), file=report or sys.stderr)
