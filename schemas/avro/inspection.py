"""Looks at every value of a document that the fast way did not take: what is wrong, and what can be read.

A value of an identifier that is written in another way (case, blanks, hyphens, letters that look alike) is
read in its normal form, a time finer than a millisecond is cut, a decimal of more places than the schema has
is rounded; each is a finding that keeps what was sent.
All that breaks a rule is listed, not only the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

import msgspec

from schemas.avro.forms import LOCAL_TIME, bounds, matcher, words
from schemas.avro.instants import Unreadable, cut
from schemas.avro.lint import Json
from schemas.avro.numerals import Numeral
from schemas.avro.refusal import expected, hint
from schemas.avro.schema import (
    MISSING,
    Array,
    DecimalType,
    Enum,
    Field,
    Map,
    Nullable,
    Primitive,
    Record,
    Type,
)
from schemas.avro.structs import LIMITS, MAX_SAFE, MAX_STRING, Structs
from schemas.avro.violation import HIDDEN, step
from schemas.codes.identifiers.normal import NORMALISE, foreign, look_alike
from schemas.errors import Violation
from schemas.records import Finding
from schemas.text import forbidden, visible

MAX_VIOLATIONS: Final = 50
"""Places that one refusal names."""
MAX_PLACES: Final = 64
"""Characters of a decimal that is rounded; a longer one is no measurement."""
MALFORMED: Final = "json-malformed"
"""Code of a value that JSON does not have, such as ``NaN`` or half a surrogate pair."""

_ITEM: Final = {"item": True}
_ONE_LINE: Final = {"item", "pattern", "codeList", "identifier", "normal"}
"""A text that is none of these is prose, which may have several lines."""

Properties = Mapping[str, Any]
Known = Callable[[str, str], bool]
"""Whether a code list has a key; true for what is no list of single keys."""


class Inspector:
    """Inspects one document.

    Args:
        structs: the types of the schema, for leaves that msgspec judges.
        hidden: a field of the root record that is no part of the JSON form.
        known: the code lists, asked only when the document is refused.

    Attributes:
        violations: places that break a rule.
        findings: places that were read though they are written in another way.
        unlisted: places with a code that its list does not have.
    """

    def __init__(self, root: Type, structs: Structs, hidden: Field | None, known: Known) -> None:
        self._root, self._structs, self._hidden, self._known = root, structs, hidden, known
        self.violations: list[Violation] = []
        self.findings: list[Finding] = []
        self.unlisted: list[Finding] = []

    def inspect(self, value: Json) -> Json:
        """Return the document with every value as it is to be read; what is no JSON leads the violations."""
        read = self._read(self._root, value, "", {})
        self.violations.sort(key=lambda one: one.code != MALFORMED)
        return read

    def listed(self) -> list[Violation]:
        """Everything to be said of the document, violations first."""
        said = [Violation(one.pointer, one.rule, one.value or "") for one in (*self.findings, *self.unlisted)]
        return [*self.violations, *said][:MAX_VIOLATIONS]

    def _break(
        self, pointer: str, rule: str, value: Json, properties: Properties, *, is_json: bool = True
    ) -> Json:
        code = "time-invalid" if properties.get("pattern") == LOCAL_TIME else "schema-violation"
        if not is_json or (isinstance(value, Numeral) and not value.is_huge):
            code = MALFORMED
            rule += f", JSON has no {value}" if is_json else ""
        self.violations.append(Violation(pointer, rule, shown(value, properties), code))
        return value

    def _find(self, pointer: str, rule: str, value: Json, properties: Properties) -> None:
        self.findings.append(Finding(pointer, rule, "info", shown(value, properties)))

    def _read(self, node: Type, value: Json, pointer: str, properties: Properties) -> Json:
        match node:
            case Nullable():
                return None if value is None else self._read(node.inner, value, pointer, properties)
            case Record():
                return self._record(node, value, pointer)
            case Array():
                if not isinstance(value, list):
                    return self._break(pointer, came("a list", value), value, properties)
                return [self._read(node.items, item, step(pointer, i), _ITEM) for i, item in enumerate(value)]
            case Map():
                if not isinstance(value, dict):
                    return self._break(pointer, came("an object", value), value, properties)
                return {k: self._entry(node, k, item, pointer) for k, item in value.items()}
            case Primitive(name="string") if isinstance(value, str) and not isinstance(value, Numeral):
                return self._text(node, value, pointer, properties)
            case Primitive(logical="timestamp-millis") if type(value) is str:
                return self._time(value, pointer, properties)
            case DecimalType() if isinstance(value, str) and not isinstance(value, Numeral):
                return self._decimal(node, value, pointer, properties)
            case Primitive(name="int" | "long", logical=None) if _is_whole(value):
                return self._integer(node, int(value), pointer, properties)
            case _:
                return self._leaf(node, value, pointer, properties)

    def _entry(self, node: Map, key: str, value: Json, pointer: str) -> Json:
        at = step(pointer, key)
        if rule := forbidden(key):
            return self._break(at, f"its name: {rule}", key, {})
        return self._read(node.values, value, at, {})

    def _record(self, node: Record, value: Json, pointer: str) -> Json:
        if not isinstance(value, dict):
            return self._break(pointer, came("an object", value), value, {})
        read: dict[str, Json] = {}
        fields = {field.name: field for field in node.fields if field is not self._hidden}
        for name, item in value.items():
            field, at = fields.get(name), step(pointer, name)
            if field is None:
                near = hint(name, node) if len(self.violations) < MAX_VIOLATIONS else ""  # more is not shown
                rule = f"the schema has no such field{near}"
                self._break(at, rule, item, {"personal": True})  # nobody knows what it is
            else:
                made = self._read(field.type, item, at, field.properties)
                if made is not MISSING:
                    read[name] = made
        for name, field in fields.items():
            if name not in value and field.default is MISSING and not isinstance(field.type, Nullable):
                self._break(step(pointer, name), "the field is required", MISSING, {})
        return read

    def _text(self, node: Primitive, value: str, pointer: str, properties: Properties) -> Json:
        if not _is_text(value):
            return self._break(pointer, "expected Unicode text", ascii(value), properties, is_json=False)
        if rule := forbidden(value, prose=True):
            return self._break(pointer, rule, value, properties)
        if node.logical == "uuid":
            normal = self._normal("uuid", value)
            if not self._fits(node, normal):
                return self._break(pointer, expected(node), value, properties)
        else:
            pattern = properties.get("pattern")
            normal = value
            if pattern is not None and not matcher(str(pattern)).search(value):
                normal = self._normal(str(properties.get("identifier") or properties.get("normal")), value)
                if not matcher(str(pattern)).search(normal):
                    # a form that says what it has not may have letters of any script
                    strange = "" if "[^" in str(pattern) and not look_alike(value) else foreign(value)
                    rule = "; ".join(filter(None, (words(properties), strange)))
                    if properties.get("unreadable") == "absent":
                        said = Finding(pointer, f"unreadable: {rule}", "error", shown(value, properties))
                        self.findings.append(said)
                        return MISSING
                    return self._break(pointer, rule, value, properties)
            if len(value) > MAX_STRING:
                return self._break(pointer, f"expected at most {MAX_STRING} characters", value, properties)
        if rule := forbidden(normal, prose=not properties.keys() & _ONE_LINE):
            return self._break(pointer, rule, value, properties)
        if normal != value:
            alike = look_alike(value)
            self._find(pointer, f"normalised: {alike}" if alike else "normalised", value, properties)
        name = properties.get("codeList")
        if name is not None and not self._known(str(name), normal):
            self.unlisted.append(Finding(pointer, "unknown-code", "warning", shown(value, properties)))
        return normal

    def _normal(self, identifier: str, value: str) -> str:
        normalise = NORMALISE.get(identifier)
        return value if normalise is None else normalise(value)

    def _time(self, value: str, pointer: str, properties: Properties) -> Json:
        try:
            text, exact = cut(value)
        except Unreadable as error:
            return self._break(pointer, str(error), value, properties)
        if not exact:
            self._find(pointer, "time-truncated", value, properties)
        return text

    def _decimal(self, node: DecimalType, value: str, pointer: str, properties: Properties) -> Json:
        """A number with more places than the schema has is rounded half to even, but never to nothing."""
        whole, _, places = value.partition(".")
        if len(value) <= MAX_PLACES and len(places) > node.scale and places.isascii() and places.isdigit():
            zero = "." + "0" * node.scale if node.scale else ""
            if self._fits(node, whole + zero, properties):
                made = Decimal(value).quantize(Decimal((0, (1,), -node.scale)), ROUND_HALF_EVEN)
                if made and self._fits(node, f"{made:f}", properties):
                    self._find(pointer, "rounded", value, properties)
                    return f"{made:f}"
        return self._leaf(node, value, pointer, properties)

    def _integer(self, node: Primitive, value: int, pointer: str, properties: Properties) -> Json:
        (least, most), (low, high) = LIMITS[node.name], bounds(properties)
        low, high = (least if low is None else max(least, low)), (most if high is None else min(most, high))
        if not low <= value <= high:
            return self._break(pointer, f"expected an integer from {low} to {high}", value, properties)
        return value

    def _leaf(self, node: Type, value: Json, pointer: str, properties: Properties) -> Json:
        words_of = expected(node, properties)
        if isinstance(value, Numeral) and not value.is_huge:
            return self._break(pointer, words_of, value, properties)
        text = isinstance(node, DecimalType | Enum) or getattr(node, "name", "") in ("string", "bytes")
        if text and isinstance(value, int | float | Numeral) and not isinstance(value, bool):
            return self._break(pointer, f"a number came, text is wanted: {words_of}", value, properties)
        if isinstance(value, Numeral) or not self._fits(node, value, properties):
            return self._break(pointer, words_of, value, properties)
        return value

    def _fits(self, node: Type, value: Json, properties: Properties | None = None) -> bool:
        try:
            msgspec.json.decode(msgspec.json.encode(value), type=self._structs.of(node, properties))
        except (msgspec.MsgspecError, UnicodeError, OverflowError):
            return False
        return True


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def came(wanted: str, value: Json) -> str:
    """Say what was wanted and what came."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return f"expected {wanted}, {kinds.get(type(value), 'a number')} came"


def shown(value: Json, properties: Properties) -> str:
    """A value as a report shows it: JSON, at most 200 characters, printable, nothing of personal data."""
    if value is MISSING or value == "":
        return ""
    if properties.get("personal"):
        return HIDDEN
    if isinstance(value, str):
        return visible(str(value)[:200], lines=True)[:200]
    return visible(msgspec.json.encode(value).decode()[:200])[:200] if _plain(value) else type(value).__name__


def _plain(value: Json) -> bool:
    try:
        msgspec.json.encode(value)
    except (msgspec.MsgspecError, UnicodeError, OverflowError, RecursionError):
        return False
    return True


def _is_whole(value: Json) -> bool:
    """Tell a whole number: ``1.0`` is one, as it is an integer of JSON Schema (2020-12, section 6.1.1)."""
    return type(value) is int or (type(value) is float and value.is_integer() and abs(value) <= MAX_SAFE)
