"""The JSON form of a schema: what travels over HTTP (``docs/architecture.md``, section Values).

JSON goes to Avro in two steps that both come from the schema: msgspec decodes and checks it in C into a
generated struct, and generated lines append each attribute's Avro encoding; there is no dictionary between.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from typing import Any, ClassVar, Final, NamedTuple

import msgspec
from msgspec import UNSET, Struct

from schemas.avro.document import Documents, clear
from schemas.avro.emit import FAILURES, Emitter, fold, indent
from schemas.avro.inspection import Inspector
from schemas.avro.instants import FIRST, LAST, LONG_FRACTION
from schemas.avro.leaves import leaves
from schemas.avro.numerals import parse
from schemas.avro.refusal import BOM, encoding_of, limit_nodes, malformed
from schemas.avro.schema import MISSING, Array, Datum, Field, Nullable, Primitive, Schema, bare
from schemas.avro.structs import Structs, attribute
from schemas.codes.known import known
from schemas.errors import Invalid
from schemas.records import Finding
from schemas.text import suspect

_DAY_ZERO: Final = datetime.date(1970, 1, 1).toordinal()
_encode_json: Final = msgspec.json.Encoder().encode


class Taken(NamedTuple):
    """A document that was taken in: its Avro body, and what was read otherwise than it was written."""

    body: bytes
    findings: tuple[Finding, ...] = ()


class JsonForm:
    """Reads and writes the JSON form of one schema; build it once and keep it.

    A document whose every value has the form that the schema declares is read the fast way. Any other is
    looked at value by value (``schemas.avro.inspection``).

    Args:
        schema: a schema whose root is a record. When the root has the property ``explicitNulls``, the field
            of that name is no part of the JSON: it lists the pointers that were explicitly null.
        listed: whether a code list has a key, to name unknown codes of a document that is refused.

    Attributes:
        struct: the generated type of a document (``msgspec.json.schema`` makes its JSON Schema).
    """

    def __init__(self, schema: Schema, listed: Callable[[str, str], bool] = known) -> None:
        self.schema = schema
        self._listed = listed
        self._timed = any(
            getattr(bare(field.type), "logical", None) == "timestamp-millis" for _, field in schema.fields()
        )
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
                ``schema-violation`` for what does not match the schema, with every place in ``violations``.
        """
        return self._read(body)[0]

    def _read(self, body: bytes) -> tuple[Struct, tuple[Finding, ...]]:
        """Return the struct of a document and its findings."""
        try:
            value: Struct = self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return self._inspect(body, error)
        limit_nodes(body)
        # Of a key that comes twice the struct has only the last, so its JSON has fewer quotes than the body.
        if b"\\" in body or body.count(b'"') != _encode_json(value).count(b'"'):
            parse(body)
        if suspect(body) or (self._timed and LONG_FRACTION.search(body)):
            return self._inspect(body, None)
        return value, ()

    def _inspect(self, body: bytes, error: Exception | None) -> tuple[Struct, tuple[Finding, ...]]:
        """Read a document value by value: what is wrong with it, or how it can be read all the same."""
        text = body.removeprefix(BOM)
        inspector = Inspector(self.schema.root, self._structs, self._nulls, self._listed)
        try:
            if encoding_of(text):
                raise malformed(text)
            limit_nodes(text)  # before each of them is looked at
            read = inspector.inspect(parse(text))
            if inspector.violations:
                first = inspector.violations[0]
                raise Invalid(first.code, *first[:3], violations=inspector.listed())
            value: Struct = self._decoder.decode(_encode_json(read))
        except (ValueError, RecursionError, msgspec.MsgspecError) as other:
            # A decoder that found a wrong value first says nothing of why the rest is no JSON.
            syntax = None if isinstance(error, msgspec.ValidationError) else error
            raise malformed(text, syntax or other) from other
        return value, tuple(inspector.findings)

    def take(self, body: bytes) -> Taken:
        """Return the Avro body of a document, and what was read otherwise than it was written.

        Raises:
            Invalid: as ``decode``.
        """
        value, findings = self._read(body)
        try:
            return Taken(self._avro(value, body), findings)
        except FAILURES as error:
            value, findings = self._inspect(body, error)
        try:
            return Taken(self._avro(value, body), findings)
        except FAILURES as error:
            raise Invalid("schema-violation", "", "the document does not fit the schema") from error

    def to_avro(self, body: bytes) -> bytes:
        """Return the Avro body of a document.

        Raises:
            Invalid: as ``decode``.
        """
        return self.take(body).body

    def _avro(self, value: Struct, body: bytes) -> bytes:
        nulls = self._explicit_nulls(value) if self._nulls is not None and b"null" in body else []
        encoded: bytes = self._encode(value, nulls)
        return encoded

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of a document; patterns are ECMA-262, where ``$`` is the end."""
        return _ecma(msgspec.json.schema(self.struct))  # type: ignore[no-any-return]

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


def _ecma(schema: Any) -> Any:  # noqa: ANN401 - JSON
    r"""Turn the end ``\Z`` of Python's expressions into ``$``, which other readers know."""
    if isinstance(schema, dict):
        return {
            key: value.removesuffix("\\Z") + "$"
            if key == "pattern" and isinstance(value, str) and value.endswith("\\Z")
            else _ecma(value)
            for key, value in schema.items()
        }
    return [_ecma(item) for item in schema] if isinstance(schema, list) else schema


def _milliseconds(value: datetime.datetime) -> int:
    if value.microsecond % 1000:
        raise ValueError("fraction of a millisecond")
    milliseconds = round(value.timestamp() * 1000)  # exact: a double has bits to spare in the year 9999
    if not FIRST <= milliseconds <= LAST:
        raise ValueError("no year that a message is about")
    return milliseconds


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
