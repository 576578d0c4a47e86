"""``corridor permit``: the acts of an e-Permit authority."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say, settings_options
from corridor.permits import Office
from corridor.sandbox.neighbours import Journeys, run_play
from corridor.settings import Settings
from schemas.epermit.keys import generate
from schemas.errors import Misconfigured

EPILOG = """\b
Examples:
  corridor permit keys new 1 --out az-1.key              # a key; name its file in the settings
  corridor permit keys revoke 1                          # once every peer has another of ours
  corridor permit quota KZ 2 2026 500                    # KZ may issue 500 transit permits for us
  corridor permit issue --for KZ --type 2 --year 2026 --company 'Xezer Trans' --company-id 1401555071 \\
    --to UZ --plate 10AA123
  corridor permit use KZ-AZ-2026-2-17 ENTRANCE --details 'Alat port'
  corridor permit revoke AZ-KZ-2026-2-1
  corridor permit show AZ-KZ-2026-2-1 --json
  corridor permit verify \"$(cat qr.txt)\"                 # what a border post does with a QR code
  corridor permit check                                  # are all chains as long there as here?
  corridor permit play --data ledgers                    # the neighbours, simulated
"""


@click.group(epilog=EPILOG)
def command() -> None:
    """Act as an e-Permit authority: keys, quotas, permits, and what its peers have of them.

    Needs a running gateway and the token of the authority's internal API (docs/epermit.md).
    """


def office_options(wanted: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--authority``, ``--gateway`` and ``--json``, and pass the authority as ``office``."""

    @settings_options
    @click.option("--authority", default="", help="Participant, where there are several authorities.")
    @click.option("--gateway", default="", metavar="URL", help="Gateway to ask. Default: the one here.")
    @json_option
    @wraps(wanted)
    def with_office(settings: Settings, authority: str, gateway: str, **options: Any) -> Any:  # noqa: ANN401
        return wanted(office=Office(settings, authority, gateway), **options)

    return with_office


act_option = click.option(
    "--act", default="", metavar="ID", help="Id of the act: the same id again changes nothing."
)


@command.group()
def keys() -> None:
    """Make and revoke the authority's own keys."""


@keys.command("new")
@click.argument("kid")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@json_option
def new_key(kid: str, out: Path, as_json: bool) -> None:
    """Make a private key KID in a file of its own, to be named in the settings.

    The gateway makes it known to all peers when it starts with it.
    """
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Misconfigured("settings-invalid", f"{out}: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(generate(kid) + "\n")
    if as_json:
        emit({"id": kid, "key": f"file:{out}"})
    else:
        click.echo(f'keys = [{{ id = "{kid}", key = "file:{out}" }}]')


@keys.command("revoke")
@click.argument("kid")
@office_options
def revoke_key(office: Office, kid: str, as_json: bool) -> None:
    """Revoke the key KID; every peer is told, with another key's proof."""
    _show(office.ask("DELETE", f"/keys/{kid}"), as_json)


@command.command()
@click.argument("peer")
@click.argument("type", type=int)
@click.argument("year", type=int)
@click.argument("quantity", type=int)
@act_option
@office_options
def quota(office: Office, peer: str, type: int, year: int, quantity: int, act: str, as_json: bool) -> None:  # noqa: A002
    """Let PEER issue QUANTITY more permits of a TYPE and YEAR for our territory."""
    body = {"authority": peer, "permit_type": type, "permit_year": year, "quantity": quantity}
    _show(office.ask("POST", "/quotas", body, act), as_json)


@command.command()
@click.option("--for", "issued_for", required=True, metavar="CODE", help="Authority it is for.")
@click.option("--type", "permit_type", required=True, type=int, help="Type of the permit.")
@click.option("--year", "permit_year", required=True, type=int, help="Year of the quota.")
@click.option("--company", "company_name", required=True, help="Haulier.")
@click.option("--company-id", required=True, help="Tax id of the haulier.")
@click.option("--to", "arrival_country", required=True, metavar="COUNTRY", help="Where the transport ends.")
@click.option("--from", "departure_country", metavar="COUNTRY", help="Where it begins. Default: here.")
@click.option("--plate", "plate_number", help="Plate of the truck.")
@click.option("--trailer", "plate_number2", help="Plate of the trailer.")
@click.option("--expires", "expires_at", metavar="dd/MM/yyyy", help="Last day. Default: 31 January after.")
@click.option("--claims", default="", metavar="JSON", help="Other claims, such as the note `smgs`.")
@act_option
@office_options
def issue(office: Office, claims: str, act: str, as_json: bool, **fields: Any) -> None:  # noqa: ANN401
    """Issue a permit under the quota that its country granted, and print its id."""
    body = {name: value for name, value in fields.items() if value is not None}
    if claims:
        try:
            body["other_claims"] = json.loads(claims)
        except ValueError as error:
            raise click.BadParameter(f"not JSON: {error}", param_hint="--claims") from None
    _show(office.ask("POST", "/permits", body, act), as_json)


@command.command()
@click.argument("permit")
@click.argument("activity", type=click.Choice(["ENTRANCE", "EXIT"]))
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]), help="When, UTC. Default: now.")
@click.option("--details", help="Where, such as the border post.")
@act_option
@office_options
def use(
    office: Office,
    permit: str,
    activity: str,
    at: datetime | None,
    details: str | None,
    act: str,
    as_json: bool,
) -> None:
    """Report that a truck came or left under PERMIT; its issuer is told."""
    moment = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    body: dict[str, Any] = {"activity_type": activity, "activity_timestamp": int(moment.timestamp())}
    if details:
        body["activity_details"] = details
    _show(office.ask("POST", f"/permits/{permit}/activities", body, act), as_json)


