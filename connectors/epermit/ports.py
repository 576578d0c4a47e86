"""What the authority needs of the log under it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from schemas.epermit.acts import Change
from schemas.epermit.ledger import Ledger

Decide = Callable[[Ledger], Change]
"""What an act writes, given all that was written before; may raise `LedgerRefusal` and its like."""


class PermitLog(Protocol):
    """The ledger of one authority: one writer at a time, every process a reader.

    Attributes:
        state: what the ledger adds up to here; never changed by its readers.
        ready: it is read to its end.
    """

    state: Ledger
    ready: bool

    async def write(self, decide: Decide) -> Change:
        """Decide on the newest state, write after ``acks=all``, and return when `state` has it.

        Args:
            decide: runs in a thread; it may run again.

        Raises:
            Transient: (``log-unavailable``) not known to be written; the same act may be done again.
        """
