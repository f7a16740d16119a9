"""Git's smart HTTP over the one way out: dulwich speaks the protocol, `Web` does each request."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from dulwich.client import AbstractHttpGitClient
from yarl import URL

from groundwire.adapters.connectors.answers import complaint, explained
from groundwire.adapters.network.web import Answer, Web
from groundwire.model.errors import FeedFailed

if TYPE_CHECKING:
    from dulwich.client import HTTPResponse

MOST_REDIRECTS = 5
# Of what a server sends so much is kept in memory; the rest goes to the disk.
IN_MEMORY = 1024 * 1024
# Some servers show a browser their pages at the same address.
AGENT = "git/2.0 (groundwire)"
_ADVERTISED = "application/x-git-upload-pack-advertisement"


@dataclass(slots=True)
class _Response:
    """What dulwich wants to know of a response; the rest of its type it never asks for."""

    content_type: str
    redirect_location: str
    close: Callable[[], None]


class GuardedGitClient(AbstractHttpGitClient):
    """Works in a thread of its own; every request is made on ``loop``, where `Web` lives.

    `stop` ends it from outside: the request under way is given up, and no other is made.
    """

    def __init__(self, url: str, web: Web, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(url, quiet=True)
        self._web = web
        self._loop = loop
        self._asking: Future[Answer] | None = None
        self._stopped = False

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
        post = data if data is None or isinstance(data, bytes) else b"".join(data)
        wishes = {**(headers or {}), "User-Agent": AGENT}
        wishes.pop("Content-Length", None)
        body = cast("BinaryIO", tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 (dulwich's)
        try:
            answer = self._follow(URL(url, encoded=True), wishes, post, body)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        type = answer.headers.get("Content-Type", "")
        return cast("HTTPResponse", _Response(type, str(answer.url), body.close)), body.read

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
