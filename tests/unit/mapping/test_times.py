"""Local times: zones from the pinned package, Almaty's change, gaps and folds."""

import datetime
import zoneinfo

import pytest

from schemas.mapping import times
from schemas.mapping.report import MessageReport
from schemas.mapping.runtime import utc_millis_slow


def utc(*parts: int) -> int:
    """UTC milliseconds."""
    return round(datetime.datetime(*parts, tzinfo=datetime.UTC).timestamp() * 1000)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("12.01.2026 09:10", "Asia/Almaty", utc(2026, 1, 12, 4, 10)),
        ("29.02.2024 12:00", "Asia/Almaty", utc(2024, 2, 29, 6, 0)),
        ("01.03.2024 12:00", "Asia/Almaty", utc(2024, 3, 1, 7, 0)),
        ("12.01.2026 09:10", "Asia/Baku", utc(2026, 1, 12, 5, 10)),
        ("12.07.2026 09:10", "Europe/Bucharest", utc(2026, 7, 12, 6, 10)),
        ("15.02.2024 12:00", times.BASES["AST"], utc(2024, 2, 15, 6)),
        ("12.01.2026 09:10", times.BASES["MSK"], utc(2026, 1, 12, 6, 10)),
    ],
)
def test_local_text_is_read_in_its_zone(text: str, zone: str, expected: int) -> None:
    """Almaty, and with it the basis AST, is +06:00 before 1 March 2024 and +05:00 after."""
    assert times.utc_millis(text, zone) == expected
    assert times.local_text(expected, zone) == text


@pytest.mark.parametrize("text", ["29.03.2026 03:30", "25.10.2026 03:30"])
def test_gap_and_fold_take_the_earlier_offset_and_are_found(text: str) -> None:
    """03:30 in Bucharest is missing one day (+02:00 before it) and comes twice another (+03:00 before)."""
    report = MessageReport()
    assert times.utc_millis(text, "Europe/Bucharest") is None
    offset = 2 if "29.03" in text else 3
    day, month = int(text[:2]), int(text[3:5])
    assert utc_millis_slow(report, "/t", text, "Europe/Bucharest") == utc(2026, month, day, 3 - offset, 30)
    assert [(f.pointer, f.rule) for f in report.findings] == [("/t", "ambiguous")]


@pytest.mark.parametrize(
    "text", ["", "12.01.2026", "12.01.2026 24:00", "12.01.2026 09:60", "31.02.2026 09:00", "12-01-2026 09:00",
             "1².01.2026 09:00", "12.01.2026T09:00", " 2.01.2026 09:00", "12.01.2026 09:1٣"]
)  # fmt: skip
def test_what_is_no_time_is_found_and_null(text: str) -> None:
    """Nothing is guessed."""
    report = MessageReport()
    assert times.utc_millis(text, "Asia/Baku") is None
    assert utc_millis_slow(report, "/t", text, "Asia/Baku") is None
    assert [found.rule for found in report.findings] == ["time-invalid"]


def test_zones_come_from_the_package_not_from_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with other rules, or none, changes nothing."""
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    times.zone.cache_clear()
    times.read_local.cache_clear()
    assert times.utc_millis("01.03.2024 12:00", "Asia/Almaty") == utc(2024, 3, 1, 7)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "Asia/../Baku", "/etc/localtime", "", "Asia/Nowhere", "Asia"]
)
def test_unknown_zones_are_errors(name: str) -> None:
    """No path leads out of the package."""
    with pytest.raises(KeyError):
        times.zone(name)


@pytest.mark.parametrize(
    ("minutes", "text"), [(300, "+05:00"), (0, "+00:00"), (-210, "-03:30"), (345, "+05:45")]
)
def test_offsets_go_both_ways(minutes: int, text: str) -> None:
    """Minutes ahead of UTC and their text."""
    assert times.offset_text(minutes) == text
    assert times.offset_value(text) == minutes


@pytest.mark.parametrize("text", ["5:00", "+05", "+25:00", "+05:60", "", "+0\uff15:00"])
def test_what_is_no_offset_is_null(text: str) -> None:
    """Nothing is guessed."""
    assert times.offset_value(text) is None


def test_dates_go_both_ways() -> None:
    """Days since 1970, leap days included."""
    assert [
        times.date_text(times.read_date(text) or 0) for text in ("29.02.2024", "01.01.1970", "31.12.0999")
    ] == [
        "29.02.2024",
        "01.01.1970",
        "31.12.0999",
    ]
