"""What is said to one client: in which order, and only as fast as it takes it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from groundwire.model.events import Recorded
from groundwire.transport.frames import PresenceTold, ServerFrame
from groundwire.transport.wire import Wire


class HungUp(Exception):
    """The client is gone, or was sent away."""


class Mouth(Protocol):
    """How one transport says things. Each raises ``HungUp``."""

    async def say(self, frame: ServerFrame) -> None: ...

    async def tell(self, recorded: Recorded) -> None:
        """Say what happened, in the very bytes of the log if the transport can."""
        ...

    async def close(self, code: int, reason: str, /) -> None: ...


@dataclass(slots=True)
class Outlet:
    """A mouth, and the wire under it. Whoever holds ``order`` speaks."""

    mouth: Mouth
    wire: Wire
    order: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed: bool = False
    _missed: dict[tuple[str, str], PresenceTold] = field(
        default_factory=dict[tuple[str, str], PresenceTold]
    )

    async def say(self, frame: ServerFrame) -> None:
        """Say ``frame`` after what is being said; to nobody, if the client is gone."""
        async with self.order:
            await self.put(frame)

    async def put(self, frame: ServerFrame) -> None:
        """Say ``frame``, as one who holds ``order``."""
        if not self.closed:
            with suppress(HungUp):
                await self.mouth.say(frame)

    async def whisper(self, frame: ServerFrame) -> None:
        """Say what a client may miss that has no room for it."""
        async with self.order:
            if self.wire.has_room:
                await self.put(frame)
            else:
                self.miss(frame)

    def miss(self, frame: ServerFrame) -> None:
        """Say nothing now; of who came and went the client is told the last later on."""
        if isinstance(frame, PresenceTold):
            self._missed[frame.session_id, frame.connection_id] = frame

    async def room(self) -> None:
        """Return once there is room for events, or nobody is there any more."""
        await self.wire.room()
        missed, self._missed = self._missed, {}
        for frame in missed.values():
            await self.whisper(frame)

    async def send(self, events: Sequence[Recorded]) -> int | None:
        """Send events as long as there is room; return the seq of the last, if one was sent.

        Raises ``HungUp``.
        """
        sent: int | None = None
        async with self.order:
            for recorded in events:
                if self._is_over:
                    raise HungUp
                if not self.wire.has_room:
                    break
                await self.mouth.tell(recorded)
                sent = recorded.seq
        return sent

    @property
    def _is_over(self) -> bool:
        return self.closed or self.wire.is_let_go or self.wire.is_lost

    async def close(self, code: int, reason: str) -> None:
        if not self.closed:
            self.closed = True
            with suppress(HungUp):
                await self.mouth.close(code, reason)
