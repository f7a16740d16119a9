"""A connection that is meant to be there always.

It reconnects, resumes every log by its cursor, sends again what was not acknowledged, takes
another transport where one does not hold, and says honestly how it stands.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from msgspec.structs import replace

from groundwire_client._backoff import backoff_s
from groundwire_client._ladder import Ladder, TransportName
from groundwire_client._line import Dropped, Observer, Transport, end, kind_of, race
from groundwire_client._log import LogReader
from groundwire_client._outbox import Outbox
from groundwire_client._signal import Signal, changes
from groundwire_client._state import Snapshot
from groundwire_client._transports import Transports
from groundwire_client._wire import Command, Frame, Reply, SessionCommand
from groundwire_client.errors import (
    Closed,
    GroundwireError,
    Internal,
    NotFound,
    RateLimited,
    TokenUnavailable,
    Unanswered,
)
from groundwire_client.events import Recorded

logger = logging.getLogger("groundwire_client")

ConnectionState = Literal["connecting", "live", "reconnecting", "offline", "closed"]

OFFLINE_AFTER = 3
"""From so many failed tries on, "reconnecting" would be a nicer word than the truth."""
HELD_S = 5.0
"""A transport that brought something for so long holds, even if nothing happened meanwhile."""


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How the connection stands.

    ``connecting``: it was never live yet. ``live``: the server answers. ``reconnecting``: it
    was live and tries again. ``offline``: several tries failed; it still tries, next at
    ``retry_at``. ``closed``: it does not try. ``reason`` is why it is closed or not live.
    """

    state: ConnectionState
    transport: TransportName
    retry_at: datetime | None = None
    reason: GroundwireError | None = None


@dataclass(slots=True)
class _Try:
    """What came of one try. ``moved``: something happened in a log, or a command was answered."""

    began: float
    heard: bool = False
    moved: bool = False

    def held(self, now: float) -> bool:
        return self.moved or (self.heard and now - self.began >= HELD_S)


