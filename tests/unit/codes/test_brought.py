"""Lists that an integrator lays over the shipped ones hold in every part of the broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corridor import checking
from corridor.roles import contracts, process
from corridor.roles.contracts import edge_format
from corridor.settings import Settings
from corridor.settings.model import Codes
from schemas.codes.brought import bring, brought
from schemas.codes.known import known
from schemas.codes.lists import CodeLists
from schemas.epermit.permit import type_name
from schemas.errors import Transient

LISTS = {
    "permit-types": "numbering,code,name,meaning,fee,other,source,verified\n"
    "current,77,SEA,by sea,no,,project,no\n",
    "stations": "esr,name,unlocode,country,admin,zone,gauge,role,source,verified\n"
    "556208,New Dry Port,AZBAK,AZ,57,Asia/Baku,1520,local,project,no\n",
}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings with lists of one's own; the shipped ones hold again afterwards."""
    for name, rows in LISTS.items():
        (tmp_path / f"{name}.csv").write_text(f"# mode: override\n{rows}")
    yield Settings(codes=Codes(overlays=(str(tmp_path),)))
    bring(CodeLists.load())


def test_permit_types_of_an_overlay_are_known_to_the_ledger(settings: Settings) -> None:
    """And no longer when the lists are others."""
    assert type_name("current", 77) is None
    bring(CodeLists.load(settings.overlays))
    assert type_name("current", 77) == "SEA"
    bring(CodeLists.load())
    assert type_name("current", 77) is None


def test_codes_of_an_overlay_are_known_to_refusals(settings: Settings, tmp_path: Path) -> None:
    """An edge does not call unknown what the translation knows."""
    name, key = "stations", "556299"
    assert not known(name, key)
    row = LISTS[name].replace("556208", key)
    (tmp_path / "stations.csv").write_text(f"# mode: override\n{row}")
    bring(CodeLists.load(settings.overlays))
    assert known(name, key)


def test_expressions_of_an_http_form_see_the_overlay(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Id and key of a message may look codes up."""
    given: list[CodeLists | None] = []
    real = contracts.compile_expression

    def compile_expression(text: str, schema: Any, codes: CodeLists | None = None) -> Any:  # noqa: ANN401
        given.append(codes)
        return real(text, schema, codes)

    monkeypatch.setattr(contracts, "compile_expression", compile_expression)
    bring(CodeLists.load(settings.overlays))
    edge_format("dtc.note.v1")
    assert [codes is brought() for codes in given] == [True, True]


async def test_every_role_brings_the_lists_of_its_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it makes anything, whatever the role is."""
    seen: list[str | None] = []

    async def require_access(_: object) -> None:
        seen.append(type_name("current", 77))
        raise Transient("kafka-unavailable", "away")

    monkeypatch.setattr(process, "require_access", require_access)
    monkeypatch.setattr(process, "make_own", lambda _: None)
    with pytest.raises(Transient):
        await process._run(["gateway"], settings, lambda: None)
    assert seen == ["SEA"]


def test_a_check_looks_with_the_lists_of_the_settings(settings: Settings) -> None:
    """Its examples pass the edges as they will."""
    list(checking.participants(settings))
    assert type_name("current", 77) == "SEA"
