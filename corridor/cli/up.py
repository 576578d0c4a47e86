"""``corridor up``: everything on this machine, watched."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from connectors.pauses import unless
from corridor.cli.exits import abandon_stdout
from corridor.cli.options import emit, json_option
from corridor.signals import heed
from corridor.supervisor import view
from corridor.supervisor.state import EVERYONE, Ports, StateDirectory
from corridor.supervisor.supervisor import RunPlan, Supervisor, SupervisorStatus

EPILOG = """\b
Without a settings file everyone is simulated, with secrets made for this machine: a DTC that sends
consignment notes, a DLP that sends events, ports, a vessel operator, oil terminals, and the neighbours of an
e-Permit authority. An hour of the corridor passes every second. With corridor.toml (or --config) your own
participants are run.

\b
Examples:
  corridor up                                   # Kafka, all roles, the sandbox
  corridor up --only dtc,dlp                    # the two platforms alone: a smaller machine
  corridor up --kafka kafka.example:9092        # with a Kafka that is there already
  corridor up --config corridor.toml --json | jq .figures
  corridor dead list                            # in a second terminal, beside it

Ctrl-C stops everything within ten seconds; the next start goes on where it stopped."""

SITE_FILE: Final = Path("corridor.toml")
PLAIN_EVERY: Final = 5.0
LIVE_EVERY: Final = 1.0


def _players(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    wanted = {name.strip() for name in value.split(",")}
    if unknown := sorted(wanted - set(EVERYONE)):
        raise click.BadParameter(f"{unknown[0]!r} is none of {', '.join(EVERYONE)}")
    return tuple(name for name in EVERYONE if name in wanted)


@click.command(epilog=EPILOG)
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="CORRIDOR_CONFIG",
    help="Your own participants (docs/settings.md). Default: corridor.toml here; without one, the sandbox.",
)
@click.option("--kafka", metavar="HOST:PORT", help="Use this Kafka and start none.")
@click.option("--registry", metavar="URL", help="Use this schema registry and not our own.")
@click.option("--no-sandbox", is_flag=True, help="Start no simulated participants.")
@click.option(
    "--only",
    default=",".join(EVERYONE),
    callback=_players,
    help=f"Simulated participants, of {', '.join(EVERYONE)}. Default: all.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CORRIDOR_STATE",
    default=Path(".corridor"),
    show_default=True,
    help="Directory for Kafka's data, secrets, logs.",
)
@click.option(
    "--ports", type=click.IntRange(1024, 65000), default=8400, show_default=True,
    help="First of the twenty ports that are used without a settings file.",
)  # fmt: skip
@click.option(
    "--seconds", type=click.FloatRange(min=0), help="Stop by itself after that many seconds of running."
)
@json_option
def command(
    config: Path | None,
    kafka: str | None,
    registry: str | None,
    no_sandbox: bool,
    only: tuple[str, ...],
    state: Path,
    ports: int,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Run everything on this machine and watch shipments cross.

    Starts Apache Kafka (fetched once, no Docker or Java needed), the topics, the roles gateway, stream,
    deliver and view, and the sandbox; what dies is started again. On a terminal the figures update in place,
    elsewhere there is a line every five seconds.
    """
    if config is None and SITE_FILE.is_file():
        config = SITE_FILE
    plan = RunPlan(
        state=StateDirectory(state),
        ports=Ports(ports),
        config=config.absolute() if config else None,
        kafka=kafka,
        registry=registry,
        sandbox=config is None and not no_sandbox,
        players=only,
    )
    with plan.state.locked():
        asyncio.run(_up(plan, seconds, _Output(as_json)))


class _Screen(Console):
    """A console that lets its owner decide what becomes of a pipe that nobody reads."""

    def on_broken_pipe(self) -> None:
        """Raise it, where rich would end the process and leave the children behind."""
        raise BrokenPipeError


class _Output:
    """Where words and figures go: a terminal, plain lines, or JSON with the words on stderr."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.live = sys.stdout.isatty() and not as_json
        self.console = _Screen(stderr=as_json, highlight=False, soft_wrap=not self.live)
        self.lost = asyncio.Event()
        """Set when nobody reads any more: `corridor up | head`, or a terminal that was closed."""
        self.every = LIVE_EVERY if self.live else PLAIN_EVERY
        self.quiet = False
        self._shown = 0.0

    def say(self, sentence: str) -> None:
        """Print a sentence, unless the live page shows it."""
        if not self.quiet:
            with self.reading():
                self.console.print(sentence, markup=False)

    def show(self, status: SupervisorStatus, live: Live | None) -> None:
        """Show how everything stands."""
        with self.reading():
            if live:
                live.update(view.page(status), refresh=True)
            elif self.as_json:
                emit(status)
            else:
                self.say(view.line(status))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Write to whoever reads; one that is gone is no error, but the end."""
        try:
            yield
        except OSError:
            self.lost.set()
            self.quiet = True
            abandon_stdout()

    @contextmanager
    def page(self) -> Iterator[Live | None]:
        """Show a page that updates in place, where there is a terminal."""
        if not self.live:
            yield None
            return
        self.quiet = True  # the page itself shows the sentences
        try:
            with Live(console=self.console, screen=True, auto_refresh=False) as live:
                yield live
        finally:
            self.quiet = False

    def downloading(self, bar: Progress) -> Callable[[int, int], None]:
        """Return what to call with bytes fetched and in all."""
        task = bar.add_task("Fetching Apache Kafka", total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)
            if not self.live and (done == total or time.monotonic() - self._shown > PLAIN_EVERY):
                self._shown = time.monotonic()
                self.say(f"Fetching Apache Kafka: {done // 1_000_000} of {total // 1_000_000} MB")

        return show


async def _up(plan: RunPlan, seconds: float | None, output: _Output) -> None:
    stop = asyncio.Event()
    heed(stop, hang_up=lambda: None)  # a closed terminal is noticed
    unread = asyncio.create_task(_when(output.lost, stop))
    supervisor = Supervisor(plan, output.say)
    began = time.monotonic()
    try:
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            console=output.console, transient=True, disable=not output.live,
        )  # fmt: skip
        with bar:
            await unless(stop, supervisor.start(output.downloading(bar)))
        if not stop.is_set():
            supervisor.say(f"ready after {time.monotonic() - began:.1f} s")
            await unless(stop, asyncio.wait_for(_watch(supervisor, output), seconds))
    except TimeoutError:
        pass
    finally:
        unread.cancel()
        output.say("Stopping ...")
        began = time.monotonic()
        await supervisor.stop()
        output.say(f"Stopped after {time.monotonic() - began:.1f} s. The next start goes on from here.")


async def _when(lost: asyncio.Event, stop: asyncio.Event) -> None:
    await lost.wait()
    stop.set()


async def _watch(supervisor: Supervisor, output: _Output) -> None:
    """Show the figures until something cannot run any more; then raise why."""
    failing = asyncio.create_task(supervisor.failed())
    try:
        with output.page() as live:
            while not failing.done():
                output.show(await supervisor.status(), live)
                await asyncio.wait({failing}, timeout=output.every)
        await failing
    finally:
        failing.cancel()
