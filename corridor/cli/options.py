"""Options that several commands share, each with one meaning everywhere."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from corridor.settings import Settings, load
from schemas.profiles import Profiles
from schemas.text import visible

R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one value per line.")
"""Passes ``as_json: bool``."""


def time_option(name: str, help: str) -> Callable[[Callable[..., R]], Callable[..., R]]:  # noqa: A002
    """Give an option that takes a time, and passes UTC milliseconds or None."""
    return click.option(name, callback=_milliseconds, metavar="TIME", help=help)


def _milliseconds(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("is like 2026-11-30T06:00Z") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


overlay_option = click.option(
    "--overlay",
    "overlays",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Lay this directory of CSV files over the code lists.",
)
"""Passes ``overlays: tuple[Path, ...]``."""


def _profiles(_: click.Context, __: click.Parameter, value: tuple[Path, ...]) -> Profiles:
    return Profiles.of(value)


_BROUGHT: Any = {
    "multiple": True,
    "envvar": "CORRIDOR_PROFILES",
    "type": click.Path(exists=True, file_okay=False, path_type=Path),
    "help": "Directory of your own profile folders, or one such folder (docs/integrating.md).",
}

profiles_option = click.option("--profiles", "known", callback=_profiles, **_BROUGHT)
"""Passes ``known: Profiles``: those that come with the broker, and those of the directories given."""


def settings_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add ``--config``, ``--kafka`` and ``--profiles``; they and the environment become ``settings``."""

    @click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar="CORRIDOR_CONFIG",
        help="Settings, TOML (docs/settings.md). Default: corridor.toml here, else those of `corridor up` "
        "here.",
    )
    @click.option("--kafka", metavar="HOST:PORT", help="Address of Kafka, over the settings.")
    @click.option("--profiles", "brought", **_BROUGHT)
    @functools.wraps(command)
    def with_settings(
        config: Path | None,
        kafka: str | None,
        brought: tuple[Path, ...],
        **options: Any,  # noqa: ANN401
    ) -> R:
        settings = load(config)
        if kafka:
            settings = with_kafka(settings, kafka)
        if brought:
            settings = with_profiles(settings, brought)
        return command(settings=settings, **options)

    return with_settings


def with_kafka(settings: Settings, bootstrap: str) -> Settings:
    """Return the settings with another address of Kafka."""
    kafka = msgspec.structs.replace(settings.kafka, bootstrap=bootstrap)
    return msgspec.structs.replace(settings, kafka=kafka)


def with_profiles(settings: Settings, directories: Iterable[Path]) -> Settings:
    """Return the settings with more directories of profiles."""
    more = [str(one) for one in directories if str(one) not in settings.profiles.directories]
    group = msgspec.structs.replace(settings.profiles, directories=(*settings.profiles.directories, *more))
    return msgspec.structs.replace(settings, profiles=group)


def emit(value: object) -> None:
    """Print one value as a line of JSON."""
    say(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def say(text: str, *, err: bool = False) -> None:
    """Print one line of text, of which a terminal shows every character and obeys none."""
    click.echo(visible(text), err=err)
