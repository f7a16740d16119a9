"""The server under test, in a process of its own, as anybody starts it."""

import asyncio
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.plan import Restart
from bench.soak.reciter import MODEL
from groundwire.bootstrap import open_accounts
from groundwire.settings import Settings

START_S = 60.0
STOP_S = 30.0
LINES = 8
"""So much of a traceback says where it was."""
_LATE = "timeout graceful shutdown exceeded"
"""So says one who is told to stop and cuts off, after 5 s, the requests that still run."""
_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d [\d:,]+ ", re.MULTILINE)
SETTINGS = {
    "GROUNDWIRE_MODEL": MODEL,
    "GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9",
    "GROUNDWIRE_LIMITS": "off",
    # Clients notice a half-open connection by this, ...
    "GROUNDWIRE_HEARTBEAT": "2",
    # ... a model waits for faults, and what was said is merged while it is still read.
    "GROUNDWIRE_TOKEN_TIMEOUT": "120",
    "GROUNDWIRE_COMPACT_AFTER": "10",
}


@dataclass(slots=True)
class SoakedServer:
    """``down_s`` is how long it was not there, all restarts together.

    ``late`` are the stops that did not wait for all requests, as far as `complaints` was asked.
    """

    data: Path
    log: Path
    upstream: str
    key: str
    url: str = ""
    restarts: Counter[str] = field(default_factory=Counter[str])
    down_s: float = 0.0
    late: int = 0
    child: asyncio.subprocess.Process = field(init=False)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("GROUNDWIRE_")}
        place = ("--port", "0", "--data", str(self.data))
        with self.log.open("ab") as errors:
            self.child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "groundwire", "serve", *place),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env={**environment, **SETTINGS, "GROUNDWIRE_OPENAI_BASE_URL": self.upstream},
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

    async def suffer(self, restarts: Iterator[Restart]) -> None:
        """Restart again and again, for ever."""
        for each in restarts:
            await asyncio.sleep(each.after_s)
            await self.restart(is_kill=each.is_kill)


@asynccontextmanager
async def serve(folder: Path, upstream: str) -> AsyncGenerator[SoakedServer]:
    data = folder / "data"
    async with open_accounts(Settings(data=data)) as accounts:
        owner = await accounts.authenticator.owner()
        key = await accounts.authenticator.issue_key(owner, "soak", "owner")
    server = SoakedServer(data, folder / "log", upstream, key)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(is_kill=True)
