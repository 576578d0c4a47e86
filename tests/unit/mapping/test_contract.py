"""What mappings into the corridor event owe its readers."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from schemas import profiles
from schemas.codes.identifiers import NORMALISE
from schemas.mapping.contract import EVERY_RULE, EVERY_TELLING, broken
from schemas.mapping.document import Document, Tree, read_document
from schemas.mapping.source import read
from tests.support.crossing import Crossing, form

NAMES = [name for name in profiles.names() if "to_corridor" in profiles.load(name).mappings]


@cache
def parsed(name: str) -> Document:
    """The mapping of a profile into the corridor, as data; not to be changed."""
    return read_document(*read(profiles.load(name).mappings["to_corridor"], name))


def drop(tree: Tree, path: str) -> bool:
    """Leave out what is set at a path; false when nothing is."""
    first, _, rest = path.partition(".")
    if first not in tree.fields:
        return False
    inner = tree.fields[first][1]
    if rest and isinstance(inner, Tree):
        return drop(inner, rest)
    del tree.fields[first]
    return True


@pytest.mark.parametrize("name", NAMES)
def test_shipped_mappings_keep_the_contract(name: str) -> None:
    """Every mapping in the box."""
    assert list(broken(parsed(name))) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_out_is_noticed(name: str) -> None:
    """Each field in turn, in each rule."""
    for rule in parsed(name).rules:
        for path in (*EVERY_RULE, *EVERY_TELLING):
            changed = replace(parsed(name), rules=[replace(rule, target=deepcopy(rule.target))])
            assert drop(changed.rules[0].target, path)
            assert any(path in said for said in broken(changed))


def events_of(name: str, example: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """The corridor events that an example becomes."""
    crossing = Crossing(here=name)
    body = form(name).to_avro(json.dumps(example).encode())
    return crossing.send_avro("here", body, "m:1").corridor


@pytest.mark.parametrize(
    ("name", "example"),
    [(name, example) for name in NAMES for example in profiles.load(name).examples],
)
def test_events_of_the_examples_keep_the_contract(name: str, example: str) -> None:
    """Subject, units and references of every event belong together."""
    for event in events_of(name, profiles.load(name).examples[example]):
        notes = [one for one in event["what"]["references"] if one["type"] in {"SMGS", "CIM"}]
        units = event["what"]["units"]
        subject = event["subject"]
        if (
            subject["type"] != "TRAIN"
        ):  # a train's event names a note aboard, and is in no note's own timeline
            assert (event["consignment_id"] is not None) >= bool(notes)
        assert len(notes) <= 1
        if subject["type"] in {"EQUIPMENT", "WAGON"}:
            kind, check = ("CONTAINER", "iso6346") if subject["type"] == "EQUIPMENT" else ("WAGON", "wagon")
            mine = [NORMALISE[check](one["id"]) for one in units if one["kind"] == kind and one["id"]]
            assert subject["id"] in mine
        assert len({(one["kind"], one["id"]) for one in units}) == len(units)
        assert event["envelope"]["hops"] == ["here"]
        assert (event["document"] is not None) == (event["why"]["code"] == "NOTE/SNAP")
