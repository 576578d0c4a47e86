"""The folder of one profile: what is in it, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml

from schemas.avro.schema import Schema
from schemas.errors import CorridorError, Misconfigured

MAX_FILE: Final = 1024 * 1024
"""Bytes of the longest file of a profile."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a profile names what happened: its fields, and the code list and columns of their values.

    Attributes:
        codes: the code list.
        fields: field of a message to the list's column with its values.
        row: column with the row of the crosswalk; empty where the word itself is that.
    """

    codes: str
    fields: dict[str, str]
    row: str = ""


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
        words: where a message names what happened; without it the page of systems cannot tell its words.
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
    words: Words | None = None


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An example that must be refused: the error's code and JSON pointer, and the message."""

    code: str
    pointer: str
    message: Any


class _Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str
    pointer: str


class _RefusedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expected: _Expected
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
        codes: directory with code lists of its own, which its own mappings see and no other; none or one.
    """

    name: str
    text: str
    schema: Schema
    http: Http | None
    mappings: Mapping[str, str]
    examples: Mapping[str, Any]
    refused: Mapping[str, Refused]
    codes: tuple[Path, ...] = ()


def read(directory: Traversable) -> Profile:
    """Read a profile from its directory (a ``pathlib.Path`` will do); the directory's name is the profile's.

    Raises:
        Misconfigured: ``profile-invalid``: a file is missing or is not what it must be; the message names it.
    """
    text = _text(directory, "schema.avsc")
    try:
        schema = Schema.parse(text)
    except CorridorError as error:
        raise Misconfigured("profile-invalid", f"{directory.name}/schema.avsc: {error.message}") from error
    if schema.record.fullname != directory.name:
        raise Misconfigured(
            "profile-invalid",
            f"{directory.name}/schema.avsc: its name is {schema.record.fullname!r}, not its directory's",
        )
    invalid = _examples(directory, "examples/invalid")
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
        refused={name: _refused(directory, name, value) for name, value in invalid.items()},
        codes=_codes(directory),
    )


def _refused(directory: Traversable, name: str, value: object) -> Refused:
    try:
        example = msgspec.convert(value, _RefusedFile)
    except msgspec.ValidationError as error:
        file = f"{directory.name}/examples/invalid/{name}.json"
        raise Misconfigured("profile-invalid", f"{file}: {error}") from error
    return Refused(example.expected.code, example.expected.pointer, example.message)


def _codes(directory: Traversable) -> tuple[Path, ...]:
    """The directory of its own code lists: they lie over the others for its own mappings only."""
    place = directory.joinpath("codes")
    if not isinstance(place, Path) or not place.is_dir():
        return ()
    for file in sorted(place.glob("*.csv")):
        require_inside(place.parent.parent.resolve(), file)
    return (place,)


def _text(directory: Traversable, name: str) -> str:
    file = directory.joinpath(*name.split("/"))
    if isinstance(directory, Path) and isinstance(file, Path):
        require_inside(directory.parent.resolve(), file)
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise Misconfigured("profile-invalid", f"{directory.name}/{name}: more than {MAX_FILE} bytes")
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("profile-invalid", f"{directory.name}/{name}: no UTF-8 file: {error}") from error


def _http(directory: Traversable) -> Http:
    try:
        return msgspec.convert(yaml.safe_load(_text(directory, "http.yaml")), Http)
    except (yaml.YAMLError, msgspec.ValidationError, RecursionError) as error:
        raise Misconfigured("profile-invalid", f"{directory.name}/http.yaml: {error}") from error


def _examples(directory: Traversable, folder: str) -> dict[str, Any]:
    place = directory.joinpath(*folder.split("/"))
    if not place.is_dir():
        return {}
    files = sorted(entry.name for entry in place.iterdir() if entry.name.endswith(".json"))
    found = {}
    for file in files:
        try:
            found[file.removesuffix(".json")] = json.loads(_text(directory, f"{folder}/{file}"))
        except (ValueError, RecursionError) as error:
            raise Misconfigured("profile-invalid", f"{directory.name}/{folder}/{file}: {error}") from error
    return found


def require_inside(directory: Path, entry: Path) -> None:
    """Refuse a link that leads out of what was given: it would read files that nobody meant."""
    if not entry.resolve().is_relative_to(directory):
        raise Misconfigured("profile-invalid", f"{entry} is a link that leads out of {directory}")
