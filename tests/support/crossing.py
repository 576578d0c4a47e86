"""Both platforms and the corridor between them without Kafka: the stages, one message after the other."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from schemas import profiles
from schemas.aboard import Fan, Router
from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import load
from schemas.translation import Context, Output, Record, Translator
from schemas.translation.store import Store

ACCEPTED = 1_770_000_000_000
"""When the first message is taken in: 2026-02-02T02:40:00Z, after everything that the examples tell of."""

_EXAMPLES = profiles.load("dtc.note.v1").examples
W1, W2 = (wagon["wagonNumber"] for wagon in _EXAMPLES["loaded"]["wagons"])
C1, C2 = (wagon["containers"][0]["containerNo"] for wagon in _EXAMPLES["loaded"]["wagons"])
NOTE = "707701/2026-01-12/0012345"
"""Key of the note that `note` makes."""


def note(
    operation: str | None, station: str | None = None, time: str | None = None, **more: object
) -> dict[str, Any]:
    """A DTC note with two containers on two wagons; ``None`` leaves a field out."""
    made = copy.deepcopy(_EXAMPLES["loaded"]) | {"noteVersion": 1}
    made |= {"operationCode": operation, "operationStation": station, "operationTime": time, **more}
    made = {name: value for name, value in made.items() if value is not None}
    return made | {"messageId": str(uuid5(NAMESPACE_URL, json.dumps(made, sort_keys=True)))}


def event(kind: str, code: str, **more: object) -> dict[str, Any]:
    """A DLP event about the consignment of `note`; ``None`` leaves a field out."""
    made = {
        "eventVersion": 1,
        "isRetracted": False,
        "eventType": kind,
        "eventCode": code,
        "eventClassifierCode": "ACT",
        "eventDateTime": "2026-01-17T06:45:00Z",
        "eventCreatedDateTime": "2026-01-17T06:46:00Z",
        "references": [{"type": "SMGS", "value": NOTE}],
        **more,
    }
    made = {name: value for name, value in made.items() if value is not None}
    return {"eventID": str(uuid5(NAMESPACE_URL, json.dumps(made, sort_keys=True)))} | made


def pick(messages: Iterable[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """The named fields of every message, None where absent."""
    return [tuple(message.get(name) for name in names) for message in messages]


@cache
def codec(profile: str) -> Codec:
    """Codec of a profile's schema."""
    return Codec(profiles.load(profile).schema)


@cache
def form(profile: str) -> JsonForm:
    """JSON form of a profile."""
    return JsonForm(profiles.load(profile).schema)


@cache
def translator(profile: str, direction: str) -> Translator:
    """Translator of one of a profile's mappings."""
    mapping = load(
        profiles.load(profile).mappings[direction],
        f"{profile}/{direction}.yaml",
        lambda name: profiles.load(name).schema,
        CodeLists.load(),
    )
    return Translator(mapping)


@dataclass
class Stage:
    """One translator with its state, as a processor runs it."""

    name: str
    translator: Translator
    participant: str
    store: Store = field(default_factory=Store)
    read: int = 0

    def run(self, key: bytes, body: bytes, context: dict[str, Any], passage: Passage) -> list[Output]:
        """Translate one record and commit its state."""
        batch = self.store.begin()
        batch.advance(context["accepted"])
        record = Record(key, body, Context(participant=self.participant, sequence=self.read, **context))
        result = self.translator.translate(record, batch.get)
        batch.apply(result.changes)
        batch.commit()
        self.read += 1
        passage.losses += [(self.name, loss.pointer, loss.reason, loss.value) for loss in result.losses]
        passage.findings += [(self.name, found.pointer, found.rule, found.value) for found in result.findings]
        passage.filtered += [(self.name, filtered.reason) for filtered in result.filtered]
        passage.unsure += [(self.name, name) for name in result.unsure]
        return result.outputs


@dataclass
class Passage:
    """What came of messages: corridor events, what each platform was sent, and the reports by stage."""

    corridor: list[dict[str, Any]] = field(default_factory=list)
    sent: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    losses: list[tuple[str, str, str, str]] = field(default_factory=list)
    findings: list[tuple[str, str, str, str]] = field(default_factory=list)
    filtered: list[tuple[str, str]] = field(default_factory=list)
    unsure: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    delivered: dict[str, list[Output]] = field(default_factory=dict)

    @property
    def dtc(self) -> list[dict[str, Any]]:
        """Notes sent to the DTC."""
        return self.sent.get("dtc", [])

    @property
    def dlp(self) -> list[dict[str, Any]]:
        """Events sent to the DLP."""
        return self.sent.get("dlp", [])


