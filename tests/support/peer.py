"""A server of the protocol's frames that says only what a test tells it to."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from groundwire.transport.frames import PROTOCOL

Frame = dict[str, Any]
Script = Callable[["Client"], Awaitable[None]]
STREAM = "/api/v1/chat/stream"


@dataclass(slots=True)
class Client:
    """One connection to the peer."""

    socket: ServerConnection
    request: Request

    async def say(self, type: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"type": type, "ts": "t", **fields}))

    async def hear(self, *types: str) -> Frame:
        """Return the next frame of one of ``types``; the others are passed over."""
        while True:
            frame: Frame = json.loads(await self.socket.recv())
            if frame["type"] in types:
                return frame

    async def welcome(self, **fields: object) -> None:
        await self.say(
            "welcome", **({"connectionId": "n", "protocol": PROTOCOL, "node": "x"} | fields)
        )

    async def serve_log(self, session: str = "c", *, head: int = 0, epoch: str = "e") -> Frame:
        """Answer the next attachment with an empty snapshot as of ``head``, or by resuming."""
        attach = await self.hear("attach")
        resumed = attach.get("cursor") is not None
        await self.say(
            "ready", ref=attach["id"], sessionId=session, epoch=epoch, head=head, resumed=resumed
        )
        if not resumed:
            await self.say(
                "snapshot", sessionId=session, cursor=f"{epoch}:{head}", messages=[], turns=[]
            )
        return attach

    async def close(self, code: int, error: Frame | None = None) -> None:
        if error is not None:
            await self.say("error", **error)
        await self.socket.close(code)

    async def until_closed(self) -> None:
        try:
            while True:
                await self.socket.recv()
        except ConnectionClosed:
            return


@dataclass(slots=True)
class Peer:
    """``scripts`` are what it does on each connection, one after the other; the last goes on for
    ever. ``answers`` is what it says to a request for a path under ``/api/v1``.
    """

    port: int = 0
    scripts: deque[Script] = field(default_factory=deque[Script])
    answers: dict[str, tuple[int, Frame]] = field(default_factory=dict[str, tuple[int, Frame]])
    clients: list[Client] = field(default_factory=list[Client])
    requests: list[Request] = field(default_factory=list[Request])

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, *scripts: Script) -> None:
        self.scripts.extend(scripts)

    async def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        client = Client(socket, socket.request)
        self.clients.append(client)
        script = self.scripts.popleft() if len(self.scripts) > 1 else self.scripts[0]
        try:
            await script(client)
        except ConnectionClosed:
            return

    def answer(self, _: ServerConnection, request: Request) -> Response | None:
        """Answer what is no handshake, and handshakes that a test wants refused."""
        self.requests.append(request)
        path = request.path.partition("?")[0]
        if path not in self.answers and path == STREAM:
            return None
        status, body = self.answers.get(path, (404, {"code": "not_found", "title": "No."}))
        headers = Headers({"Content-Type": "application/json", "Connection": "close"})
        return Response(status, HTTPStatus(status).phrase, headers, json.dumps(body).encode())


@asynccontextmanager
async def peer() -> AsyncGenerator[Peer]:
    """Serve a peer on a free port."""
    made = Peer()
    async with serve(
        made.handle, "127.0.0.1", 0, process_request=made.answer, subprotocols=None
    ) as server:
        made.port = next(iter(server.sockets)).getsockname()[1]
        yield made
        for client in made.clients:
            client.socket.transport.abort()
        await asyncio.sleep(0)


async def stay(client: Client) -> None:
    """Welcome, serve an empty log, and stay."""
    await client.welcome()
    await client.serve_log()
    await client.until_closed()
