"""What signals do to a process that runs for long: SIGTERM and SIGINT end it, SIGHUP does not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


def _hang_up() -> None:
    """SIGHUP asks other servers to read their settings anew; here it is no reason to end."""
    log.warning("SIGHUP changes nothing: settings are read at the start only; restart to change them")


def heed(stop: asyncio.Event, hang_up: Callable[[], None] = _hang_up) -> None:
    """Set an event when this process is asked to end; called in its event loop.

    Args:
        stop: is set by SIGTERM and SIGINT.
        hang_up: what SIGHUP does, such as when the terminal is closed.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
