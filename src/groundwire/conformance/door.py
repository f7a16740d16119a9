"""How a connection is refused or let in: raw requests, with whatever headers."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from groundwire.conformance.cases import Transport
from groundwire.conformance.seen import Broken, Frame
from groundwire.conformance.subject import Subject


def request(subject: Subject, path: str, *heads: str) -> bytes:
    """Return the head of a GET by the subject's owner, to be sent by hand."""
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {urlsplit(subject.url).netloc}",
        f"Authorization: Bearer {subject.key}",
        *heads,
    )
    return "\r\n".join((*lines, "", "")).encode()


UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)
"""What makes a socket of it; the key is that of RFC 6455, 1.3."""


@dataclass(slots=True)
class Met:
    """What a client met: the status of HTTP, or what a socket was told and closed with."""

    status: int
    frames: list[Frame] = field(default_factory=list[Frame])
    close_code: int | None = None
    body: str = ""
    subprotocol: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def code(self) -> str | None:
        """The code of the error that was told."""
        errors = [frame["code"] for frame in self.frames if frame["type"] == "error"]
        if errors:
            return errors[-1]
        try:
            return json.loads(self.body).get("code")
        except ValueError:
            return None

    @property
    def is_let_in(self) -> bool:
        """Whether it was known who asks; what they ask for over HTTP need not be there."""
        return self.status in (101, 200, 404) and self.close_code is None


async def knock(
    transport: Transport,
    subject: Subject,
    *,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    subprotocols: list[str] | None = None,
    session: str | None = None,
) -> Met:
    """Connect and hang up; say what was met. A socket is read until it is silent or closed."""
    if transport == "websocket":
        return await _knock_socket(subject, query or {}, headers or {}, subprotocols)
    mouth = "events" if transport == "sse" else "poll"
    url = f"{subject.url}/api/v1/conversations/{session or subject.new_session()}/{mouth}"
    params = {**(query or {}), **({"wait": "0"} if mouth == "poll" else {})}
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, params=params, headers=headers) as response,
    ):
        body = "" if mouth == "events" and response.status == 200 else await response.text()
        return Met(response.status, body=body, headers=dict(response.headers))


async def _knock_socket(
    subject: Subject,
    query: dict[str, str],
    headers: dict[str, str],
    subprotocols: list[str] | None,
) -> Met:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    options: dict[str, Any] = {"proxy": None, "additional_headers": headers}
    url = subject.socket_url
    if "Host" in headers:
        # The address of another name, which is said to lead here.
        real = urlsplit(url)
        options |= {"host": real.hostname, "port": real.port}
        url = f"ws://{headers.pop('Host')}"
    if subprotocols:
        options["subprotocols"] = [Subprotocol(name) for name in subprotocols]
    try:
        async with connect(f"{url}/api/v1/chat/stream?{asked}", **options) as socket:
            met = Met(101, subprotocol=socket.subprotocol)
            with suppress(ConnectionClosed):
                await socket.send('{"type": "ping", "id": "there?"}')
            try:
                while not met.frames or met.frames[-1]["type"] != "pong":
                    met.frames.append(json.loads(await socket.recv()))
            except ConnectionClosed:
                met.close_code = socket.close_code
            return met
    except InvalidStatus as refused:
        body = (refused.response.body or b"").decode()
        return Met(refused.response.status_code, body=body)


def expect(holds: bool, what: str, met: Met) -> None:  # noqa: FBT001 (a sentence follows it)
    """Raise ``Broken`` with what was met instead."""
    if not holds:
        told = met.code or met.body[:80] or "nothing was told"
        raise Broken(f"{what}, but: status {met.status}, close {met.close_code}, {told}")
