"""A Git repository: the files of one branch, by HTTP or in a folder of this machine."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from groundwire.adapters.connectors.folders import Folders
from groundwire.adapters.connectors.git_process import Limits, Reader, Readers
from groundwire.adapters.network.web import Web, read_url
from groundwire.model.errors import InvalidField, ToolUnusable
from groundwire.model.feeds import Feed, FeedOptions
from groundwire.model.ids import FeedId
from groundwire.ports.connector import Found, Item

if TYPE_CHECKING:
    from groundwire.adapters.connectors.git_places import FarRepository, NearRepository

# A file of a repository is held in memory as a whole.
FILE_BYTES = 32 * 1024 * 1024
_WEB = ("https://", "http://")


class _Seen(NamedTuple):
    """What the last whole visit saw: then the same commit brings nothing new."""

    commit: str
    options: FeedOptions


class RepositoryConnector:
    """Takes what a branch has now, without its past; a file is new if its Git id is.

    While a branch stays where it is, nothing is fetched but its name.
    """

    def __init__(self, folders: Folders, web: Web, limits: Limits | None = None) -> None:
        self._folders = folders
        self._web = web
        self._readers = Readers(limits or Limits())
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
        place = self._place(feed)
        commit = await place.head()
        now = _Seen(commit, feed.options)
        if marks and self._seen.get(feed.id) == now:
            for path, oid in marks.items():
                yield Item(path, _name(path), oid, None)
            return
        async with place.opened(commit) as reader:
            for path, oid in await reader.list_files(commit, feed.options):
                is_known = marks.get(path) == oid
                yield Item(
                    path, _name(path), oid, None if is_known else partial(_read, reader, oid)
                )
                reader.require_alive()
            yield None
            reader.require_alive()
        self._seen[feed.id] = now

    def _place(self, feed: Feed) -> "FarRepository | NearRepository":
        from groundwire.adapters.connectors.git_places import FarRepository, NearRepository

        address, branch = feed.address, feed.options.branch
        if address.startswith(_WEB):
            return FarRepository(address, branch, self._web, self._readers)
        return NearRepository(self._folders.find(address), branch, self._readers)


async def _read(reader: Reader, oid: str) -> AsyncIterator[bytes]:
    yield await reader.read_file(oid, FILE_BYTES)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
