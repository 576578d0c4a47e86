"""``corridor sandbox``: play a participant, with a timetable, a ledger and faults."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from corridor.cli.options import emit, json_option
from corridor.sandbox.company import play
from corridor.sandbox.faults import Faults
from corridor.sandbox.participant import Player, running
from corridor.sandbox.settings import PROFILES, Sandbox
from corridor.settings import load
from corridor.signals import heed
from deploy.ports import require_free


@click.command(name="sandbox")
@click.argument("participant", type=click.Choice(list(PROFILES)), required=False)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Without PARTICIPANT: settings of the broker, which name who is to be played, and where.",
)
@click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), required=True, help="Directory of the ledger."
)
@click.option("--webhook", default="", metavar="URL", help="Send to this webhook of the broker.")
@click.option("--webhook-secret", default="", metavar="REF", help="Sign what is sent with this secret.")
@click.option("--offer", is_flag=True, help="Offer messages at /feed, to be polled, instead of sending them.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=0, help="Port of the participant's own API; 0 takes a free one.")
@click.option("--control", default=0, help="Port of /stats, /ledger and /faults; 0 takes a free one.")
@click.option(
    "--delivery-secret", default="", metavar="REF", help="Deliveries must be signed with this secret."
)
@click.option("--client-id", default="", help="Deliveries need a token, which this OAuth2 client gets.")
@click.option("--client-secret", default="", metavar="REF", help="Secret of the OAuth2 client.")
@click.option("--token-life", default=300.0, show_default=True, help="Seconds that a token lives.")
@click.option("--seed", default=0, show_default=True, help="Another seed is another timetable.")
@click.option("--speed", default=1.0, show_default=True, help="Simulated hours per second.")
@click.option(
    "--rate", type=float, help="Messages per second, whatever their simulated time; 0: as fast as possible."
)
@click.option("--limit", default=0, help="Messages to send in all; 0: no end.")
@click.option("--batch", default=1, show_default=True, help="Most messages in one request.")
@click.option("--lanes", default=4, show_default=True, help="Requests under way at once.")
@click.option(
    "--faults", default="{}", metavar="JSON", help="Faults from the start, as POST /faults takes them."
)
@json_option
def command(config: Path | None, faults: str, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - options of all types
    """Play the participant dtc, dlp, port, vessel or oil until Ctrl-C; without one, all that --config names.

    It sends a seeded timetable of container block trains from Altynkol to the Black Sea and Baku, of the
    vessels that take them over the Caspian and of oil lots, takes the
    broker's deliveries at /deliveries, and keeps a ledger of both in --data. Started again with the same
    directory it goes on where it stopped. Secrets are given as file:PATH or env:NAME.

    \b
    corridor sandbox dtc --data ./dtc --webhook http://127.0.0.1:8400/webhooks/dtc
    corridor sandbox dlp --data ./dlp --offer --rate 100
    corridor sandbox --config .corridor/corridor.toml --data ./everyone    # what `corridor up` runs

    \b
    Faults, now or at any time by POST to /faults on the control port (chances from 0 to 1):
      {"latency": 0.2, "errors": {"500": 0.05, "429": 0.02}, "retry_after": 2,
       "timeouts": 0.01, "lost": 0.05, "duplicates": 0.1, "disorder": 0.1, "down": 30, "seed": 7}

    The first line on standard output says where it listens; with --json it is JSON.
    """  # noqa: D301 - click's mark
    try:
        options["faults"] = msgspec.json.decode(faults.encode(), type=Faults)
        chosen = options.pop("participant")
        how = msgspec.convert({**options, "participant": chosen or "dtc"}, Sandbox)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise click.UsageError(str(error)) from None
    work = partial(_play, how, as_json=as_json) if chosen else partial(play, load(config), how)
    asyncio.run(_with_signals(work))


async def _with_signals(work: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """Do something that ends when its event is set, by a signal."""
    stop = asyncio.Event()
    heed(stop)
    await work(stop=stop)


async def _play(settings: Sandbox, *, as_json: bool, stop: asyncio.Event) -> None:
    for port, option in ((settings.port, "--port"), (settings.control, "--control")):
        if port:
            require_free(port, "the sandbox", f"Choose another with {option}.", settings.host)
    async with running(settings) as participant:
        _announce(participant, as_json=as_json)
        done = {asyncio.create_task(stop.wait()), asyncio.create_task(participant.ended.wait())}
        await asyncio.wait(done, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.cancel()


def _announce(participant: Player, *, as_json: bool) -> None:
    name = participant.settings.participant
    if as_json:
        emit({"participant": name, "url": participant.url, "control": participant.control_url})
    else:
        click.echo(f"{name} listens on {participant.url}, control on {participant.control_url}")
