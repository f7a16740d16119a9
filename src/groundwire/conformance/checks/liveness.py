"""Heartbeats, idleness, and those who are slow or too many."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

from groundwire.conformance.checks.framing import expect_code
from groundwire.conformance.checks.handshake import bearer
from groundwire.conformance.door import UPGRADE, request
from groundwire.conformance.raw import SocketWire
from groundwire.conformance.seen import Broken
from groundwire.conformance.subject import Spawned
from groundwire.conformance.trial import Trial, check
from groundwire.conformance.wire import Wire

STALLED = 50
PIECE = "All work and no play makes Jack a dull boy. " * 50
IDLE = 300
HANDSHAKE_S = 20.0
IDLE_BYTES = 60_000
"""What an idle connection may cost; twice what one was measured to."""


@check("ping_30s")
async def ping(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    await reader.next("ready")
    await node.order("advance", seconds=30)
    told = await reader.next("ping")
    if not isinstance(told["head"], dict):
        raise Broken(f"the ping was {told}")


@check("no_pong_closed")
async def no_pong(trial: Trial) -> None:
    node = await trial.spawn(heartbeat=0.3)
    address = urlsplit(node.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(request(node, "/ws/chat", *UPGRADE))
    async with asyncio.timeout(20):
        while await reader.read(65_536):
            pass
    writer.close()


async def _limited(trial: Trial) -> tuple[Spawned, Wire]:
    """Return a server that minds its limits, and a reader of it that has asked once."""
    node = await trial.spawn(limits="on")
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    await reader.answer("hi")
    return node, reader


async def _expect_closed(reader: Wire, code: int) -> None:
    ended = await reader.ended()
    if ended.code != code:
        raise Broken(f"it was closed {ended.code}")
    if not any(frame["type"] == "error" for frame in reader.frames):
        raise Broken("it was not told why")


@check("pings_do_not_reset_idle")
async def pings_and_idle(trial: Trial) -> None:
    node, reader = await _limited(trial)
    for _ in range(6):
        await node.order("advance", seconds=295)
        await reader.say("ping")
    await node.order("advance", seconds=60)
    await _expect_closed(reader, 4408)


@check("idle_30min_4408")
async def idle(trial: Trial) -> None:
    node, reader = await _limited(trial)
    await node.order("advance", seconds=1790)
    await reader.answer("still here")
    await node.order("advance", seconds=1790)
    await reader.say("ping")
    await node.order("advance", seconds=20)
    await _expect_closed(reader, 4408)


@check("running_run_is_not_idle")
async def running_is_not_idle(trial: Trial) -> None:
    node, reader = await _limited(trial)
    await node.script("so far ", {"wait": "long"}, "and on")
    ack = await reader.ask("Take your time.")
    await reader.next("token")
    for _ in range(3):
        await node.order("advance", seconds=1700)
        await reader.next("ping")
    await node.release("long")
    await reader.turn(ack["turnId"])


@check("slow_consumer_bounded_memory")
async def slow_memory(trial: Trial) -> None:
    node = await trial.spawn()
    # What such an answer takes once and for all is not counted.
    await node.script(*[PIECE] * 2_000)
    await (await trial.wire(node.new_session(), subject=node)).answer("Are you there?")
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    async with AsyncExitStack() as stack:
        for _ in range(STALLED):
            await stack.enter_async_context(_stalled(trial, node, reader.session))
        before = node.memory_bytes()
        await node.script(*[PIECE] * 2_000)
        await reader.answer("Tell me.")
        grown = node.memory_bytes() - before
    # Buffered for each of them, the answer would be more than four times this.
    if grown > STALLED * 1_000_000:
        raise Broken(f"{STALLED} readers that took nothing cost {grown:,} bytes")


@check("slow_consumer_does_not_delay_others")
async def slow_others(trial: Trial) -> None:
    node = await trial.spawn()
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    async with AsyncExitStack() as stack:
        for _ in range(STALLED):
            await stack.enter_async_context(_stalled(trial, node, reader.session))
        await node.script(*[PIECE] * 500)
        await reader.answer("Tell me.")
        await reader.answer("And again.")


@check("coalesced_catch_up")
async def coalesced(trial: Trial) -> None:
    node = await trial.spawn()
    # More than the buffers of sockets hold; two such pieces fit into a merged event.
    await node.script(*[PIECE * 3] * 1_000)
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    slow = await trial.wire(reader.session, subject=node, cursor="0")
    slow.pause()
    await reader.answer("Tell me.")
    slow.resume()
    await slow.next("done")
    slow.seen.check_all()
    if not any("covers" in frame for frame in slow.frames):
        raise Broken("it caught up event by event")
    if slow.seen.texts != reader.seen.texts:
        raise Broken("it caught up to another text")


@check("rate_limit_error_then_4429")
async def rate_limit(trial: Trial) -> None:
    node = await trial.spawn(limits="on", commands_per_minute=5)
    reader = await trial.wire(node.new_session(), subject=node, cursor="0")
    assert isinstance(reader, SocketWire)
    for _ in range(30):
        await reader.send_raw('{"type": "ping"}')
    ended = await reader.ended()
    error = next(frame for frame in reader.frames if frame["type"] == "error")
    expect_code(error, "rate_limited")
    if ended.code != 4429 or not error.get("retryAfterMs"):
        raise Broken(f"it was told {error} and closed {ended.code}")


@check("slowloris_handshake_timeout")
async def slowloris(trial: Trial) -> None:
    address = urlsplit(trial.subject.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    async with asyncio.timeout(HANDSHAKE_S):
        await reader.read()
    writer.close()


@check("many_idle_connections_memory")
async def many_idle(trial: Trial) -> None:
    node = await trial.spawn()
    url = f"{node.socket_url}/api/v1/chat/stream?sessionId="
    headers = bearer(node.key)
    async with AsyncExitStack() as stack:
        before = 0
        for n in range(IDLE + 50):
            if n == 50:
                before = node.memory_bytes()
            # Each in a conversation of its own: in one they would all be told of all the others.
            of = f"{url}{node.new_session()}"
            opening = connect(of, additional_headers=headers, proxy=None, compression=None)
            await stack.enter_async_context(opening)
        each = (node.memory_bytes() - before) / IDLE
    if each > IDLE_BYTES:
        raise Broken(f"an idle connection costs {each:,.0f} bytes")


@asynccontextmanager
async def _stalled(trial: Trial, node: Spawned, session: str) -> AsyncGenerator[None]:
    """Attach by hand and take nothing; the receiving buffer is as small as can be."""
    address = urlsplit(node.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.setblocking(False)  # noqa: FBT003
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, (address.hostname, address.port))
        await loop.sock_sendall(connection, _attach(trial, node, session))
        await loop.sock_recv(connection, 512)
        yield


def _attach(trial: Trial, node: Spawned, session: str) -> bytes:
    if trial.transport == "sse":
        return request(node, f"/api/v1/conversations/{session}/events?cursor=0")
    return request(node, f"/ws/chat?sessionId={session}&cursor=0", *UPGRADE)
