"""The whole way: a server, the files, and the seconds until all can be found by their meaning."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import aiohttp
import msgspec

from bench.folder.material import File
from bench.ingest.parts import at_once
from bench.memory import Peaks
from bench.server import Server

UPLOADS = 4
LOOK_S = 0.05
PATIENCE_S = 3_600.0


class Batch(msgspec.Struct):
    total: int = 0
    ready: int = 0
    failed: int = 0


class _Id(msgspec.Struct):
    id: str


@dataclass(slots=True)
class Upload:
    """Files that go to a workspace of their own."""

    server: Server
    http: aiohttp.ClientSession
    name: str
    sent: int = 0
    sent_bytes: int = 0
    peaks: Peaks = field(default_factory=Peaks)
    workspace: str = ""

    async def whole(self, files: Iterable[File]) -> float:
        """Upload ``files``; return the seconds from the first byte until none is unfinished."""
        async with self.http.post("/api/v1/workspaces", json={"name": self.name}) as response:
            self.workspace = msgspec.json.decode(await response.read(), type=_Id).id
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            await at_once(UPLOADS, files, self._send)
            await self._until_finished()
        return time.monotonic() - began

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[Peaks]:
        """Yield how much memory the server has at most while this is open; looking costs time."""
        watching = asyncio.create_task(self._watch())
        try:
            yield self.peaks
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def batch(self) -> Batch:
        url = f"/api/v1/workspaces/{self.workspace}/batches/{self.name}"
        async with self.http.get(url) as response:
            response.raise_for_status()
            return msgspec.json.decode(await response.read(), type=Batch)

    async def _send(self, file: File) -> None:
        form = aiohttp.FormData()
        form.add_field("file", file.content, filename=file.name)
        url = f"/api/v1/workspaces/{self.workspace}/documents?batch={self.name}"
        async with self.http.post(url, data=form) as response:
            response.raise_for_status()
        self.sent += 1
        self.sent_bytes += len(file.content)

    async def _until_finished(self) -> None:
        while True:
            batch = await self.batch()
            if batch.total == batch.ready + batch.failed == self.sent:
                return
            await asyncio.sleep(LOOK_S)

    async def _watch(self) -> None:
        while True:
            await asyncio.to_thread(self.peaks.look, self.server.child.pid)
            await asyncio.sleep(0.5)
