"""What state was written with: each entry names its schema, and the schemas lie in the state beside it.

A state entry outlives the version of the schema that its bodies were encoded with. So it has a mark, and the
text of the schema under that mark is an entry of its own: reading needs neither a registry nor the program
that wrote it. Bodies of another schema are read by resolution, in both directions: after an upgrade and after
a rollback. An entry without a mark is from before there were marks: it is taken as one of the schema of now.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import MutableMapping
from hashlib import blake2b
from typing import Any, Final

from schemas.avro.codec import Codec
from schemas.avro.resolve import resolver, undocumented
from schemas.avro.schema import Record, Schema
from schemas.errors import CorridorError, Permanent
from schemas.translation.history import digest
from schemas.translation.message import State
from schemas.translation.store import FOREVER, SCHEMAS, pack

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of the text of a schema at most."""


class Written:
    """Reads and compares what was written with any version of one schema.

    Args:
        codec: of the version in use.
        content_from: name of the first field of the content, for schemas whose content is compared without
            the fields in front of it.
    """

    def __init__(self, codec: Codec, content_from: str = "") -> None:
        self.codec: Final = codec
        self._first: Final = content_from
        text = json.dumps(undocumented(json.loads(codec.schema.text)), separators=(",", ":")).encode()
        self.mark: Final = blake2b(text, digest_size=8).digest()
        """Names the version in use; a change of documentation is no other version."""
        self._entry: Final = pack(FOREVER, zlib.compress(text, 9))
        self._others: dict[bytes, _Other] = {}

    def note(self, state: State, changes: MutableMapping[bytes, bytes | None]) -> None:
        """Add the schema to the changes of an entry that bears its mark, unless the state has it."""
        if state(key := SCHEMAS + self.mark) is None:
            changes[key] = self._entry

    def read(self, mark: bytes, body: bytes, state: State) -> bytes:
        """A body as of the version in use.

        Args:
            mark: of the version it was written with, empty where that is not known.
            body: its bytes.
            state: the entries beside it.

        Raises:
            Permanent: it cannot be read as that.
        """
        if mark == self.mark:
            return body
        if not mark:
            self.codec.decode(body)
            return body
        return self._other(mark, state).forth(body)

    def same(self, mark: bytes, known: bytes, body: bytes, state: State, *, content: bool = False) -> bool:
        """Whether a body of the version in use says what had a digest under another version, and no more.

        Args:
            mark: of the other version.
            known: `digest` of a body of it, or of a content.
            body: of the version in use, whole.
            state: the entries beside it.
            content: whether the digest is one of a content.
        """
        before = self.back(mark, body, state)
        if before is None:
            return False
        other = self._other(mark, state)
        return known == digest(other.content(before, self._first) if content else before)

    def back(self, mark: bytes, body: bytes, state: State) -> bytes | None:
        """A body of the version in use as of another one; None where that cannot hold all of it."""
        if not mark:
            return None
        try:
            other = self._other(mark, state)
            before = other.back(body)
            return before if other.forth(before) == body else None
        except CorridorError:
            return None

    def datum(self, mark: bytes, body: bytes, state: State) -> Any:  # noqa: ANN401 - a datum
        """The datum of a body of another version."""
        return self._other(mark, state).codec.decode_trusted(body)

    def _other(self, mark: bytes, state: State) -> _Other:
        """The version with this mark.

        Raises:
            Permanent: ``avro-malformed``: the state does not have it.
        """
        found = self._others.get(mark)
        if found is None:
            entry = state(SCHEMAS + mark)
            if entry is None:
                raise Permanent("avro-malformed", f"the state has no schema {mark.hex()}")
            text = zlib.decompressobj().decompress(entry[8:], LARGEST).decode()
            found = self._others[mark] = _Other(text, self.codec)
        return found


class _Other:
    """Another version of a schema, and the ways between it and the one in use."""

    def __init__(self, text: str, codec: Codec) -> None:
        self.codec = Codec(Schema.parse(text))
        self.forth = resolver(text, codec)
        self.back = resolver(codec.schema.text, self.codec)
        self._contents: dict[str, Codec] = {}

    def content(self, body: bytes, first: str) -> bytes:
        """The end of a body, from the first field of its content on."""
        end = self._contents.get(first)
        if end is None:
            end = self._contents[first] = self._from(first)
        return end.encode(self.codec.decode_trusted(body))

    def _from(self, first: str) -> Codec:
        """The codec of the record without the fields in front of one; of all of it where it has no such."""
        record = self.codec.schema.record
        start = next((n for n, field in enumerate(record.fields) if field.name == first), 0)
        end = Record(record.fullname, record.fields[start:])
        return Codec(Schema(self.codec.schema.text, (), end))
