"""The WebSocket: carries out what `connection` decides, and reads logs for its client."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

from groundwire.app import Assistant
from groundwire.archive import Attached
from groundwire.conversation.follow import follow
from groundwire.model.access import Identity
from groundwire.model.errors import (
    ConnectionLimit,
    Forbidden,
    Gone,
    GroundwireError,
    NotFound,
    Overloaded,
    Unauthorized,
    Unavailable,
    UnsupportedVersion,
)
from groundwire.model.events import Recorded
from groundwire.model.ids import LogId, NewId, PrincipalId
from groundwire.transport import frames
from groundwire.transport.commands import Asks, Commands, Done, Follow, Forget
from groundwire.transport.connection import Close, Connection, Effect, Identify, Run, Say, Tell
from groundwire.transport.frames import PROTOCOL, Ref, ServerFrame
from groundwire.transport.hub import Hub
from groundwire.transport.identity import Doorkeeper, speaks, subprotocols
from groundwire.transport.origins import Origins
from groundwire.transport.problems import as_frame, as_response
from groundwire.transport.spoken import spoken_error, spoken_text
from groundwire.transport.stamp import stamp

logger = logging.getLogger(__name__)

TELL_S = 1.0
"""How long a client that will be closed may take to be told why."""


@dataclass(frozen=True, slots=True)
class Sockets:
    """The WebSocket endpoint."""

    assistant: Assistant
    doorkeeper: Doorkeeper
    origins: Origins
    hub: Hub
    new_id: NewId
    node: str

    async def endpoint(self, socket: WebSocket) -> None:
        host, origin = socket.headers.get("host"), socket.headers.get("origin")
        if not self.origins.knows_host(host) or not self.origins.knows_origin(origin, host):
            await socket.send_denial_response(
                as_response(Forbidden("This page may not connect here."))
            )
            return
        offered = subprotocols(socket)
        client = Client(self, socket)
        try:
            await self._admit(client, offered)
        except GroundwireError as error:
            if origin is None:
                await socket.send_denial_response(as_response(error))
                return
            # A browser cannot read the status of a failed upgrade.
            await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
            await client.refuse(error)
        else:
            await client.serve()
        finally:
            await client.leave()

    async def _admit(self, client: "Client", offered: list[str]) -> None:
        """Let the client in, or raise why not."""
        socket = client.socket
        self.hub.enter(client)
        client.known = await self.doorkeeper.identify(socket)
        promises = PROTOCOL in offered or socket.query_params.get("auth") == "frame"
        if client.known is not None:
            client.claim(client.known.principal.id)
        elif not promises and speaks(offered):
            raise Unauthorized("Say who you are: send a token with the connection.")
        await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        if not speaks(offered):
            await client.refuse(UnsupportedVersion(f"This server speaks {PROTOCOL}."))


@dataclass(slots=True, eq=False)
class Client:
    """One socket: its rules, its attachments, and what is sent to it."""

    sockets: Sockets
    socket: WebSocket
    known: Identity | None = None
    connection: Connection = field(init=False)
    commands: Commands = field(init=False)
    is_text: bool = field(init=False)
    _claimed: PrincipalId | None = None
    _followers: "dict[LogId, asyncio.Task[None]]" = field(
        default_factory=dict[LogId, "asyncio.Task[None]"]
    )
    _names: dict[LogId, str] = field(default_factory=dict[LogId, str])
    _heads: dict[LogId, int] = field(default_factory=dict[LogId, int])
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _owed: "set[asyncio.Task[None]]" = field(default_factory=set["asyncio.Task[None]"])
    _closed: bool = False

    def __post_init__(self) -> None:
        hub = self.sockets.hub
        self.connection = Connection(hub.limits, hub.clock())
        self.commands = Commands(self.sockets.assistant)
        self.is_text = self.socket.query_params.get("format") == "text"

    @property
    def identity(self) -> Identity | None:
        return self.connection.identity or self.known

    def claim(self, principal: PrincipalId) -> None:
        self.sockets.hub.claim(principal)
        self._claimed = principal

    async def leave(self) -> None:
        self._closed = True
        self.sockets.hub.leave(self, self._claimed)
        tasks = [*self._followers.values(), *self._owed]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def refuse(self, error: GroundwireError) -> None:
        """Say why, and close."""
        await self._carry_out([Tell(error), Close(_close_code(error), error.code)])

    async def serve(self) -> None:
        # RuntimeError: what was to be sent when another task closed the socket.
        with suppress(WebSocketDisconnect, RuntimeError):
            if self.known is not None:
                await self._carry_out(self.connection.identified(self.known))
                await self._attach_at_once()
            while not self._closed:
                message = await self.socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                if text is None:
                    await self._carry_out(self.connection.receive_binary())
                else:
                    hub = self.sockets.hub
                    await self._carry_out(self.connection.receive(text, hub.clock()))

    def tick(self, now: float, wall: float) -> None:
        running = self.sockets.assistant.answers.running
        is_running = any(running(log) is not None for log in self._followers)
        self._owe(self.connection.tick(now, is_running=is_running, wall=wall))

    def revoked(self) -> None:
        self._owe(self.connection.revoked())

    async def drain(self) -> None:
        await self._send(frames.Reconnect(delay_ms=500, reason="restart", ts=stamp()))
        await self._close(1012, "restart")

    def _owe(self, effects: Sequence[Effect]) -> None:
        """Carry out what nobody waits for: the hub does not wait for a slow client."""
        if effects:
            task = asyncio.create_task(self._carry_out(effects), name="owed to a client")
            self._owed.add(task)
            task.add_done_callback(self._owed.discard)

    async def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Tell(error, ref):
                    # Who takes nothing cannot be told, and is closed all the same.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(TELL_S if self.connection.closed else None):
                            await self._tell(error, ref)
                case Close(code, reason):
                    await self._close(code, reason)
                case Say(what):
                    await self._say(what)
                case Identify(token, ref):
                    await self._identify(token, ref)
                case Run(frame):
                    await self._run(frame)

    async def _identify(self, token: str, ref: Ref) -> None:
        try:
            identity = await self.sockets.doorkeeper.authenticator.identify(token)
            if self._claimed is None:
                self.claim(identity.principal.id)
        except ConnectionLimit as error:
            await self.refuse(error)
            return
        except GroundwireError as error:
            await self._carry_out(self.connection.fail(error, ref))
            return
        await self._carry_out(self.connection.identified(identity))
        if not self._closed:
            await self._send(frames.Ack(ref=ref, ts=stamp()))
            await self._attach_at_once()

    async def _attach_at_once(self) -> None:
        query = self.socket.query_params
        session = query.get("sessionId")
        if session and not self._followers and not self._closed:
            await self._run(frames.Attach(session_id=session, cursor=query.get("cursor")))

    async def _run(self, frame: frames.ClientFrame) -> None:
        identity = self.connection.identity
        assert identity is not None
        try:
            self._check_room(frame)
            await self.commands.prepare(frame)
            # An answer's events must not overtake the ack of its question.
            async with self._sending:
                done = await self.commands.run(identity, frame, self._position())
                await self._carry_on(done)
        except GroundwireError as error:
            await self._carry_out(self.connection.fail(error, frame.id))
        except Exception:
            logger.exception("a command failed")
            error = GroundwireError("Something went wrong here. It was noted; try again.")
            await self._carry_out(self.connection.fail(error, frame.id))

    async def _carry_on(self, done: Done) -> None:
        for reply in done.replies:
            await self._put(reply)
        match done.then:
            case Follow(attached):
                await self._follow(attached)
            case Forget(log):
                await self._unfollow(log)
            case None:
                pass

    def _check_room(self, frame: frames.ClientFrame) -> None:
        """Refuse, before anything is recorded, a command that would attach one log too many."""
        limits = self.connection.limits
        if not limits.enforced or len(self._followers) < limits.attachments:
            return
        if isinstance(frame, Asks | frames.Attach):
            name = frame.session_id
            if name is None and isinstance(frame, frames.Attach):
                name = frame.workspace_id
            if name not in self._names.values():
                raise Overloaded(
                    f"This connection follows {limits.attachments} logs already. Detach from one."
                )

    async def _follow(self, attached: Attached) -> None:
        await self._unfollow(attached.log)
        self._names[attached.log] = attached.name
        self._heads[attached.log] = attached.after
        task = asyncio.create_task(self._read(attached.log, attached.after))
        self._followers[attached.log] = task

    async def _unfollow(self, log: LogId) -> None:
        task = self._followers.pop(log, None)
        self._names.pop(log, None)
        self._heads.pop(log, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _read(self, log: LogId, after: int) -> None:
        try:
            async for batch in follow(self.sockets.assistant.log, log, after=after):
                async with self._sending:
                    if self._closed:
                        return
                    for recorded in batch:
                        await self._put_event(recorded)
                    self._heads[log] = batch[-1].seq
                # uvicorn's send does not yield while the socket takes everything.
                await asyncio.sleep(0)
        except NotFound:
            await self.refuse(Gone("conversation any more"))
        except (WebSocketDisconnect, RuntimeError):
            # The socket is gone, or was closed while this waited to send.
            return
        except Exception:
            # A reader that stopped in silence would be a gap: it comes back with its cursor.
            logger.exception("a log could not be read")
            error = GroundwireError("Something went wrong here. Connect again to go on.")
            await self._carry_out([Tell(error), Close(1011, error.code)])

    async def _put_event(self, recorded: Recorded) -> None:
        text = spoken_text(recorded.data) if self.is_text else recorded.data.decode()
        if text:
            await self.socket.send_text(text)

    async def _put(self, frame: ServerFrame) -> None:
        if not self.is_text:
            await self.socket.send_text(frames.encode(frame).decode())

    async def _send(self, frame: ServerFrame, *, spoken: str = "") -> None:
        """Send ``frame``, or to a client of text what it is ``spoken`` as, if at all."""
        async with self._sending:
            if self._closed:
                return
            with suppress(WebSocketDisconnect, RuntimeError):
                if not self.is_text:
                    await self._put(frame)
                elif spoken:
                    await self.socket.send_text(spoken)

    async def _tell(self, error: GroundwireError, ref: Ref) -> None:
        await self._send(as_frame(error, ts=stamp(), ref=ref), spoken=spoken_error(error))

    async def _say(self, what: str) -> None:
        if what == "ping":
            await self._send(frames.ServerPing(head=self._position(), ts=stamp()))
        elif what == "welcome":
            await self._send(self._welcome())
        elif self.identity is not None and self.identity.credential.expires_at is not None:
            expires_at = self.identity.credential.expires_at.isoformat()
            await self._send(frames.AuthExpiring(expires_at=expires_at, ts=stamp()))

    def _welcome(self) -> frames.Welcome:
        limits = self.connection.limits
        return frames.Welcome(
            connection_id=self.sockets.new_id("cn"),
            protocol=PROTOCOL,
            heartbeat_ms=int(limits.heartbeat_s * 1000),
            idle_timeout_ms=int(limits.idle_s * 1000),
            limits={
                "frameBytes": limits.frame_bytes,
                "attachments": limits.attachments,
                "commandsPerMinute": limits.commands_per_minute,
            },
            node=self.sockets.node,
            ts=stamp(),
        )

    def _position(self) -> dict[str, int]:
        return {self._names[log]: head for log, head in self._heads.items()}

    async def _close(self, code: int, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        self.connection.closed = True
        with suppress(WebSocketDisconnect, RuntimeError):
            await self.socket.close(code, reason)


def _close_code(error: GroundwireError) -> int:
    match error:
        case ConnectionLimit():
            return 4429
        case UnsupportedVersion():
            return 4406
        case Unauthorized():
            return 4401
        case Gone():
            return 4404
        case Unavailable():
            return 1013
        case _:
            return 1011
