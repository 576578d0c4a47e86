"""Complaints of aiokafka that mean nothing but that Kafka changed: one short line each, without a traceback.

What they are about is noticed and done again by whoever asked for it; what is reported here was put into a
future or a callback beside, where nobody looks.
"""

from __future__ import annotations

import logging
from typing import Final, NamedTuple

from aiokafka.errors import KafkaError

_KNOWN: Final = "_known"


class Complaint(NamedTuple):
    """One kind of complaint.

    Attributes:
        logger: of the library.
        words: the message begins with them.
        errors: what it complains of; empty: of nothing in particular.
        part: also in the message.
    """

    logger: str
    words: str
    errors: tuple[type[BaseException], ...] = ()
    part: str = ""


KINDS: Final = (
    Complaint("asyncio", "Future exception was never retrieved", (KafkaError,)),
    Complaint("asyncio", "Task exception was never retrieved", (KafkaError,)),
    Complaint("asyncio", "Exception in callback", (KeyError,), "MessageAccumulator._pop_batch"),
    Complaint("asyncio", "Unclosed AIOKafka"),
    Complaint("asyncio", "Task was destroyed but it is pending", (), "aiokafka"),
    Complaint("aiokafka.producer.sender", "Unexpected error in sender routine", (KafkaError, KeyError)),
)
"""All that are known; what is none of them is told with its traceback."""


class Harmless(logging.Filter):
    """Makes one line of a known complaint; lets every other one pass as it is. A filter of a handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten what is known; nothing is held back here."""
        if vars(record).get(_KNOWN):  # it comes again, to stand for others
            return True
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        text = record.getMessage() if record.name.startswith(("asyncio", "aiokafka")) else ""
        if any(_is(kind, record.name, text, error) for kind in KINDS):
            said = f": {type(error).__name__}" if error is not None else ""
            words = text.partition("\n")[0]
            record.msg, record.args, record.exc_info = f"{words}{said} (known, and done again)", (), None
            vars(record)[_KNOWN] = True
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def _is(kind: Complaint, logger: str, text: str, error: BaseException | None) -> bool:
    return (
        logger == kind.logger
        and text.startswith(kind.words)
        and kind.part in text
        and (not kind.errors or isinstance(error, kind.errors))
    )
