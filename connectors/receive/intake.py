"""The one place that decides whether a message is new, repeated or in conflict, and waits for the log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.ports import Accepted, ReceiverLog
from schemas.errors import Permanent


class Intake:
    """Appends each message id of one participant once.

    Requests with the same id that come at the same time wait for each other, so that the second sees what
    became of the first.
    """

    def __init__(self, log: ReceiverLog) -> None:
        self._log = log
        self._pending: dict[str, asyncio.Future[None]] = {}

    async def take(self, messages: Sequence[Accepted]) -> int:
        """Put all messages into the log that are not there yet.

        Returns:
            How many were new.

        Raises:
            Permanent: ``id-reused``: an id came before with another body; then nothing was written.
            Transient: the log did not acknowledge; nothing may be promised to the sender.
        """
        while waiting := [self._pending[m.id] for m in messages if m.id in self._pending]:
            await asyncio.wait(waiting)
        new = self._unseen(messages)
        if not new:
            return 0
        finished = asyncio.get_running_loop().create_future()
        self._pending |= dict.fromkeys(new, finished)
        writing = asyncio.ensure_future(self._log.append(list(new.values())))
        writing.add_done_callback(lambda task: self._finish(task, new, finished))
        await asyncio.shield(writing)
        return len(new)

    def _finish(
        self, task: asyncio.Future[None], new: dict[str, Accepted], finished: asyncio.Future[None]
    ) -> None:
        if not task.cancelled():
            task.exception()  # whoever sent the messages got it, if he still waits
        for message_id in new:
            del self._pending[message_id]
        finished.set_result(None)

    def _unseen(self, messages: Sequence[Accepted]) -> dict[str, Accepted]:
        new: dict[str, Accepted] = {}
        for message in messages:
            twin = new.get(message.id)
            known = twin.digest if twin else self._log.seen(message.participant, message.id)
            if known is None:
                new[message.id] = message
            elif known != message.digest:
                raise Permanent("id-reused", f"message id {message.id[:100]!r} came before with another body")
        return new
