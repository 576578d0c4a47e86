"""``corridor dead``: what could not go on, why, and sending it again."""

from __future__ import annotations

import asyncio
import base64

import click
import msgspec

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say, settings_options
from corridor.settings import Settings
from schemas.errors import CODES
from schemas.records import DeadLetter
from streams import topics
from streams.dead import Wanted, open_letters, replay

EPILOG = """\b
Examples:
  corridor dead list                                   # what is open
  corridor dead list --code partner-refused --json
  corridor dead show 5b0c8a4e-3d0e-5f0a-9d1c-6d0c5c0b7a11
  corridor dead replay --subject EQUIPMENT:MSCU1234566 # in order, until the subject is up to date
  corridor dead replay --all
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """List, show and replay dead letters.

    A dead letter is a message that could not go on, kept whole with the reason. A replay sends it back to
    where it died, and settles the letter when it succeeds there.
    """


TOPIC = click.option("--topic", default=topics.DEAD, show_default=True, help="Topic of the dead letters.")


@command.command("list", epilog="\b\nExit codes: 0 there are none, 1 there are some.")
@settings_options
@click.option("--stage", help="Processor where they died, such as deliver.dlp.")
@click.option(
    "--code", type=click.Choice(sorted(CODES)), metavar="CODE", help="Why, such as partner-refused."
)
@click.option("--subject", help="Unit of order, such as EQUIPMENT:MSCU1234566.")
@TOPIC
@json_option
def list_(
    settings: Settings, stage: str | None, code: str | None, subject: str | None, topic: str, as_json: bool
) -> int:
    """List the open dead letters in the order of the log, without their bodies."""
    letters = asyncio.run(
        open_letters(settings.kafka, Wanted(stage=stage, code=code, subject=subject), topic)
    )
    for letter in letters:
        if as_json:
            emit(
                {
                    k: v
                    for k, v in msgspec.structs.asdict(letter).items()
                    if k not in {"body", "key", "headers"}
                }
            )
        else:
            say(f"{letter.id}  {letter.stage:24}  {letter.code:20}  {letter.subject or ''}  {_why(letter)}")
    if not as_json:
        click.echo(f"{len(letters)} open", err=True)
    return Exit.FINDINGS if letters else Exit.OK


@command.command()
@settings_options
@click.argument("letter_id", metavar="ID")
@TOPIC
@json_option
def show(settings: Settings, letter_id: str, topic: str, as_json: bool) -> None:
    """Show one dead letter with its headers and its body in base64."""
    letters = asyncio.run(open_letters(settings.kafka, Wanted(ids=(letter_id,)), topic))
    if not letters:
        raise click.UsageError(f"no open dead letter {letter_id}; `corridor dead list` shows them")
    if as_json:
        emit(letters[0])
        return
    for name, value in msgspec.structs.asdict(letters[0]).items():
        say(f"{name:12}{_text(value)}")


@command.command(name="replay")
@settings_options
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are open.")
@click.option("--stage", help="Those of one processor.")
@click.option("--code", type=click.Choice(sorted(CODES)), metavar="CODE", help="Those with one reason.")
@click.option("--subject", help="Those of one subject.")
@TOPIC
@json_option
def replay_(
    settings: Settings,
    ids: tuple[str, ...],
    everything: bool,
    stage: str | None,
    code: str | None,
    subject: str | None,
    topic: str,
    as_json: bool,
) -> None:
    """Send dead letters back to where they died, in the order of the log."""
    if not (ids or everything or stage or code or subject):
        raise click.UsageError("say which: IDs, --stage, --code, --subject or --all")
    wanted = Wanted(ids=ids, stage=stage, code=code, subject=subject)
    count = asyncio.run(_replay(settings, wanted, topic))
    if as_json:
        emit({"replayed": count})
    else:
        click.echo(f"{count} replayed")


async def _replay(settings: Settings, wanted: Wanted, topic: str) -> int:
    return await replay(settings.kafka, await open_letters(settings.kafka, wanted, topic))


def _why(letter: DeadLetter) -> str:
    return f"{letter.pointer}: {letter.rule}" if letter.rule else letter.detail or ""


def _text(value: object) -> str:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return ", ".join(f"{name}={_header(content)}" for name, content in value.items())
        case None:
            return ""
        case _:
            return str(value)


def _header(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
