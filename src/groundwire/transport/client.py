"""One client that stays: the rules it lives by, what it follows, and what it is told.

The same for every transport; a `Mouth` says it in the transport's own way.
"""

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field

from groundwire.archive import Attached
from groundwire.model.access import Identity
from groundwire.model.errors import GroundwireError
from groundwire.model.ids import is_conversation
from groundwire.transport import frames
from groundwire.transport.attachments import Attachments
from groundwire.transport.commands import Commands, Done, Follow, Forget
from groundwire.transport.connection import (
    Close,
    Connection,
    Effect,
    Identify,
    Limits,
    Run,
    Say,
    Tell,
)
from groundwire.transport.frames import PROTOCOL, ServerFrame
from groundwire.transport.hub import Hub
from groundwire.transport.outlet import Outlet
from groundwire.transport.problems import as_frame
from groundwire.transport.stamp import stamp

RECONNECT_MS = 500
SPREAD_MS = 1_500
"""So long after the first of them the last client of a server that stops comes back."""


@dataclass(slots=True, eq=False)
class Client:
    """A member of the hub. ``known`` is who the handshake proved it to be, if it did."""

    hub: Hub
    commands: Commands
    outlet: Outlet
    id: str
    limits: Limits
    device: str | None = None
    known: Identity | None = None
    connection: Connection = field(init=False)
    attachments: Attachments = field(init=False)
    _owed: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])

    def __post_init__(self) -> None:
        self.connection = Connection(self.limits, self.hub.clock())
        log = self.commands.assistant.log
        self.attachments = Attachments(log, self.outlet, self.refuse)
        self.outlet.wire.limit(self.limits.send_bytes)

    @property
    def identity(self) -> Identity | None:
        return self.connection.identity or self.known

    def claim(self, identity: Identity) -> None:
        """Count as this user's connection. Raises ``ConnectionLimit``."""
        self.hub.claim(self, identity.principal.id, self.device)

    async def leave(self) -> None:
        """Stop; whatever the client has not taken in a moment is lost on it."""
        self.outlet.closed = True
        self.outlet.wire.let_go()
        self.hub.leave(self)
        for log in self.attachments.logs:
            self.commands.company.part(log, self)
        for task in self._owed:
            task.cancel()
        await asyncio.gather(*self._owed, return_exceptions=True)
        await self.attachments.close()

    async def refuse(self, error: GroundwireError) -> None:
        """Say why, and close."""
        await self.carry_out(self.connection.refuse(error))

    async def begin(self, done: Done) -> None:
        """Say what a command is answered with, and do what follows; holding ``order``."""
        for reply in done.replies:
            await self.outlet.put(reply)
        match done.then:
            case Follow(attached):
                await self._follow(attached)
            case Forget(log):
                await self.attachments.forget(log)
                self.commands.company.part(log, self)
            case None:
                pass

    async def _follow(self, attached: Attached) -> None:
        await self.attachments.follow(attached)
        if is_conversation(attached.log):
            for there in self.commands.company.join(attached.log, attached.name, self):
                await self.outlet.put(there)

    def hear(self, frame: ServerFrame) -> None:
        """Be told something that is in no log, if there is room for it."""
        if self.outlet.wire.has_room:
            self._owe(self.outlet.whisper(frame))
        else:
            self.outlet.miss(frame)

    def tick(self, now: float, wall: float) -> None:
        running = self.commands.assistant.answers.running
        is_running = any(running(log) is not None for log in self.attachments.logs)
        backlog = self.outlet.wire.backlog
        self._act(self.connection.tick(now, is_running=is_running, wall=wall, backlog=backlog))

    def revoked(self) -> None:
        self._act(self.connection.revoked())

    def replaced(self) -> None:
        self._act(self.connection.replaced())

    async def drain(self) -> None:
        await self.carry_out(self.connection.drain())

    async def carry_out(self, effects: Sequence[Effect]) -> None:
        if any(isinstance(effect, Close) for effect in effects):
            self.outlet.wire.let_go()
        for effect in effects:
            match effect:
                case Tell(error, ref):
                    await self.outlet.say(as_frame(error, ts=stamp(), ref=ref))
                case Close(code, reason):
                    await self.outlet.close(code, reason)
                case Say(what):
                    await self._say(what)
                case Run() | Identify():
                    await self.obey(effect)

    async def obey(self, effect: Run | Identify) -> None:
        raise NotImplementedError("Only a client that is listened to commands anything.")

    def _act(self, effects: Sequence[Effect]) -> None:
        """Carry out what nobody waits for: the hub does not wait for a slow client."""
        if effects:
            self._owe(self.carry_out(effects))

    def _owe(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="owed to a client")
        self._owed.add(task)
        task.add_done_callback(self._owed.discard)

    async def _say(self, what: str) -> None:
        match what:
            case "welcome":
                await self.outlet.say(self._welcome())
            case "ping":
                head = self.attachments.position
                await self.outlet.say(frames.ServerPing(head=head, ts=stamp()))
            case "reconnect":
                delay_ms = RECONNECT_MS + secrets.randbelow(SPREAD_MS)
                again = frames.Reconnect(delay_ms=delay_ms, reason="restart", ts=stamp())
                await self.outlet.say(again)
            case _:
                await self._say_expiry()

    async def _say_expiry(self) -> None:
        if self.identity is not None and self.identity.credential.expires_at is not None:
            expires_at = self.identity.credential.expires_at.isoformat()
            await self.outlet.say(frames.AuthExpiring(expires_at=expires_at, ts=stamp()))

    def _welcome(self) -> frames.Welcome:
        return frames.Welcome(
            connection_id=self.id,
            protocol=PROTOCOL,
            heartbeat_ms=int(self.limits.heartbeat_s * 1000),
            idle_timeout_ms=int(self.limits.idle_s * 1000),
            limits={
                "frameBytes": self.limits.frame_bytes,
                "attachments": self.limits.attachments,
                "commandsPerMinute": self.limits.commands_per_minute,
            },
            node=self.hub.node,
            ts=stamp(),
        )
