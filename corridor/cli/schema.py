"""``corridor schema``: register, check and compare schemas, in a registry or between files."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import click
import msgspec

from connectors.registry.client import RegistryClient
from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say, settings_options
from corridor.registry import transfer
from corridor.roles.contracts import registry_client
from corridor.settings import Settings
from schemas.avro.lint import lint as lint_text
from schemas.errors import Misconfigured, Permanent
from schemas.registry import advice
from schemas.registry.compatibility import LEVELS, LOGICAL, Earlier, check
from schemas.registry.diff import diff as differences
from schemas.registry.reading import parse
from schemas.text import visible

T = TypeVar("T")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

EPILOG = """\b
In a pipeline, before anything is deployed:
  corridor schema lint schemas/*.avsc
  corridor schema check in.dtc-value note.avsc --registry http://registry:8081

\b
Without a registry, against the version of the last release:
  corridor schema check --against released.avsc --level FULL note.avsc
  corridor schema diff released.avsc note.avsc

\b
What a registry has, and another one with the same:
  corridor schema register in.dtc-value note.avsc
  corridor schema list
  corridor schema show in.dtc-value
  corridor schema export > schemas.jsonl
  corridor schema import schemas.jsonl --registry http://other:8081

Exit codes: 0 fine, 1 refused or different, 69 the registry does not answer."""


@click.group(epilog=EPILOG)
def command() -> None:
    """Register, check and compare Avro schemas."""


def _registry_options(run: Callable[..., T]) -> Callable[..., T]:
    """Add ``--registry``, and pass a function that gives the client."""

    @settings_options
    @click.option("--registry", metavar="URL", help="Address of the schema registry, over the settings.")
    @functools.wraps(run)
    def with_registry(settings: Settings, registry: str | None, **options: Any) -> T:  # noqa: ANN401
        if registry:
            group = msgspec.structs.replace(settings.registry, url=registry)
            settings = msgspec.structs.replace(settings, registry=group)
        return run(settings=settings, **options)

    return with_registry


def _with_client(settings: Settings, work: Callable[[RegistryClient], Awaitable[T]]) -> T:
    async def main() -> T:
        async with registry_client(settings) as client:
            return await work(client)

    return asyncio.run(main())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Permanent("schema-invalid", f"{path} is not UTF-8") from error
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error


@command.command()
@click.argument("subject")
@click.argument("file", type=_FILE)
@click.option("--normalize", is_flag=True, help="Sort what has no order before comparing.")
@click.option("--dry-run", is_flag=True, help="Check by the same rules, and register nothing.")
@_registry_options
@json_option
def register(
    settings: Settings, subject: str, file: Path, normalize: bool, dry_run: bool, as_json: bool
) -> int:
    """Register the schema in FILE as the next version of SUBJECT, and print its id.

    A schema that is registered already gives its id again.
    """
    text = _read(file)
    if dry_run:
        return _check_online(settings, subject, text, as_json, normalize=normalize)
    found = _with_client(settings, lambda client: client.register(subject, text, normalize=normalize))
    emit({"subject": subject, "id": found}) if as_json else click.echo(found)
    return Exit.OK


@command.command(name="check")
@click.argument("names", nargs=-1, required=True, metavar="[SUBJECT] FILE")
@click.option(
    "--against",
    type=_FILE,
    multiple=True,
    help="Check against this file instead of a registry; several: oldest first.",
)
@click.option(
    "--level",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="BACKWARD",
    show_default=True,
    help="Which direction must work, with --against.",
)
@click.option("--logical", is_flag=True, help="Refuse changes of logical types too, with --against.")
@_registry_options
@json_option
def check_(
    settings: Settings,
    names: tuple[str, ...],
    against: tuple[Path, ...],
    level: str,
    logical: bool,
    as_json: bool,
) -> int:
    """Tell whether the schema in FILE could be registered as the next version of SUBJECT.

    Against a registry the same code decides that decides on registering.
    """
    text = _read(Path(names[-1]))
    match names[:-1], against:
        case (), files if files:
            return _check_offline(text, files, level.upper(), logical, as_json)
        case (subject,), ():
            return _check_online(settings, subject, text, as_json)
    raise click.UsageError("Give SUBJECT FILE, or --against OLD FILE to check without a registry.")


def _check_offline(text: str, against: tuple[Path, ...], level: str, logical: bool, as_json: bool) -> int:
    new = parse(text).root
    earlier = [Earlier(number, old, parse(old).root) for number, old in enumerate(map(_read, against), 1)]
    verdict = check(new, earlier, level, LOGICAL if logical else "")
    return _say(verdict.compatible, advice.explain(verdict, new), verdict.warnings, as_json)


def _check_online(
    settings: Settings, subject: str, text: str, as_json: bool, *, normalize: bool = False
) -> int:
    found = _with_client(settings, lambda client: client.rehearse(subject, text, normalize=normalize))
    return _say(not found.reasons, advice.spoken_messages(found.reasons), found.warnings, as_json)


def _say(compatible: bool, reasons: Sequence[str], warnings: Sequence[str], as_json: bool) -> int:
    if as_json:
        emit({"compatible": compatible, "reasons": list(reasons), "warnings": list(warnings)})
    else:
        click.secho("Compatible." if compatible else "Not compatible.", fg="green" if compatible else "red")
        for reason in reasons:
            say(f"  {reason}")
        for warning in advice.spoken_messages(warnings):
            click.secho(f"  warning: {warning}", fg="yellow")
    return Exit.OK if compatible else Exit.FINDINGS


@command.command()
@click.argument("old")
@click.argument("new")
@_registry_options
@json_option
def diff(settings: Settings, old: str, new: str, as_json: bool) -> int:
    """Say what changes from OLD to NEW, for those who read and for those who write.

    Each is a file, SUBJECT (its latest version) or SUBJECT:VERSION. Exit code 1: there are changes.
    """
    before, after = (_named_schema(settings, name) for name in (old, new))
    found = differences(parse(before).root, parse(after).root)
    for each in found:
        if as_json:
            emit(each._asdict())
            continue
        click.echo(f"{click.style(visible(each.place) or '(schema)', bold=True)}: {visible(each.what)}")
        click.echo(f"    readers: {each.readers}\n    writers: {each.writers}")
    return Exit.FINDINGS if found else Exit.OK


def _named_schema(settings: Settings, name: str) -> str:
    """Give the schema that an argument names: a file, an id, or a version of a subject."""
    if Path(name).is_file():
        return _read(Path(name))

    async def read(client: RegistryClient) -> str:
        found = int(name) if name.isdigit() else int((await _version(client, name))["id"])
        return await client.schema(found)

    return _with_client(settings, read)


async def _version(client: RegistryClient, name: str) -> dict[str, Any]:
    subject, separator, version = name.rpartition(":")
    if not separator or not subject or not (version.isdigit() or version == "latest"):
        subject, version = name, "latest"
    answer = await client.call("GET", f"/subjects/{quote(subject, safe='')}/versions/{version}")
    if not isinstance(answer, dict):
        raise Permanent("registry-refused", f"The registry gives no object for {name}")
    return answer


@command.command(name="list")
@click.option("--deleted", is_flag=True, help="Also what is softly deleted.")
@_registry_options
@json_option
def list_(settings: Settings, deleted: bool, as_json: bool) -> None:
    """List all subjects with their versions."""

    async def read(client: RegistryClient) -> list[tuple[str, list[int]]]:
        suffix = "?deleted=true" if deleted else ""
        subjects = [str(name) for name in await transfer.array(client, f"/subjects{suffix}")]
        places = [f"/subjects/{quote(name, safe='')}/versions{suffix}" for name in subjects]
        return [(name, await transfer.array(client, at)) for name, at in zip(subjects, places, strict=True)]

    for subject, versions in _with_client(settings, read):
        if as_json:
            emit({"subject": subject, "versions": versions})
        else:
            say(f"{subject}  {', '.join(map(str, versions))}")


@command.command()
@click.argument("name")
@_registry_options
@json_option
def show(settings: Settings, name: str, as_json: bool) -> None:
    """Show a schema: NAME is SUBJECT, SUBJECT:VERSION or an id."""

    async def read(client: RegistryClient) -> dict[str, Any]:
        if name.isdigit():
            return {"id": int(name), "schema": await client.schema(int(name))}
        return await _version(client, name)

    found = _with_client(settings, read)
    emit(found) if as_json else click.echo(
        visible(json.dumps(json.loads(found["schema"]), indent=2, ensure_ascii=False), lines=True)
    )


@command.command()
@_registry_options
def export(settings: Settings) -> None:
    """Write all schemas, configurations and modes as JSON lines; ids and versions are kept."""

    async def write(client: RegistryClient) -> None:
        async for line in transfer.exported(client):
            emit(line)

    _with_client(settings, write)


@command.command(name="import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--dry-run", is_flag=True, help="Only read the file and say what is in it.")
@_registry_options
def import_(settings: Settings, file: Any, dry_run: bool) -> None:  # noqa: ANN401 - click's own file
    """Read what `export` wrote into a registry (``-``: standard input); ids and versions are kept.

    A subject that the registry has already is left alone when it is the same, and stops the import when not.
    """
    try:
        lines = [transfer.checked(json.loads(line)) for line in file if line.strip()]
    except (ValueError, TypeError, KeyError) as error:
        raise Misconfigured("settings-invalid", f"This is not an export of a registry: {error}") from error
    if not dry_run:
        _with_client(settings, lambda client: transfer.imported(client, lines))
    click.echo(f"{sum('schema' in line for line in lines)} schemas", err=True)


@command.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
@json_option
def lint(files: tuple[Path, ...], as_json: bool) -> int:
    """Check that schemas are valid Avro and safe to decode with.

    Safe means: not recursive, array items at least one byte wide, bounded in depth, size and defaults.
    """
    bad = False
    for file in files:
        text = _read(file)
        found = [finding._asdict() for finding in lint_text(text)]
        try:
            parse(text)
        except Permanent as error:
            found.append({"pointer": "", "rule": error.message, "value": ""})
        bad = bad or bool(found)
        for finding in found:
            if as_json:
                emit({"file": str(file), **finding})
            else:
                say(f"{file}: {finding['pointer'] or '/'}: {finding['rule']} {finding['value']}".rstrip())
    return Exit.FINDINGS if bad else Exit.OK
