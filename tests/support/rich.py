"""Messages made by hand that say more than the examples of the profiles do."""

from __future__ import annotations

from typing import Any

RICH: dict[str, tuple[Any, ...]] = {}
"""Profile to messages."""
