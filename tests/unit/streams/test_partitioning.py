from __future__ import annotations

import pytest

from streams.kafka.partitioning import partition_of

JAVA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
}
"""Hashes from the Java client's own test of murmur2."""


@pytest.mark.parametrize("key", JAVA)
@pytest.mark.parametrize("partitions", [1, 6, 7])
def test_keys_go_where_every_other_client_sends_them(key: bytes, partitions: int) -> None:
    """The partition is the one of the Java client's default partitioner."""
    assert partition_of(key, partitions) == (JAVA[key] & 0x7FFFFFFF) % partitions