class Crossing:
    """Participants with a profile each; every message of one goes through the corridor to all of them.

    With ``aboard`` events of vessels and trains are told to every shipment aboard as well.
    """

    def __init__(self, *, aboard: bool = False, **participants: str) -> None:
        self.participants = participants or {"dtc": "dtc.note.v1", "dlp": "dlp.event.v1"}
        self._in = {
            name: Stage(f"to-corridor.{name}", translator(profile, "to_corridor"), name)
            for name, profile in self.participants.items()
        }
        self._out = {
            name: Stage(f"from-corridor.{name}", translator(profile, "from_corridor"), name)
            for name, profile in self.participants.items()
        }
        avro = codec(profiles.CANONICAL)
        self._aboard = [Stage("to-aboard", Router(avro), "to-aboard")] if aboard else []
        self._aboard += [Stage("from-aboard", Fan(avro), "from-aboard")] if aboard else []
        self.total = Passage()

    def dtc(self, message: dict[str, Any], **context: int) -> Passage:
        """Let the DTC send a note."""
        return self.send("dtc", message, **context)

    def dlp(self, message: dict[str, Any], **context: int) -> Passage:
        """Let the DLP send an event."""
        return self.send("dlp", message, **context)

    @property
    def filtered(self) -> list[tuple[str, str]]:
        """Stage and reason of everything filtered so far."""
        return self.total.filtered

    def send(self, sender: str, message: dict[str, Any], accepted: int = ACCEPTED) -> Passage:
        """Let a participant send a message (JSON form)."""
        profile = self.participants[sender]
        body = form(profile).to_avro(json.dumps(message).encode())
        return self.send_avro(
            sender,
            body,
            message.get("messageId")
            or message.get("event_id")
            or f"{message['eventID']}:{message['eventVersion']}",
            accepted,
        )

    def send_avro(self, sender: str, body: bytes, message_id: str, accepted: int = ACCEPTED) -> Passage:
        """Let a participant send a message (Avro body)."""
        passage = Passage()
        context = {
            "id": message_id,
            "origin": f"{sender}/{message_id}",
            "accepted": accepted,
            "hops": (sender,),
            "traceparent": "",
        }
        for output in self._with_derived(self._in[sender].run(b"", body, context, passage), context):
            passage.outputs.append(output)
            passage.corridor.append(codec(profiles.CANONICAL).decode(output.body))
            for name, stage in self._out.items():
                told = self._deliver(stage, output, context, passage)
                passage.sent.setdefault(name, []).extend(told)
        self._add(passage)
        return passage

    def _with_derived(self, outputs: Sequence[Output], context: dict[str, Any]) -> Iterable[Output]:
        """Corridor events, each followed by what it leads to for the shipments aboard."""
        for output in outputs:
            told = [output]
            yield output
            for stage in self._aboard:
                told = [
                    made
                    for one in told
                    for made in stage.run(
                        one.key, one.body, context | {"id": one.id, "hops": one.hops}, Passage()
                    )
                ]
            yield from told if self._aboard else ()

    def _deliver(
        self, stage: Stage, output: Output, context: dict[str, Any], passage: Passage
    ) -> list[dict[str, Any]]:
        """Give a corridor event to one participant; what has passed it already is an echo."""
        profile = self.participants[stage.participant]
        told: Sequence[Output] = stage.run(
            output.key, output.body, context | {"id": output.id, "hops": output.hops}, passage
        )
        echoes = [one for one in told if stage.participant in one.hops]
        passage.filtered += [(stage.name, "echo") for _ in echoes]
        kept = [one for one in told if one not in echoes]
        passage.outputs += kept
        passage.delivered.setdefault(stage.participant, []).extend(kept)
        return [json.loads(form(profile).from_datum(codec(profile).decode(one.body))) for one in kept]

    def _add(self, passage: Passage) -> None:
        self.total.corridor += passage.corridor
        self.total.losses += passage.losses
        self.total.findings += passage.findings
        self.total.filtered += passage.filtered
        self.total.outputs += passage.outputs
        for name, told in passage.sent.items():
            self.total.sent.setdefault(name, []).extend(told)
