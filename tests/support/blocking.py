"""Catch calls that would block the event loop, by Python's own audit events."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BLOCKING = frozenset(
    {"time.sleep", "socket.getaddrinfo", "socket.gethostbyname", "open", "subprocess.Popen", "os.system"}
)

_caught: list[str] = []
_watching = False


def _hook(event: str, args: tuple[object, ...]) -> None:
    if not _watching or asyncio._get_running_loop() is None:
        return
    if event == "socket.connect":
        if args[0].gettimeout() == 0:  # type: ignore[attr-defined]
            return
    elif event not in BLOCKING:
        return
    elif event == "open" and str(args[0]).endswith((".py", ".pyc", ".so")):
        return  # an import, once per process
    _caught.append(f"{event}{args!r:.80}")


_installed = False


@contextmanager
def nothing_blocks() -> Iterator[None]:
    """Fail if a coroutine sleeps, resolves, connects, opens a file or starts a process in a blocking way."""
    global _installed, _watching  # noqa: PLW0603 - audit hooks are per process and cannot be removed
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    _caught.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert not _caught, f"blocking calls in the event loop: {_caught}"
