"""Which partition a key belongs to: the same answer as every standard Kafka client gives."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2


@lru_cache(maxsize=4_096)
def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key by murmur2, as the Java client's default partitioner computes it."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)
