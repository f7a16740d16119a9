"""The WebSocket: a client that is listened to as well."""

import logging
from contextlib import suppress
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

from groundwire.model.errors import (
    ConnectionLimit,
    Forbidden,
    GroundwireError,
    Overloaded,
    Unauthorized,
    UnsupportedVersion,
)
from groundwire.model.ids import NewId
from groundwire.transport import frames
from groundwire.transport.client import Client
from groundwire.transport.commands import Asks, Commands
from groundwire.transport.company import Sender
from groundwire.transport.connection import Identify, Run
from groundwire.transport.frames import PROTOCOL, Ref
from groundwire.transport.hub import STOPS, Hub
from groundwire.transport.identity import Doorkeeper, device_of, speaks, subprotocols
from groundwire.transport.origins import Origins
from groundwire.transport.outlet import Outlet
from groundwire.transport.problems import as_response
from groundwire.transport.socket_mouths import JsonMouth, TextMouth
from groundwire.transport.stamp import stamp

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sockets:
    """The WebSocket endpoint."""

    commands: Commands
    doorkeeper: Doorkeeper
    origins: Origins
    hub: Hub
    new_id: NewId

    async def endpoint(self, socket: WebSocket) -> None:
        host, origin = socket.headers.get("host"), socket.headers.get("origin")
        if not self.origins.knows_host(host) or not self.origins.knows_origin(origin, host):
            await socket.send_denial_response(
                as_response(Forbidden("This page may not connect here."))
            )
            return
        offered = subprotocols(socket)
        client = self._client(socket)
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

    def _client(self, socket: WebSocket) -> "Talker":
        is_text = socket.query_params.get("format") == "text"
        mouth = TextMouth(socket) if is_text else JsonMouth(socket)
        return Talker(
            self.hub,
            self.commands,
            Outlet(mouth, socket.state.wire),
            self.new_id("cn"),
            self.hub.limits,
            sockets=self,
            socket=socket,
        )

    async def _admit(self, client: "Talker", offered: list[str]) -> None:
        """Let the client in, or raise why not."""
        socket = client.socket
        self.hub.enter(client)
        client.device = device_of(socket)
        client.known = await self.doorkeeper.identify(socket)
        if client.outlet.closed:
            raise Overloaded(STOPS)
        promises = PROTOCOL in offered or socket.query_params.get("auth") == "frame"
        if client.known is not None:
            client.claim(client.known)
        elif not promises and speaks(offered):
            raise Unauthorized("Say who you are: send a token with the connection.")
        await socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        if not speaks(offered):
            await client.refuse(UnsupportedVersion(f"This server speaks {PROTOCOL}."))


@dataclass(slots=True, eq=False, kw_only=True)
class Talker(Client):
    """One socket's client: it stays, and it commands."""

    sockets: Sockets
    socket: WebSocket

    async def serve(self) -> None:
        # RuntimeError: what was to be received when another task closed the socket.
        with suppress(WebSocketDisconnect, RuntimeError):
            if self.known is not None:
                await self.carry_out(self.connection.identified(self.known))
                await self._attach_at_once()
            while not self.outlet.closed:
                message = await self.socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                text = message.get("text")
                if text is None:
                    await self.carry_out(self.connection.receive_binary())
                else:
                    await self.carry_out(self.connection.receive(text, self.hub.clock()))

    async def obey(self, effect: Run | Identify) -> None:
        match effect:
            case Run(frame):
                await self._run(frame)
            case Identify(token, ref):
                await self._identify(token, ref)

    async def _identify(self, token: str, ref: Ref) -> None:
        try:
            identity = await self.sockets.doorkeeper.authenticator.identify(token)
            self.claim(identity)
        except ConnectionLimit as error:
            await self.refuse(error)
            return
        except GroundwireError as error:
            await self.carry_out(self.connection.fail(error, ref))
            return
        await self.carry_out(self.connection.identified(identity))
        if not self.outlet.closed:
            await self.outlet.say(frames.Ack(ref=ref, ts=stamp()))
            await self._attach_at_once()

    async def _attach_at_once(self) -> None:
        query = self.socket.query_params
        session = query.get("sessionId")
        if session and not self.attachments.logs and not self.outlet.closed:
            await self._run(frames.Attach(session_id=session, cursor=query.get("cursor")))

    async def _run(self, frame: frames.ClientFrame) -> None:
        identity = self.connection.identity
        assert identity is not None
        try:
            self._check_room(frame)
            await self.commands.prepare(frame)
            # An answer's events must not overtake the ack of its question.
            async with self.outlet.order:
                sender = Sender(identity, self.id, self.device, self.attachments.position)
                await self.begin(await self.commands.run(sender, frame))
        except GroundwireError as error:
            await self.carry_out(self.connection.fail(error, frame.id))
        except Exception:
            logger.exception("a command failed")
            error = GroundwireError("Something went wrong here. It was noted; try again.")
            await self.carry_out(self.connection.fail(error, frame.id))

    def _check_room(self, frame: frames.ClientFrame) -> None:
        """Refuse, before anything is recorded, a command that would attach one log too many."""
        if not self.limits.enforced or len(self.attachments.logs) < self.limits.attachments:
            return
        if isinstance(frame, Asks | frames.Attach):
            name = frame.session_id
            if name is None and isinstance(frame, frames.Attach):
                name = frame.workspace_id
            if name not in self.attachments.position:
                raise Overloaded(
                    f"This connection follows {self.limits.attachments} logs already. "
                    "Detach from one."
                )
