"""A request that waits for what comes next, as the hub sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from groundwire.model.access import Identity
from groundwire.model.errors import GroundwireError
from groundwire.transport.connection import Connection, Effect, Tell


@dataclass(slots=True, eq=False)
class Waiting:
    """``over`` says that it should wait no longer, ``error`` why not, if there is a reason."""

    connection: Connection
    over: asyncio.Event = field(default_factory=asyncio.Event)
    error: GroundwireError | None = None

    @property
    def identity(self) -> Identity | None:
        return self.connection.identity

    def tick(self, now: float, wall: float) -> None:
        self._heed(self.connection.tick(now, is_running=True, wall=wall))

    def revoked(self) -> None:
        self._heed(self.connection.revoked())

    def replaced(self) -> None:
        self._heed(self.connection.replaced())

    async def drain(self) -> None:
        self.over.set()

    def _heed(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Tell):
                self.error = effect.error
                self.over.set()
