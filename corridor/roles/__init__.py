"""The roles of the broker, each the composition of edges, log and formats; any number of times each."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from typing import Final, cast

from corridor.roles.health import Health
from corridor.settings import Settings

ROLES: Final[dict[str, str]] = {
    "gateway": "Takes in what participants send: webhooks, the registry's API, the API description.",
    "stream": "Translates: one processor per participant and direction.",
    "deliver": "Sends to participants, and polls those who do not send.",
    "view": "Projects the log into SQL, and answers questions about shipments.",
}
"""Every role with its purpose; its code is ``corridor.roles.<name>`` and offers ``serve``."""

Serve = Callable[[Settings, Health, asyncio.Event], Coroutine[None, None, None]]
"""Runs a role until the event is set."""


def role(name: str) -> Serve:
    """Import a role and return its ``serve``."""
    return cast(Serve, importlib.import_module(f"corridor.roles.{name}").serve)
