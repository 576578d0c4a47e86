"""``corridor dead``: what could not go on, why, sending it again, and giving it up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from functools import reduce
from typing import Any, Final

import click

from corridor.cli.exits import Exit
from corridor.cli.letters import facts, line, moment, whole
from corridor.cli.options import emit, json_option, say, settings_options, time_option
from corridor.settings import Settings
from schemas.errors import CODES
from streams.kafka import topics
from streams.kafka.sizes import Sizes
from streams.operations.dead import Open, WantedLetters, listed, opened
from streams.operations.replay import ReplayResult, discard, replay

EPILOG = """\b
Examples:
  corridor dead count                                  # what is open, by partner and code
  corridor dead list --code partner-refused --since 2026-11-30T06:00Z --limit 20
  corridor dead show 5b0c8a4e-3d0e-5f0a-9d1c-6d0c5c0b7a11
  corridor dead replay --subject EQUIPMENT:MSCU1234566 # in order, until the subject is up to date
  corridor dead replay --all
  corridor dead discard 5b0c8a4e-3d0e-5f0a-9d1c-6d0c5c0b7a11 --reason 'the DTC sent it again by mail'
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """List, show, replay and discard dead letters.

    A dead letter is a message that could not go on, kept whole with the reason. A replay sends it back to
    where it died, and settles the letter when it succeeds there; until then the letter is under way, and
    another replay leaves it alone.
    """


Command = Callable[..., Any]
TOPIC: Final = click.option(
    "--topic", default=topics.DEAD, show_default=True, help="Topic of the dead letters."
)
CHOICE: Final = (
    click.option("--stage", help="Those of one processor, such as deliver.dlp."),
    click.option(
        "--code",
        type=click.Choice(sorted(CODES)),
        metavar="CODE",
        help="Those with one reason, such as partner-refused.",
    ),
    click.option("--subject", help="Those of one unit of order, such as EQUIPMENT:MSCU1234566."),
    time_option("--since", "Those that died then or later; RFC 3339, else UTC."),
    TOPIC,
)


def choice(command: Command) -> Command:
    """Add the options that say which letters."""
    return reduce(lambda decorated, option: option(decorated), reversed(CHOICE), command)


@command.command("list", epilog="\b\nExit codes: 0 there are none, 1 there are some.")
@settings_options
@choice
@click.option("--limit", type=click.IntRange(1), help="Stop after so many.")
@json_option
def list_(settings: Settings, topic: str, limit: int | None, as_json: bool, **wanted: Any) -> int:  # noqa: ANN401
    """List the open dead letters one by one as they lie in their topic, without their bodies."""

    async def show() -> int:
        count = 0
        async with aclosing(opened(settings.kafka, WantedLetters(**wanted), topic)) as letters:  # type: ignore[type-var]
            async for found in letters:
                emit(facts(found)) if as_json else say(line(found))
                count += 1
                if count == limit:
                    break
        return count

    count = asyncio.run(show())
    if not as_json:
        click.echo(f"{count} open" if count != limit else f"the first {count}", err=True)
    return Exit.FINDINGS if count else Exit.OK


@command.command("count", epilog="\b\nExit codes: 0 there are none, 1 there are some.")
@settings_options
@choice
@json_option
def count_(settings: Settings, topic: str, as_json: bool, **wanted: Any) -> int:  # noqa: ANN401
    """Count the open dead letters by processor, which names the partner, and by reason."""
    counts, under_way, oldest = Counter[tuple[str, str]](), Counter[tuple[str, str]](), dict[Any, int]()

    async def count() -> None:
        async for found in opened(settings.kafka, WantedLetters(**wanted), topic):
            place = found.letter.stage, found.letter.code
            counts[place] += 1
            under_way[place] += found.replayed is not None
            oldest[place] = min(oldest.get(place, found.died), found.died)

    asyncio.run(count())
    for place, number in counts.most_common():
        row = {
            "stage": place[0], "code": place[1], "open": number, "under_way": under_way[place],
            "oldest": moment(oldest[place]),
        }  # fmt: skip
        if as_json:
            emit(row)
        else:
            click.echo(
                f"{number:8}  {place[0]:24}  {place[1]:20}  oldest {row['oldest']}"
                + (f"  {under_way[place]} under way" if under_way[place] else "")
            )
    if not as_json:
        click.echo(f"{counts.total()} open", err=True)
    return Exit.FINDINGS if counts else Exit.OK


@command.command()
@settings_options
@click.argument("letter_id", metavar="ID")
@TOPIC
@json_option
def show(settings: Settings, letter_id: str, topic: str, as_json: bool) -> None:
    """Show one dead letter: when and why it died, at which rule of which mapping, and its content.

    The body is shown as JSON where the profile of its topic can read it; with --json it is in base64.
    """

    async def find() -> list[Open]:
        return [found async for found in opened(settings.kafka, WantedLetters(ids=(letter_id,)), topic)]

    found = asyncio.run(find())
    if not found:
        raise click.UsageError(f"no open dead letter {letter_id}; `corridor dead list` shows them")
    if as_json:
        told = facts(found[0])
        emit({**told, **{name: getattr(found[0].letter, name) for name in ("body", "key", "headers")}})
        return
    for name, value in whole(found[0], settings):
        say(f"{name:12}{value}")


@command.command(name="replay")
@settings_options
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that are open.")
@choice
@click.option("--again", is_flag=True, help="Also those that are under way, which may then come twice.")
@json_option
def replay_(
    settings: Settings,
    ids: tuple[str, ...],
    everything: bool,
    topic: str,
    again: bool,
    as_json: bool,
    **wanted: Any,  # noqa: ANN401
) -> None:
    """Send dead letters back to where they died, in the order of the log; those under way are left alone."""
    if not (ids or everything or any(wanted.values())):
        raise click.UsageError("say which: IDs, --stage, --code, --subject, --since or --all")

    async def run() -> tuple[ReplayResult, int]:
        letters = await listed(settings.kafka, WantedLetters(ids=ids, **wanted), topic)
        chosen = letters if ids else [letter for letter in letters if letter.is_whole]
        sent = await replay(
            settings.kafka, chosen, processing=settings.processing, topic=topic, again=again,
            sizes=Sizes(settings.topics.max_message_bytes),
        )  # fmt: skip
        return sent, len(letters) - len(chosen)

    sent, broken = asyncio.run(run())
    if as_json:
        emit({"replayed": sent.sent, "under_way": sent.under_way, "not_replayable": broken})
        return
    click.echo(f"{sent.sent} replayed")
    if sent.under_way:
        click.echo(f"{sent.under_way} are under way already: --again sends them once more", err=True)
    if broken:
        click.echo(f"{broken} cannot be replayed: correct them at their source, or discard them", err=True)


@command.command(name="discard")
@settings_options
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it is kept with the letter and logged.")
@TOPIC
@json_option
def discard_(settings: Settings, ids: tuple[str, ...], reason: str, topic: str, as_json: bool) -> None:
    """Give dead letters up for good: nothing is done with them any more.

    Later messages of the subject that wait behind one can then be replayed.
    """

    async def run() -> ReplayResult:
        letters = await listed(settings.kafka, WantedLetters(ids=ids), topic)
        return await discard(
            settings.kafka, letters, reason, processing=settings.processing, topic=topic,
            sizes=Sizes(settings.topics.max_message_bytes),
        )  # fmt: skip

    sent = asyncio.run(run())
    if as_json:
        emit({"discarded": sent.sent})
    else:
        click.echo(f"{sent.sent} discarded")
