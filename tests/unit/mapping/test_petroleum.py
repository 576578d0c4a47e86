"""The functions of the mapping language for crude oil."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.mapping.compile import compile_expression
from tests.support.small_mapping import CODES, HEAD, NOTE, Run, note

pytestmark = pytest.mark.system("oil")

BODY = (
    HEAD.format(source="test.note.v1", target="test.move.v1")
    + """
ignores: [number, version, kind, op, place, remark, boxes]
rules:
  - rule: one
    set: {{id: number, version: version, code: LOAD, tonnes: "{expression}"}}
"""
)
DATUM: dict[str, Any] = {"number": "1", "version": 1, "tonnes": Decimal(845)}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("oil_density(tonnes, '15C', '20C')", "841.3624"),
        ("oil_density(tonnes, '15C', '15C')", "845.0000"),
        ("oil_convert(tonnes, 't', 'm3@15C', tonnes)", "1000.0000"),
        ("oil_convert(1, 't', 'bbl@60F', tonnes)", "7.4471"),
        ("api_density(10)", "999.3574"),
        ("net(tonnes, 10)", "760.5000"),
        ("gross(tonnes, 50)", "1690.0000"),
    ],
)
def test_values(expression: str, value: str) -> None:
    """Conversions give what `schemas.oil` computes."""
    assert f"{compile_expression(expression, NOTE, CODES)(DATUM):.4f}" == value


@pytest.mark.parametrize(
    ("expression", "tonnes", "lost", "found"),
    [
        ("oil_convert(5, 't', 'm3@15C', tonnes)", None, ["needs-density"], []),
        ("oil_convert(5, 't', 'm3@15C', tonnes)", Decimal(2000), [], ["density-out-of-range"]),
        ("oil_density(tonnes, '20C', '15C')", Decimal(100), [], ["density-out-of-range"]),
        ("api_gravity(tonnes)", Decimal(2000), [], ["density-out-of-range"]),
        ("api_density(tonnes)", Decimal(-140), [], ["density-out-of-range"]),
        ("net(5, tonnes)", None, ["needs-water-content"], []),
        ("gross(5, tonnes)", Decimal(100), ["water-content-invalid"], []),
        ("oil_convert(tonnes, 't', 'm3@15C', 845)", None, [], []),
        ("oil_density(tonnes, '20C', '15C')", None, [], []),
    ],
)
def test_what_cannot_be_computed_is_null_and_said(
    expression: str, tonnes: Decimal | None, lost: list[str], found: list[str]
) -> None:
    """Without a density or beyond the table: null, with a loss or finding; null of null is nothing."""
    run = Run(BODY.format(expression=expression))
    result = run(**note(tonnes=tonnes))
    assert run.told(result)[0]["tonnes"] is None
    assert [loss.reason for loss in result.losses] == lost
    assert [finding.rule for finding in result.findings] == found


def test_a_choice_between_a_field_and_a_computed_value_is_rounded() -> None:
    """A decimal that may come from a field or from a formula is rounded at the target's scale."""
    run = Run(BODY.format(expression="tonnes if version > 5 else oil_density(tonnes, '15C', '20C')"))
    assert run.told(run(**note(tonnes=Decimal(845))))[0]["tonnes"] == Decimal("841.362")
