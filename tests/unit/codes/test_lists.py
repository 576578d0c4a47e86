"""Code lists: what is shipped holds together, and what an integrator lays over it is checked."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.codes.identifiers import CHECKS, NORMALISE
from schemas.codes.lists import SHIPPED, CodeLists
from schemas.errors import Misconfigured


@pytest.fixture(scope="module")
def codes() -> CodeLists:
    """The shipped lists, read once."""
    return CodeLists.load()


def overlay(directory: Path, name: str, text: str) -> Path:
    """Write one list into an overlay directory."""
    directory.mkdir(exist_ok=True)
    (directory / f"{name}.csv").write_text(text, "utf-8")
    return directory


def test_every_shipped_file_is_a_list(codes: CodeLists) -> None:
    """Each CSV file is one list by its own name, with rows, a title, a version and a licence note."""
    assert codes.names == tuple(sorted(file.stem for file in SHIPPED.glob("*.csv")))
    for name in codes.names:
        table = codes.table(name)
        assert table.rows
        assert all((table.title, table.version, table.licence))


def test_every_row_has_a_source_that_is_described(codes: CodeLists) -> None:
    """No fact stands in a list without where it comes from and whether it is verified."""
    for name in codes.names:
        for key, row in codes.rows(name):
            assert codes.known("sources", str(row["source"])), (name, key)
            assert isinstance(row["verified"], bool), (name, key)


def test_general_knowledge_and_single_sources_of_stations_are_unverified(codes: CodeLists) -> None:
    """A station code counts as verified only when two tables agree on it."""
    for esr, row in codes.rows("stations"):
        assert row["verified"] == (row["source"] == "two-tables"), esr


def test_values_have_the_type_of_their_column(codes: CodeLists) -> None:
    """Text stays text with its zeros, numbers are exact, yes and no are booleans, an empty cell is None."""
    assert codes.lookup("countries", "AZ", "numeric") == "031"
    assert codes.lookup("units", "BLL", "factor") == Decimal("0.158987294928")
    assert codes.lookup("container-types", "L5G1", "teu") == Decimal("2.25")
    assert codes.lookup("stations", "548502", "gauge") == 1520
    assert codes.lookup("border-pairs", "663404/549204", "ferry") is True
    assert codes.lookup("stations", "548502", "next") is None


def test_unknown_keys_are_none_and_unknown_names_are_mistakes(codes: CodeLists) -> None:
    """An unknown key is data and gives None; an unknown list or column is a mistake of the mapping."""
    assert codes.lookup("stations", "000000", "zone") is None
    assert codes.row("stations", "000000") is None
    assert not codes.known("stations", "000000")
    assert not codes.verified("stations", "000000")
    with pytest.raises(Misconfigured, match=r"no code list 'station'.*'stations'"):
        codes.lookup("station", "548502", "zone")
    with pytest.raises(Misconfigured, match=r"no column 'zon'.*'zone'"):
        codes.lookup("stations", "548502", "zon")


def test_rows_are_copies(codes: CodeLists) -> None:
    """What a caller does to a row it got changes nothing in the list."""
    row = codes.row("stations", "548502")
    assert row is not None
    row["name"] = "changed"
    assert codes.lookup("stations", "548502", "name") == "Alat"


def test_use_of_unverified_rows_can_be_counted(codes: CodeLists) -> None:
    """For every key that is known, the list says whether its facts are verified."""
    assert codes.verified("stations", "549204")
    assert not codes.verified("stations", "663404")
    assert sum(not codes.verified("stations", esr) for esr, _ in codes.rows("stations")) > 0


def test_references_between_stations_and_directions_agree(codes: CodeLists) -> None:
    """The way back from a place and its next place leads to a station at that place with that direction."""
    for key, row in codes.rows("locode-stations"):
        station = codes.row("stations", str(row["esr"]))
        assert station is not None
        assert station["unlocode"] == row["unlocode"], key
        assert row["next"] in {station["next"], None}, key


def test_border_pairs_come_with_their_way_back(codes: CodeLists) -> None:
    """A border can be crossed in both directions, with countries and railways swapped."""
    for key, row in codes.rows("border-pairs"):
        back = codes.row("border-pairs", f"{row['entry_esr']}/{row['exit_esr']}")
        assert back is not None, key
        assert (back["exit_country"], back["from_admin"]) == (row["entry_country"], row["to_admin"])
        for side in ("exit", "entry"):
            assert codes.lookup("stations", str(row[f"{side}_esr"]), "country") == row[f"{side}_country"]


def test_stations_lie_in_their_railway_s_country(codes: CodeLists) -> None:
    """Country, railway, place and coordinates of a station do not contradict each other."""
    boxes = {"KZ": (40, 56, 46, 88), "AZ": (38, 42, 44, 51), "GE": (41, 44, 40, 47), "TM": (35, 43, 52, 67)}
    for esr, row in codes.rows("stations"):
        assert codes.lookup("railways", str(row["admin"]), "country") == row["country"], esr
        if row["unlocode"]:
            assert codes.lookup("places", str(row["unlocode"]), "country") == row["country"], esr
        if isinstance(row["lat"], Decimal) and isinstance(row["lon"], Decimal):
            south, north, west, east = boxes[str(row["country"])]
            assert south <= row["lat"] <= north, esr
            assert west <= row["lon"] <= east, esr


def test_units_of_one_dimension_share_a_base(codes: CodeLists) -> None:
    """Every dimension has one base unit of factor 1; conversion within it needs nothing else."""
    bases: dict[object, object] = {}
    for unit, row in codes.rows("units"):
        assert bases.setdefault(row["dimension"], row["base"]) == row["base"], unit
        assert codes.lookup("units", str(row["base"]), "factor") == 1


def test_goods_keep_their_codes_apart_and_truncate_to_hs(codes: CodeLists) -> None:
    """GNG becomes HS by its first six digits only; ETSNG stands beside and follows from neither."""
    for gng, row in codes.rows("goods"):
        assert row["hs"] == gng[:6]
    assert codes.lookup("goods", "27090090", "etsng") == "201005"


def test_permit_type_four_means_two_things(codes: CodeLists) -> None:
    """Code 4 is unladen entry in the current numbering and bilateral with fee in the old one."""
    assert codes.lookup("permit-types", "current/4", "name") == "UNLADEN"
    assert codes.lookup("permit-types", "old/4", "name") == "BILATERAL_FEE"
    assert codes.lookup("permit-types", "old/4", "other") is None


def test_aliases_of_a_place_lead_to_it_in_any_script(codes: CodeLists) -> None:
    """Alat is found as it is written in Azerbaijani, Russian and English, with or without diacritics."""
    for written in ("Ələt", "Алят", "ALYAT", "alat"):
        folded = NORMALISE["name"](written)
        assert codes.lookup("place-aliases", folded, "unlocode") == "AZALA"
    for folded, row in codes.rows("place-aliases"):
        assert NORMALISE["name"](str(row["name"])) == folded


def test_search_finds_by_any_spelling(codes: CodeLists) -> None:
    """A person finds rows by part of a name, whatever case or accents."""
    assert {key for name, key, _ in codes.search("ƏLƏT") if name == "place-aliases"} == {"alat"}
    assert "553002" in {key for name, key, _ in codes.search("export to kuryk") if name == "stations"}


class TestTraps:
    """The errors of the public sources that a corridor system runs into."""

    def test_alat_has_one_place_and_a_code_for_each_direction(self, codes: CodeLists) -> None:
        """Four codes stand for Alat: one local and three whose direction is inside the code."""
        directions = {"": "548502", "/KZKUR": "553002", "/TMKRW": "548803", "/KZAAU": "549204"}
        for direction, esr in directions.items():
            assert codes.lookup("locode-stations", f"AZALA{direction}", "esr") == esr
            assert codes.lookup("stations", esr, "unlocode") == "AZALA"
            assert codes.lookup("stations", esr, "next") == (direction[1:] or None)

    def test_kuryk_is_a_port_that_its_code_does_not_call_one(self, codes: CodeLists) -> None:
        """UN/LOCODE marks Kuryk as road only; the list of ports has it all the same, and says so."""
        assert codes.lookup("places", "KZKUR", "functions") == "--3"
        assert codes.known("ports", "KZKUR")
        assert codes.lookup("ports", "KZKUR", "listed_as_port") is False
        assert codes.lookup("ports", "KZKUR", "ferry") is True

    @pytest.mark.parametrize(
        ("duplicate", "preferred"),
        [("KZABE", "KZAKX"), ("KZSHY", "KZCIT"), ("KZZAA", "KZCIT"), ("TMKRA", "TMKRW"), ("AZKVD", "AZGAN")],
    )
    def test_duplicate_places_lead_to_one(self, codes: CodeLists, duplicate: str, preferred: str) -> None:
        """Several codes for one town are all known and name the one that is used."""
        assert codes.lookup("places", duplicate, "preferred") == preferred
        assert codes.lookup("places", preferred, "preferred") == preferred

    def test_misspelt_and_misplaced_entries_are_marked(self, codes: CodeLists) -> None:
        """Dostyk is listed as Dosytk, and Alashankou also as a place of Kazakhstan."""
        assert codes.lookup("places", "KZDOS", "listed_name") == "Dosytk"
        assert codes.lookup("places", "KZDOS", "name") == "Dostyk"
        assert codes.lookup("places", "KZALS", "country") == "KZ"
        assert codes.lookup("places", "KZALS", "located") == "CN"
        assert codes.lookup("places", "KZALS", "preferred") == "CNAKL"

    @pytest.mark.parametrize(("wrong", "right"), [("554609", "547508"), ("551000", "556208")])
    def test_codes_that_fail_their_check_digit_are_not_taken(
        self, codes: CodeLists, wrong: str, right: str
    ) -> None:
        """Yalama as 554609 and Ganja as 551000 are errors of a source: neither passes, neither is listed."""
        assert CHECKS["esr"](wrong) is not None
        assert not codes.known("stations", wrong)
        assert CHECKS["esr"](right) is None
        assert codes.known("stations", right)

    def test_a_valid_code_can_be_the_wrong_station(self, codes: CodeLists) -> None:
        """Code 547603 is Sumgayit in one source, passes its check digit, and is Baku terminal."""
        assert CHECKS["esr"]("547603") is None
        assert codes.lookup("stations", "547603", "name") == "Baku terminal"
        assert codes.lookup("stations", "546403", "name") == "Sumgayit"


class TestOverlays:
    """Directories of an integrator over the shipped lists."""

    def test_a_list_is_extended(self, tmp_path: Path) -> None:
        """New keys are added; columns that the file leaves out are empty."""
        text = "reason,meaning,source,verified\nICE,ice on the river,project,no\n"
        codes = CodeLists.load([overlay(tmp_path, "delay-reasons", text)])
        assert codes.lookup("delay-reasons", "ICE", "meaning") == "ice on the river"
        assert codes.known("delay-reasons", "WEA")

    def test_an_existing_key_is_a_conflict_unless_it_overrides(self, tmp_path: Path) -> None:
        """Nobody changes a shipped row by accident; with mode override it is meant."""
        text = "reason,meaning,source,verified\nWEA,storm,project,yes\n"
        directory = overlay(tmp_path, "delay-reasons", text)
        with pytest.raises(
            Misconfigured, match=r"delay-reasons\.csv:2: column reason: key 'WEA' is at .*override"
        ):
            CodeLists.load([directory])
        overlay(tmp_path, "delay-reasons", "# mode: override\n" + text)
        assert CodeLists.load([directory]).lookup("delay-reasons", "WEA", "meaning") == "storm"

    def test_the_same_row_again_is_no_conflict(self, tmp_path: Path) -> None:
        """An overlay may repeat what is shipped."""
        shipped = (SHIPPED / "delay-reasons.csv").read_text("utf-8")
        assert CodeLists.load([overlay(tmp_path, "delay-reasons", shipped)]).known("delay-reasons", "WEA")

    def test_a_list_is_replaced(self, tmp_path: Path) -> None:
        """With mode replace the file is the whole list."""
        text = "# mode: replace\n# version: 7\nreason,meaning,source,verified\nICE,ice,project,no\n"
        codes = CodeLists.load([overlay(tmp_path, "delay-reasons", text)])
        assert [key for key, _ in codes.rows("delay-reasons")] == ["ICE"]
        assert codes.table("delay-reasons").version == "7"

    def test_a_list_of_its_own_is_added(self, tmp_path: Path) -> None:
        """A file by a new name is a new list, with rules of its own."""
        text = (
            "# title: Berths\n# version: 1\n# licence: own\n# key: port berth\n# column port: in ports\n"
            "# column depth: decimal\nport,berth,depth,source,verified\nKZAAU,3,7.5,project,yes\n"
        )
        codes = CodeLists.load([overlay(tmp_path, "berths", text)])
        assert codes.lookup("berths", "KZAAU/3", "depth") == Decimal("7.5")
        assert codes.columns("berths")["depth"].kind == "decimal"

    def test_later_overlays_lie_over_earlier_ones(self, tmp_path: Path) -> None:
        """Directories are laid in order."""
        row = "# mode: override\nreason,meaning,source,verified\nWEA,{},project,yes\n"
        layers = [overlay(tmp_path / word, "delay-reasons", row.format(word)) for word in ("first", "second")]
        assert CodeLists.load(layers).lookup("delay-reasons", "WEA", "meaning") == "second"

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            (
                "stations",
                "esr,source,verified\n554609,project,no\n",
                r":2: column esr: ESR .* is 9, expected 7",
            ),
            ("stations", "esr,source,verified\n532909,project,no\n", r":2: column name: must not be empty"),
            ("stations", "esr,nam,source,verified\n", r":1: column nam: not a column of stations .*'name'"),
            (
                "zones",
                "zone,source,verified\nAsia/Aktau,project,no\n",
                r":2: column zone: .*no IANA.*Asia/Aqtau",
            ),
            ("zones", "zone,source,verified\nAsia/Oral,project\n", r":2: has 2 cells, expected 3"),
            (
                "zones",
                "zone,source,verified\nAsia/Oral,me,no\n",
                r":2: column source: 'me' is not in the list",
            ),
            (
                "zones",
                "zone,source,verified\nAsia/Oral,project,maybe\n",
                r"column verified: 'maybe' is none of yes, no",
            ),
            (
                "zones",
                "zone,source,verified\nAsia/Oral,project,no\nAsia/Oral,project,no\n",
                r":3: .*came before",
            ),
            (
                "units",
                "unit,name,dimension,base,factor,source,verified\nX,x,mass,KGM,1e,project,no\n",
                "decimal",
            ),
            (
                "units",
                "unit,name,dimension,base,factor,source,verified\nX,x,mass,KGM,NaN,project,no\n",
                "decimal",
            ),
            (
                "place-aliases",
                "folded,name,language,source,verified\nBaku2,B,en,project,no\n",
                "expected 'baku2'",
            ),
            ("zones", "# mode: merge\nzone,source,verified\n", r"mode 'merge' is none of"),
            (
                "zones",
                "# list: stations\nzone,source,verified\n",
                r"is list 'stations', but its name says 'zones'",
            ),
            (
                "berths",
                "berth,source,verified\n1,project,no\n",
                r"header comment lacks title, version, licence, key",
            ),
            (
                "berths",
                "# title: a\n# version: 1\n# licence: a\n# key: b\nb,source\n",
                r"lacks the column verified",
            ),
            (
                "berths",
                "# title: a\n# version: 1\n# licence: a\n# key: b\n# column b: chek esr\nb,source,verified\n",
                r"column b: rule 'chek esr' is none of",
            ),
            (
                "berths",
                "# title: a\n# version: 1\n# licence: b\n# key: b\n# column b: check ers\nb\n",
                r"column b: no identifier 'ers'.*'esr'",
            ),
            (
                "berths",
                "# title: a\n# version: 1\n# licence: a\n# key: b\n# column b: in ship\nb,source,verified\n",
                r"refers to no list 'ship'",
            ),
            ("zones", "", r"has no header line"),
            ("zones", 'zone,source,verified\n"Asia', r"is not CSV"),
        ],
    )
    def test_bad_rows_name_file_line_column_and_rule(
        self, tmp_path: Path, name: str, text: str, words: str
    ) -> None:
        """A mistake in a file is told with the place to correct."""
        with pytest.raises(Misconfigured, match=words) as caught:
            CodeLists.load([overlay(tmp_path, name, text)])
        assert f"{name}.csv" in str(caught.value) or "refers to no list" in str(caught.value)
        assert caught.value.code == "settings-invalid"

    def test_all_mistakes_are_told_at_once(self, tmp_path: Path) -> None:
        """A person corrects a file in one go."""
        text = "zone,source,verified\nAsia/Aktau,project,no\nAsia/Oral,project,maybe\n"
        with pytest.raises(Misconfigured) as caught:
            CodeLists.load([overlay(tmp_path, "zones", text)])
        assert "zones.csv:2" in str(caught.value)
        assert "zones.csv:3" in str(caught.value)

    def test_a_directory_without_lists_is_a_mistake(self, tmp_path: Path) -> None:
        """A wrong path is not an empty overlay."""
        with pytest.raises(Misconfigured, match="no code list"):
            CodeLists.load([tmp_path / "absent"])

    def test_files_of_spreadsheets_are_read(self, tmp_path: Path) -> None:
        """A byte order mark, quotes and spaces around cells do no harm."""
        file = overlay(tmp_path, "delay-reasons", "") / "delay-reasons.csv"
        with file.open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream, quoting=csv.QUOTE_ALL).writerows(
                [["reason", "meaning", "source", "verified"], [" ICE ", "ice, thick", "project", "no"]]
            )
        assert CodeLists.load([tmp_path]).lookup("delay-reasons", "ICE", "meaning") == "ice, thick"
