"""Logging: readable on a terminal, JSON elsewhere; the ids of a message, never its content."""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

import structlog

from corridor.harmless import Harmless
from corridor.repeats import Repeats
from corridor.settings.model import LogSettings
from schemas.text import visible

SECRET: Final = frozenset(
    {"authorization", "token", "secret", "secrets", "password", "signature", "cookie", "client_secret"}
)
CONTENT: Final = frozenset({"body", "payload", "value", "datum", "record", "message_body"})
NOISY: Final = (
    "faust",
    "mode",
    "aiokafka",
    "kafka",
    "httpx",
    "httpcore",
    "uvicorn",
    "asyncio",
    "streams.processing.driver",
)
"""Libraries that speak up from a warning on."""
REPEATING: Final = ("aiokafka", "kafka", "asyncio", "faust", "mode")
"""Libraries that repeat themselves while Kafka is away."""

Event = MutableMapping[str, Any]


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Replace what must never be logged: secrets and the content of messages. A processor of structlog."""
    for key in event:
        name = key.lower()
        if name in SECRET or name.endswith(("_token", "_secret", "_password")):
            event[key] = "[secret]"
        elif name in CONTENT:
            event[key] = "[content]"
    return event


def harmless(_logger: object, _method: str, event: Event) -> Event:
    """Write texts so that a terminal only shows them: an id of a stranger is no command to it."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":  # its lines are those of the code
            event[key] = visible(value)
    return event


def trace(_logger: object, _method: str, event: Event) -> Event:
    """Replace an exception by its way through the code: its text, and locals, could quote a message."""
    info = event.pop("exc_info", None)
    error = info[1] if isinstance(info, tuple) else info if isinstance(info, BaseException) else None
    if info is True:
        error = sys.exc_info()[1]
    if error is not None:
        event["exception"] = "".join(_way(error))
    return event


def _way(error: BaseException) -> Iterator[str]:
    """Frames and type of an exception, those of its causes before them."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _way(before)
        yield "\nwhich led to:\n"
    yield from traceback.format_list(traceback.extract_tb(error.__traceback__))
    yield type(error).__qualname__


def configure(settings: LogSettings, role: str, repeats: Repeats | None = None) -> Repeats:
    """Send all logging of this process, the libraries' included, to stderr in one form.

    Args:
        settings: level and form.
        role: name of the process in every line of JSON.
        repeats: bundles what comes again and again.

    Returns:
        what bundles: flush it now and then. At the end of the process it is flushed anyway.
    """
    repeats = repeats or Repeats(REPEATING)
    atexit.register(repeats.flush, everything=True)
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        redact,
        trace,
    ]
    ending: list[structlog.typing.Processor] = (
        [harmless, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [_named(role), structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Harmless())
    handler.addFilter(repeats)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[repeats, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    threading.excepthook = _thread_ended
    sys.unraisablehook = _unraisable
    return repeats


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    """Tell of an exception that ended a thread: Python would write it past the log, with the error's text."""
    if ended.exc_value is not None:
        name = ended.thread.name if ended.thread is not None else ""
        structlog.get_logger(__name__).error(
            "a thread ended with an error", thread=name, exc_info=ended.exc_value
        )


def _unraisable(error: sys.UnraisableHookArgs) -> None:
    """Tell of an exception that nobody can catch, in a finalizer for example."""
    structlog.get_logger(__name__).warning("an error that nobody could catch", exc_info=error.exc_value)


def _named(role: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: Event) -> Event:
        return {"role": role, **event}

    return add
