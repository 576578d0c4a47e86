"""What stands in front of each participant's values, had from the registry for each of them alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from connectors.pauses import Pauses
from schemas.avro.schema import Schema
from schemas.broken import broken
from schemas.errors import CorridorError, Misconfigured, Transient, one_line
from streams.kafka import topics
from streams.records.contracts import Contracts

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two questions to a registry that is away."""
AFTER_REFUSAL: Final = 12
"""After a refusal it is asked this much less often: somebody has to mend something first."""

Aside = Callable[[str, CorridorError | None], None]
"""Is told a participant that cannot be served, and why; with None, that it can be again."""


class Frames:
    """Registers the schemas of what participants send, and gives the frame of each.

    Args:
        contracts: of the registry.
        schemas: of each participant's messages.
        aside: is told of a participant whose schema the registry refuses.
    """

    def __init__(
        self, contracts: Contracts, schemas: Mapping[str, Schema], aside: Aside = lambda *_: None
    ) -> None:
        self._contracts, self._schemas, self._aside = contracts, schemas, aside
        self._refused: set[str] = set()
        self.had: dict[str, bytes] = {}
        """By participant, as far as the registry gave them."""

    @property
    def usable(self) -> bool:
        """Tell whether somebody's values can be written, unless there is nobody to wait for."""
        return bool(self.had) or self._refused >= self._schemas.keys()

    def require(self, participant: str) -> None:
        """Refuse what cannot be written yet.

        Raises:
            Transient: ``registry-unavailable``, or ``participant-set-aside``.
        """
        if participant in self.had:
            return
        if participant in self._refused:
            raise Transient("participant-set-aside", "the registry refuses the schema of this participant")
        raise Transient("registry-unavailable", "the schema of this participant is not registered yet")

    async def get(self, participant: str) -> bytes:
        """Give a participant's frame, asking until the registry gives it: nobody else waits for that."""
        pauses = Pauses(FIRST_PAUSE, LONGEST_PAUSE)
        while participant not in self.had:
            try:
                await self._ask(participant)
            except Transient as error:
                log.warning(
                    "waits for the registry", participant=participant, code=error.code, error=error.message
                )
                await pauses.rest()
            except Exception as error:
                if broken("one-ends-all"):
                    raise
                self._refuse(participant, error)
                await pauses.rest(least=LONGEST_PAUSE * AFTER_REFUSAL)
        return self.had[participant]

    async def _ask(self, participant: str) -> None:
        topic = topics.incoming(participant)
        self.had[participant] = await self._contracts.frame(topic, self._schemas[participant])
        if participant in self._refused:
            self._refused.remove(participant)
            self._aside(participant, None)

    def _refuse(self, participant: str, error: Exception) -> None:
        if not isinstance(error, CorridorError):
            log.error("defect: a participant is not served", participant=participant, exc_info=error)
            error = Misconfigured("internal", one_line(error))
        self._refused.add(participant)
        self._aside(participant, error)
