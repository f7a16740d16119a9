"""A server under test, in a process of its own, as anybody starts it; it can be killed."""

import asyncio
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from groundwire.bootstrap import open_accounts
from groundwire.settings import Settings

START_S = 60.0
STOP_S = 30.0
LINES = 8
"""So much of a traceback says where it was."""
_LATE = "timeout graceful shutdown exceeded"
"""So says one who is told to stop and cuts off, after 5 s, the requests that still run."""
_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ ", re.MULTILINE)


@dataclass(slots=True)
class Server:
    """``down_s`` is how long it was not there, all restarts together.

    ``late`` are the stops that did not wait for all requests, as far as `complaints` was asked.
    """

    data: Path
    log: Path
    key: str
    settings: Mapping[str, str]
    port: int = 0
    """Where it listens; 0 takes another free one at each start."""
    url: str = ""
    restarts: Counter[str] = field(default_factory=Counter[str])
    down_s: float = 0.0
    late: int = 0
    child: asyncio.subprocess.Process = field(init=False)

    @property
    def stream(self) -> str:
        """The address of its sockets."""
        return self.url.replace("http", "ws", 1) + "/api/v1/chat/stream"

    @property
    def headers(self) -> dict[str, str]:
        """Say who asks: its owner."""
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def at(self) -> int:
        """The port that it listens at now."""
        return int(self.url.rpartition(":")[2])

    async def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GROUNDWIRE_")}
        place = ("--port", str(self.port), "--data", str(self.data))
        with self.log.open("ab") as errors:
            self.child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "groundwire", "serve", *place),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**environment, **self.settings},
            )
        assert self.child.stdout is not None
        async with asyncio.timeout(START_S):
            line = await self.child.stdout.readline()
        if not line.startswith(b"Groundwire serves "):
            raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-2000:]}")
        self.url = line.split()[2].decode()

    async def stop(self, *, is_kill: bool) -> None:
        """Stop it, as `kill -9` does or in order."""
        if self.child.returncode is None:
            self.child.send_signal(signal.SIGKILL if is_kill else signal.SIGTERM)
        async with asyncio.timeout(STOP_S):
            await self.child.wait()

    async def restart(self, *, is_kill: bool) -> None:
        began = time.monotonic()
        await self.stop(is_kill=is_kill)
        await self.start()
        self.down_s += time.monotonic() - began
        self.restarts["killed" if is_kill else "stopped"] += 1

    def complaints(self) -> Counter[str]:
        """Return what the server logged as a fault of its own, where it was, and how often."""
        found: Counter[str] = Counter()
        for entry in _ENTRY.split(self.log.read_text()):
            if _LATE in entry:
                self.late += entry.startswith("ERROR uvicorn.error: Cancel")
            elif entry.startswith("ERROR") or "Traceback" in entry:
                first, *rest = entry.strip().splitlines()
                found["\n".join([first, *rest[-LINES:]])] += 1
        return found


@asynccontextmanager
async def serve(
    folder: Path, settings: Mapping[str, str], *, port: int = 0
) -> AsyncGenerator[Server]:
    """Serve from ``folder``, with an owner's key; in the end it is killed."""
    data = folder / "data"
    async with open_accounts(Settings(data=data)) as accounts:
        owner = await accounts.authenticator.owner()
        key = await accounts.authenticator.issue_key(owner, "bench", "owner")
    server = Server(data, folder / "log", key, settings, port)
    async with running(server, is_kill=True):
        yield server


@asynccontextmanager
async def running(server: Server, *, is_kill: bool) -> AsyncGenerator[None]:
    await server.start()
    try:
        yield
    finally:
        await server.stop(is_kill=is_kill)
