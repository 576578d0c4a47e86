"""The JSON form of a schema: what travels over HTTP (``docs/architecture.md``, section Values).

JSON goes to Avro in two steps that both come from the schema: msgspec decodes and checks it in C into a
generated struct, and generated lines append each attribute's Avro encoding; there is no dictionary between.
"""

from __future__ import annotations

import datetime
import decimal
from typing import Any, ClassVar, Final

import msgspec
from msgspec import UNSET, Struct

from schemas.avro.document import Documents, clear
from schemas.avro.emit import FAILURES, Emitter, fold, indent
from schemas.avro.leaves import leaves
from schemas.avro.refusal import limit_nodes, malformed, mismatch, refuse_duplicates
from schemas.avro.schema import MISSING, Array, Datum, Field, Nullable, Primitive, Schema
from schemas.avro.structs import Structs, attribute
from schemas.errors import Invalid

_DAY_ZERO: Final = datetime.date(1970, 1, 1).toordinal()
_encode_json: Final = msgspec.json.Encoder().encode


class JsonForm:
    """Reads and writes the JSON form of one schema; build it once and keep it.

    Args:
        schema: a schema whose root is a record. When the root has the property ``explicitNulls``, the field
            of that name is no part of the JSON: it lists the pointers that were explicitly null.

    Attributes:
        struct: the generated type of a document (``msgspec.json.schema`` makes its JSON Schema).
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        nulls = schema.record.properties.get("explicitNulls")
        self._nulls = schema.record.field(nulls) if nulls is not None else None
        if self._nulls is not None and self._nulls.type != Array(Primitive("string")):
            raise Invalid("schema-unsafe", "/explicitNulls", "the field is an array of strings", nulls)
        self._structs = Structs(schema.root, self._nulls)
        self.struct: type[Struct] = self._structs.of(schema.root)
        self._decoder = msgspec.json.Decoder(self.struct)
        emitter = _StructEmitter(self._nulls)
        lines = ["b = bytearray()", *fold(emitter.encode(schema.root, "value")), "return bytes(b)"]
        self._encode = emitter.compile("encode", ("value", "nulls"), lines)
        self._documents = Documents(schema.record, self._structs, self._nulls)

    def decode(self, body: bytes) -> Struct:
        """Check a document and return it as a struct; what is absent is ``UNSET``, what is null is ``None``.

        Raises:
            Invalid: ``json-malformed`` for what is not JSON, has a key twice or more than 10,000 values;
                ``schema-violation`` for what does not match the schema.
        """
        try:
            value: Struct = self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise mismatch(error, body, self.schema.root, self._structs) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(error) from error
        limit_nodes(body)
        # Of a key that comes twice the struct has only the last, so its JSON has fewer quotes than the body.
        if b"\\" in body or body.count(b'"') != _encode_json(value).count(b'"'):
            refuse_duplicates(body)
        return value

    def to_avro(self, body: bytes) -> bytes:
        """Return the Avro body of a document.

        Raises:
            Invalid: as ``decode``, and ``schema-violation`` for a time with a fraction of a millisecond.
        """
        value = self.decode(body)
        nulls = self._explicit_nulls(value) if self._nulls is not None and b"null" in body else []
        try:
            encoded: bytes = self._encode(value, nulls)
        except FAILURES as error:
            raise self._explain(value) from error
        return encoded

    def from_datum(self, datum: Datum) -> bytes:
        """Return the document of a datum: keys in schema order, no white space, absent instead of null.

        Args:
            datum: a datum that matches the schema, as ``Codec.decode`` gives it.

        Raises:
            Invalid: ``schema-violation`` for what JSON cannot carry: integers beyond 2**53, NaN, years beyond
                9999, pointers among the explicit nulls that lead nowhere.
        """
        document = self._documents.of(datum)
        if self._nulls is not None:
            for index, pointer in enumerate(datum.get(self._nulls.name, ())):
                clear(document, pointer, f"/{self._nulls.name}/{index}")
        return _encode_json(document)

    def _explicit_nulls(self, value: Struct) -> list[str]:
        """List the pointers of all fields that are null, not absent."""
        found = leaves(self.schema.root, value)
        return [leaf.pointer for leaf in found if leaf.is_field and leaf.value is None]

    def _explain(self, value: Struct) -> Invalid:
        """Find what types cannot check: everything else was refused when the document was decoded."""
        for leaf in leaves(self.schema.root, value):
            if isinstance(leaf.value, datetime.datetime) and leaf.value.microsecond % 1000:
                rule = "expected a time in whole milliseconds"
                return Invalid("schema-violation", leaf.pointer, rule, leaf.value.isoformat())
        return Invalid("schema-violation", "", "the document does not fit the schema")


def _milliseconds(value: datetime.datetime) -> int:
    if value.microsecond % 1000:
        raise ValueError("fraction of a millisecond")
    return round(value.timestamp() * 1000)  # exact: a double has bits to spare in the year 9999


class _StructEmitter(Emitter):
    """Reads the attributes of structs.

    Args:
        nulls: the field of the root that takes the list in variable ``nulls``.
    """

    absent: ClassVar[dict[str, Any]] = {"UNSET": UNSET, "None": None}

    def __init__(self, nulls: Field | None) -> None:
        super().__init__()
        self._nulls = nulls
        self.bindings |= {"UNSET": UNSET, "MILLISECONDS": _milliseconds, "DECIMAL": decimal.Decimal}

    def member(self, field: Field, holder: str) -> list[str]:
        """Return lines for one field of the struct in variable ``holder``; absent is the default."""
        if field is self._nulls:
            return self.encode(field.type, "nulls")
        self.attributes.add(attribute(field.name))
        source = f"{holder}.{attribute(field.name)}"
        if isinstance(field.type, Nullable) or field.default is MISSING:
            return self.encode(field.type, source)
        value = self.temporary()
        return [
            f"{value} = {source}",
            f"if {value} is UNSET:",
            *indent(self.constant(field.type, field.default)),
            "else:",
            *indent(self.encode(field.type, value)),
        ]

    def milliseconds(self, expression: str) -> str:
        """Return an expression for the integer of a timestamp."""
        return f"MILLISECONDS({expression})"

    def days(self, expression: str) -> str:
        """Return an expression for the integer of a date."""
        return f"{expression}.toordinal() - {_DAY_ZERO}"

    def number(self, expression: str) -> str:
        """Return an expression for the ``Decimal`` of a decimal."""
        return f"DECIMAL({expression})"
