"""Every case of the field has a test that names it."""

from pathlib import Path

from tests.support.field import CASES


def test_every_case_has_a_test_that_names_it() -> None:
    """No input lies here without a right value."""
    tests = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert [one.stem for one in sorted(CASES.iterdir()) if f'"{one.stem}"' not in tests] == []
