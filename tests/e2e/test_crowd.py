"""Two hundred readers that read nothing, beside one that does (G7)."""

import asyncio
import re
import socket as sockets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.support.process import Process, create_key, start
from tests.support.socket import Folded, Talk, narrow

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc"),
]

CROWD = 200
NARROW = 4096
DELTAS = tuple(f"{n:05} 号 " + "·" * 2000 for n in range(750))
WHOLE = "".join(DELTAS)
BUDGET = 262_144
ROOM = CROWD * BUDGET * 3
"""What the crowd may cost: its budgets, what is being read for it, and as much for the rest.

Without a budget it costs 3.8 MB for each.
"""


@pytest.fixture
async def process(tmp_path: Path) -> AsyncGenerator[Process]:
    """A server that waits for ever for a client that takes nothing."""
    data = tmp_path / "data"
    data.mkdir()
    key = await create_key(data)
    async with ScriptedServer(models=("scribe",), default=Reply(deltas=DELTAS)) as upstream:
        settings = {
            "openai_base_url": upstream.openai_url,
            "model": "scribe",
            "ollama_url": "http://127.0.0.1:9",
            "slow_reader_timeout": "600",
            "heartbeat": "600",
        }
        async with start(data, key, tmp_path / "log", **settings) as process:
            yield process


def resident(process: Process, what: str) -> int:
    """Return the bytes a process holds in memory (``VmRSS``), or held at most (``VmHWM``)."""
    status = Path(f"/proc/{process.child.pid}/status").read_text()
    found = re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def stand_by(process: Process, path: str, *, as_socket: bool) -> sockets.socket:
    """Ask for a conversation's events, by socket or by stream, and never read any."""
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
    )
    host = process.http.removeprefix("http://")
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{upgrade if as_socket else ''}"
        f"Authorization: {process.headers['Authorization']}\r\n\r\n"
    )
    connection = await narrow(process.http, NARROW)
    await asyncio.get_running_loop().sock_sendall(connection, request.encode())
    return connection


async def gather_crowd(process: Process, stack: AsyncExitStack, reader: Talk, session: str) -> None:
    """Return once the whole crowd is attached: ``reader`` is told of each."""
    for n in range(CROWD):
        as_socket = n % 2 == 0
        path = (
            f"/ws/chat?sessionId={session}&cursor=0"
            if as_socket
            else f"/api/v1/conversations/{session}/events?cursor=0"
        )
        connection = await stand_by(process, path, as_socket=as_socket)
        stack.callback(connection.close)
        assert (await reader.next("presence"))["state"] == "online"


async def test_a_crowd_that_reads_nothing_costs_its_budgets_and_delays_nobody(
    process: Process,
) -> None:
    async with AsyncExitStack() as stack:
        browser = httpx.AsyncClient(base_url=process.http, headers=process.headers, trust_env=False)
        await stack.enter_async_context(browser)
        session = (await browser.post("/api/v1/conversations", json={})).json()["id"]
        query = f"sessionId={session}&cursor=0"
        reader = await stack.enter_async_context(process.connect(query))
        late = await stack.enter_async_context(process.connect(query, receive_bytes=NARROW))
        await late.next("ready")
        late.socket.transport.pause_reading()
        assert (await reader.next("presence"))["state"] == "online"
        await gather_crowd(process, stack, reader, session)

        before = resident(process, "VmRSS")
        body = {"type": "chat_message", "content": "Say it all."}
        await browser.post(f"/api/v1/conversations/{session}/commands", json=body)
        # Nobody in the crowd reads anything before this reader has it all.
        screen = await folded(reader)
        grown = resident(process, "VmHWM") - before

        assert grown < ROOM, f"{grown / CROWD:,.0f} bytes for each of the crowd"
        assert "offline" not in [frame.get("state") for frame in reader.frames]
        assert is_whole(screen)

        late.socket.transport.resume_reading()
        assert is_whole(await folded(late))
        # What was one piece to the model is not one event to whoever comes late.
        assert len(late.events) < len(DELTAS) / 3


async def folded(reader: Talk) -> Folded:
    screen = Folded()
    for frame in reader.frames:
        screen.fold(frame)
    while not screen.hashes:
        screen.fold(await reader.receive())
    return screen


def is_whole(screen: Folded) -> bool:
    (answer,) = screen.hashes
    return screen.texts[answer] == WHOLE and screen.is_proved(answer)
