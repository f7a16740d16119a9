"""What one connection follows: each log is read no faster than the client takes it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from groundwire.archive import Attached
from groundwire.conversation.coalesce import coalesce
from groundwire.conversation.follow import follow
from groundwire.model.errors import Gone, GroundwireError, NotFound
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId, is_conversation
from groundwire.ports.event_log import EventLog
from groundwire.transport.outlet import HungUp, Outlet

logger = logging.getLogger(__name__)

BATCH = 64
"""How many events are read at once for one client, who may have no room for any of them."""


@dataclass(slots=True)
class Attachment:
    """One connection following one log; ``sent`` is the seq of the last event it was sent."""

    log: LogId
    name: str
    sent: int
    reading: "asyncio.Task[None]" = field(init=False)


@dataclass(slots=True)
class Attachments:
    """``fail`` is told why a log can be followed no longer."""

    events: EventLog
    outlet: Outlet
    fail: Callable[[GroundwireError], Awaitable[None]]
    _all: dict[LogId, Attachment] = field(default_factory=dict[LogId, Attachment])

    @property
    def logs(self) -> Collection[LogId]:
        return self._all.keys()

    @property
    def position(self) -> dict[str, int]:
        """Return the last seq that was sent of each log, by its name."""
        return {each.name: each.sent for each in self._all.values()}

    async def follow(self, attached: Attached) -> None:
        """Send the log from there on, anew if that goes on already."""
        await self.forget(attached.log)
        attachment = Attachment(attached.log, attached.name, attached.after)
        attachment.reading = asyncio.create_task(self._read(attachment), name="reads a log")
        self._all[attached.log] = attachment

    async def forget(self, log: LogId) -> None:
        attachment = self._all.pop(log, None)
        if attachment is not None:
            attachment.reading.cancel()
            await asyncio.gather(attachment.reading, return_exceptions=True)

    async def close(self) -> None:
        for log in list(self._all):
            await self.forget(log)

    async def _read(self, attachment: Attachment) -> None:
        try:
            await self._send(attachment)
        except HungUp:
            return
        except NotFound:
            await self.fail(_gone(attachment))
        except Exception:
            # A reader that stopped in silence would be a gap: it comes back with its cursor.
            logger.exception("a log could not be read")
            await self.fail(
                GroundwireError("Something went wrong here. Connect again to go on."),
            )

    async def _send(self, attachment: Attachment) -> None:
        """Send what is there and what comes.

        While the client has no room its log is not read. Then it is read on from where the
        client is, in merged form until that has caught up.
        """
        is_behind = False
        while True:
            reading = follow(self.events, attachment.log, after=attachment.sent, limit=BATCH)
            async with aclosing(reading) as batches:
                async for batch in batches:
                    if not await self._pass_on(attachment, coalesce(batch) if is_behind else batch):
                        break
                    is_behind = is_behind and len(batch) == BATCH
                    # uvicorn's send does not yield while the socket takes everything.
                    await asyncio.sleep(0)
            is_behind = True
            await self.outlet.room()

    async def _pass_on(self, attachment: Attachment, events: Sequence[Recorded]) -> bool:
        """Return whether there was room for all of them."""
        sent = await self.outlet.send(events)
        attachment.sent = attachment.sent if sent is None else sent
        return sent == events[-1].seq


def _gone(attachment: Attachment) -> Gone:
    """Return what says which of the logs is no more."""
    if is_conversation(attachment.log):
        return Gone("conversation any more", sessionId=attachment.name)
    return Gone("workspace any more", workspaceId=attachment.name)
