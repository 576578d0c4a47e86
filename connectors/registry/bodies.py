"""What requests to the registry say, as types: what is checked here is what the OpenAPI document has.

Fields that are not known are ignored, as Confluent's registry does by default.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert, structs

from connectors.http.whole import whole
from connectors.registry.wire import HttpError
from schemas.avro.lint import Json
from schemas.registry.records import Document, Reference
from schemas.registry.submission import Submission

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]

T = TypeVar("T")


class ReferenceBody(Struct, frozen=True):
    """A schema that another one uses.

    Attributes:
        name: full name of its type.
        subject: under which it is registered.
        version: of it; -1 for the latest.
    """

    name: str
    subject: str
    version: Int32


class MetadataBody(Struct, frozen=True):
    """What is said about a schema beside it.

    Attributes:
        tags: path in the schema to tags.
        properties: any names and values.
        sensitive: names of properties that are not to be shown.
    """

    tags: dict[str, list[str]] | None = None
    properties: dict[str, str] | None = None
    sensitive: list[str] | None = None


class SchemaBody(Struct, frozen=True):
    """A schema that is handed in.

    Attributes:
        schema: its text; without it the latest version is meant.
        schemaType: AVRO.
        references: schemas that it uses.
        metadata: what is said about it.
        id: wanted id, in mode IMPORT.
        version: wanted version, in mode IMPORT.
        ruleSet: not stored.
    """

    schema: str | None = None
    schemaType: str | None = None  # noqa: N815 - Confluent's name
    references: list[ReferenceBody] | None = None
    metadata: MetadataBody | None = None
    id: Int32 | None = None
    version: Int32 | None = None
    ruleSet: dict[str, Any] | None = None  # noqa: N815

    @property
    def submission(self) -> Submission:
        """What the rules work on."""
        return Submission(
            self.schema or "",
            self.schemaType or "AVRO",
            tuple(Reference(r.name, r.subject, r.version) for r in self.references or ()),
            _metadata(self.metadata),
            -1 if self.id is None else self.id,
            self.version or 0,
        )


class ConfigBody(Struct, frozen=True, omit_defaults=True):
    """A configuration, merged into the one there is: null clears a field.

    Attributes:
        compatibility: the level, in any case.
        compatibilityLevel: the same.
        alias: the subject that this one stands for.
        normalize: sort what has no order.
        validateFields: hold reserved names.
        validateRules: kept, and without effect.
        compatibilityPolicy: LOGICAL refuses changes of logical types.
        compatibilityGroup: metadata property within whose value versions are compared.
        defaultMetadata: under that of a schema.
        overrideMetadata: over that of a schema.
        defaultRuleSet: kept, and without effect.
        overrideRuleSet: kept, and without effect.
    """

    compatibility: str | UnsetType | None = UNSET
    compatibilityLevel: str | UnsetType | None = UNSET  # noqa: N815
    alias: str | UnsetType | None = UNSET
    normalize: bool | UnsetType | None = UNSET
    validateFields: bool | UnsetType | None = UNSET  # noqa: N815
    validateRules: bool | UnsetType | None = UNSET  # noqa: N815
    compatibilityPolicy: str | UnsetType | None = UNSET  # noqa: N815
    compatibilityGroup: str | UnsetType | None = UNSET  # noqa: N815
    defaultMetadata: MetadataBody | UnsetType | None = UNSET  # noqa: N815
    overrideMetadata: MetadataBody | UnsetType | None = UNSET  # noqa: N815
    defaultRuleSet: dict[str, Any] | UnsetType | None = UNSET  # noqa: N815
    overrideRuleSet: dict[str, Any] | UnsetType | None = UNSET  # noqa: N815


class ModeBody(Struct, frozen=True):
    """A mode, in any case."""

    mode: str | None = None


def read(value: dict[str, Json], kind: type[T]) -> T:
    """Read a body as a type. A whole number may be written with a fraction of zero.

    Raises:
        HttpError: 400, with the place and the rule.
    """
    try:
        return convert(whole(value), kind)
    except ValidationError as error:
        raise HttpError(400, f"The request does not have the form that it should: {error}") from error


def _metadata(given: MetadataBody | None) -> Document | None:
    if given is None:
        return None
    tags = {name: sorted(words) for name, words in (given.tags or {}).items()}
    properties = dict(sorted((given.properties or {}).items()))
    said = {"tags": tags, "properties": properties, "sensitive": sorted(given.sensitive or ())}
    return {name: part for name, part in said.items() if part} or None


def configuration(given: ConfigBody) -> dict[str, Json]:
    """Give the fields that were given."""
    fields = {name: value for name, value in structs.asdict(given).items() if value is not UNSET}
    return {
        name: _metadata(value) if isinstance(value, MetadataBody) else value for name, value in fields.items()
    }
