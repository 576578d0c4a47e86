"""Encodes and decodes the Avro body of one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

from schemas.avro.decoder import decoder
from schemas.avro.emit import FAILURES, Emitter, fold
from schemas.avro.peek import Path, peek
from schemas.avro.schema import Datum, Schema
from schemas.avro.violation import explain
from schemas.errors import Permanent

MAX_BODY: Final = 1024 * 1024
"""Bytes of one body, unless a codec is told otherwise: Kafka takes no larger record by default."""


class Codec:
    """Encoder and decoder of one schema. The first one of a schema is compiled, which takes a while.

    Both ways are generated code, which the tests hold against fastavro. Datums are as in
    ``docs/architecture.md``, section Values.

    Args:
        schema: a parsed schema, which is safe by construction.
        largest: bytes of the largest body that is read.
    """

    def __init__(self, schema: Schema, largest: int = MAX_BODY) -> None:
        self.schema = schema
        self._largest = largest
        self._decode, self._encode = _ways(schema)

    def encode(self, datum: Datum) -> bytes:
        """Return the body for a datum; nullable fields and fields with a default may be absent.

        Raises:
            Invalid: ``schema-violation`` with pointer, rule and value of the first field that does not fit.
        """
        try:
            body: bytes = self._encode(datum)
        except FAILURES as error:
            raise explain(self.schema.root, datum, "") from error
        return body

    def decode(self, body: bytes) -> Datum:
        """Return the datum of a body that anyone may have written.

        Raises:
            Permanent: ``avro-malformed`` when the body is not the canonical encoding of a datum: cut short,
                bytes left over, an index out of range, a number longer than need be, or larger than
                ``largest``.
        """
        datum = self.decode_trusted(body)
        try:
            canonical: bytes = self._encode(datum)
        except FAILURES as error:
            raise Permanent("avro-malformed", f"the body holds a value that {self._name} forbids") from error
        if canonical != body:
            raise Permanent("avro-malformed", f"the body is not the canonical encoding of {self._name}")
        return datum

    def decode_trusted(self, body: bytes) -> Datum:
        """Return the datum of a body from a topic that only the broker's own transactions write.

        What the broker wrote was encoded by this class and is canonical already; encoding it again to prove
        that would nearly double the cost. Hostile bytes are still bounded and raise, but a number that is
        longer than need be, or beyond its type, goes unseen.

        Raises:
            Permanent: ``avro-malformed`` when the body cannot be read.
        """
        if len(body) > self._largest:
            raise Permanent("avro-malformed", f"the body has {len(body)} bytes, more than {self._largest}")
        try:
            return self._decode(body)
        except FAILURES as error:
            raise self._unreadable(error) from error

    def peek(self, paths: Iterable[Path]) -> Callable[[bytes], Datum]:
        """Return a function that reads only the fields at these paths, from bodies as `decode_trusted` takes.

        Its datum has those fields and the records they are in. Damage to what it passes over is
        ``avro-malformed``, or goes unseen.
        """
        run = peek(self.schema.record, paths)

        def read(body: bytes) -> Datum:
            try:
                return run(body)
            except FAILURES as error:
                raise self._unreadable(error) from error

        return read

    def _unreadable(self, error: BaseException) -> Permanent:
        return Permanent("avro-malformed", f"the body cannot be read as {self._name}: {error}")

    @property
    def _name(self) -> str:
        return self.schema.fullname or "its schema"


@lru_cache(maxsize=256)
def _ways(schema: Schema) -> tuple[Callable[[bytes], Datum], Callable[[Datum], bytes]]:
    """Decoder and encoder of a schema, compiled once: several mappings of a process have the same source."""
    emitter = Emitter()
    lines = ["b = bytearray()", *fold(emitter.encode(schema.root, "datum")), "return bytes(b)"]
    return decoder(schema.root), emitter.compile("encode", ("datum",), lines)
