"""The command `corridor oil`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from corridor.cli.oil import command
from schemas import profiles
from tests.support.crossing import Crossing, form

pytestmark = pytest.mark.system("oil")


def test_convert_says_every_measure() -> None:
    """6,000 t of a light crude in all measures, with the densities that were used."""
    ran = CliRunner().invoke(command, ["convert", "6000", "t", "--density", "793.5", "--json"])
    assert json.loads(ran.output) == {
        "quantities": {
            "kg": "6000000.000",
            "t": "6000.000",
            "m3@15C": "7561.437",
            "m3@20C": "7598.537",
            "m3@60F": "7565.536",
            "bbl@60F": "47585.789",
        },
        "density15": "793.50",
        "density20": "789.63",
        "api": "46.74",
    }


def test_convert_needs_a_density() -> None:
    """Without the lot's own density nothing is converted; nor with one that no crude has."""
    assert "either --density or --api" in CliRunner().invoke(command, ["convert", "1", "t"]).output
    ran = CliRunner().invoke(command, ["convert", "1", "t", "--density", "1200"])
    assert ran.exit_code != 0
    assert "is not within" in ran.output


def test_balance_of_the_examples() -> None:
    """The example lots: the sea leg loses 5,785 kg, the tank closes, its unknown part is marked."""
    crossing = Crossing(aktau="oil.lot.v1")
    lines = []
    for message in profiles.load("oil.lot.v1").examples.values():
        body = form("oil.lot.v1").to_avro(json.dumps(message).encode())
        told = crossing.send_avro("aktau", body, message["eventId"] + ":1").corridor
        lines += [form(profiles.CANONICAL).from_datum(one).decode() for one in told]
    ran = CliRunner().invoke(command, ["balance", "--json"], input="\n".join(lines), standalone_mode=False)
    books = json.loads(ran.output)
    assert [(d["lot"], d["difference_kg"]) for d in books["differences"]] == [
        ("AKT-2026-07", -5_785),
        ("SAN-T3-0127", -315),
        ("A-118/26", -139),
    ]
    assert books["came_kg"] + books["difference_kg"] == books["remains_kg"]
    assert [account["lot"] for account in books["accounts"] if account["unmeasured"]] == ["SAN-T1-0120"]
    assert ran.return_value == 1
