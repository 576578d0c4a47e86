"""Reading the settings: the file, then the environment over it, then the check of the whole."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import inspect

from corridor.settings.model import Settings
from schemas.errors import Misconfigured

DEFAULT_FILES: Final = (Path("corridor.toml"), Path(".corridor/corridor.toml"))
"""The site's own file, else the one that a `corridor up` in this directory runs with."""
PREFIX: Final = "CORRIDOR__"

ANY: Final = "[*]"
"""Stands for a key of a map."""

Address = tuple[str, ...]


def load(path: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the settings.

    Args:
        path: the TOML file; None for the first of ``DEFAULT_FILES`` that exists.
        environment: ``CORRIDOR__KAFKA__BOOTSTRAP=…`` sets ``kafka.bootstrap``, over the file. A value is read
            as JSON where it is JSON, else as text.

    Raises:
        Misconfigured: ``settings-invalid``, naming file and line or the variable, and what was meant.
    """
    if path is None:
        path = next((file for file in DEFAULT_FILES if file.is_file()), None)
    text = _read(path) if path else ""
    tree = _parse(text, path)
    _place_profiles(tree, path)
    origins: dict[Address, str] = {address: f"{path}:{line}" for address, line in _lines(text)}
    for name, value in environment.items():
        if name.startswith(PREFIX):
            address = tuple(name.removeprefix(PREFIX).lower().split("__"))
            _set(tree, _spelt(address, tree), value, name)
            origins[_spelt(address, tree)] = f"environment variable {name}"
    _require_known(tree, inspect.type_info(Settings), (), origins)
    _name_participants(tree)
    return _convert(tree, origins)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured("settings-invalid", f"{path} cannot be read: {error}") from None


def _place_profiles(tree: dict[str, Any], path: Path | None) -> None:
    """Let directories of profiles begin where the file is: it and they are moved together."""
    table = tree.get("profiles")
    named = table.get("directories") if isinstance(table, dict) else None
    if path is not None and isinstance(table, dict) and isinstance(named, list):
        table["directories"] = [str(path.parent / one) if isinstance(one, str) else one for one in named]


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured("settings-invalid", f"{path} is not TOML: {error}") from None


def _lines(text: str) -> Iterator[tuple[Address, int]]:
    """Yield the address of every table and simple key with its line, for messages."""
    table: Address = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            table = _address(header[1])
            yield table, number
        elif key := re.match(r"\s*([\w.\"'-]+)\s*=", line):
            yield (*table, *_address(key[1])), number


def _address(dotted: str) -> Address:
    return tuple(part.strip(" \"'") for part in dotted.split("."))


def _spelt(address: Address, tree: Mapping[str, Any]) -> Address:
    """Spell a participant's name as the file does: variables cannot carry its hyphens."""
    match address:
        case ("participants", name, *rest):
            names = [known for known in tree.get("participants", {}) if known.replace("-", "_") == name]
            return ("participants", names[0] if names else name, *rest)
    return address


def _set(tree: dict[str, Any], address: Address, value: str, variable: str) -> None:
    *tables, key = address
    for table in tables:
        tree = tree.setdefault(table, {})
        if not isinstance(tree, dict):
            raise Misconfigured("settings-invalid", f"{variable}: {table!r} is a value, not a table")
    try:
        tree[key] = json.loads(value)
    except ValueError:
        tree[key] = value


def _require_known(
    tree: object, kind: inspect.Type, address: Address, origins: Mapping[Address, str]
) -> None:
    """Refuse the first unknown key, with the nearest known one."""
    if not isinstance(tree, dict):
        return
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.DictType):
        for key, value in tree.items():
            _require_known(value, kind.value_type, (*address, key), origins)
        return
    fields = _fields(kind, tree)
    if fields is None:
        return
    for key, value in tree.items():
        here = (*address, key)
        if key not in fields:
            raise Misconfigured("settings-invalid", f"{_where(here, origins)}{_unknown(here, list(fields))}")
        _require_known(value, fields[key], here, origins)


def _fields(kind: inspect.Type, tree: Mapping[str, Any]) -> dict[str, inspect.Type] | None:
    """Return the keys a table may have, or None when it is not a table of ours."""
    if isinstance(kind, inspect.UnionType):
        structs = [member for member in kind.types if isinstance(member, inspect.StructType)]
        chosen = [s for s in structs if not s.tag_field or s.tag == tree.get(s.tag_field)]
        return _fields(chosen[0], tree) if chosen else None
    if not isinstance(kind, inspect.StructType):
        return None
    fields: dict[str, inspect.Type] = {field.encode_name: field.type for field in kind.fields}
    if kind.tag_field:
        fields[kind.tag_field] = inspect.StrType()
    if kind.cls.__name__ == "Participant":
        del fields["name"]  # the table's own name
    return fields


def _unknown(address: Address, known: list[str]) -> str:
    near = get_close_matches(address[-1], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
    return f"unknown setting {'.'.join(address)!r}; {hint}"


def _where(address: Address, origins: Mapping[Address, str]) -> str:
    """Say where a setting, or the nearest table around it, was written."""
    for end in range(len(address), 0, -1):
        if origin := origins.get(address[:end]):
            return f"{origin}: "
    return ""


def _name_participants(tree: dict[str, Any]) -> None:
    participants = tree.get("participants")
    if isinstance(participants, dict):
        for name, participant in participants.items():
            if isinstance(participant, dict):
                participant["name"] = name


def _convert(tree: dict[str, Any], origins: Mapping[Address, str]) -> Settings:
    try:
        return msgspec.convert(tree, Settings, strict=False)
    except msgspec.ValidationError as error:
        text = str(error)
        found = re.search(r" - at `\$\.?(.*)`", text)
        dotted = re.sub(r"\[\d+\]", "", found[1]) if found else ""
        guess = _locate(tree, tuple(dotted.replace("[...]", ANY).split(".")), text)
        reason = text.split(" - at ", maxsplit=1)[0]
        if "(file|env)" in reason:
            reason = "a secret is never written here, only where it is found: file:PATH or env:NAME"
        raise Misconfigured(
            "settings-invalid", f"{_where(guess, origins)}{'.'.join(guess)}: {reason}"
        ) from None


def _locate(tree: object, address: Address, text: str) -> Address:
    """Replace what stands for a key of a map by the key whose value is at fault."""
    if ANY not in address[0]:
        return tuple(part for part in address if part)
    head, rest = address[0].removesuffix(ANY), address[1:]
    members = tree.get(head, {}) if isinstance(tree, dict) else {}
    for name, member in members.items():
        try:
            msgspec.convert({head: {name: member}}, Settings, strict=False)
        except msgspec.ValidationError as error:
            if str(error) == text:
                return (head, name, *rest)
    return (head, *rest)
