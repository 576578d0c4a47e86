"""Headers that only a foreign writer can have made stop nobody: no stage, no delivery, no id follower."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from streams.edges.window import Window
from streams.kafka.settings import Kafka
from streams.partition.waiting import Queue
from streams.records.envelope import Envelope

STAGE = "deliver.dlp"
NAMES = (
    "id", "origin", "hops", "accepted", "traceparent", "subject", "replay", "discard", "digest", "findings",
)  # fmt: skip
STRANGE = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"deliver.dlp not-a-uuid",
            b"deliver.dlp ",
            b"deliver.dlp 5B0C8A4E-3D0E-5F0A-9D1C-6D0C5C0B7A11",
            b"deliver.dlp {5b0c8a4e3d0e5f0a9d1c6d0c5c0b7a11}",
            "\u0661\u0662".encode(),
            b"9" * 40,
            b"[]",
            b"[1]",
            b'[{"pointer": 1}]',
        ]
    ),
)
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), STRANGE), max_size=12)


def record(headers: list[tuple[str, bytes | None]]) -> Any:  # noqa: ANN401
    """A record with these headers."""
    return SimpleNamespace(
        topic="in.dtc", partition=2, offset=7, timestamp=1, key=b"\xff", value=b"", headers=headers
    )


@given(HEADERS)
@example([("replay", b"deliver.dlp not-a-uuid")])
def test_any_header_can_be_read(headers: list[tuple[str, bytes | None]]) -> None:
    """Envelope, findings, the letter's id and the queue of its subject: nothing raises but a refusal."""
    found = Envelope.of(record(headers))
    assert isinstance(found.findings, tuple)
    letter = found.letter(STAGE, record(headers))
    assert str(UUID(letter)) == letter
    state: dict[bytes, bytes | None] = {}
    queue = Queue(found.subject, state.get)
    queue.admit(letter if found.replay else None)
    state.update(queue.join(letter, again=bool(found.replay)))
    state.update(Queue(found.subject, state.get).leave(letter))


@given(st.lists(HEADERS, max_size=5))
def test_no_header_ends_the_follower_of_ids(records: list[list[tuple[str, bytes | None]]]) -> None:
    """What has no id and digest is passed over; what has is remembered all the same."""
    follower = Window("gateway", Kafka(bootstrap="127.0.0.1:1"), ["in.dtc"], 100)
    for headers in records:
        follower._take(record(headers))
    follower._take(record([("id", b"m-1"), ("digest", b"00ff")]))
    assert follower.seen("dtc", "m-1") == b"\x00\xff"
