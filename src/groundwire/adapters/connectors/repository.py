"""A Git repository: the files of one branch, by HTTP or in a folder of this machine."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from groundwire.adapters.connectors.files import takes
from groundwire.adapters.connectors.folders import Folders
from groundwire.adapters.network.web import Web, read_url
from groundwire.model.errors import InvalidField, ToolUnusable
from groundwire.model.feeds import Feed, FeedOptions
from groundwire.model.ids import FeedId
from groundwire.ports.connector import Found, Item

if TYPE_CHECKING:
    from dulwich.repo import BaseRepo

    from groundwire.adapters.connectors.git_places import FarRepository, NearRepository

# A file of a repository is held in memory as a whole.
FILE_BYTES = 32 * 1024 * 1024
_WEB = ("https://", "http://")


class _Seen(NamedTuple):
    """What the last whole visit saw: then the same commit brings nothing new."""

    commit: bytes
    options: FeedOptions


class RepositoryConnector:
    """Takes what a branch has now, without its past; a file is new if its Git id is.

    While a branch stays where it is, nothing is fetched but its name.
    """

    def __init__(self, folders: Folders, web: Web) -> None:
        self._folders = folders
        self._web = web
        self._seen: dict[FeedId, _Seen] = {}

    def check(self, address: str, options: FeedOptions) -> str:
        del options
        if address.startswith(_WEB):
            try:
                return str(read_url(address))
            except ToolUnusable as error:
                raise InvalidField("address", error.message) from error
        try:
            return str(self._folders.find(address))
        except InvalidField as error:
            raise InvalidField(
                "address",
                "Give the address of a repository, as in `https://example.org/docs.git`, or the "
                "whole path of one on the server. By SSH none is read.",
            ) from error

    async def visit(self, feed: Feed, marks: Mapping[str, str]) -> AsyncGenerator[Found, None]:
        place = self._place(feed.address)
        commit = await place.head(feed.options.branch)
        now = _Seen(commit, feed.options)
        if marks and self._seen.get(feed.id) == now:
            for path, oid in marks.items():
                yield Item(path, _name(path), oid, None)
            return
        from groundwire.adapters.connectors.git_tree import list_files

        async with place.opened(commit) as repo:
            take = takes(feed.options, pictures=False)
            one_by_one = asyncio.Lock()
            for path, oid in await asyncio.to_thread(list_files, repo, commit, take):
                is_known = marks.get(path) == oid
                read = None if is_known else partial(_read, repo, oid, one_by_one)
                yield Item(path, _name(path), oid, read)
            yield None
        self._seen[feed.id] = now

    def _place(self, address: str) -> "FarRepository | NearRepository":
        from groundwire.adapters.connectors.git_places import FarRepository, NearRepository

        if address.startswith(_WEB):
            return FarRepository(address, self._web)
        return NearRepository(self._folders.find(address))


async def _read(repo: "BaseRepo", oid: str, one_by_one: asyncio.Lock) -> AsyncIterator[bytes]:
    from groundwire.adapters.connectors.git_tree import read_blob

    async with one_by_one:  # a pack is read from one place at a time, and one file is in memory
        reading = asyncio.ensure_future(asyncio.to_thread(read_blob, repo, oid, FILE_BYTES))
        try:
            content = await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait((reading,))  # lest the repository be closed under the thread
            raise
        yield content


def _name(path: str) -> str:
    return path.rpartition("/")[2]
