"""A whole registry as JSON lines, out of one and into another, with ids and versions kept.

One line is one version (``subject, version, id, schema`` and, where there are any, ``references, metadata,
deleted``), one configuration (``subject, config``) or one mode (``subject, mode``); the subject ``""`` is the
registry itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final
from urllib.parse import quote

from connectors.registry.client import RegistryClient
from schemas.errors import Misconfigured, Permanent
from schemas.registry.names import DEFAULT, GLOBAL, subject
from schemas.registry.state import DEFAULT_LEVEL, READWRITE

Line = dict[str, Any]
_EVERYWHERE: Final = f":{GLOBAL}:"
_DEFAULTS: Final = ({"compatibilityLevel": DEFAULT_LEVEL}, READWRITE)


async def array(client: RegistryClient, path: str) -> list[Any]:
    """Get a JSON array."""
    answer = await client.call("GET", path)
    if not isinstance(answer, list):
        raise Permanent("registry-refused", f"The registry gives no list at {path}")
    return answer


async def exported(client: RegistryClient) -> AsyncIterator[Line]:
    """Give all lines, schemas in the order of their ids."""
    live = {(v["subject"], v["version"]) for v in await array(client, "/schemas")}
    versions = await array(client, "/schemas?deleted=true")
    for value in sorted(versions, key=lambda v: (v["id"], v["subject"], v["version"])):
        line = {key: value[key] for key in ("subject", "version", "id", "schema")}
        line |= {key: value[key] for key in ("references", "metadata") if value.get(key)}
        if (value["subject"], value["version"]) not in live:
            line["deleted"] = True
        yield line
    subjects = {v["subject"] for v in versions}
    contexts = {f":{where.context}:" for where in map(subject, subjects) if where.context != DEFAULT}
    for place in ["", _EVERYWHERE, *sorted(contexts | subjects)]:
        for kind in ("config", "mode"):
            found = await _setting(client, kind, place)
            if found and not (place == _EVERYWHERE and found in _DEFAULTS):
                yield {"subject": place, kind: found}


async def _setting(client: RegistryClient, kind: str, place: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        answer = await client.call("GET", _place(kind, place))
    except Permanent as error:
        if error.code == "schema-unknown":
            return None
        raise
    return answer["mode"] if kind == "mode" and isinstance(answer, Mapping) else answer


def checked(line: Line) -> Line:
    """Read one line.

    Raises:
        KeyError: something is missing.
        TypeError: it is not an object.
    """
    if not isinstance(line, dict):
        raise TypeError("a line is not an object")
    line["subject"]
    if "config" not in line and "mode" not in line:
        for key in ("version", "id", "schema"):
            line[key]
    return line


async def imported(client: RegistryClient, lines: Sequence[Line]) -> None:
    """Write all lines into a registry.

    Raises:
        Permanent: a subject or an id is there already with other content.
    """
    schemas = _in_order([line for line in lines if "schema" in line])
    names = sorted({line["subject"] for line in schemas})
    there = await _existing(client)
    for name in names:
        own = {(line["version"], line["id"]) for line in schemas if line["subject"] == name}
        if there.get(name, own) != own:
            raise Permanent("registry-refused", f"The registry has other versions of {name} already")
    fresh = [name for name in names if name not in there]
    for name in fresh:
        await client.call("PUT", _place("mode", name), {"mode": "IMPORT"})
    for line in schemas:
        if line["subject"] in fresh:
            body = {k: line[k] for k in ("schema", "id", "version", "references", "metadata") if k in line}
            await client.call("POST", f"/subjects/{quote(line['subject'], safe='')}/versions", body)
    for name in fresh:
        await client.call("DELETE", _place("mode", name))
    for line in reversed(schemas):  # a version that another refers to cannot be deleted before it
        if line["subject"] in fresh and line.get("deleted"):
            place = f"/subjects/{quote(line['subject'], safe='')}/versions/{line['version']}"
            await client.call("DELETE", place)
    await _settings(client, [line for line in lines if "schema" not in line])


def _in_order(schemas: Sequence[Line]) -> list[Line]:
    """Sort versions so that what one refers to comes before it, whatever their ids.

    Raises:
        Misconfigured: they refer to each other in a circle.
    """
    found = {(line["subject"], line["version"]): line for line in schemas}
    needs = {
        key: [
            (subject(each["subject"], subject(key[0]).context).text, each["version"])
            for each in line.get("references") or ()
        ]
        for key, line in found.items()
    }
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise Misconfigured("settings-invalid", f"schemas refer to each other: {error.args[1]}") from error
    return [found[key] for key in order if key in found]


async def _existing(client: RegistryClient) -> dict[str, set[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for value in await array(client, "/schemas?deleted=true"):
        found.setdefault(value["subject"], set()).add((value["version"], value["id"]))
    return found


async def _settings(client: RegistryClient, lines: Sequence[Line]) -> None:
    for line in lines:
        if "config" in line:
            config = dict(line["config"])
            config["compatibility"] = config.pop("compatibilityLevel", None)
            body = {k: v for k, v in config.items() if v is not None}
            await client.call("PUT", _place("config", line["subject"]), body)
    for line in lines:
        if "mode" in line:
            await client.call("PUT", _place("mode", line["subject"]) + "?force=true", {"mode": line["mode"]})


def _place(kind: str, name: str) -> str:
    return f"/{kind}/{quote(name, safe='')}" if name else f"/{kind}"
