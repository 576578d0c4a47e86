"""Which corridor events concern a vessel or train, and which one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.avro.codec import Codec
from schemas.translation.message import State
from schemas.translation.model import Output, Record, Result

MEANS: Final = frozenset({"VESSEL", "TRAIN"})
NOTES: Final = frozenset({"SMGS", "CIM"})
MOVES: Final = frozenset({"TRANSPORT", "PORTCALL"})
"""Types of events of a vessel or train that concern whatever is aboard."""
MANIFEST: Final = "VESSEL/MANI"
LISTED: Final = "VESSEL/LIST"
FORMED: Final = "TRAIN/FORM"
LOADED: Final = "EQUIPMENT/LOAD"
DISCHARGED: Final = "EQUIPMENT/DISC"


_NAMED: Final = tuple(
    text.encode()
    for text in (MANIFEST, LISTED, FORMED, LOADED, DISCHARGED, *(f"{kind}/" for kind in sorted(MOVES)))
)
"""The code of every event that is taken has one of these in it, and so has its encoding."""
_READ: Final = (
    ("envelope", "derived_from"),
    ("subject",),
    ("consignment_id",),
    ("what", "references", "type"),
    ("why", "code"),
    *(("how", name) for name in ("mode", "vessel_imo", "vessel_name", "train")),
)
"""What `means_of` reads."""


def means_of(event: Mapping[str, Any]) -> str | None:
    """The vessel or train that a corridor event (a datum) concerns, ``<TYPE>:<id>``; None for all others.

    Events of a vessel or train that name a consignment, or a note aboard, have reached it already and are not
    taken, nor are derived ones.
    """
    if event["envelope"]["derived_from"] is not None:
        return None
    code, subject = event["why"]["code"] or "", event["subject"]
    kind = code.partition("/")[0]
    if subject["type"] in MEANS:
        noted = kind in MOVES and any(one["type"] in NOTES for one in event["what"]["references"])
        moves = event["consignment_id"] is None and not noted and (kind in MOVES or code == MANIFEST)
        return f"{subject['type']}:{subject['id']}" if moves or code == FORMED else None
    return _carrier(event["how"]) if code in {LOADED, DISCHARGED, LISTED} else None


def _carrier(how: Mapping[str, Any]) -> str | None:
    """The vessel or train that a unit is loaded on or discharged from."""
    vessel = how["vessel_imo"] or how["vessel_name"]
    if how["mode"] == "VESSEL" and vessel:
        return f"VESSEL:{vessel}"
    return f"TRAIN:{how['train']}" if how["mode"] == "RAIL" and how["train"] else None


class Router:
    """Sends corridor events that concern a vessel or train on under its key, unchanged.

    Args:
        codec: of the corridor event.
    """

    name: Final = "to-aboard"
    stateful: Final = False

    def __init__(self, codec: Codec) -> None:
        self._peek = codec.peek(_READ)

    def translate(self, record: Record, state: State) -> Result:  # noqa: ARG002
        """Route one corridor event; one that concerns no vessel or train gives nothing, and is no loss.

        Raises:
            Permanent: the body cannot be read.
        """
        means = means_of(self._peek(record.body)) if may_concern(record.body) else None
        if means is None:
            return Result()
        context = record.context
        return Result(
            [
                Output(
                    means.encode(),
                    record.body,
                    context.id,
                    means,
                    context.hops,
                    known=context.known,
                    personal=context.personal,
                )
            ]
        )


def may_concern(body: bytes) -> bool:
    """Tell quickly whether an encoded corridor event may concern a vessel or train: most do not."""
    for name in _NAMED:  # noqa: SIM110 - every event passes here, and a generator costs as much as the search
        if name in body:
            return True
    return False
