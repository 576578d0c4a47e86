"""What is only read to choose by it is told where what was chosen says it, and is a loss everywhere else."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import profiles
from tests.support.field import told

DTC, DLP = "dtc.note.v1", "dlp.event.v1"
BOX = {"wagonNumber": "94001237", "containers": [{"containerNo": "CSQU3054383"}]}


def lost(**changes: Any) -> dict[str, str]:  # noqa: ANN401 - JSON values
    """The sender's fields that the DLP is not told of a note, with their values."""
    plain = profiles.load(DTC).examples["loaded"]
    assert isinstance(plain, dict)
    said = told(DTC, DLP, plain | changes)
    assert said.out
    return {one["pointer"]: one["value"] for one in said.of("loss")}


@pytest.mark.parametrize(("kind", "told_of"), [("SMGS", False), ("CIM_SMGS", False), ("SMGS_EMPTY", True)])
def test_the_kind_of_a_note_is_told_where_it_says_empty(kind: str, told_of: bool) -> None:
    """The DLP has EMPTY for it; of a common note, or of an SMGS note, it has no word."""
    found = lost(noteType=kind, wagons=[BOX], goods=[])
    assert ("/noteType" not in found) is told_of
    assert told_of or found["/noteType"] == kind


def test_the_container_of_goods_is_told_where_they_are_told_with_it() -> None:
    """Goods of a container that is in the note go with it; those of another are lost, with its number."""
    goods = {"gng": "85414300", "netKg": 17400, "containerNo": "CSQU3054383"}
    assert "/goods/0/containerNo" not in lost(wagons=[BOX], goods=[goods])
    found = lost(wagons=[BOX], goods=[goods | {"containerNo": "TCNU7120451"}])
    assert (found["/goods/0/containerNo"], found["/goods/0/netKg"]) == ("TCNU7120451", "17400")


def test_who_affixed_a_seal_is_told_in_the_words_of_the_other_side() -> None:
    """Consignor, carrier, customs: SHI, CAR, CUS."""
    seals = [
        {"number": str(n), "owner": owner} for n, owner in enumerate(("CONSIGNOR", "CARRIER", "CUSTOMS"))
    ]
    box = {"containerNo": "CSQU3054383", "seals": seals}
    found = lost(wagons=[{"wagonNumber": "94001237", "containers": [box]}], goods=[])
    assert [at for at in found if "seals" in at] == []
