"""Git's smart HTTP over the one way out: dulwich speaks the protocol, `Web` does each request."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from dulwich.client import AbstractHttpGitClient
from dulwich.errors import GitProtocolError
from dulwich.objects import ObjectID
from dulwich.refs import Ref
from yarl import URL

from groundwire.adapters.connectors.answers import complaint, explained
from groundwire.adapters.connectors.git_tree import find_commit
from groundwire.adapters.network.web import Answer, PageTooLarge, Web
from groundwire.model.errors import FeedFailed

if TYPE_CHECKING:
    from dulwich.client import HTTPResponse

MOST_REDIRECTS = 5
# What is not the pack is read into this process: the names of branches, and what is said beside it.
NAMES_BYTES = 8 * 1024 * 1024
BESIDE_BYTES = 1024 * 1024
# Of what a server sends so much is kept in memory; the rest goes to the disk.
IN_MEMORY = 1024 * 1024
# Some servers show a browser their pages at the same address.
AGENT = "git/2.0 (groundwire)"
_LISTS = b"command=ls-refs"
_ADVERTISED = "application/x-git-upload-pack-advertisement"


class _Nothing:
    """What dulwich asks for the commits that are here already: there are none."""

    def __next__(self) -> ObjectID | None:
        return None

    def ack(self, sha: ObjectID, /) -> None:
        """A server agrees to have what we never said to have."""

    def nak(self) -> None:
        """It has nothing of ours."""


@dataclass(slots=True)
class _Names:
    """A file for an answer without a pack in it."""

    file: BinaryIO
    left: int = NAMES_BYTES

    def write(self, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise PageTooLarge("This server names more branches than can be read.")
        return self.file.write(data)


@dataclass(slots=True)
class _Response:
    """What dulwich wants to know of a response; the rest of its type it never asks for."""

    content_type: str
    redirect_location: str
    close: Callable[[], None]


class GuardedGitClient(AbstractHttpGitClient):
    """Works in a thread of its own; every request is made on ``loop``, where `Web` lives.

    `stop` ends it from outside: the request under way is given up, and no other is made. The pack
    is not looked into, and nothing else that a server sends is held without bounds.
    """

    def __init__(
        self, url: str, branch: str | None, web: Web, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(url, quiet=True)
        self._branch = branch
        self._names = [f"refs/heads/{branch}".encode() if branch else b"HEAD"]
        self._web = web
        self._loop = loop
        self._asking: Future[Answer] | None = None
        self._stopped = False
        self._bodies = ExitStack()  # dulwich leaves some of them open
        self._has_pack = False
        self._beside = 0

    def find_head(self) -> str:
        """Return the commit that the branch is at. Raises ``FeedFailed``."""
        with self._bodies:
            return find_commit(self.get_refs(b"", ref_prefix=self._names).refs, self._branch)

    def fetch_commit(self, commit: str, pack: Path) -> str | None:
        """Write the pack of a commit without its past; return how its objects are named."""

        def wants(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
            del refs, depth
            return [ObjectID(commit.encode())]

        with self._bodies, pack.open("wb") as file:

            def take(data: bytes) -> int:
                self._beside = 0
                return file.write(data)

            fetched = self.fetch_pack(b"", wants, _Nothing(), take, depth=1, ref_prefix=self._names)
        return fetched.object_format

    def stop(self) -> None:
        self._stopped = True
        if self._asking is not None:
            self._asking.cancel()

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: FBT001, FBT002 (dulwich's own signature)
    ) -> "tuple[HTTPResponse, Callable[[int], bytes]]":
        del raise_for_status  # only what dumb servers are asked is not to raise
        if self._has_pack:
            raise GitProtocolError("A server that gave the pack leads on to others.")
        post = data if data is None or isinstance(data, bytes) else b"".join(data)
        wishes = {**(headers or {}), "User-Agent": AGENT}
        wishes.pop("Content-Length", None)
        self._has_pack = post is not None and _LISTS not in post
        body = cast("BinaryIO", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 (dulwich's)
        into = body if self._has_pack else cast("BinaryIO", _Names(body))
        self._bodies.callback(body.close)
        answer = self._follow(URL(url, encoded=True), wishes, post, into)
        body.seek(0)
        type = answer.headers.get("Content-Type", "")
        read = partial(self._read_beside, body) if self._has_pack else body.read
        return cast("HTTPResponse", _Response(type, str(answer.url), body.close)), read

    def _read_beside(self, body: BinaryIO, size: int) -> bytes:
        """Read on towards the next piece of the pack, which is not to be far."""
        data = body.read(size)
        self._beside += len(data)
        if self._beside > BESIDE_BYTES:
            raise FeedFailed("too_large", "This server says too much that is not the repository.")
        return data

    def _follow(
        self, url: URL, headers: dict[str, str], post: bytes | None, body: BinaryIO
    ) -> Answer:
        answer = self._ask(url, headers, post, body)
        for _ in range(MOST_REDIRECTS):
            # A request with a body is not led on.
            if answer.leads_to is not None and post is None:
                answer = self._ask(answer.leads_to, headers, post, body)
        if answer.page is None:
            raise complaint(answer)
        if post is None and answer.page.media_type != _ADVERTISED:
            raise FeedFailed("unknown_type", f"There is no Git repository at {answer.url.host}.")
        return answer

    def _ask(self, url: URL, headers: dict[str, str], post: bytes | None, body: BinaryIO) -> Answer:
        request = self._web.ask(url, headers=headers, post=post, into=body)
        if self._stopped:
            request.close()
            raise FeedFailed("unreachable", "This was given up.", passes=True)
        self._asking = asyncio.run_coroutine_threadsafe(request, self._loop)
        try:
            with explained():
                return self._asking.result()
        except CancelledError as error:
            raise FeedFailed("unreachable", "This was given up.", passes=True) from error
        finally:
            self._asking = None
