from __future__ import annotations

import gzip
import zlib
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.body import STEP, BoundedBody
from connectors.settings import Limits
from schemas.errors import Permanent

SMALL = Limits(body=1000, decoded=100_000)


def read(limits: Limits, wire: bytes, encoding: str = "", size: int = 1 << 16) -> bytes:
    """Read a body in chunks of ``size``."""
    body = BoundedBody(limits, encoding)
    for start in range(0, len(wire), size):
        body.feed(wire[start : start + size])
    return body.finish()


def refusal(limits: Limits, wire: bytes, encoding: str = "", size: int = 1 << 16) -> str:
    """Give the code of the refusal."""
    with pytest.raises(Permanent) as caught:
        read(limits, wire, encoding, size)
    return caught.value.code


@given(st.binary(max_size=3000), st.integers(1, 400), st.booleans())
def test_what_fits_comes_out(data: bytes, size: int, zipped: bool) -> None:
    """A body within the limits is given back, however it was cut into chunks."""
    wire = gzip.compress(data) if zipped else data
    assert read(Limits(), wire, "gzip" if zipped else "identity", size) == data


@given(st.integers(1, 50), st.integers(1, 3000))
def test_wire_limit_is_exact(size: int, length: int) -> None:
    """A body passes up to the limit in bytes and not one more."""
    if length <= SMALL.body:
        assert len(read(SMALL, b"x" * length, size=size)) == length
    else:
        assert refusal(SMALL, b"x" * length, size=size) == "body-too-large"


@given(st.binary(max_size=200), st.sampled_from(["gzip", "", "identity"]))
def test_garbage_is_a_refusal(wire: bytes, encoding: str) -> None:
    """No bytes make the reader raise anything but a refusal."""
    if encoding != "gzip":
        assert read(Limits(), wire, encoding) == wire
    elif wire:
        assert refusal(Limits(), wire, encoding) == "encoding-unsupported"


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_bomb_stops_at_the_ratio(size: int) -> None:
    """A gzip bomb is refused after about one step, not after it was inflated."""
    bomb = gzip.compress(bytes(500 << 20 >> 4), 9)
    body = BoundedBody(Limits(body=1 << 30, decoded=1 << 40), "gzip")
    chunks = (bomb[start : start + size] for start in range(0, len(bomb), size))
    with pytest.raises(Permanent, match="20:1"):
        deque(map(body.feed, chunks))
    assert len(body._data) <= max(20 * body._wire, STEP) + STEP


def test_decoded_limit() -> None:
    """What decompresses to more than the limit is refused though its ratio is fine."""
    limits = Limits(decoded=200_000, ratio=1000)
    assert refusal(limits, gzip.compress(bytes(200_001)), "gzip") == "body-too-large"
    assert len(read(limits, gzip.compress(bytes(200_000)), "gzip")) == 200_000


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd", "gzip,identity"])
def test_other_encodings(encoding: str) -> None:
    """Only identity and one layer of gzip are known."""
    with pytest.raises(Permanent, match="identity or gzip"):
        BoundedBody(Limits(), encoding)


def test_cut_and_trailing_bytes() -> None:
    """A gzip body that ends too early, or goes on after its end, is refused."""
    whole = gzip.compress(b"data" * 10)
    for length in range(1, len(whole)):
        assert refusal(Limits(), whole[:length], "gzip") == "encoding-unsupported"
    for tail in (b"x", whole):
        assert refusal(Limits(), whole + tail, "gzip") == "encoding-unsupported"


def test_zlib_is_not_gzip() -> None:
    """The zlib format under the name of gzip is refused."""
    assert refusal(Limits(), zlib.compress(b"data"), "gzip") == "encoding-unsupported"


@pytest.mark.parametrize(
    ("declared", "refused"), [("1001", True), ("9" * 30, True), ("1000", False), ("x", False)]
)
def test_declared_length(declared: str, refused: bool) -> None:
    """A Content-Length over the limit is refused at once; otherwise it is not believed."""
    if refused:
        with pytest.raises(Permanent):
            BoundedBody(SMALL, declared=declared)
        return
    body = BoundedBody(SMALL, declared=declared)
    body.feed(bytes(600))
    with pytest.raises(Permanent):
        body.feed(bytes(600))


def test_empty_gzip_answer() -> None:
    """An answer without a body may still be labelled gzip (204, HEAD)."""
    assert read(Limits(), b"", "gzip") == b""