@command.command()
@click.argument("permit")
@act_option
@office_options
def revoke(office: Office, permit: str, act: str, as_json: bool) -> None:
    """Revoke PERMIT, which we issued and nobody has used."""
    _show(office.ask("DELETE", f"/permits/{permit}", act=act), as_json)


@command.command()
@click.argument("permit", required=False)
@office_options
def show(office: Office, permit: str | None, as_json: bool) -> None:
    """Show PERMIT, or keys, peers, chains and quotas."""
    _show(office.ask("GET", f"/permits/{permit}" if permit else ""), as_json)


@command.command(epilog="\b\nExit codes: 0 valid, 1 not valid, revoked or expired.")
@click.argument("code")
@office_options
def verify(office: Office, code: str, as_json: bool) -> int:
    """Check the QR code of a permit: its signature, its dates, and the permit at its issuer."""
    claims, shown = office.verify(code)
    expired = claims.expired(datetime.now(UTC).date())
    answer = {**claims._asdict(), "expired": expired, "found": shown is not None}
    _show(answer, as_json)
    return Exit.FINDINGS if expired or shown is None else Exit.OK


@command.command(epilog="\b\nExit codes: 0 all chains agree, 1 one does not.")
@office_options
def check(office: Office, as_json: bool) -> int:
    """Compare the heads of all chains with what the peers have."""
    found = office.check()
    for row in found:
        if as_json:
            emit(row)
        else:
            say(f"{row['peer']}: {'the same on both sides' if row['ok'] else row['problem']}")
    return Exit.OK if all(row["ok"] for row in found) else Exit.FINDINGS


@command.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Directory of the ledgers.",
)
@click.option("--port", default=8430, show_default=True, help="Port of the authorities' public APIs.")
@click.option("--url", default="", metavar="URL", help="Our public API. Default: at the gateway here.")
@click.option("--trucks", default=0, help="Trucks to play in all; 0: no end.")
@click.option("--rate", default=1.0, show_default=True, help="Trucks a second.")
@click.option("--seed", default=0, show_default=True, help="Another seed is another timetable.")
@office_options
def play(
    office: Office, data: Path, port: int, url: str, trucks: int, rate: float, seed: int, as_json: bool
) -> None:
    """Play the other authorities, with trucks on the ferry between Kuryk and Alat, until Ctrl-C.

    Those of AZ, GE, KZ, TR and UZ that the settings name as peers are played, each at `/az` and so on of one
    port. Permits are issued both ways, trucks enter and leave, some permits are revoked. Started again with
    the same directory it goes on.
    """
    found = asyncio.run(run_play(office, data, port, url or office.public_url, Journeys(trucks, rate, seed)))
    if as_json:
        emit(found)
    else:
        click.echo(f"{found['trucks']} trucks passed, {found['refused']} acts were refused")


def _show(value: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(value)
        return
    for name, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            say(f"{name}:")
            for row in item:
                say("  " + "  ".join(f"{key}={_plain(part)}" for key, part in row.items() if part))
        else:
            say(f"{name}: {_plain(item)}")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
