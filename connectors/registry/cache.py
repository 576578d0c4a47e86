"""Schemas on disk by registry and id, so that a process starts and runs while the registry is away."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path


class DiskCache:
    """One file per schema id under a directory per registry.

    A cache that cannot be written is not an error: the registry has the truth.

    Args:
        directory: where all registries' caches are.
        url: address of the registry; ids of different registries never mix.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory / hashlib.sha256(url.encode()).hexdigest()[:16]

    async def load(self, schema_id: int) -> str | None:
        """Give the schema text of an id, None when it is not in the cache."""
        return await asyncio.to_thread(self._load, schema_id)

    async def store(self, schema_id: int, text: str) -> None:
        """Keep a schema text; readers in other processes see the whole file or none."""
        await asyncio.to_thread(self._store, schema_id, text)

    def _path(self, schema_id: int) -> Path:
        return self._directory / f"{schema_id}.avsc"

    def _load(self, schema_id: int) -> str | None:
        try:
            return self._path(schema_id).read_text(encoding="utf-8") or None
        except (OSError, UnicodeDecodeError):
            return None

    def _store(self, schema_id: int, text: str) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._directory, suffix=".part")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).replace(self._path(schema_id))
        except OSError:
            return
