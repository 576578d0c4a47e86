"""How the operator sees it: a page that updates in place on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from corridor.supervisor.figures import Direction, Figures
from corridor.supervisor.supervisor import ProcessFigures, Status

STATE_STYLE = {"ready": "green", "starting": "yellow", "waiting": "yellow", "ended": "bold red"}
CIRCUIT_STYLE = {"closed": "green", "half-open": "yellow", "open": "bold red"}


def page(status: Status) -> RenderableType:
    """Build the page for a terminal."""
    parts: list[RenderableType] = [Text("Corridor broker", style="bold"), Text("")]
    if status.figures:
        parts += [_directions(status.figures.directions), _totals(status.figures), Text("")]
    parts += [_processes(status.processes), Text(""), _addresses(status.addresses)]
    if status.messages:
        parts += [Text(""), *(Text(message, style="dim") for message in status.messages)]
    parts += [Text(""), Text("Ctrl-C stops everything; the next start goes on from here.", style="dim")]
    return Padding(Group(*parts), (1, 2))


def line(status: Status) -> str:
    """Return one line for logs and pipes."""
    parts = [status.time]
    if status.figures:
        parts += [
            f"{d.source}→{d.target} accepted={d.accepted} delivered={d.delivered} "
            f"rate={d.delivered_rate:.1f}/s p50={seconds(d.p50)} p99={seconds(d.p99)} "
            f"waiting={d.waiting} circuit={d.circuit}"
            for d in status.figures.directions
        ]
        figures = status.figures
        parts.append(f"lag={figures.lag} dead={sum(figures.dead.values())} lost={sum(figures.lost.values())}")
    down = [f"{process.name}:{process.state}" for process in status.processes if process.state != "ready"]
    parts.append(" ".join(down) if down else "all ready")
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


def _directions(directions: tuple[Direction, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("direction")
    for title in ("accepted", "/s", "delivered", "/s", "p50", "p99", "waiting", "oldest"):
        table.add_column(title, justify="right")
    table.add_column("circuit")
    for d in directions:
        table.add_row(
            Text(f"{d.source.upper()} → {d.target.upper()}", style="bold"),
            f"{d.accepted:,}",
            f"{d.accepted_rate:.1f}",
            f"{d.delivered:,}",
            f"{d.delivered_rate:.1f}",
            seconds(d.p50),
            seconds(d.p99),
            f"{d.waiting:,}",
            seconds(d.oldest or None),
            Text(d.circuit, style=CIRCUIT_STYLE[d.circuit]),
        )
    return table


def _totals(figures: Figures) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    table.add_row("lag", f"{figures.lag:,} records not read yet")
    table.add_row("dead letters", _counted(figures.dead, "bold red") or Text("none", style="green"))
    table.add_row("lost fields", _counted(figures.lost, "yellow") or Text("none", style="green"))
    table.add_row("filtered", f"{figures.filtered:,} repeated, stale or echoes")
    return table


def _counted(counts: dict[str, int], style: str) -> Text | None:
    if not counts:
        return None
    largest = sorted(counts.items(), key=lambda item: -item[1])
    shown = ", ".join(f"{name} {count:,}" for name, count in largest[:4])
    more = f", {len(largest) - 4} more" if len(largest) > 4 else ""
    return Text(f"{sum(counts.values()):,}", style=style) + Text(f"  {shown}{more}", style="dim")


def _processes(processes: tuple[ProcessFigures, ...]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("process")
    table.add_column("state")
    for title in ("pid", "CPU", "memory", "restarts"):
        table.add_column(title, justify="right")
    for process in processes:
        table.add_row(
            process.name,
            Text(process.state, style=STATE_STYLE[process.state]),
            str(process.pid or "-"),
            f"{process.cpu:.0f} %",
            f"{process.memory / 1024**2:.0f} MB",
            str(process.restarts),
        )
    return table


def _addresses(addresses: dict[str, str]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column()
    for name, url in addresses.items():
        table.add_row(name, url)
    return table
