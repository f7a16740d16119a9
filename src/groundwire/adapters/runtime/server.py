"""`Runtime`: starts the child, hands out its endpoint, notices its death.

    runtime = Runtime(RuntimeOptions(model=path, mode="chat"), folder=data / "run")
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
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple

import aiohttp
import msgspec

from groundwire.adapters.runtime.child import NotStarted, Started, Task
from groundwire.model.errors import ModelUnavailable

# `sun_path` is 104 bytes on BSD and macOS, 108 on Linux, with the final zero.
SOCKET_PATH_BYTES = 103
DEATHS_BEFORE_GIVING_UP = 3
DEATHS_FORGOTTEN_AFTER_S = 60.0


class RuntimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to run. ``window_tokens`` is the context of each of the ``slots``.

    ``batch_tokens`` bounds one step: a cancelled generation ends within it, and an input
    to embed must fit it. ``unload_after_s`` without a user ends the child; the next user
    starts it again.
    """

    model: Path
    mode: Literal["chat", "embedding"]
    slots: int = 1
    window_tokens: int = 4096
    batch_tokens: int = 512
    threads: int = 2
    start_timeout_s: float = 120.0
    unload_after_s: float | None = None


class Endpoint(NamedTuple):
    """An OpenAI-compatible server. ``session`` has the base URL and the key already."""

    session: aiohttp.ClientSession
    base_url: str
    api_key: str
    connector: aiohttp.BaseConnector


class Runtime:
    """One model in one child process, started by its first user.

    A child that died is started again by the next user, at most
    `DEATHS_BEFORE_GIVING_UP` times in `DEATHS_FORGOTTEN_AFTER_S`.
    """

    def __init__(self, options: RuntimeOptions, *, folder: Path) -> None:
        """Keep the socket and the child's output in ``folder``, which is made if missing."""
        self._options = options
        self._folder = folder
        self._starting = asyncio.Lock()
        self._child: _Child | None = None
        self._deaths: list[float] = []
        self._users = 0
        self._unloading: asyncio.Task[None] | None = None
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
        self._users += 1
        try:
            yield await self.ensure()
        finally:
            self._users -= 1
            self._unload_later()

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
        if self._unloading is not None:
            self._unloading.cancel()
        await self._stop()

    async def _bury(self, child: "_Child") -> None:
        now = asyncio.get_running_loop().time()
        await child.stop()
        self._child = None
        self._deaths = [at for at in self._deaths if now - at < DEATHS_FORGOTTEN_AFTER_S]
        self._deaths.append(now)
        if len(self._deaths) > DEATHS_BEFORE_GIVING_UP:
            raise ModelUnavailable(
                f"The embedded runtime stopped {len(self._deaths)} times within a minute while "
                f"running {self._options.model.name}. Its last words are in {child.log}."
            )

    async def _stop(self) -> None:
        async with self._starting:
            if self._child is not None:
                child, self._child = self._child, None
                await child.stop()

    def _unload_later(self) -> None:
        if self._unloading is not None:
            self._unloading.cancel()
            self._unloading = None
        if self._users == 0 and self._options.unload_after_s is not None and not self._closed:
            self._unloading = asyncio.create_task(self._unload(self._options.unload_after_s))

    async def _unload(self, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if self._users == 0:
            self._unloading = None
            await self._stop()


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
        log = folder / f"{options.mode}.log"
        task = Task(
            model=str(options.model),
            mode=options.mode,
            address=_address(room),
            api_key=secrets.token_urlsafe(24),
            log=str(log),
            slots=options.slots,
            window_tokens=options.window_tokens,
            batch_tokens=options.batch_tokens,
            threads=options.threads,
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "groundwire.adapters.runtime.child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; the child ends with its input
        )
        try:
            address = await _served_address(process, task, options.start_timeout_s)
        except BaseException:
            await _end(process)
            shutil.rmtree(room, ignore_errors=True)
            raise
        return cls(process, _endpoint(address, task.api_key), room, log)

    async def stop(self) -> None:
        await self.endpoint.session.close()
        await _end(self.process)
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


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()


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
