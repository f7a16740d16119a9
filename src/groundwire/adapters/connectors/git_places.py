"""Where a repository is: behind HTTP, or in a folder of this machine."""

import asyncio
import tempfile
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import TypeVar

from dulwich.errors import ChecksumMismatch, FileFormatException, GitProtocolError, HangupException
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from dulwich.repo import BaseRepo, Repo

from groundwire.adapters.connectors.git_http import GuardedGitClient
from groundwire.adapters.connectors.git_tree import find_commit, open_local
from groundwire.adapters.network.web import Web
from groundwire.model.errors import FeedFailed

T = TypeVar("T")
# What dulwich raises for a server that does not keep to the protocol, or breaks off.
_BROKEN = (
    *(GitProtocolError, HangupException, FileFormatException, ChecksumMismatch, zlib.error),
    *(ValueError, KeyError, EOFError, AssertionError, OSError),
)


class FarRepository:
    """Asks a server for the one commit that a branch is at, and forgets it afterwards."""

    def __init__(self, address: str, web: Web) -> None:
        self._client = GuardedGitClient(address, web, asyncio.get_running_loop())

    async def head(self, branch: str | None) -> ObjectID:
        remote = await self._in_thread(partial(self._client.get_refs, b""))
        return find_commit(remote.refs, branch)

    @asynccontextmanager
    async def opened(self, commit: ObjectID) -> AsyncGenerator[BaseRepo]:
        with tempfile.TemporaryDirectory(prefix="repository-") as folder:
            repo = await self._in_thread(partial(self._fetch, commit, Path(folder)))
            with closing(repo):
                yield repo

    def _fetch(self, commit: ObjectID, folder: Path) -> Repo:
        def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            del refs, depth
            return [commit]

        repo = Repo.init_bare(str(folder))
        try:
            self._client.fetch(b"", repo, determine_wants=wants, depth=1)
        except BaseException:
            repo.close()
            raise
        return repo

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
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def head(self, branch: str | None) -> ObjectID:
        with closing(await asyncio.to_thread(open_local, self._folder)) as repo:
            refs: dict[Ref, ObjectID | None] = {**repo.get_refs()}
            return find_commit(refs, branch)

    @asynccontextmanager
    async def opened(self, commit: ObjectID) -> AsyncGenerator[BaseRepo]:
        del commit  # all are there
        with closing(await asyncio.to_thread(open_local, self._folder)) as repo:
            yield repo
