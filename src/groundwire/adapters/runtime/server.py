"""`Runtime`: starts the child, hands out its endpoint, notices its death.

    runtime = Runtime(RuntimeOptions(model=path), folder=data / "run")
    async with runtime.use() as endpoint:
        async with endpoint.session.post("/v1/chat/completions", json=body) as response:
            ...
    await runtime.aclose()

Closing a response that is not read to its end frees its slot: the generation stops at the
end of the running batch.
"""

import asyncio
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp
import msgspec

from groundwire.adapters.runtime.child import NotStarted, Started, Task
from groundwire.adapters.runtime.process import Deaths, Idle, end_child, start_child
from groundwire.model.errors import ModelUnavailable

# `sun_path` is 104 bytes on BSD and macOS, 108 on Linux, with the final zero.
SOCKET_PATH_BYTES = 103


class RuntimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. ``window_tokens`` is the context of each of the ``slots``.

    ``batch_tokens`` bounds one step: a cancelled generation ends within it.
    ``unload_after_s`` without a user ends the child; the next user starts it again. A model
    that ``ranks`` says how well texts answer a question, and nothing else.
    """

    model: Path
    slots: int = 1
    window_tokens: int = 4096
    batch_tokens: int = 512
    threads: int = 2
    start_timeout_s: float = 120.0
    unload_after_s: float | None = None
    ranks: bool = False


class Endpoint(NamedTuple):
    """An OpenAI-compatible server. ``session`` has the base URL and the key already."""

    session: aiohttp.ClientSession
    base_url: str
    api_key: str
    connector: aiohttp.BaseConnector


class Runtime:
    """One model in one child process, started by its first user.

    A child that died is started again by the next user, a few times a minute at most.
    """

    def __init__(self, options: RuntimeOptions, *, folder: Path) -> None:
        """Keep the socket and the child's output in ``folder``, which is made if missing."""
        self._options = options
        self._folder = folder
        self._starting = asyncio.Lock()
        self._child: _Child | None = None
        self._deaths = Deaths()
        self._idle = Idle(self._stop, after_s=options.unload_after_s)
        self._closed = False

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.alive

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._child.process.pid if self._child is not None and self.running else None

    @asynccontextmanager
    async def use(self) -> AsyncGenerator[Endpoint]:
        """Give the endpoint, started if it does not run; it stays while it is in use.

        Raises ``ModelUnavailable`` when it cannot be started within its time-out.
        """
        with self._idle.used():
            yield await self.ensure()

    async def ensure(self) -> Endpoint:
        """Start the child if it does not run. Raises ``ModelUnavailable``."""
        async with self._starting:
            if self._closed:
                raise ModelUnavailable("The embedded runtime is shutting down.")
            if self._child is not None and not self._child.alive:
                await self._bury(self._child)
            if self._child is None:
                self._child = await _Child.start(self._options, self._folder)
            return self._child.endpoint

    async def aclose(self) -> None:
        """End the child, whatever it is doing. Later users get ``ModelUnavailable``."""
        self._closed = True
        self._idle.cancel()
        await self._stop()

    async def _bury(self, child: "_Child") -> None:
        self._child = None
        await child.stop()
        self._deaths.another(
            f"The embedded runtime with {self._options.model.name}",
            last_words=f"Its last words are in {child.log}.",
        )

    async def _stop(self) -> None:
        async with self._starting:
            if self._child is not None:
                child, self._child = self._child, None
                await child.stop()


class _Child:
    """A child that serves, and the session that talks to it."""

    def __init__(
        self, process: asyncio.subprocess.Process, endpoint: Endpoint, room: Path, log: Path
    ) -> None:
        self.process = process
        self.endpoint = endpoint
        self.log = log
        self._room = room

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @classmethod
    async def start(cls, options: RuntimeOptions, folder: Path) -> "_Child":
        room = _socket_room(folder)
        log = folder / "runtime.log"
        task = Task(
            model=str(options.model),
            address=_address(room),
            api_key=secrets.token_urlsafe(24),
            log=str(log),
            slots=options.slots,
            window_tokens=options.window_tokens,
            batch_tokens=options.batch_tokens,
            threads=options.threads,
            ranks=options.ranks,
        )
        process = await start_child("groundwire.adapters.runtime.child")
        try:
            address = await _served_address(process, task, options.start_timeout_s)
        except BaseException:
            await end_child(process)
            shutil.rmtree(room, ignore_errors=True)
            raise
        return cls(process, _endpoint(address, task.api_key), room, log)

    async def stop(self) -> None:
        await self.endpoint.session.close()
        await end_child(self.process)
        shutil.rmtree(self._room, ignore_errors=True)


async def _served_address(process: asyncio.subprocess.Process, task: Task, timeout_s: float) -> str:
    name = Path(task.model).name
    try:
        async with asyncio.timeout(timeout_s):
            line = await _ask(process, msgspec.json.encode(task) + b"\n")
    except TimeoutError as error:
        raise ModelUnavailable(f"{name} was not loaded within {timeout_s:.0f} s.") from error
    if not line:
        raise ModelUnavailable(f"The embedded runtime died while loading {name}. See {task.log}.")
    answer: Started | NotStarted = msgspec.json.decode(line, type=Started | NotStarted)
    if isinstance(answer, NotStarted):
        raise ModelUnavailable(f"The embedded runtime cannot load {name}: {answer.why}")
    return answer.address


async def _ask(process: asyncio.subprocess.Process, line: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        return b""
    with suppress(ConnectionError):
        process.stdin.write(line)
        await process.stdin.drain()
    return await process.stdout.readline()


def _endpoint(address: str, api_key: str) -> Endpoint:
    if address.startswith("unix://"):
        base_url = "http://runtime"
        connector = aiohttp.UnixConnector(address.removeprefix("unix://"), limit=0)
    else:
        base_url = address
        connector = aiohttp.TCPConnector(limit=0)
    session = aiohttp.ClientSession(
        base_url,
        connector=connector,
        headers={"Authorization": f"Bearer {api_key}"},
        # Whoever asks bounds the wait: only they know what they asked for.
        timeout=aiohttp.ClientTimeout(total=None),
    )
    return Endpoint(session, base_url, api_key, connector)


def _socket_room(folder: Path) -> Path:
    """Make a folder that only we can enter, with a path short enough for a socket in it."""
    folder.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="s", dir=folder)).resolve()
    if len(os.fsencode(room / "m.sock")) > SOCKET_PATH_BYTES:
        room.rmdir()
        room = Path(tempfile.mkdtemp(prefix="groundwire-"))
    return room


def _address(room: Path) -> str:
    return str(room / "m.sock") if hasattr(socket, "AF_UNIX") else "127.0.0.1"
