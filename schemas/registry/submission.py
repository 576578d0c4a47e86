"""A schema as a client hands it in, and what it becomes once it is read together with its references."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.avro.lint import RECURSION, SchemaFinding, lint
from schemas.registry.compatibility import Earlier
from schemas.registry.model import Schema
from schemas.registry.names import Subject, subject
from schemas.registry.reading import InvalidSchema, parse
from schemas.registry.records import AVRO, Document, Reference, SchemaKey, SchemaValue
from schemas.registry.refusal import RegistryRefusal, invalid_schema
from schemas.registry.state import RegistryState
from schemas.registry.text import canonical, normalized

MAX_REFERENCED: Final = 500
"""Most schemas that one schema may need, directly and through others."""
MAX_TEXTS: Final = 1 << 20
"""Most characters of all of them together: each is read whenever a schema that needs them is."""
_SHOWN: Final = 1000


class Submission(NamedTuple):
    """A schema as it came in.

    Attributes:
        schema: its text; empty for "as the latest version".
        id: wanted id, only in mode IMPORT; -1 for none.
        version: wanted version; 0 for the next.
    """

    schema: str
    kind: str = AVRO
    references: tuple[Reference, ...] = ()
    metadata: Document | None = None
    id: int = -1
    version: int = 0


class SubmittedSchema(NamedTuple):
    """A schema that was read.

    Attributes:
        text: canonical text.
        schema: its types, those of references included.
        references: with versions instead of "latest".
    """

    text: str
    schema: Schema
    references: tuple[Reference, ...]


def prepare(
    state: RegistryState, where: Subject, given: Submission, *, normalize: bool, recursive: bool
) -> SubmittedSchema:
    """Read a schema and everything it refers to.

    Args:
        state: for the references.
        where: the subject it is meant for.
        given: the schema.
        normalize: sort what has no order first.
        recursive: let recursive schemas pass the lint.

    Raises:
        Refusal: 42201 not valid Avro, unknown type or missing reference; 42209 too large.
    """
    if given.kind != AVRO:
        raise RegistryRefusal(42201, f"Invalid schema type {given.kind[:50]}")
    try:
        if len(given.references) > MAX_REFERENCED:
            raise _too_many()
        references = tuple(_pinned(state, where.context, r) for r in given.references)
        texts = referenced(state, where.context, references)
        schema = read(given.schema, texts)
        _require_safe(given.schema, texts, recursive=recursive)
    except InvalidSchema as error:
        raise (
            RegistryRefusal(42209, error.message)
            if error.too_large
            else _invalid(where, given, error.message)
        ) from error
    if normalize:
        references = tuple(sorted(references))
    return SubmittedSchema(normalized(schema) if normalize else canonical(schema), schema, references)


@lru_cache(maxsize=256)
def read(text: str, texts: tuple[str, ...]) -> Schema:
    """Read a schema with the texts it refers to; what was read before is remembered."""
    return parse(text, texts)


def earlier(state: RegistryState, value: SchemaValue) -> Earlier:
    """Read a registered version for comparison."""
    context = subject(value.subject).context
    texts = referenced(state, context, value.references)
    return Earlier(value.version, value.schema, read(value.schema, texts).root)


def referenced(state: RegistryState, context: str, references: Iterable[Reference]) -> tuple[str, ...]:
    """Give the texts of everything that is referred to, each after what it needs itself.

    Raises:
        InvalidSchema: one is not there, or there are too many.
    """
    found: dict[SchemaKey, str] = {}
    waiting: list[tuple[Reference, str, bool]] = [(r, context, False) for r in reversed(list(references))]
    asked: set[tuple[Reference, str]] = set()
    visited: set[SchemaKey] = set()
    characters = 0
    while waiting:
        reference, inside, done = waiting.pop()
        if not done and (reference, inside) in asked:
            continue
        asked.add((reference, inside))
        value = state.resolve(reference, inside)
        if value is None:
            raise _missing(reference)
        if done:
            found[value.key] = value.schema
        elif value.key not in visited:
            visited.add(value.key)
            characters += len(value.schema)
            if len(visited) > MAX_REFERENCED:
                raise _too_many()
            if characters > MAX_TEXTS:
                message = f"The schemas that are referred to have more than {MAX_TEXTS} characters together"
                raise InvalidSchema(message, too_large=True)
            waiting.append((reference, inside, True))
            own = subject(value.subject).context
            waiting.extend((r, own, False) for r in reversed(value.references))
    return tuple(found.values())


def _too_many() -> InvalidSchema:
    return InvalidSchema(f"More than {MAX_REFERENCED} schemas are referred to", too_large=True)


def _pinned(state: RegistryState, context: str, reference: Reference) -> Reference:
    if reference.version != -1:
        return reference
    value = state.resolve(reference, context)
    if value is None:
        raise _missing(reference)
    return reference._replace(version=value.version)


def _missing(reference: Reference) -> InvalidSchema:
    return InvalidSchema(
        f'No schema reference found for subject "{reference.subject}" and version {reference.version}'
    )


def _require_safe(text: str, texts: Sequence[str], *, recursive: bool) -> None:
    for finding in lint(text, texts):
        if recursive and finding.rule == RECURSION:
            continue
        raise InvalidSchema(describe(finding), too_large=finding.rule.startswith("the text is at most"))


def describe(finding: SchemaFinding) -> str:
    """Say what the lint found, in one line."""
    return f"unsafe schema at {finding.pointer or '/'}: {finding.rule}, found {finding.value[:100]}"


def _invalid(where: Subject, given: Submission, details: str) -> RegistryRefusal:
    references = _cut("[" + ", ".join(_shown(r) for r in given.references) + "]")
    metadata = "null" if given.metadata is None else _cut(str(dict(given.metadata)))
    echoed = (
        f"Invalid schema {{subject={where.text},version={given.version or 'null'},"
        f"id={given.id if given.id >= 0 else 'null'},schemaType=AVRO,references={references},"
        f"metadata={metadata},ruleSet=null,schema={_cut(given.schema)},"
        f"schemaTags=null,ts=null,deleted=null}} with refs {references} of type AVRO, details: {details}"
    )
    return invalid_schema(echoed)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _shown(reference: Reference) -> str:
    return f"{{name='{reference.name}', subject='{reference.subject}', version={reference.version}}}"
