"""Places of a whole note, as the part of it that was sent has them."""

from __future__ import annotations

from typing import Any

import pytest

from schemas import profiles
from schemas.translation.own import own

RECORD = profiles.load("dtc.note.v1").schema.record
FIRST = {"wagonNumber": "94201712", "containers": [{"containerNo": "CSQU3054383", "tareKg": 3900}]}
SECOND = {"wagonNumber": "94201720", "containers": [{"containerNo": "QTZU3001723", "tareKg": 3801}]}
WHOLE: dict[str, Any] = {"noteType": "SMGS", "wagons": [FIRST, SECOND], "customs": {"office": "57101"}}


@pytest.mark.parametrize(
    ("partial", "pointer", "expected"),
    [
        ({"wagons": [SECOND]}, "/wagons/1/wagonNumber", "/wagons/0/wagonNumber"),
        ({"wagons": [SECOND]}, "/wagons/1/containers/0/tareKg", "/wagons/0/containers/0/tareKg"),
        ({"wagons": [SECOND]}, "/wagons/0/containers/0/tareKg", None),
        (
            {"wagons": [{"wagonNumber": "94201720", "containers": None}]},
            "/wagons/1/containers/0/tareKg",
            None,
        ),
        (
            {"wagons": [{"wagonNumber": "", "containers": SECOND["containers"]}]},
            "/wagons/1/containers/0/tareKg",
            "/wagons/0/containers/0/tareKg",
        ),
        ({"noteType": None}, "/noteType", None),
        ({"customs": {"office": "57101"}}, "/customs/office", "/customs/office"),
        ({"customs": {"office": None}}, "/customs/office", None),
    ],
)
def test_a_place_is_the_one_that_was_sent(
    partial: dict[str, Any], pointer: str, expected: str | None
) -> None:
    """The second wagon of the note is the first of a message that names no other."""
    assert own(RECORD, WHOLE, partial, pointer) == expected
