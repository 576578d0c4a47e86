"""The folder of one profile: what is in it, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml

from schemas.avro.schema import Schema
from schemas.errors import CorridorError, Misconfigured, one_line

MAX_FILE: Final = 1024 * 1024
"""Bytes of the longest file of a profile."""
MOST_FILES: Final = 200
"""Files in one of its folders."""
DEEPEST: Final = 64
"""Levels of an example."""


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


def read(directory: Traversable, fence: Path | None = None) -> Profile:
    """Read a profile from its directory (a ``pathlib.Path`` will do); the directory's name is the profile's.

    Args:
        directory: its folder.
        fence: directory that no link may lead out of; None: the folder comes with the broker.

    Raises:
        Misconfigured: ``profile-invalid``: a file is missing or is not what it must be; the message names it.
    """
    folder = _Folder(directory, fence)
    text = folder.text("schema.avsc")
    with folder.reading("schema.avsc"):
        schema = Schema.parse(text)
        if schema.record.fullname != directory.name:
            raise _Wrong(f"its name is {schema.record.fullname!r}, not its directory's")
    refused = {}
    for name, value in folder.examples("examples/invalid").items():
        with folder.reading(f"examples/invalid/{name}.json"):
            example = msgspec.convert(value, _RefusedFile)
            refused[name] = Refused(example.expected.code, example.expected.pointer, example.message)
    mappings = {
        direction: folder.text(f"{direction}.yaml")
        for direction in ("to_corridor", "from_corridor")
        if folder.has(f"{direction}.yaml")
    }
    return Profile(
        name=directory.name,
        text=text,
        schema=schema,
        http=folder.http() if folder.has("http.yaml") else None,
        mappings=mappings,
        examples=folder.examples("examples"),
        refused=refused,
        codes=folder.codes(),
    )


class _Wrong(Exception):
    """What is wrong with a file, in words; caught where the file is named."""


class _Folder:
    """The files of a profile, which anybody may have written; whatever is wrong with one names it."""

    def __init__(self, place: Traversable, fence: Path | None) -> None:
        self._place, self._fence = place, fence and fence.resolve()

    @contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Turn what stumbles over a file into an error that names it."""
        try:
            yield
        except CorridorError as error:
            said = error.message
            if error.code == "profile-invalid":
                raise
        except (_Wrong, msgspec.ValidationError) as error:
            said = str(error)
        except (OSError, UnicodeDecodeError) as error:
            said = f"no UTF-8 file: {error}"
        except Exception as error:  # noqa: BLE001 - YAML alone raises five kinds for what it cannot make a value of
            said = one_line(error)
        else:
            return
        raise Misconfigured("profile-invalid", f"{self._place.name}/{name}: {said}")

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with self.reading(name):
            return self._place.joinpath(*name.split("/")).is_file()

    def text(self, name: str) -> str:
        """Read a file of text."""
        with self.reading(name):
            file = self._place.joinpath(*name.split("/"))
            if self._fence is not None and isinstance(file, Path):
                require_inside(self._fence, file)
            if not file.is_file():  # also what never ends, such as a pipe
                raise _Wrong("no UTF-8 file: there is none, or it is of another kind")
            with file.open("rb") as opened:
                content = opened.read(MAX_FILE + 1)
            if len(content) > MAX_FILE:
                raise _Wrong(f"more than {MAX_FILE} bytes")
            return content.decode("utf-8-sig")

    def http(self) -> Http:
        """Read how messages look on HTTP."""
        text = self.text("http.yaml")
        with self.reading("http.yaml"):
            http = msgspec.convert(yaml.safe_load(text), Http)
            msgspec.json.encode(http)  # a lone surrogate is no text that could be served
            return http

    def examples(self, folder: str) -> dict[str, Any]:
        """Read messages, by the names of their files."""
        with self.reading(folder):
            names = self._names(folder, ".json")
        found = {}
        for file in names:
            text = self.text(f"{folder}/{file}")
            with self.reading(f"{folder}/{file}"):
                value = json.loads(text)
                msgspec.json.encode(value)  # likewise
                _require_flat(value)
                found[file.removesuffix(".json")] = value
        return found

    def codes(self) -> tuple[Path, ...]:
        """The directory of its own code lists: they lie over the others for its own mappings only."""
        place = self._place.joinpath("codes")
        if not isinstance(place, Path) or not place.is_dir():
            return ()
        for file in self._names("codes", ".csv"):
            self.text(f"codes/{file}")
        return (place,)

    def _names(self, folder: str, suffix: str) -> list[str]:
        place = self._place.joinpath(*folder.split("/"))
        if not place.is_dir():
            return []
        names = sorted(entry.name for entry in place.iterdir() if entry.name.endswith(suffix))
        if len(names) > MOST_FILES:
            raise _Wrong(f"more than {MOST_FILES} files")
        return names


def _require_flat(value: object, depth: int = 0) -> None:
    """Refuse what is nested deeper than a message can be: it could not be shown either."""
    if depth > DEEPEST:
        raise _Wrong(f"nested deeper than {DEEPEST}")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _require_flat(inner, depth + 1)


def require_inside(fence: Path, entry: Path) -> None:
    """Refuse a link that leads out of what was given: it would read files that nobody meant."""
    if not entry.resolve().is_relative_to(fence):
        raise Misconfigured("profile-invalid", f"{entry} is a link that leads out of {fence}")
