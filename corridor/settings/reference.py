"""The reference page of all settings, from the types that check them: it cannot be out of date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Final

import msgspec
from msgspec import inspect

from corridor.settings.model import Settings

HEAD: Final = """\
# Settings

One TOML file: `corridor.toml` in the working directory, or the one that `--config FILE` or
`CORRIDOR_CONFIG` names. The environment goes over the file: `CORRIDOR__KAFKA__BOOTSTRAP=kafka:9092` sets
`bootstrap` in the table `kafka`, `CORRIDOR__PARTICIPANTS__DTC__DELIVER__URL=…` the address of the
participant `dtc`. A value is read as JSON where it is JSON. Unknown keys are refused. `corridor check`
shows what is in effect and refuses what is not safe.

A secret is never written into a setting: only where it is found, `file:PATH` or `env:NAME`.

Times are in seconds, sizes in bytes.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as the page shows it.

    Attributes:
        address: dotted, from the root.
        kind: its type in words.
        default: as JSON, or ``required``.
        doc: what it does.
    """

    address: str
    kind: str
    default: str
    doc: str


def settings_reference() -> str:
    """Return the page as Markdown."""
    page = [HEAD]
    for title, doc, settings in _tables(inspect.type_info(Settings), ""):
        rows = [f"| `{s.address}` | {s.kind} | {s.default} | {s.doc} |" for s in settings]
        if rows:
            page.append(f"## {title}\n\n{doc}\n")
            page.append(
                "| setting | type | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
            )
    return "\n".join(page)


def all_settings() -> list[Setting]:
    """Return every setting."""
    return [setting for _, _, settings in _tables(inspect.type_info(Settings), "") for setting in settings]


def _tables(kind: inspect.Type, here: str) -> Iterator[tuple[str, str, list[Setting]]]:
    """Yield each table with its own settings, then the tables in it."""
    for struct in _structs(kind):
        title = f"`[{here}]`" + (f" with `{struct.tag_field} = {struct.tag!r}`" if struct.tag_field else "")
        docs = _attribute_docs(struct.cls)
        settings, inner = [], []
        for field in struct.fields:
            address = f"{here}.{field.encode_name}".lstrip(".")
            if list(_structs(field.type)):
                inner.append((field.type, address))
            elif not (here == "participants.<name>" and field.name == "name"):
                doc = _description(field.type) or docs.get(field.name, "")
                settings.append(Setting(address, _words(field.type), _default(field), doc))
        yield title, cleandoc(struct.cls.__doc__ or "").split("\n\nAttributes:")[0], settings
        for inner_kind, address in inner:
            mapped = isinstance(_bare(inner_kind), inspect.DictType)
            yield from _tables(inner_kind, f"{address}.<name>" if mapped else address)


def _bare(kind: inspect.Type) -> inspect.Type:
    return _bare(kind.type) if isinstance(kind, inspect.Metadata) else kind


def _structs(kind: inspect.Type) -> Iterator[inspect.StructType]:
    match _bare(kind):
        case inspect.StructType() as struct:
            yield struct
        case inspect.UnionType(types=types):
            for member in types:
                yield from _structs(member)
        case inspect.DictType(value_type=value):
            yield from _structs(value)


def _description(kind: inspect.Type) -> str:
    if not isinstance(kind, inspect.Metadata):
        return ""
    own = (kind.extra_json_schema or {}).get("description", "")
    return own or _description(kind.type)


def _attribute_docs(struct: type) -> dict[str, str]:
    """Read the ``Attributes:`` of a docstring."""
    _, _, section = cleandoc(struct.__doc__ or "").partition("Attributes:\n")
    found = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", section, re.MULTILINE)
    return {name: _sentence(re.sub(r"\s+", " ", doc).replace("``", "`")) for name, doc in found}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value: Any = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory() if callable(field.default_factory) else None
    return "none" if value is None else f"`{json.dumps(msgspec.to_builtins(value))}`"


def _words(kind: inspect.Type) -> str:
    match _bare(kind):
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=low, le=high):
            return (
                "whole number"
                + (f" ≥ {low}" if low is not None else "")
                + (f", ≤ {high}" if high is not None else "")
            )
        case inspect.FloatType():
            return "number"
        case inspect.StrType(pattern=pattern):
            return "`file:PATH` or `env:NAME`" if pattern and pattern.startswith("^(file|env)") else "text"
        case inspect.LiteralType(values=values):
            return ", ".join(f"`{value}`" for value in values)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return f"list of {_words(item)}"
        case inspect.UnionType(types=types):
            return " or ".join(_words(member) for member in types if not isinstance(member, inspect.NoneType))
        case inspect.DictType(value_type=value):
            return f"table of {_words(value)}"
        case other:
            return type(other).__name__.removesuffix("Type").lower()
