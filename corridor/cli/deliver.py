"""``corridor deliver``: what an operator does about deliveries."""

from __future__ import annotations

import asyncio

import click

from corridor.cli.options import emit, json_option, settings_options, time_option
from corridor.settings import Settings
from streams.kafka.sizes import Sizes
from streams.operations.again import WantedMessages, deliver_again, lost

EPILOG = """\b
Examples:
  corridor deliver again dlp --since 2026-11-30T06:00Z --until 2026-11-30T07:30Z --dry-run
  corridor deliver again dlp --since 2026-11-30T06:00Z --until 2026-11-30T07:30Z
  corridor deliver again dlp --subject EQUIPMENT:MSCU1234566
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Send once more what a partner lost after it had answered 200."""


@command.command()
@settings_options
@click.argument("participant")
@click.option("--subject", help="Those of one unit of order, such as EQUIPMENT:MSCU1234566.")
@click.option("--id", "message_id", help="The message with this id.")
@time_option("--since", "Those that were written for the partner then or later; RFC 3339, else UTC.")
@time_option("--until", "Those that were written before then.")
@click.option("--dry-run", is_flag=True, help="Count them, and send nothing.")
@json_option
def again(
    settings: Settings,
    participant: str,
    subject: str | None,
    message_id: str | None,
    since: int | None,
    until: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send messages of out.PARTICIPANT once more, in the order of the log.

    They go under the idempotency keys that they had: a partner that has a message still takes it as known.
    What is a dead letter is sent by `corridor dead replay`.
    """
    if participant not in settings.participants or not settings.participants[participant].deliver:
        raise click.BadParameter(f"nothing is delivered to {participant!r}", param_hint="PARTICIPANT")
    if not (subject or message_id or since or until):
        raise click.UsageError("say which: --subject, --id, --since or --until")
    wanted = WantedMessages(subject=subject, id=message_id, since=since, until=until)

    async def run() -> int:
        if dry_run:
            return sum([1 async for _ in lost(settings.kafka, participant, wanted)])
        sizes = Sizes(settings.topics.max_message_bytes)
        return await deliver_again(settings.kafka, participant, wanted, settings.processing, sizes)

    count = asyncio.run(run())
    if as_json:
        emit({"participant": participant, "would_send" if dry_run else "sent": count})
    else:
        click.echo(f"{count} would be sent again" if dry_run else f"{count} are sent again")
