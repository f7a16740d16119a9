"""Where a repository is: behind HTTP, or in a folder of this machine."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from dulwich.errors import GitProtocolError, HangupException

from groundwire.adapters.connectors.git_http import GuardedGitClient
from groundwire.adapters.connectors.git_messages import OpenFolder, OpenPack
from groundwire.adapters.connectors.git_process import Reader, Readers
from groundwire.adapters.network.web import Web
from groundwire.model.errors import FeedFailed

T = TypeVar("T")
# What dulwich raises for a server that does not keep to the protocol, or breaks off.
_BROKEN = (
    GitProtocolError,
    HangupException,
    ValueError,
    LookupError,
    EOFError,
    AssertionError,
    OSError,
)


class FarRepository:
    """Asks a server for the one commit that a branch is at, and forgets it afterwards."""

    def __init__(self, address: str, branch: str | None, web: Web, readers: Readers) -> None:
        self._client = GuardedGitClient(address, branch, web, asyncio.get_running_loop())
        self._readers = readers

    async def head(self) -> str:
        return await self._in_thread(self._client.find_head)

    @asynccontextmanager
    async def opened(self, commit: str) -> AsyncGenerator[Reader]:
        with tempfile.TemporaryDirectory(prefix="repository-") as folder:
            pack = Path(folder) / "pack"
            format = await self._in_thread(partial(self._client.fetch_commit, commit, pack))
            opening, size = OpenPack(str(pack), format), pack.stat().st_size
            async with self._readers.reading(opening, mapped_bytes=size) as reader:
                yield reader

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Do ``work`` in a thread, which has ended when this returns or raises."""
        thread = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            self._client.stop()
            await asyncio.wait((thread,))
            raise
        except _BROKEN as error:
            raise FeedFailed(
                "unreachable",
                "The server of this repository broke off, or says what Git cannot read.",
                passes=True,
            ) from error


class NearRepository:
    def __init__(self, folder: Path, branch: str | None, readers: Readers) -> None:
        self._folder = folder
        self._branch = branch
        self._readers = readers

    async def head(self) -> str:
        async with self._opened() as reader:
            return await reader.find_head(self._branch)

    @asynccontextmanager
    async def opened(self, commit: str) -> AsyncGenerator[Reader]:
        del commit  # all are there
        async with self._opened() as reader:
            yield reader

    @asynccontextmanager
    async def _opened(self) -> AsyncGenerator[Reader]:
        size = await asyncio.to_thread(_packed_bytes, self._folder)
        opening = OpenFolder(str(self._folder))
        async with self._readers.reading(opening, mapped_bytes=size) as reader:
            yield reader


def _packed_bytes(folder: Path) -> int:
    """Return how much of a repository dulwich maps into its memory."""
    size = 0
    for file in [*folder.glob(".git/objects/pack/*"), *folder.glob("objects/pack/*")]:
        with suppress(OSError):  # it was packed anew meanwhile
            size += file.stat().st_size
    return size
