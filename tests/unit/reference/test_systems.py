"""The page of all systems: found out from mappings, lists and tests, so it cannot say what is not so."""

from __future__ import annotations

import re
from pathlib import Path

from corridor.reference.exercised import exercised
from corridor.reference.systems import READ_API, systems, systems_page
from corridor.reference.vocabulary import got, sent
from schemas.codes.lists import CodeLists

ROOT = Path(__file__).parents[3]
SAYS = {
    "view": r"corridor\.view|schemas\.shipment",
    "epermit": "permit",
    "port": r"port\.event|\"port\"|aboard",
    "vessel": "vessel|aboard",
}
"""What a file that exercises a system has in its text, where it is not the name or profiles as such."""


def test_every_system_has_tests_of_its_own_and_over_real_servers() -> None:
    """No system, nor the read API, is without a test, and none without one against real HTTP or Kafka."""
    found = exercised()
    assert found.keys() == {*systems(), READ_API}
    for name, files in found.items():
        levels = {Path(file).parts[1] for file in files}
        assert levels & {"unit", "property"}, name
        assert levels & {"integration", "faults"}, name


def test_what_is_marked_has_to_do_with_the_system() -> None:
    """A marked file is there, and speaks of the system that it is said to exercise."""
    for name, files in exercised().items():
        for file in files:
            text = (ROOT / file).read_text("utf-8").replace("pytest.mark.system", "")
            assert re.search(rf"{SAYS.get(name, name)}|profiles\.(names|load)", text), (name, file)


def test_the_page_names_every_system_and_its_tests() -> None:
    """Each has a row in the table of systems and one in that of tests."""
    text = systems_page()
    for name, profile in systems().items():
        assert f"| `{name}` |" in text
        assert f"[{profile.name}](profiles/{profile.name}.md)" in text
    assert all(f"`{file}`" in text for files in exercised().values() for file in files)


def test_what_each_says_and_hears_is_what_its_mapping_does() -> None:
    """Rows of the crosswalk, as they are known from its own tests."""
    assert sent("oil.lot.v1")["BULK/INJE"] == ("O6 INJECTED",)
    assert got("dtc.note.v1")["BULK/INJE"] == ("",)
    assert sent("dtc.note.v1")["EQUIPMENT/CROS"] == ("41",)
    assert got("epermit.event.v1").keys() == {"PERMIT/ENTR", "PERMIT/EXIT"}
    assert got("port.event.v1")["TRANSPORT/DEPA"] == ("PORTCALL/DEPA",)
    assert "NOTE/SNAP" not in got("dlp.event.v1")
    assert "VESSEL/LIST" not in got("vessel.event.v1")


def test_no_event_is_without_somebody_who_says_it() -> None:
    """Every event of the vocabulary comes of some profile, and every operation of the DTC leads to one."""
    codes = CodeLists.load()
    listed = {key for key, _ in codes.rows("corridor-codes")}
    assert listed == {code for profile in systems().values() for code in sent(profile.name)}
    told = {word for words in sent("dtc.note.v1").values() for word in words}
    assert {key for key, _ in codes.rows("dtc-operations")} <= told
