"""Lists are cut apart no further than they may be long."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.pointer import items_of
from connectors.receive.batch import split
from schemas.errors import Permanent

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(json_values, max_size=8))
def test_items_are_the_texts_of_the_list(items: list[object]) -> None:
    """As many as are allowed are given as they stand; one more is refused."""
    body = json.dumps(items).encode()
    assert [json.loads(item) for item in items_of(body, 8)] == items
    if items:
        with pytest.raises(Permanent) as refused:
            items_of(body, len(items) - 1)
        assert refused.value.code == "batch-too-large"


@pytest.mark.parametrize("body", [b"{}", b"7", b"[1,", b"[1 2]", b"", b"[" * 100_000])
def test_what_is_no_list_is_malformed(body: bytes) -> None:
    """It is never called too large."""
    with pytest.raises(Permanent) as refused:
        items_of(body, 3)
    assert refused.value.code == "json-malformed"


def test_reading_ends_at_the_first_item_too_many() -> None:
    """What follows is not even looked at: it need not be JSON. A canary of msgspec, which gives up there."""
    with pytest.raises(Permanent) as refused:
        items_of(b"[1,2,3,4,}}}}", 3)
    assert refused.value.code == "batch-too-large"


class Lines:
    """A profile that takes batches."""

    batch = ("array", "ndjson")


@pytest.mark.parametrize(
    ("body", "kind"), [(b"7\n" * 5, "application/x-ndjson"), (b"[7,7,7,7,7]", "application/json")]
)
def test_a_batch_is_bounded_while_it_is_cut(body: bytes, kind: str) -> None:
    """Both forms of a batch."""
    assert split(body, kind, Lines(), 5) == ([b"7"] * 5, True)  # type: ignore[arg-type]
    with pytest.raises(Permanent) as refused:
        split(body, kind, Lines(), 4)  # type: ignore[arg-type]
    assert refused.value.code == "batch-too-large"
