"""How the operator sees it: a page that updates in place on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from corridor.settings.load import DEFAULT_FILES
from corridor.supervisor.figures import Figures, System
from corridor.supervisor.outlook import ClosedPort, Outlook, PermitCounts
from corridor.supervisor.supervisor import ProcessFigures, SupervisorStatus
from schemas.text import visible

STATE_STYLE = {"ready": "green", "starting": "yellow", "waiting": "yellow", "ended": "bold red"}
CIRCUIT_STYLE = {"closed": "green", "half-open": "yellow", "open": "bold red"}


def page(status: SupervisorStatus) -> RenderableType:
    """Build the page for a terminal, what matters most first: a small one shows less of the end."""
    parts: list[RenderableType] = [Text("Corridor broker", style="bold"), Text("")]
    if status.figures:
        parts += [_systems(status.figures.systems), Text(""), _totals(status.figures, status.outlook)]
    if status.outlook.look:
        parts += [Text(""), *_hints(status)]
    parts += [Text(""), _processes(status.processes), Text(""), _addresses(status.addresses)]
    if status.messages:
        parts += [Text(""), *(Text(message, style="dim") for message in status.messages)]
    parts += [Text(""), Text("Ctrl-C stops everything; the next start goes on from here.", style="dim")]
    return Padding(Group(*parts), (1, 2))


def line(status: SupervisorStatus) -> str:
    """Return one line for logs and pipes."""
    parts = [status.time]
    if status.figures:
        parts += [
            f"{s.name} accepted={s.accepted} delivered={s.delivered} rate={s.delivered_rate:.1f}/s "
            f"p50={seconds(s.p50)} p99={seconds(s.p99)} waiting={s.waiting} circuit={s.circuit}"
            for s in status.figures.systems
        ]
        figures = status.figures
        parts.append(
            f"lag={figures.lag} dead={sum(figures.dead.values())} lost={sum(figures.lost.values())} "
            f"filtered={figures.filtered}"
        )
    parts += [port_line(port) for port in status.outlook.ports]
    wanting = [process for process in status.processes if process.state != "ready" or process.why]
    parts.append(" ".join(f"{one.name}:{_condition(one, ',')}" for one in wanting) or "all ready")
    return " | ".join(parts)


def seconds(value: float | None) -> str:
    """Write a duration as a person would: ``12 ms``, ``1.5 s``, ``3 min``."""
    match value:
        case None:
            return "-"
        case small if small < 1:
            return f"{small * 1000:.0f} ms"
        case medium if medium < 120:
            return f"{medium:.1f} s"
        case large:
            return f"{large / 60:.0f} min"


def port_line(port: ClosedPort) -> str:
    """Say that a port is closed, why, until when, and what waits there."""
    reason = f" ({port.reason})" if port.reason else ""
    opens = f", expected to open {_moment(port.opens)}" if port.opens else ""
    waiting = f"; waiting: {', '.join(port.waiting)}" if port.waiting else ""
    return visible(f"{port.name} closed{reason} since {_moment(port.since)}{opens}{waiting}")


def _moment(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%d %b %H:%M}"


def _systems(systems: tuple[System, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("system")
    for title in ("accepted", "/s", "delivered", "/s", "p50", "p99", "waiting", "lost", "dead"):
        table.add_column(title, justify="right")
    table.add_column("")
    for s in systems:
        table.add_row(
            Text(s.name.upper(), style="bold"),
            f"{s.accepted:,}",
            f"{s.accepted_rate:.1f}",
            f"{s.delivered:,}",
            f"{s.delivered_rate:.1f}",
            seconds(s.p50),
            seconds(s.p99),
            f"{s.waiting:,}",
            f"{s.lost:,}",
            Text(f"{s.dead:,}", style="bold red" if s.dead else ""),
            Text("" if s.circuit == "closed" else s.circuit, style=CIRCUIT_STYLE[s.circuit]),
        )
    return table


def _totals(figures: Figures, outlook: Outlook) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for port in outlook.ports:
        table.add_row("held", Text(port_line(port), style="yellow"))
    if outlook.held:
        listed = list(outlook.held.items())[:4]
        shipments = ", ".join(f"{count:,} {visible(reason)}" for reason, count in listed)
        table.add_row("" if outlook.ports else "held", f"shipments: {shipments}")
    if outlook.permits:
        table.add_row("permits", _permits(outlook.permits))
    table.add_row("dead letters", _counted(figures.dead, "bold red") or Text("none", style="green"))
    table.add_row("lost fields", _counted(figures.lost, "yellow") or Text("none", style="green"))
    table.add_row("filtered", f"{figures.filtered:,} not for that system, repeated, stale or echoes")
    table.add_row("lag", f"{figures.lag:,} records not read yet")
    return table


def _permits(permits: PermitCounts) -> Text:
    text = Text(f"{permits.issued:,} issued, {permits.used:,} used, {permits.refused:,} revoked; ")
    wrong = [peer for peer, problem in permits.chains.items() if problem]
    if wrong:
        return text + Text(f"chains not in step with {', '.join(wrong)}", style="yellow")
    if permits.chains:
        return text + Text(f"chains in step with {', '.join(permits.chains)}", style="green")
    return text + Text("chains not compared yet", style="dim")


def _hints(status: SupervisorStatus) -> list[Text]:
    """Commands that have something to show, one a line so that they can be copied."""
    settings = status.addresses["settings"]
    found = any(settings == str(file.absolute()) for file in DEFAULT_FILES)
    where = "" if found else f" --config {settings}"
    commands = [
        f"corridor show {shlex.quote(visible(reference))}{where}" for reference in status.outlook.look
    ]
    return [Text(command, style="cyan") for command in (*commands, f"corridor kpi{where}")]


def _counted(counts: dict[str, int], style: str) -> Text | None:
    if not counts:
        return None
    largest = sorted(counts.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name} {count:,}" for name, count in largest[:4])
    more = f", {len(largest) - 4} more" if len(largest) > 4 else ""
    return Text(f"{sum(counts.values()):,}", style=style) + Text(f"  {shown}{more}", style="dim")


def _processes(processes: tuple[ProcessFigures, ...]) -> Text:
    """All processes in a few lines: what each takes, and what is not as it should be."""
    parts = []
    for process in processes:
        again = f", restarted {process.restarts} x" if process.restarts else ""
        state = f" {_condition(process, ', ')}" if process.state != "ready" or process.why else ""
        parts.append(
            Text(process.name, style=STATE_STYLE[process.state])
            + Text(f"{state} {process.cpu:.0f} % {process.memory / 1024**2:.0f} MB{again}", style="dim")
        )
    return Text("  ·  ").join(parts)


def _condition(process: ProcessFigures, between: str) -> str:
    """Say how it is with a process, and why: ``waiting for kafka``, ``without registry``."""
    why = between.join(process.why)
    if process.state == "ready":
        return f"without {why}"
    return f"{process.state} for {why}" if why and process.state == "waiting" else process.state


def _addresses(addresses: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    for name, url in addresses.items():
        if not name.startswith(("webhook of", "metrics of")):  # the API docs and the settings have those
            table.add_row(name, url)
    return table
