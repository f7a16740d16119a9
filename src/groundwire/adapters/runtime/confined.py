"""The server's side of a child that reads what others made, and is confined for that.

    child = await ConfinedChild.start("groundwire.adapters.parsers.child")
    child.send(message)
    answer = await child.receive(most_bytes)
    await child.end()

The child confines itself (`confine`) once it has loaded what it needs, and then speaks by `wire`.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress

from groundwire.adapters.runtime.wire import LENGTH_BYTES, framed

LAST_BREATH_S = 5.0
# What comes of a child that has died.
GONE = (asyncio.IncompleteReadError, ConnectionError)


class TooLong(Exception):
    """The child says more than it may."""


class ConfinedChild:
    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self._process = process
        self._source: asyncio.StreamReader = process.stdout
        self._sink: asyncio.StreamWriter = process.stdin

    @classmethod
    async def start(cls, module: str) -> "ConfinedChild":
        """Run ``python -m module`` with two pipes, and nothing else of ours."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # neither the environment nor the working directory choose what is imported
            "-m",
            module,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={"LANG": "C.UTF-8"},
            close_fds=True,
            start_new_session=True,  # Ctrl-C in a terminal is for the server alone
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: bytes) -> None:
        self._sink.write(framed(message))

    async def receive(self, most_bytes: int) -> bytes:
        """Return the next message. Raises one of `GONE`, or ``TooLong`` before it is read."""
        length = int.from_bytes(await self._source.readexactly(LENGTH_BYTES), "big")
        if length > most_bytes:
            raise TooLong
        return await self._source.readexactly(length)

    async def ran_out(self) -> bool:
        """Return whether a child that is `GONE` used up what it may of a processor."""
        try:
            async with asyncio.timeout(LAST_BREATH_S):
                code = await self._process.wait()
        except TimeoutError:  # it only fell silent
            return False
        # XCPU, or KILL by a kernel that has no soft limit to signal.
        return sys.platform != "win32" and -code in (signal.SIGXCPU, signal.SIGKILL)

    async def end(self) -> None:
        """Kill the child and wait for its end. One that has ended already is no error."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        self._sink.close()
        with suppress(ConnectionError):
            await self._sink.wait_closed()
