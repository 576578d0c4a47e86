"""Small schemas of notes and moves of boxes, with the shortest way from a mapping's text to results."""

import json
from typing import Any

from schemas.avro.codec import Codec
from schemas.avro.schema import Schema
from schemas.codes.lists import CodeLists
from schemas.mapping.compile import CompiledMapping, load
from schemas.translation import Context, Record, Result, Translator
from schemas.translation.store import Store

CODES = CodeLists.load()

NOTE = Schema.parse(
    json.dumps(
        {
            "type": "record",
            "name": "test.note.v1",
            "explicitNulls": "nulls",
            "fields": [
                {"name": "number", "type": "string"},
                {"name": "version", "type": "int"},
                {
                    "name": "kind",
                    "type": {"type": "enum", "name": "Kind", "symbols": ["SNAPSHOT", "DELTA", "ANNULMENT"]},
                    "default": "SNAPSHOT",
                },
                {"name": "op", "type": ["null", "string"], "default": None},
                {"name": "place", "type": ["null", "string"], "default": None},
                {"name": "remark", "type": ["null", "string"], "default": None},
                {
                    "name": "tonnes",
                    "type": [
                        "null",
                        {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3},
                    ],
                    "default": None,
                },
                {
                    "name": "boxes",
                    "itemKey": "id",
                    "default": [],
                    "type": {
                        "type": "array",
                        "items": {
                            "type": "record",
                            "name": "Box",
                            "fields": [
                                {"name": "id", "type": "string"},
                                {"name": "kg", "type": ["null", "int"], "default": None},
                                {
                                    "name": "seals",
                                    "type": {"type": "array", "items": "string"},
                                    "default": [],
                                },
                            ],
                        },
                    },
                },
                {"name": "nulls", "type": {"type": "array", "items": "string"}, "default": []},
            ],
        }
    )
)
MOVE = Schema.parse(
    json.dumps(
        {
            "type": "record",
            "name": "test.move.v1",
            "fields": [
                {"name": "id", "type": "string"},
                {"name": "version", "type": "int"},
                {"name": "retracted", "type": "boolean", "default": False},
                {"name": "supersedes", "type": ["null", "string"], "default": None},
                {
                    "name": "code",
                    "type": {"type": "enum", "name": "Code", "symbols": ["LOAD", "CROS", "ETA", "VOID"]},
                },
                {"name": "box", "type": ["null", "string"], "default": None},
                {"name": "place", "type": ["null", "string"], "default": None},
                {"name": "kg", "type": ["null", "int"], "default": None},
                {
                    "name": "tonnes",
                    "type": [
                        "null",
                        {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 3},
                    ],
                    "default": None,
                },
            ],
        }
    )
)
SCHEMAS = {"test.note.v1": NOTE, "test.move.v1": MOVE}
HEAD = """
mapping: m
from: {source}
to: {target}
"""

SNAPSHOT = (
    HEAD.format(source="test.note.v1", target="test.move.v1")
    + """
state:
  kind: snapshot
  key: number
  version: version
  kind_of: kind
  occurrence: [op, place]
  content_from: code
  expires: 90d
  closed: op == '90'
  closed_expires: 1d
  registers:
    - name: given
      when: op == '40'
      key: number
      set: {place: place}
    - name: taken
      when: op == '41'
      key: number
      set: {place: place}
  retract:
    when: emitted.code != 'ETA'
    set:
      <<: &head
        id: event.id
        version: event.version
        retracted: event.retracted
        supersedes: event.supersedes
      code: emitted.code
      box: emitted.box
ignores: [remark]
rules:
  - rule: load
    when: op == '20'
    for: {box: boxes}
    key: [number, box.id, event.occurrence]
    subject: [EQUIPMENT, box.id]
    partition: number
    keep: {code: "'LOAD'", box: box.id}
    set: {<<: *head, code: LOAD, box: box.id, place: place, kg: box.kg, tonnes: tonnes}
  - rule: crossed
    when: has(memory.given) and has(memory.taken) and (op == '40' or op == '41')
    for: {box: boxes}
    key: [number, box.id]
    keep: {code: "'CROS'", box: box.id}
    set: {<<: *head, code: CROS, box: box.id, place: "f'{memory.given.place}>{memory.taken.place}'"}
  - rule: eta
    when: op == '30'
    key: [number]
    keep: {code: "'ETA'", box: None}
    set: {<<: *head, code: ETA, place: place}
  - rule: void
    on: annulment
    key: [number]
    set: {<<: *head, code: VOID}
  - rule: sealed
    when: any(len(b.seals) > 5 for b in boxes)
    key: [number]
    set: {<<: *head, code: ETA}
"""
)


def find(name: str) -> Schema:
    """The schema of a name, ``KeyError`` when there is none."""
    return SCHEMAS[name]


def compiled(text: str, access: str = "item") -> CompiledMapping:
    """A mapping's text, compiled."""
    return load(text, "m.yaml", find, CODES, access)  # type: ignore[arg-type]


class Run:
    """One translator with its state, fed message by message with datums."""

    def __init__(self, text: str, store: Store | None = None) -> None:
        self.mapping = compiled(text)
        self.translator = Translator(self.mapping)
        self.source, self.target = Codec(self.mapping.source), Codec(self.mapping.target)
        self.store = store or Store()
        self.count = 0
        self.log: list[tuple[bytes, bytes | None]] = []

    def __call__(self, *, accepted: int | None = None, message: str = "", **datum: Any) -> Result:  # noqa: ANN401
        """Translate one message and keep its state."""
        self.count += 1
        at = accepted if accepted is not None else 1_700_000_000_000 + self.count
        context = Context(message or f"m{self.count}", f"dtc/m{self.count}", "dtc", self.count, at, ("dtc",))
        batch = self.store.begin()
        batch.advance(at)
        result = self.translator.translate(Record(b"key", self.source.encode(datum), context), batch.get)
        batch.apply(result.changes)
        self.log += batch.changes.items()
        batch.commit()
        return result

    def told(self, result: Result) -> list[dict[str, Any]]:
        """Decoded outputs."""
        return [self.target.decode(output.body) for output in result.outputs]

    def short(self, result: Result) -> list[tuple[Any, ...]]:
        """Code, box, version and retraction of every output."""
        return [(e["code"], e["box"], e["version"], e["retracted"]) for e in self.told(result)]


def note(
    number: int = 1, op: str = "20", place: str = "A", boxes: tuple[str, ...] = ("B1",), **more: object
) -> dict[str, Any]:
    """A note at version ``number``."""
    items = [{"id": box, "kg": 100, "seals": []} for box in boxes]
    return {"number": "N", "version": number, "op": op, "place": place, "boxes": items, "nulls": [], **more}
