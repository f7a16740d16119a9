"""Server-sent events: a log for whoever only reads HTTP."""

import asyncio
import math
from dataclasses import dataclass, field, replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from groundwire.archive import Attached
from groundwire.model.access import Identity
from groundwire.model.events import Recorded
from groundwire.model.ids import NewId
from groundwire.transport import frames
from groundwire.transport.client import Client
from groundwire.transport.commands import Commands, Follow
from groundwire.transport.company import Sender
from groundwire.transport.connection import Limits
from groundwire.transport.frames import ServerFrame, encode
from groundwire.transport.hangup import until_hung_up, until_one_of
from groundwire.transport.hub import Hub
from groundwire.transport.identity import Doorkeeper, device_of
from groundwire.transport.outlet import HungUp, Outlet

RETRY_MS = 2_000
COMMENT_S = 15.0
HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
    # A client that is cut in the end must not have another request on the connection.
    (b"connection", b"close"),
]


class _Head(msgspec.Struct):
    type: str


_head = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Streams:
    """The logs of conversations and workspaces as streams of events."""

    commands: Commands
    doorkeeper: Doorkeeper
    hub: Hub
    new_id: NewId

    def routes(self) -> list[Route]:
        return [
            Route("/conversations/{id}/events", self.of_conversation, methods=["GET"]),
            Route("/workspaces/{id}/events", self.of_workspace, methods=["GET"]),
        ]

    async def of_conversation(self, request: Request) -> ASGIApp:
        identity = await self.doorkeeper.require(request)
        session = request.path_params["id"]
        # Reading begins nothing: a browser that comes back would begin anew what was deleted.
        await self.commands.assistant.archive.find(identity, session)
        attach = frames.Attach(session_id=session, cursor=_cursor(request))
        return self._stream(request, identity, attach)

    async def of_workspace(self, request: Request) -> ASGIApp:
        identity = await self.doorkeeper.require(request)
        attach = frames.Attach(workspace_id=request.path_params["id"], cursor=_cursor(request))
        return self._stream(request, identity, attach)

    def _stream(self, request: Request, identity: Identity, attach: frames.Attach) -> ASGIApp:
        if request.method == "HEAD":
            return Response(headers={name.decode(): value.decode() for name, value in HEADERS})
        sender = Sender(identity, self.new_id("cn"), device_of(request))
        return Stream(self, sender, attach)

    def limits(self) -> Limits:
        """Return what a stream may do: it shows no wish, so none can be missed."""
        limits = self.hub.limits
        heartbeat_s = min(COMMENT_S, limits.heartbeat_s)
        return replace(limits, heartbeat_s=heartbeat_s, idle_s=math.inf)


@dataclass(frozen=True, slots=True)
class Stream:
    """A response that lasts for as long as its client stays, or may."""

    streams: Streams
    sender: Sender
    attach: frames.Attach

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams, identity = self.streams, self.sender.identity
        mouth = EventMouth(send)
        client = Client(
            streams.hub,
            streams.commands,
            Outlet(mouth, scope["state"]["wire"]),
            self.sender.connection,
            streams.limits(),
            self.sender.device,
        )
        try:
            # What the hub has to say waits until the answer has begun.
            async with client.outlet.order:
                streams.hub.enter(client)
                streams.hub.claim(client, identity.principal.id)
                client.connection.identified(identity)
                done = await streams.commands.run(self.sender, self.attach)
                assert isinstance(done.then, Follow)
                await mouth.begin(done.then.attached)
                await client.begin(done)
            await until_one_of(until_hung_up(receive), mouth.ended.wait())
        finally:
            await client.leave()


@dataclass(slots=True)
class EventMouth:
    """How a stream says things: what is in the log has its cursor as ``id``, other things none."""

    send: Send
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _attached: Attached = field(init=False)

    async def begin(self, attached: Attached) -> None:
        self._attached = attached
        await self.send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await self._write(b"retry: %d\n\n" % RETRY_MS)

    async def say(self, frame: ServerFrame) -> None:
        match frame:
            case frames.ServerPing():
                await self._write(b":\n\n")
            case frames.Ready() if self._attached.view is None:
                await self._event(encode(frame), self._attached.after)
            case frames.Snapshot():
                await self._event(encode(frame), frame.as_of)
            case _:
                await self._event(encode(frame), None)

    async def tell(self, recorded: Recorded) -> None:
        await self._event(recorded.data, recorded.seq)

    async def close(self, _code: int, _reason: str, /) -> None:
        """End the stream; why was said before, since a stream has no close code."""
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        self.ended.set()

    async def _event(self, data: bytes, seq: int | None) -> None:
        type = _head.decode(data).type.encode()
        id = b"" if seq is None else b"id: %s:%d\n" % (self._attached.epoch.encode(), seq)
        await self._write(b"event: %s\n%sdata: %s\n\n" % (type, id, data))

    async def _write(self, chunk: bytes) -> None:
        if self.ended.is_set():
            raise HungUp
        await self.send({"type": "http.response.body", "body": chunk, "more_body": True})


def _cursor(request: Request) -> str | None:
    """Return where the client is: what its browser kept is newer than what its URL says."""
    return request.headers.get("last-event-id") or request.query_params.get("cursor") or None
