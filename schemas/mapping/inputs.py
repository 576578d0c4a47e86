"""JSON as the input of a mapping.

Decoded straight into structs that the generated code reads, no dict between.
"""

from __future__ import annotations

from typing import Any

import msgspec

from schemas.avro.codec import Codec
from schemas.avro.jsonform import JsonForm
from schemas.avro.schema import MISSING, Array, Enum, Field, Map, Nullable, Primitive, Schema
from schemas.avro.structs import Structs, attribute
from schemas.mapping.compile import CompiledMapping
from schemas.mapping.document import Document
from schemas.mapping.types import Access


class InputStructs(Structs):
    """Structs in which what is absent has its default already: null, or the schema's."""

    def _field(self, field: Field) -> tuple[str, Any] | tuple[str, Any, Any]:
        kind = self.of(field.type, field.properties)
        if isinstance(field.type, Nullable):
            return attribute(field.name), kind, None
        if field.default is MISSING:
            return attribute(field.name), kind
        return attribute(field.name), kind, field.default


def access_for(document: Document, schema: Schema) -> Access:
    """How a mapping should read JSON input: structs where it can.

    Documents that are merged or grouped, schemas that tell explicit nulls, and defaults that JSON writes in
    another form than a datum are read as datums.
    """
    if (
        document.state.kind == "snapshot"
        or "group" in document.state.expressions
        or document.state.takes_back
    ):
        return "item"
    if "explicitNulls" in schema.record.properties:
        return "item"
    return "attr" if all(_plain_default(field) for _, field in schema.fields()) else "item"


def _plain_default(field: Field) -> bool:
    if field.default is MISSING or isinstance(field.type, Nullable):
        return True
    if isinstance(field.type, Array | Map):
        return not field.default
    return isinstance(field.type, Enum) or (
        isinstance(field.type, Primitive) and field.type.logical in {None, "uuid"}
    )


class JsonInput:
    """Reads one JSON document for a mapping.

    Args:
        mapping: compiled for the access that ``access_for`` says.
        codec: of its source schema.
    """

    def __init__(self, mapping: CompiledMapping, codec: Codec) -> None:
        self._form = JsonForm(mapping.source)
        self._codec = codec
        self._decoder: msgspec.json.Decoder[Any] | None = None
        if mapping.access == "attr":
            self._decoder = msgspec.json.Decoder(
                InputStructs(mapping.source.root, None).of(mapping.source.root)
            )

    def read(self, body: bytes) -> Any:  # noqa: ANN401 - a datum or a generated struct
        """The record of a document.

        Raises:
            Invalid: ``json-malformed`` or ``schema-violation``, with the pointer.
        """
        if self._decoder is None:
            return self._codec.decode_trusted(self._form.to_avro(body))
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._form.decode(body)
            raise
