"""A connection that ends before its handshake is answered leaves no trace in the log."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.frames import Frame, Opcode

from groundwire.access.authenticate import Authenticator
from groundwire.model.access import Identity
from tests.support.server import Served, serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUEST = (
    "GET /api/v1/chat/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
    "Authorization: Bearer {token}\r\n\r\n"
)
EARLY = {
    "no frame": b"\xff" * 20,
    "no mask": Frame(Opcode.TEXT, b"{}").serialize(mask=False),
    "a command": Frame(Opcode.TEXT, b'{"type":"ping"}').serialize(mask=True),
    "a close": Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True),
    "a ping": Frame(Opcode.PING, b"").serialize(mask=True),
    "another request": b"GET / HTTP/1.1\r\n\r\n",
}


class Gate:
    """Where whoever is to be identified waits."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate, identify = Gate(), Authenticator.identify

    async def held(self: Authenticator, token: str) -> Identity:
        gate.reached.set()
        await gate.open.wait()
        return await identify(self, token)

    monkeypatch.setattr(Authenticator, "identify", held)
    return gate


async def begin(served: Served, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(REQUEST.format(port=served.port, token=token).encode())
    return reader, writer


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize("early", EARLY)
async def test_what_is_said_too_early_is_no_fault_of_the_server(
    served: Served, gate: Gate, caplog: pytest.LogCaptureFixture, early: str, is_known: bool
) -> None:
    reader, writer = await begin(served, served.key if is_known else "nobody")
    await asyncio.wait_for(gate.reached.wait(), 5)

    writer.write(EARLY[early])
    async with served.browse("") as browser:
        await browser.get("/healthz")  # so that it has been read
    gate.open.set()

    answer = await asyncio.wait_for(reader.read(100), 5)
    # Nothing, where it could not go on; a ping is answered whenever it comes.
    assert answer.removeprefix(b"\x8a\x00")[:12] in (
        b"",
        b"HTTP/1.1 101" if is_known else b"HTTP/1.1 401",
    )
    writer.close()
    await writer.wait_closed()
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_a_handshake_that_a_stop_has_refused_is_not_answered_again(
    tmp_path: Path, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serve(tmp_path))
        reader, writer = await begin(served, "nobody")
        await asyncio.wait_for(gate.reached.wait(), 5)
        stopping = asyncio.create_task(stack.aclose())

        assert (await asyncio.wait_for(reader.read(100), 5)).startswith(b"HTTP/1.1 500")
        gate.open.set()

        await asyncio.wait_for(stopping, 20)
        writer.close()
        await writer.wait_closed()
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
