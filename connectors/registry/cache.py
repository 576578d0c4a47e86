"""Schemas and their ids on disk, by registry: a process starts and runs while the registry is away."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
from pathlib import Path


class DiskCache:
    """One file per schema id, and one per registration, under a directory per registry.

    A cache that cannot be written is not an error: the registry has the truth.

    Args:
        directory: where all registries' caches are.
        url: address of the registry; ids of different registries never mix.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory / hashlib.sha256(url.encode()).hexdigest()[:16]

    async def load(self, schema_id: int) -> str | None:
        """Give the schema text of an id, None when it is not in the cache."""
        return await asyncio.to_thread(self._load, f"{schema_id}.avsc")

    async def store(self, schema_id: int, text: str) -> None:
        """Keep a schema text; readers in other processes see the whole file or none."""
        await asyncio.to_thread(self._store, f"{schema_id}.avsc", text)

    async def registered(self, subject: str, text: str) -> int | None:
        """Give the id under which a text was registered for a subject, None when it is not in the cache."""
        found = await asyncio.to_thread(self._load, _registration(subject, text))
        return int(found) if found and found.isdigit() else None

    async def store_registered(self, subject: str, text: str, schema_id: int) -> None:
        """Keep the id of a registration."""
        await asyncio.to_thread(self._store, _registration(subject, text), str(schema_id))

    def _load(self, name: str) -> str | None:
        try:
            return (self._directory / name).read_text(encoding="utf-8") or None
        except (OSError, UnicodeDecodeError):
            return None

    def _store(self, name: str, text: str) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor, part = tempfile.mkstemp(dir=self._directory, suffix=".part")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(part).replace(self._directory / name)
        except OSError:
            return


def _registration(subject: str, text: str) -> str:
    return f"{hashlib.sha256(json.dumps([subject, text]).encode()).hexdigest()}.id"
