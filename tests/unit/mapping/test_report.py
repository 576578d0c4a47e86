"""What is said of a message beside its outputs."""

from schemas.avro.violation import HIDDEN
from schemas.mapping.report import MessageReport


def test_a_report_tells_no_personal_data() -> None:
    """In no item of a list, neither as a loss nor as a finding; of other fields it tells the value."""
    report = MessageReport(personal={"/parties/name"})
    for pointer in ("/parties/0/name", "/parties/12/code"):
        report.loss(pointer, "no-equivalent", "ABC")
        report.finding(pointer, "odd", "warning", "ABC")
    assert [one.value for one in report.losses] == [HIDDEN, "ABC"]
    assert [one.value for one in report.findings] == [HIDDEN, "ABC"]
