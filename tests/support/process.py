"""A real server in a process of its own, that can be killed; and the children of processes."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from groundwire.bootstrap import open_accounts
from groundwire.settings import Settings
from tests.support.socket import Talk, talk

START_S = 30.0


def children_of(parent: int) -> set[int]:
    """Return the process ids of the children; on Linux only."""
    children: set[int] = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            if f"PPid:\t{parent}\n" in status.read_text():
                children.add(int(status.parent.name))
    return children


@dataclass(slots=True)
class Process:
    http: str
    key: str
    child: asyncio.subprocess.Process

    def connect(self, query: str = "", *, receive_bytes: int | None = None) -> Talk.Opening:
        url = f"{self.http.replace('http', 'ws', 1)}/api/v1/chat/stream?{query}"
        return talk(url, headers=self.headers, receive_bytes=receive_bytes)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    async def kill(self) -> None:
        """Kill it as `kill -9` does."""
        if self.child.returncode is None:
            self.child.kill()
        await self.child.wait()


async def create_key(data: Path) -> str:
    async with open_accounts(Settings(data=data)) as accounts:
        owner = await accounts.authenticator.owner()
        return await accounts.authenticator.issue_key(owner, "test", "owner")


@asynccontextmanager
async def start(data: Path, key: str, log: Path, **settings: str) -> AsyncGenerator[Process]:
    """Serve ``data`` on a free port; what it logs is added to ``log``."""
    given = {"GROUNDWIRE_" + name.upper(): value for name, value in settings.items()}
    command = (sys.executable, "-m", "groundwire", "serve", "--port", "0", "--data", str(data))
    with log.open("ab") as errors:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **given, "GROUNDWIRE_LIMITS": "off"},
        )
    process = Process("", key, child)
    try:
        assert child.stdout is not None
        line = (await asyncio.wait_for(child.stdout.readline(), START_S)).decode()
        assert line.startswith("Groundwire serves "), f"It did not start; see {log}."
        process.http = line.split()[2]
        yield process
    finally:
        await process.kill()
