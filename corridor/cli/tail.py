"""``corridor tail``: what passes through a topic, decoded."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import click
import msgspec

from corridor.cli.options import json_option, say, settings_options
from corridor.roles.contracts import registry_client
from corridor.settings import Settings
from streams.operations.follow import Decoder, Followed, follow
from streams.records.contracts import Contracts

EPILOG = """\b
Examples:
  corridor tail corridor.events                 # what comes, until Ctrl-C
  corridor tail in.dtc --from-beginning --no-follow --json | jq .value
  corridor tail corridor.dead -n 5 --from-beginning
"""


@click.command(epilog=EPILOG)
@settings_options
@click.argument("topic")
@click.option("--from-beginning", is_flag=True, help="Begin with the first record instead of what comes.")
@click.option("--follow/--no-follow", "wait", default=True, show_default=True, help="Wait for what comes.")
@click.option("-n", "limit", type=click.IntRange(1), help="Stop after so many records.")
@json_option
def command(
    settings: Settings, topic: str, from_beginning: bool, wait: bool, limit: int | None, as_json: bool
) -> None:
    """Show the committed records of TOPIC with their headers, values as JSON.

    Schemas come from the registry by the id in every value. What cannot be decoded is shown in base64.
    """
    asyncio.run(_tail(settings, topic, from_beginning, wait, limit, as_json))


async def _tail(
    settings: Settings, topic: str, beginning: bool, wait: bool, limit: int | None, as_json: bool
) -> None:
    client = registry_client(settings)
    try:
        decoder, shown = Decoder(Contracts(client)), 0
        async with aclosing(
            follow(settings.kafka, topic, beginning=beginning or not wait, wait=wait)
        ) as records:
            async for record in records:
                seen = await decoder.show(record)
                for line in [msgspec.json.encode(seen).decode()] if as_json else _lines(seen):
                    say(line)
                shown += 1
                if shown == limit:
                    return
    finally:
        await client.close()


def _lines(seen: Followed) -> tuple[str, str]:
    at = datetime.fromtimestamp(seen.timestamp / 1000, UTC).isoformat(timespec="milliseconds")
    headers = " ".join(f"{name}={value}" for name, value in seen.headers.items())
    value = msgspec.json.encode(seen.value).decode() if seen.value is not None else "(deleted)"
    why = f"  not decoded: {seen.undecoded}" if seen.undecoded else ""
    return f"{at}  {seen.topic}/{seen.partition}@{seen.offset}  {seen.key}  {headers}", f"  {value}{why}"
