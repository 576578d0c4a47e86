"""``corridor audit``: prove that nothing was lost, doubled, swapped or altered."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from corridor.audit.checks import check
from corridor.audit.evidence import collect
from corridor.audit.facts import VIOLATIONS, BrokenPromise, Evidence
from corridor.audit.log import AuditedLog
from corridor.audit.replay import replay
from corridor.audit.world import hold_against_world
from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say, settings_options
from corridor.roles.contracts import registry_client
from corridor.sandbox.ledger import FILE
from corridor.settings import Settings
from streams.kafka import topics
from streams.records.contracts import Contracts

EPILOG = (
    "\b\nViolations:\n"
    + "\n".join(f"  {kind:20} {meaning}" for kind, meaning in VIOLATIONS.items())
    + "\n\n\b\nExamples:\n  corridor audit                    # beside a drained `corridor up`"
    "\n  corridor audit --truth 0          # is what the partners were told so in the world of the sandbox?"
    "\n  corridor audit --ledger dlp=/var/lib/dlp/ledger.jsonl --json"
    "\n\n\b\nExit codes: 0 every promise held, 1 violations, or nothing was there to look at."
)
SHOWN = 20


@click.command(epilog=EPILOG)
@settings_options
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".corridor"),
    show_default=True,
    help="Directory of `corridor up`, whose sandbox keeps the ledgers.",
)
@click.option(
    "--ledger",
    "ledgers",
    multiple=True,
    metavar="NAME=FILE",
    help="Ledger of a participant, or of an authority's peer (kz.az=AZ.jsonl), instead of the sandbox's.",
)
@click.option(
    "--truth",
    "seed",
    type=int,
    metavar="SEED",
    help="Also hold what the DLP and the DTC were told against the world of the sandbox with this seed "
    "(`corridor up` plays 0): who is where, loaded on what, and when.",
)
@json_option
def command(
    settings: Settings, state: Path, ledgers: tuple[str, ...], seed: int | None, as_json: bool
) -> int:
    """Compare ledgers, topics, receipts, dead letters and reports.

    Every message that a participant holds an acknowledgement for must be delivered, dead-lettered or
    filtered, exactly once, in the order of its subject, with the same bytes on every attempt. The chains of
    an e-Permit authority and its peers must be the same on both sides, each event told to the corridor once.
    Run it when nothing is on its way any more: what is still being delivered counts as not delivered.
    Of a participant without a ledger the log is held against itself, the reports and the receipts.
    """
    evidence, violations = asyncio.run(_audit(settings, _ledgers(state, ledgers, settings), seed))
    if as_json:
        emit(
            {
                "counts": evidence.counts(),
                "without_ledger": evidence.without_ledger,
                "violations": [asdict(v) for v in violations],
            }
        )
    else:
        _print(evidence, violations)
    return Exit.FINDINGS if violations or not evidence.counts()["logged"] else Exit.OK


async def _audit(
    settings: Settings, ledgers: dict[str, Path], seed: int | None
) -> tuple[Evidence, list[BrokenPromise]]:
    async with registry_client(settings) as client:
        log = AuditedLog(settings.kafka, Contracts(client))
        evidence = await collect(log, ledgers, settings.participants.values())
        found = [*check(evidence), *await replay(settings, log, evidence)]
        if seed is not None:
            found += await hold_against_world(settings, log, evidence, seed)
    return evidence, found


def _ledgers(state: Path, given: tuple[str, ...], settings: Settings) -> dict[str, Path]:
    """Where each participant's ledger is; one that an earlier run had more is passed over."""
    if not given:
        found = sorted((state / "sandbox").glob(f"*/{FILE}"))
        ledgers = {path.parent.name: path for path in found if path.parent.name in settings.participants}
        peers = ((topics.peer(name, code), code) for name, codes in settings.peers.items() for code in codes)
        kept = {name: next((state / "sandbox").glob(f"*/{code}.jsonl"), None) for name, code in peers}
        return ledgers | {name: path for name, path in kept.items() if path is not None}
    pairs = [pair.partition("=") for pair in given]
    for name, _, path in pairs:
        if not name or not Path(path).is_file():
            raise click.BadParameter(f"{name}={path} is not NAME=FILE of a ledger", param_hint="--ledger")
    return {name: Path(path) for name, _, path in pairs}


def _print(evidence: Evidence, violations: list[BrokenPromise]) -> None:
    click.echo("  ".join(f"{name} {count}" for name, count in evidence.counts().items()))
    for violation in violations[:SHOWN]:
        click.secho(f"{violation.kind}: ", fg="red", bold=True, nl=False)
        say(f"{violation.place} {violation.id}: {violation.detail}")
    if len(violations) > SHOWN:
        click.echo(f"... and {len(violations) - SHOWN} more (--json has all)")
    if evidence.without_ledger:
        click.echo(
            f"Without a ledger, judged by log and receipts alone: {', '.join(evidence.without_ledger)}"
        )
    if not evidence.counts()["logged"]:
        click.echo("Nothing is in the log: an audit of nothing proves nothing.")
    elif not violations:
        click.secho("Every promise held.", fg="green")
