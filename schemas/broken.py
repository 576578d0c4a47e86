"""Deliberate defects, so that the fault tests can prove that they would notice.

``CORRIDOR_BROKEN=<name>`` names one of ``DEFECTS``; it is honoured only together with ``CORRIDOR_TESTING=1``.
"""

from __future__ import annotations

import os
from typing import Final

DEFECTS: Final = frozenset(
    {
        "ack-before-produce",
        "raise-in-agent",
        "new-key-on-retry",
        "state-outside-transaction",
        "head-sent-twice",
        "offset-moves-back",
        "one-ends-all",
    }
)
"""Names of all defects that can be planted."""

_planted = os.environ.get("CORRIDOR_BROKEN", "") if os.environ.get("CORRIDOR_TESTING") == "1" else ""


def broken(defect: str) -> bool:
    """Tell whether this defect is planted in this process."""
    return defect == _planted