class Connection:
    """``groundwire.connection``: watch its `status`, or wait for its `changes`."""

    def __init__(
        self, transports: Transports, ladder: Ladder, observe: Observer | None = None
    ) -> None:
        self._transports = transports
        self._ladder = ladder
        self._observe = observe
        self._status = ConnectionStatus("connecting", ladder.current)
        self._signal = Signal()
        self._wake = asyncio.Event()
        self._readers: dict[str, LogReader] = {}
        self._outbox = Outbox()
        self._opening: Transport | None = None
        self._transport: Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._try = _Try(0.0)
        self._failures = 0
        self._was_live = False
        self._is_fresh = False
        self._ids = 0

    @property
    def status(self) -> ConnectionStatus:
        return self._status

    def changes(self) -> AsyncIterator[ConnectionStatus]:
        """Yield the status now and after every change, until it is closed."""
        return changes(
            lambda: self._status, self._signal, is_over=lambda: self._status.state == "closed"
        )

    def retry_now(self) -> None:
        """Try at once instead of at ``status.retry_at``."""
        self._wake.set()

    async def aclose(self) -> None:
        """End everything. Nobody waits any longer, and no task is left behind."""
        if self._task is not None:
            await end(self._task)
        self._end(Closed("This client was closed."))

    # What conversations and workspaces need.

    def attach(self, reader: LogReader) -> None:
        """Follow a log until it is detached or refused."""
        if (reason := self._closed()) is not None:
            reader.refuse(reason)
            return
        self._readers[reader.key] = reader
        self._start()
        self.reattach(reader)

    def reattach(self, reader: LogReader) -> None:
        if self._transport is not None and self._readers.get(reader.key) is reader:
            self._transport.attach(reader)
            if reader.greeting is not None:
                self.tell(reader.greeting)

    def detach(self, reader: LogReader) -> None:
        if self._readers.get(reader.key) is reader:
            del self._readers[reader.key]
            if self._transport is not None:
                self._transport.detach(reader)

    async def command(self, command: Command, timeout_s: float | None) -> Reply:
        """Send a command, over as many connections as it takes, and return what answers it.

        Raises ``Unanswered`` after ``timeout_s``, and what the server says against it.
        """
        if (reason := self._closed()) is not None:
            raise reason
        self._start()
        try:
            async with asyncio.timeout(timeout_s):
                return await self._answer(command, timeout_s)
        except TimeoutError:
            raise Unanswered(
                "The server did not answer in time; it may have taken the command all the same."
            ) from self._status.reason

    def tell(self, command: SessionCommand) -> None:
        """Say something of the moment: it is lost where there is no connection."""
        if self._transport is not None:
            self._transport.send(replace(command, id=self._new_id()))

    # What transports tell.

    @property
    def readers(self) -> Mapping[str, LogReader]:
        return self._readers

    def received(self, said: bytes) -> None:
        if self._observe is not None:
            self._observe(said)

    def live(self) -> None:
        self._transport = self._opening
        self._was_live, self._is_fresh = True, False
        self._say("live")
        self._readers = {key: each for key, each in self._readers.items() if not each.refusal}
        for reader in self._readers.values():
            self.reattach(reader)
        for command in self._outbox:
            self._send(command)

    def heard(self, frame: Frame) -> None:
        self._try.heard = True
        if isinstance(frame, Recorded | Snapshot | Reply):
            self._try.moved = True

    def answered(self, ref: str, reply: Reply) -> None:
        self._outbox.answered(ref, reply)

    def refused(self, ref: str, error: GroundwireError) -> None:
        self._outbox.refused(ref, error)

    # How it lives.

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="groundwire connection")

    async def _run(self) -> None:
        try:
            while True:
                dropped = await self._once()
                if dropped is not None:
                    await self._pause(await self._judge(dropped), dropped.error)
        except GroundwireError as error:
            self._end(error)
        except Exception:
            # A fault of this library: whoever waits must not wait for ever.
            logger.exception("the connection broke")
            self._end(Internal("This library failed; its log says how."))

    async def _once(self) -> Dropped | None:
        """Try once; return what became of it, or ``None`` if another transport is to be taken."""
        self._try = _Try(time.monotonic())
        self._say(self._not_live())
        self._opening = self._transports.make(self._ladder.current, self)
        works = [self._opening.run()]
        if self._ladder.better:
            works.append(self._climb())
        try:
            await race(*works)
        except Dropped as dropped:
            return dropped
        except GroundwireError as error:
            return Dropped(error, kind_of(error))
        finally:
            self._transport = None
            for reader in self._readers.values():
                reader.interrupt()
        return None

    async def _judge(self, dropped: Dropped) -> float:
        """Return how long to wait before the next try. Raises what is final."""
        if self._try.held(time.monotonic()):
            self._failures = 0
            self._ladder.held()
        elif dropped.kind == "lost":
            self._ladder.failed()
        match dropped.kind:
            case "final":
                raise dropped.error
            case "identity" if await self._renew(dropped.error):
                return 0.0
            case "access" if not await self._weed(dropped.error):
                raise dropped.error
            case _:
                self._failures += 1
                return (dropped.delay_s or 0.0) + backoff_s(self._failures - 1)

    async def _renew(self, error: GroundwireError) -> bool:
        """Take a fresh token; false if there is none now. Raises ``error`` if the last one, as
        fresh, was good for nothing.
        """
        identity = self._transports.identity
        if self._is_fresh or not identity.can_refresh:
            raise error
        try:
            await identity.refresh(stale=identity.current)
        except TokenUnavailable:
            return False
        self._is_fresh = True
        return True

    async def _weed(self, error: GroundwireError) -> bool:
        """End the following of what is gone or forbidden, where nobody said which log it is.

        Returns whether the connection may go on: it may not if it is itself what is forbidden.
        """
        may_go_on = isinstance(error, NotFound)
        for reader in list(self._readers.values()):
            try:
                refusal = await self._transports.refusal(reader)
            except GroundwireError:
                # Unknown; the next connection will tell.
                may_go_on = True
                continue
            if refusal is not None:
                may_go_on = True
                self.detach(reader)
                reader.refuse(error if isinstance(refusal, NotFound) else refusal)
        return may_go_on

    async def _pause(self, delay_s: float, reason: GroundwireError) -> None:
        retry_at = datetime.now(UTC) + timedelta(seconds=delay_s)
        self._say(self._not_live(), retry_at=retry_at, reason=reason)
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._wake.wait()

    async def _climb(self) -> None:
        """Return once a better transport was found to hold."""
        while True:
            await asyncio.sleep(self._ladder.climb_s)
            for name in self._ladder.better:
                if await self._transports.probe(name, self):
                    self._ladder.climb(name)
                    return
            self._ladder.stay()

    async def _answer(self, command: Command, timeout_s: float | None) -> Reply:
        while True:
            command = replace(command, id=self._new_id())
            answer = self._outbox.put(command)
            try:
                self._send(command)
                return await answer
            except RateLimited as error:
                after_s = (error.retry_after_ms or 0) / 1000
                if not after_s or (timeout_s is not None and after_s >= timeout_s):
                    raise
                await asyncio.sleep(after_s)
            finally:
                self._outbox.forget(command.id)

    def _send(self, command: Command) -> None:
        if self._transport is not None:
            self._transport.send(command)

    def _not_live(self) -> ConnectionState:
        if self._failures > OFFLINE_AFTER:
            return "offline"
        return "reconnecting" if self._was_live else "connecting"

    def _closed(self) -> GroundwireError | None:
        if self._status.state != "closed":
            return None
        return self._status.reason

    def _end(self, error: GroundwireError) -> None:
        if self._status.state == "closed":
            return
        self._say("closed", reason=error)
        self._outbox.fail(error)
        for reader in list(self._readers.values()):
            reader.refuse(error)
        self._readers.clear()

    def _say(
        self,
        state: ConnectionState,
        *,
        retry_at: datetime | None = None,
        reason: GroundwireError | None = None,
    ) -> None:
        self._status = ConnectionStatus(state, self._ladder.current, retry_at, reason)
        self._signal.notify()

    def _new_id(self) -> str:
        self._ids += 1
        return f"m{self._ids}"
