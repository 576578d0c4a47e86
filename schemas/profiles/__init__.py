"""The open profiles: how each kind of participant writes its messages, and how they become corridor events.

A profile is a directory and nothing else, so that an integrator can bring one without code::

    dtc.note.v1/
      schema.avsc          the Avro schema; doc, unit and code list on every field
      http.yaml            how messages look on HTTP (absent for the canonical event)
      to_corridor.yaml     mapping to the corridor event
      from_corridor.yaml   mapping from the corridor event
      examples/*.json      valid messages
      examples/invalid/*.json   {"expected": {code, pointer}, "message"}: what is refused, and why

They are open profiles, made from public standards; they are not the platforms' own wire formats.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal

import msgspec
import yaml

from schemas.avro.schema import Schema
from schemas.errors import CorridorError, Misconfigured

CANONICAL: Final = "corridor.event.v1"
"""Name of the corridor event's schema, which every mapping has on one side."""


class Http(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a profile looks on HTTP; expressions are those of ``docs/mapping.md`` over one record.

    Attributes:
        system: who speaks the profile.
        doc: one line on what a message is.
        media_types: values of ``Content-Type`` for one message.
        batch: how several messages may go in one body; empty when they may not.
        max_batch: most messages in one body.
        message_id: expression for the sender's id of a message.
        key: expression for the Kafka key.
        subject: expressions for type and id of what a message is about.
        dead_letters: whether later messages of a subject pass a dead letter or wait behind it, by default.
    """

    system: str
    doc: str
    media_types: tuple[str, ...]
    batch: tuple[Literal["array", "ndjson"], ...]
    max_batch: int
    message_id: str
    key: str
    subject: tuple[str, str]
    dead_letters: Literal["pass", "wait"]


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An example that must be refused: the error's code and JSON pointer, and the message."""

    code: str
    pointer: str
    message: Any


@dataclass(frozen=True)
class Profile:
    """One profile as its directory says.

    Attributes:
        text: the Avro schema as written.
        schema: the Avro schema, parsed.
        http: its HTTP side, None for the canonical event.
        mappings: ``to_corridor`` and ``from_corridor`` to the text of the mapping, as far as there are any.
        examples: name to a valid message (JSON value).
        refused: name to a message that is refused.
    """

    name: str
    text: str
    schema: Schema
    http: Http | None
    mappings: Mapping[str, str]
    examples: Mapping[str, Any]
    refused: Mapping[str, Refused]


@cache
def names() -> tuple[str, ...]:
    """Names of the profiles that come with the broker, sorted."""
    here = resources.files(__name__)
    return tuple(sorted(entry.name for entry in here.iterdir() if entry.joinpath("schema.avsc").is_file()))


@cache
def load(name: str) -> Profile:
    """Load a profile that comes with the broker.

    Raises:
        Misconfigured: there is none of this name.
    """
    if name not in names():
        close = get_close_matches(name, names(), n=1)
        hint = f", did you mean {close[0]!r}?" if close else f"; there are {', '.join(names())}"
        raise Misconfigured("settings-invalid", f"no profile {name!r}{hint}")
    return read(resources.files(__name__).joinpath(name))


def read(directory: Traversable) -> Profile:
    """Read a profile from its directory (a ``pathlib.Path`` will do); the directory's name is the profile's.

    Raises:
        Misconfigured: a file is missing or is not what it must be; the message names it.
    """
    text = _text(directory, "schema.avsc")
    try:
        schema = Schema.parse(text)
    except CorridorError as error:
        raise Misconfigured("settings-invalid", f"{directory.name}/schema.avsc: {error.message}") from error
    if schema.record.fullname != directory.name:
        raise Misconfigured(
            "settings-invalid",
            f"{directory.name}/schema.avsc: its name is {schema.record.fullname!r}, not its directory's",
        )
    mappings = {
        direction: _text(directory, f"{direction}.yaml")
        for direction in ("to_corridor", "from_corridor")
        if directory.joinpath(f"{direction}.yaml").is_file()
    }
    return Profile(
        name=directory.name,
        text=text,
        schema=schema,
        http=_http(directory) if directory.joinpath("http.yaml").is_file() else None,
        mappings=mappings,
        examples=_examples(directory, "examples"),
        refused={
            name: Refused(**value["expected"], message=value["message"])
            for name, value in _examples(directory, "examples/invalid").items()
        },
    )


def _text(directory: Traversable, name: str) -> str:
    try:
        return directory.joinpath(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("settings-invalid", f"{directory.name}/{name}: no UTF-8 file: {error}") from error


def _http(directory: Traversable) -> Http:
    try:
        return msgspec.convert(yaml.safe_load(_text(directory, "http.yaml")), Http)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise Misconfigured("settings-invalid", f"{directory.name}/http.yaml: {error}") from error


def _examples(directory: Traversable, folder: str) -> dict[str, Any]:
    place = directory.joinpath(*folder.split("/"))
    if not place.is_dir():
        return {}
    files = sorted((entry for entry in place.iterdir() if entry.name.endswith(".json")), key=lambda e: e.name)
    try:
        return {file.name.removesuffix(".json"): json.loads(file.read_text("utf-8")) for file in files}
    except ValueError as error:
        raise Misconfigured("settings-invalid", f"{directory.name}/{folder}: {error}") from error
