"""Profiles from outside the package: what is taken, what is refused, and who is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from corridor.checking import participants
from corridor.roles.contracts import edge_format
from corridor.roles.stream import plans
from corridor.settings import Settings, load, require_safe, unsafe
from schemas.codes.lists import CodeLists
from schemas.errors import CorridorError, Misconfigured
from schemas.mapping.profiles import find_mapping
from schemas.profiles import SHIPPED, Profiles
from schemas.profiles.folder import MAX_FILE, MOST_FILES

DEPOT = Path(__file__).parents[3] / "docs" / "integrating" / "depot.move.v1"
NAME = "depot.move.v1"
SETTINGS = """
[profiles]
directories = ["profiles"]
[participants.depot]
profile = "depot.move.v1"
[participants.depot.webhook]
bearer = ["env:DEPOT_TOKEN"]
[participants.dlp]
profile = "dlp.event.v1"
[participants.dlp.webhook]
bearer = ["env:DEPOT_TOKEN"]
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory of profiles that holds the depot's."""
    shutil.copytree(DEPOT, tmp_path / "profiles" / NAME)
    return tmp_path / "profiles"


def settings_of(directory: Path) -> Settings:
    """Settings beside a directory of profiles."""
    file = directory.parent / "corridor.toml"
    file.write_text(SETTINGS, "utf-8")
    return load(file, {})


def test_a_directory_of_profiles_and_a_profile_are_both_taken(directory: Path) -> None:
    """The directory brings what is in it, the folder itself; those of the broker are there as well."""
    for given in (directory, directory / NAME):
        known = Profiles((given,))
        assert set(known.names) == {*SHIPPED.names, NAME}
        assert known.load(NAME).schema.fullname == NAME
        assert set(known.load(NAME).examples) == {"on-wagon", "gate-in"}
    assert NAME not in SHIPPED.names


def test_a_directory_that_is_named_twice_is_one(directory: Path) -> None:
    """In the settings and on the command, or as the directory and as the folder in it."""
    assert Profiles((directory, directory / NAME, directory.parent / "." / "profiles")).names.count(NAME) == 1


def test_a_folder_that_was_named_itself_is_the_fence(directory: Path) -> None:
    """A link out of it is refused, even where it leads to its neighbour."""
    (directory / "other.json").write_text("{}", "utf-8")
    (directory / NAME / "examples" / "link.json").symlink_to(directory / "other.json")
    assert "link" in Profiles((directory,)).load(NAME).examples
    with pytest.raises(Misconfigured, match=r"link\.json is a link that leads out of"):
        Profiles((directory / NAME,)).load(NAME)


def test_a_name_that_is_taken_is_refused_with_both_places(directory: Path, tmp_path: Path) -> None:
    """Whether the broker has it or another directory: nobody has to guess which one holds."""
    other = tmp_path / "other"
    shutil.copytree(directory, other)
    with pytest.raises(Misconfigured) as refused:
        Profiles((directory, other))
    assert refused.value.code == "profile-invalid"
    assert f"{directory / NAME}" in refused.value.message
    assert f"{other / NAME}" in refused.value.message
    shutil.copytree(directory / NAME, directory / "dlp.event.v1")
    with pytest.raises(Misconfigured, match=r"dlp\.event\.v1 is both in .* and in "):
        Profiles((directory,))


def _no_schema(folder: Path) -> None:
    (folder / "schema.avsc").write_text("{", "utf-8")


def _other_name(folder: Path) -> None:
    text = (folder / "schema.avsc").read_text("utf-8")
    (folder / "schema.avsc").write_text(text.replace('"depot.move"', '"depot.moves"'), "utf-8")


def _unknown_key(folder: Path) -> None:
    (folder / "http.yaml").write_text((folder / "http.yaml").read_text("utf-8") + "\nbatches: []\n", "utf-8")


def _deep_yaml(folder: Path) -> None:
    (folder / "http.yaml").write_text("[" * 100_000, "utf-8")


def _deep_example(folder: Path) -> None:
    (folder / "examples" / "gate-in.json").write_text("[" * 100_000, "utf-8")


def _large(folder: Path) -> None:
    (folder / "to_corridor.yaml").write_text("#" * (MAX_FILE + 1), "utf-8")


def _latin(folder: Path) -> None:
    (folder / "to_corridor.yaml").write_bytes(b"mapping: d\xe9pot")


def _invalid_example(folder: Path) -> None:
    (folder / "examples" / "invalid" / "no-move.json").write_text('{"expected": "no"}', "utf-8")


def _surrogate(folder: Path) -> None:
    (folder / "examples" / "gate-in.json").write_text('{"a": "\\ud800"}', "utf-8")


def _surrogate_doc(folder: Path) -> None:
    text = (folder / "http.yaml").read_text("utf-8")
    (folder / "http.yaml").write_text(text.replace("One move of one container.", '"\\ud800"'), "utf-8")


def _nested_example(folder: Path) -> None:
    (folder / "examples" / "gate-in.json").write_text("[" * 300 + "]" * 300, "utf-8")


def _no_date(folder: Path) -> None:
    (folder / "http.yaml").write_text("system: 2001-99-99\n", "utf-8")


def _no_boolean(folder: Path) -> None:
    (folder / "http.yaml").write_text("system: !!bool foo\n", "utf-8")


def _no_time(folder: Path) -> None:
    (folder / "http.yaml").write_text("system: !!timestamp foo\n", "utf-8")


