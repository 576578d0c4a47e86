"""Settings of one sandbox participant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from corridor.sandbox.faults import Faults

PERMIT: Final = "permit"
"""The e-Permit authority that the broker is in the sandbox, among neighbours that the sandbox plays."""
BORDER: Final = "border"
"""A border post of our country, beside that authority: what it sees it tells the corridor."""
CONTROL: Final = 2
"""How far a participant's control port is above that of its API, where both are given by a settings file."""
Participant = Literal["dtc", "dlp", "port", "vessel", "oil"]
PROFILES: dict[str, str] = {
    "dtc": "dtc.note.v1",
    "dlp": "dlp.event.v1",
    "port": "port.event.v1",
    "vessel": "vessel.event.v1",
    "oil": "oil.lot.v1",
}
"""Participant to the profile it sends and receives."""


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """What a participant needs to know. Secrets are references, ``file:PATH`` or ``env:NAME``."""

    participant: Annotated[Participant, Meta(description="Which platform to play.")]
    data: Annotated[Path, Meta(description="Directory of the ledger; it goes on where the ledger ends.")]
    webhook: Annotated[str, Meta(description="Address of the broker's webhook; empty: do not send.")] = ""
    webhook_secret: Annotated[str, Meta(description="Secret that messages are signed with.")] = ""
    offer: Annotated[bool, Meta(description="Offer messages at `/feed` instead of sending them.")] = False
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port of the participant's own API; 0: a free one.")] = 0
    control: Annotated[int, Meta(description="Port of stats, ledger and faults; 0: a free one.")] = 0
    delivery_secret: Annotated[str, Meta(description="Secret that deliveries must be signed with.")] = ""
    client_id: Annotated[str, Meta(description="OAuth2 client; empty: deliveries need no token.")] = ""
    client_secret: Annotated[str, Meta(description="Its secret.")] = ""
    token_life: Annotated[float, Meta(gt=0, description="Seconds that a token lives.")] = 300.0
    seed: Annotated[int, Meta(description="Another seed is another timetable.")] = 0
    speed: Annotated[float, Meta(gt=0, description="Simulated hours per second, without a rate.")] = 1.0
    rate: Annotated[
        Annotated[float, Meta(ge=0)] | None,
        Meta(description="Messages per second whatever their time; 0: as fast as possible."),
    ] = None
    limit: Annotated[int, Meta(ge=0, description="Messages to send in all; 0: no end.")] = 0
    batch: Annotated[int, Meta(ge=1, le=500, description="Most messages in one request.")] = 1
    lanes: Annotated[int, Meta(ge=1, le=64, description="Requests under way at once.")] = 4
    faults: Annotated[Faults, Meta(description="Faults from the start.")] = Faults()
