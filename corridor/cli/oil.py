"""``corridor oil``: convert quantities of crude oil, and balance the books of lots."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import IO, Any

import click

from corridor.cli.exits import Exit
from corridor.cli.options import emit, json_option, say
from corridor.roles.contracts import codec, json_form
from schemas import profiles
from schemas.errors import Permanent
from schemas.oil import density as oil
from schemas.oil.balance import Account, Balance, LotDifference, balance
from schemas.oil.quantity import MEASURES, convert
from schemas.shipment import fact_of
from schemas.shipment.lots import reading_of


class _Number(click.ParamType):
    """A decimal number as written."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:  # noqa: ANN401
        """Read it."""
        try:
            number = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is no number", param, ctx)
        return number if number.is_finite() else self.fail(f"{value!r} is no number", param, ctx)


@click.group()
def command() -> None:
    """Convert quantities of crude oil and balance the books of lots.

    By the density of the lot and the formula of ASTM D1250 / API MPMS 11.1, table 54A; never by a fixed
    factor.
    """


@command.command(
    name="convert",
    epilog="\b\nExamples:\n  corridor oil convert 6000 t --density 793.5"
    "\n  corridor oil convert 47585 bbl@60F --api 46.74 --to t"
    "\n  corridor oil convert 120.3 t --density 845 --at 20C --to m3@20C --json",
)
@click.argument("quantity", type=_Number())
@click.argument("measure", type=click.Choice(list(MEASURES)))
@click.option("--density", type=_Number(), help="Density of the oil in kg/m3.")
@click.option(
    "--at", type=click.Choice(list(oil.REFERENCES)), default="15C", show_default=True,
    help="Reference temperature of the density.",
)  # fmt: skip
@click.option("--api", type=_Number(), help="API gravity at 60 F, instead of the density.")
@click.option("--to", "wanted", type=click.Choice(list(MEASURES)), help="Only this measure; all without it.")
@json_option
def convert_command(
    quantity: Decimal, measure: str, density: Decimal | None, at: str, api: Decimal | None,
    wanted: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Give QUANTITY of crude oil in MEASURE in other measures."""
    if (density is None) == (api is None):
        raise click.UsageError("give the density of the lot: either --density or --api")
    try:
        known = (
            oil.between(density, at, "15C") if density is not None else oil.density15_of_api(api or Decimal())
        )
        made = {
            name: f"{convert(quantity, measure, name, known):.3f}"
            for name in ([wanted] if wanted else MEASURES)
        }
        facts = {
            "density15": f"{known:.2f}",
            "density20": f"{oil.between(known, '15C', '20C'):.2f}",
            "api": f"{oil.api_gravity(known):.2f}",
        }
    except oil.OutOfRangeError as error:
        raise click.UsageError(str(error)) from None
    if as_json:
        emit({"quantities": made, **facts})
        return Exit.OK
    for name, value in made.items():
        click.echo(f"{value:>18}  {name}")
    click.echo(
        f"density {facts['density15']} kg/m3 at 15 C, {facts['density20']} at 20 C, {facts['api']} API"
    )
    return Exit.OK


@command.command(
    name="balance",
    epilog="\b\nExamples:"
    "\n  corridor translate oil.lot.v1 corridor.event.v1 < lots.jsonl | corridor oil balance"
    "\n  corridor tail corridor.events --from-beginning --no-follow --json \\"
    "\n    | jq -c .value | corridor oil balance"
    "\n\n\b\nExit codes: 0 all was measured, 1 a lot gave what nobody had measured or more than it had.",
)
@click.option(
    "--input",
    "lines",
    type=click.File("rb"),
    default="-",
    help="Corridor events, one JSON a line. Default: stdin.",
)
@json_option
def balance_command(lines: IO[bytes], as_json: bool) -> int:
    """Balance oil lots: gains and losses between measurements, what was split and commingled, what remains.

    Net mass, in kilograms, from corridor events of subject BULK_LOT; other events are passed over.
    """
    books = balance(filter(None, (reading_of(fact_of(event)) for event in _events(lines))))
    if as_json:
        emit(_plain(books))
    else:
        _print(books)
    wrong = any(account.unmeasured or account.remains_kg < 0 for account in books.accounts)
    return Exit.FINDINGS if wrong else Exit.OK


def _events(lines: IO[bytes]) -> Iterator[dict[str, Any]]:
    form, avro = json_form(profiles.CANONICAL), codec(profiles.CANONICAL)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield avro.decode(form.to_avro(line))
        except Permanent as error:
            say(f"line {number}: {error.code}: {error.message}", err=True)
            sys.exit(Exit.FINDINGS)


def _plain(books: Balance) -> dict[str, Any]:
    return {
        "differences": [{**d._asdict(), "percent": str(d.percent)} for d in books.differences],
        "accounts": [a._asdict() for a in books.accounts],
        "came_kg": books.came_kg,
        "difference_kg": books.difference_kg,
        "remains_kg": books.remains_kg,
    }


def _print(books: Balance) -> None:
    for difference in books.differences:
        say(_difference(difference))
    for account in books.accounts:
        say(_account(account))
    click.echo(f"{books.came_kg:,} kg came {books.difference_kg:+,} kg = {books.remains_kg:,} kg remain")


def _difference(d: LotDifference) -> str:
    word = "gain" if d.difference_kg > 0 else "loss"
    return f"{d.lot}: {word} {d.difference_kg:+,} kg ({d.percent:+} %) from {d.before} to {d.after}"


def _account(account: Account) -> str:
    shares = ", ".join(f"{lot} {kilograms:,}" for lot, kilograms in account.shares.items())
    note = " (never measured)" if account.unmeasured else ""
    return (
        f"{account.lot}: came {account.came_kg:,} {account.difference_kg:+,}, gave {account.gave_kg:,}, "
        f"remains {account.remains_kg:,} kg{note}{f' of {shares}' if len(account.shares) > 1 else ''}"
    )