def _link_to_itself(folder: Path) -> None:
    (folder / "examples" / "gate-in.json").unlink()
    (folder / "examples" / "gate-in.json").symlink_to("gate-in.json")


def _pipe(folder: Path) -> None:
    (folder / "examples" / "gate-in.json").unlink()
    os.mkfifo(folder / "examples" / "gate-in.json")


def _large_list(folder: Path) -> None:
    (folder / "codes" / "depot-moves.csv").write_text("#" * (MAX_FILE + 1), "utf-8")


def _many_examples(folder: Path) -> None:
    for number in range(MOST_FILES):
        (folder / "examples" / f"{number}.json").write_text("{}", "utf-8")


def _link_out(folder: Path) -> None:
    (folder / "to_corridor.yaml").unlink()
    (folder / "to_corridor.yaml").symlink_to("/etc/hostname")


BROKEN = [
    (_no_schema, "schema.avsc"),
    (_other_name, "schema.avsc"),
    (_unknown_key, "http.yaml"),
    (_deep_yaml, "http.yaml"),
    (_deep_example, "gate-in.json"),
    (_large, "to_corridor.yaml"),
    (_latin, "to_corridor.yaml"),
    (_invalid_example, "no-move.json"),
    (_link_out, "to_corridor.yaml"),
    (_surrogate, "gate-in.json"),
    (_surrogate_doc, "http.yaml"),
    (_nested_example, "gate-in.json"),
    (_no_date, "http.yaml"),
    (_no_boolean, "http.yaml"),
    (_no_time, "http.yaml"),
    (_link_to_itself, "gate-in.json"),
    (_pipe, "gate-in.json"),
    (_large_list, "depot-moves.csv"),
    (_many_examples, "examples"),
]


@pytest.mark.parametrize(("breaks", "file"), BROKEN, ids=lambda one: getattr(one, "__name__", one))
def test_a_broken_folder_costs_its_own_participant_alone(
    breaks: Callable[[Path], None], file: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is named, at run time and by the check; the DLP's mapping is compiled all the same."""
    monkeypatch.setenv("DEPOT_TOKEN", "depot-token-0123456789")
    breaks(directory / NAME)
    settings = settings_of(directory)
    require_safe(settings)  # nobody else is stopped
    aside: dict[str, CorridorError] = {}
    assert [plan[0].name for plan in plans(settings, aside.__setitem__)] == ["dlp"]
    assert (aside["depot"].code, file in aside["depot"].message) == ("profile-invalid", True)
    assert any(file in problem.reason for problem in participants(settings))
    with pytest.raises(Misconfigured, match=file.replace(".", r"\.")):
        edge_format(NAME, settings.known)


@pytest.mark.parametrize("named", ["nowhere", "empty"])
def test_a_directory_without_profiles_is_a_risk_that_is_told(named: str, directory: Path) -> None:
    """A directory that is not there, or holds none: the check names the setting, and nothing starts."""
    (directory.parent / "empty").mkdir()
    group = msgspec.structs.replace(
        settings_of(directory).profiles, directories=(str(directory.parent / named),)
    )
    settings = msgspec.structs.replace(settings_of(directory), profiles=group)
    assert [risk.setting for risk in unsafe(settings) if named in risk.reason] == ["profiles.directories"]
    with pytest.raises(Misconfigured, match=named):
        list(plans(settings, {}.__setitem__))


def test_links_within_the_directory_are_followed(directory: Path) -> None:
    """So are the files of a volume that Kubernetes fills: links to the version of the day."""
    day = directory / NAME / "..2026_12_01"
    day.mkdir()
    for name in ("schema.avsc", "http.yaml"):
        (directory / NAME / name).rename(day / name)
        (directory / NAME / name).symlink_to(day / name)
    assert Profiles((directory,)).load(NAME).http is not None


def test_a_link_to_a_folder_elsewhere_is_refused(directory: Path, tmp_path: Path) -> None:
    """A profile is read from where it was said to be, and from nowhere else."""
    elsewhere = tmp_path / "elsewhere"
    (directory / NAME).rename(elsewhere)
    (directory / NAME).symlink_to(elsewhere)
    with pytest.raises(Misconfigured, match="leads out of"):
        Profiles((directory,))


def test_its_code_lists_are_its_own(directory: Path) -> None:
    """Its mapping finds them; the mappings of others do not, even where it says otherwise of their code."""
    (directory / NAME / "codes" / "corridor-codes.csv").write_text(
        "# mode: override\ncode,event_type,event_code,name,source,verified\n"
        "EQUIPMENT/LOAD,EQUIPMENT,DISC,Loaded,depot-handbook,yes\n",
        "utf-8",
    )
    with pytest.raises(Misconfigured):  # the row lacks what the list wants: looked at with this profile only
        find_mapping(NAME, "to_corridor", known=Profiles((directory,)))
    assert find_mapping("dlp.event.v1", "to_corridor", known=Profiles((directory,))) is not None
    (directory / NAME / "codes" / "corridor-codes.csv").unlink()
    assert find_mapping(NAME, "to_corridor", known=Profiles((directory,))) is not None
    assert "depot-moves" not in CodeLists.load().names


def test_directories_begin_where_the_settings_are(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the process was started: both are moved together. A variable is of the process."""
    settings = settings_of(directory)
    given = {"CORRIDOR__PROFILES__DIRECTORIES": '["elsewhere"]'}
    assert load(directory.parent / "corridor.toml", given).profiles.directories == ("elsewhere",)
    monkeypatch.chdir("/")
    assert NAME in settings.known.names
    assert settings.profiles.directories == (str(directory),)
