"""A border post that tells the corridor of trucks with permits, as `dlp.event.v1`, and not its authority."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from corridor.sandbox import ledger as ledgers
from corridor.sandbox.clock import Clock
from corridor.sandbox.faults import Injector
from corridor.sandbox.ledger import SandboxLedger
from corridor.sandbox.message import PlayedMessage, identity
from corridor.sandbox.progress import TimetableProgress
from corridor.sandbox.sea import text
from corridor.sandbox.sender import Letter, Sender
from corridor.sandbox.settings import Sandbox

CODES: Final = {"ENTRANCE": "ENTR", "EXIT": "EXIT"}
PLACES: Final = {"Kuryk port": "KZKUR", "Dostyk": "KZDOS"}


class Crossing(NamedTuple):
    """A truck at the border: its act and permit, whether it enters or leaves, where and when."""

    act: str
    permit: str
    activity: str
    post: str
    plate: str
    at: datetime


class BorderPost:
    """Sends each report until it is answered, and keeps a ledger like all participants.

    Args:
        settings: where to send, and where the ledger is.
        clock: of simulated time.
    """

    def __init__(self, settings: Sandbox, clock: Clock) -> None:
        self._ledger = SandboxLedger(settings.data)
        self._progress = TimetableProgress(ledgers.read(self._ledger.path))
        self._sender = Sender(settings, clock, self._ledger, self._progress, Injector(settings.faults))
        self._number = self._progress.sent

    async def report(self, crossing: Crossing) -> None:
        """Report a truck; return when the broker has it. The same crossing is the same message.

        Raises:
            OSError: the ledger does not take it.
        """
        message = _message(crossing)
        letter = Letter(self._number, message.id, message.subject, message.body())
        self._number += 1
        await self._sender.settle([letter])

    async def close(self) -> None:
        """Close connections and ledger."""
        await self._sender.close()
        await self._ledger.close()


def _message(crossing: Crossing) -> PlayedMessage:
    event_id = identity("border", crossing.act)
    document = {
        "eventID": event_id,
        "eventVersion": 1,
        "eventDateTime": text(crossing.at),
        "eventCreatedDateTime": text(crossing.at),
        "eventType": "PERMIT",
        "eventCode": CODES[crossing.activity],
        "eventClassifierCode": "ACT",
        "publisherRole": "AU",
        "references": [{"type": "EPERMIT", "value": crossing.permit}],
        "location": {"UNLocationCode": PLACES[crossing.post], "locationName": crossing.post},
        "modeOfTransport": "TRUCK",
        "truckPlate": crossing.plate,
    }
    return PlayedMessage(crossing.at, f"{event_id}:1", f"PERMIT:{crossing.permit}", document)
