"""The way out of a connection: how much waits in it, whether there is room, and its end."""

import asyncio
import socket
from contextlib import suppress

UNSENT_BYTES = 16_384
"""How much the kernel may hold for a client beside what is on its way; else it is megabytes."""

UNSENT: int | None = getattr(socket, "TCP_NOTSENT_LOWAT", None)

CLOSE_GRACE_S = 5.0
"""How long a client that was sent away may take for what it was sent before."""


class Wire:
    """What those who send may know of a transport, and do with it.

    There is room until more than a budget waits for the client; then not before most of it
    was taken. ``protocol`` is the transport's, and calls `pause`, `resume` and `lose`.
    """

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        self.is_let_go = False
        self.is_lost = False
        self._transport = transport
        self._protocol = protocol
        self._room = asyncio.Event()
        self._room.set()

    @property
    def has_room(self) -> bool:
        return self._room.is_set()

    @property
    def backlog(self) -> int:
        """Return how many bytes wait for a client that is over its budget; 0 for any other."""
        return 0 if self.has_room else self._transport.get_write_buffer_size()

    async def room(self) -> None:
        """Return once there is room, or nobody is there any more."""
        await self._room.wait()

    def limit(self, budget_bytes: int) -> None:
        """Let no more than this, and one event, wait for the client."""
        if self._transport.is_closing():
            # It left before anything was said to it; uvloop limits no transport that is closed.
            return
        self._transport.set_write_buffer_limits(high=budget_bytes)
        connection = self._transport.get_extra_info("socket")
        if connection is not None and UNSENT is not None:
            with suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, UNSENT, UNSENT_BYTES)

    def let_go(self) -> None:
        """Write what is still to be said without waiting for room; then cut the connection.

        A transport that is closed waits until its peer has taken everything: for ever, if
        the peer never does.
        """
        if not self.is_let_go:
            self.is_let_go = True
            self._protocol.resume_writing()
            asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._transport.abort)

    def pause(self) -> None:
        self._room.clear()

    def resume(self) -> None:
        self._room.set()

    def lose(self) -> None:
        """Note that the connection is no more."""
        self.is_lost = True
        self._room.set()
