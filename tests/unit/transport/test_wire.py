import asyncio
import socket

import uvloop

from groundwire.transport.wire import Wire


async def limit_a_closed_transport() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_unix_connection(asyncio.Protocol, sock=ours)
        transport.abort()
        await asyncio.sleep(0)
        Wire(transport, protocol).limit(1024)


def test_who_left_before_anything_was_said_is_no_error() -> None:
    """On uvloop, which the server runs on, a closed transport takes no limits."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(limit_a_closed_transport())
