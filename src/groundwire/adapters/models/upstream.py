"""One HTTP endpoint of models: time-outs, errors in words, and requests that can be cut.

What an endpoint says is shortened and rid of secrets before anyone sees it.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from groundwire.model.errors import (
    ContextOverflow,
    GroundwireError,
    ModelUnavailable,
    UpstreamTimeout,
)

T = TypeVar("T")

MAX_SAID_CHARACTERS = 200
MAX_BODY_BYTES = 4 * 1024 * 1024

_JSON = {"Content-Type": "application/json", "User-Agent": "groundwire"}

_SECRET = re.compile(
    r"(?i)\b(?:bearer\s+|(?:api[-_ ]?)?key\s*[=:]\s*|token\s*[=:]\s*)\S+"
    r"|\b(?:sk|pk|rk|gsk|xai)-[\w*.-]+"
    r"|\b[A-Za-z0-9_-]{32,}\b"
)
_OVERFLOW = re.compile(
    r"(?i)context[_ ](?:length|window|size|limit)|maximum context|too many (?:input )?tokens"
    r"|(?:prompt|input) is too long|too large to process|exceeds? the (?:available )?context"
)


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Limits for one endpoint, in seconds.

    ``first_token_s`` runs from the request to the first piece of an answer, ``idle_s`` between
    two pieces; bytes that carry no piece (comments, keep-alives) do not extend either.
    """

    connect_s: float = 5.0
    first_token_s: float = 180.0
    idle_s: float = 45.0
    listing_s: float = 1.0


class Rejected(Exception):
    """The endpoint answered with an HTTP error; ``said`` is its reason, safe to show."""

    def __init__(self, status: int, said: str, retry_after_ms: int | None) -> None:
        super().__init__(said)
        self.status = status
        self.said = said
        self.retry_after_ms = retry_after_ms


class Body:
    """The bytes of an answer that comes in pieces, read against a deadline.

    One timer looks now and then: an ``asyncio.timeout`` around each read took 20 µs a token.
    """

    def __init__(self, response: aiohttp.ClientResponse, upstream: "Upstream", at: float) -> None:
        self._response = response
        self._upstream = upstream
        self._loop = asyncio.get_running_loop()
        self._deadline = at
        self._waiting = False
        self._timer = self._loop.call_at(at, self._look)

    @property
    def content_type(self) -> str:
        return self._response.content_type

    def extend(self, within_s: float) -> None:
        """Give the next piece ``within_s`` seconds from now."""
        self._deadline = self._loop.time() + within_s
        if self._deadline < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(self._deadline, self._look)

    async def read(self) -> bytes:
        """Return the next bytes, empty at the end.

        Raises ``UpstreamTimeout`` at the deadline and ``ModelUnavailable`` for a connection
        that breaks.
        """
        self._waiting = True
        try:
            return await self._response.content.readany()
        except TimeoutError as error:
            raise self._upstream.silent() from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._upstream.broken_off() from error
        finally:
            self._waiting = False

    def stop(self) -> None:
        """End the watch."""
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        if self._waiting and now >= self._deadline:
            self._response.content.set_exception(TimeoutError())
            return
        # A reader that is slow itself has not been kept waiting.
        self._timer = self._loop.call_at(max(self._deadline, now + 0.1), self._look)

    async def read_all(self) -> bytes:
        """Return the whole body; raises ``ModelUnavailable`` above 4 MiB."""
        parts: list[bytes] = []
        size = 0
        while part := await self.read():
            parts.append(part)
            size += len(part)
            if size > MAX_BODY_BYTES:
                raise ModelUnavailable(f"{self._upstream.label} sent an answer that is too large.")
        return b"".join(parts)


class Upstream:
    """An endpoint at ``base_url``; ``label`` is how messages call it.

    A ``session`` that is given has its own address and key, ``base_url`` is then the path
    before every other, and its owner closes it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        label: str,
        timeouts: Timeouts,
        key: str | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self.label = label if session is not None else f"{label} at {_place(base_url)}"
        self.timeouts = timeouts
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._session = session
        self._owns_session = session is None

    async def get(self, path: str, type: type[T]) -> T:
        """Return what is at ``path``, within ``listing_s``. Raises ``ModelUnavailable``."""
        return await self._small("GET", path, None, type)

    async def post(self, path: str, body: bytes, type: type[T]) -> T:
        """Return the answer to ``body``, within ``listing_s``. Raises ``ModelUnavailable``."""
        return await self._small("POST", path, body, type)

    @asynccontextmanager
    async def stream(self, path: str, body: bytes) -> AsyncGenerator[Body]:
        """Send ``body`` and give its answer to read; leaving early closes the connection.

        Raises ``Rejected`` for an HTTP error, ``ModelUnavailable`` for a connection that cannot
        be made, ``UpstreamTimeout`` when no answer begins within ``first_token_s``.
        """
        at = asyncio.get_running_loop().time() + self.timeouts.first_token_s
        response = await self._open("POST", path, body, at)
        answer = Body(response, self, at)
        try:
            yield answer
        finally:
            answer.stop()
            # An unread rest is a generation that goes on: close, never drain.
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    def unreachable(self) -> ModelUnavailable:
        return ModelUnavailable(f"{self.label} cannot be reached. Is it running?")

    def broken_off(self) -> ModelUnavailable:
        return ModelUnavailable(f"{self.label} ended its answer without saying so. Ask again.")

    def silent(self) -> UpstreamTimeout:
        return UpstreamTimeout(f"{self.label} has been silent for too long. Ask again.")

    def unintelligible(self) -> ModelUnavailable:
        return ModelUnavailable(f"{self.label} sent something that is not an answer.")

    def failed(self, rejected: Rejected, model: str | None = None) -> GroundwireError:
        """Translate an HTTP error, or one inside a stream, into ours."""
        said = f" It says: “{rejected.said}”." if rejected.said else ""
        name = f" `{model}`" if model else ""
        if _OVERFLOW.search(rejected.said) or rejected.status == 413:
            return ContextOverflow(
                f"The question and its passages do not fit into the model{name}. "
                "Ask a shorter question, or choose a model with a larger window."
            )
        if rejected.status in (408, 504):
            return UpstreamTimeout(f"{self.label} gave up waiting.{said}")
        details: dict[str, object] = {"upstreamStatus": rejected.status}
        if rejected.retry_after_ms is not None:
            details["retryAfterMs"] = rejected.retry_after_ms
        return ModelUnavailable(
            f"{self.label} {_complaint(rejected.status, name)}{said}", **details
        )

    def clean(self, said: str) -> str:
        """Make what the endpoint said one short line without secrets."""
        if self._key:
            said = said.replace(self._key, "…")
        said = " ".join(_SECRET.sub("…", said).split())
        if len(said) > MAX_SAID_CHARACTERS:
            return said[:MAX_SAID_CHARACTERS] + "…"
        return said

    async def aclose(self) -> None:
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    async def _small(self, method: str, path: str, body: bytes | None, type: type[T]) -> T:
        at = asyncio.get_running_loop().time() + self.timeouts.listing_s
        try:
            response = await self._open(method, path, body, at)
        except Rejected as rejected:
            raise self.failed(rejected) from rejected
        content = await self._whole(response, at)
        try:
            return msgspec.json.decode(content, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.unintelligible() from error

    async def _open(
        self, method: str, path: str, body: bytes | None, at: float
    ) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout_at(at):
                response = await self._request(method, path, body)
        except aiohttp.ServerTimeoutError as error:
            raise self.unreachable() from error
        except TimeoutError as error:
            raise self.silent() from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self.unreachable() from error
        if response.status == 200:
            return response
        said = await self._whole(response, at)
        raise Rejected(
            response.status,
            self.clean(spoken_error(said)),
            _retry_after_ms(response.headers.get("Retry-After")),
        )

    async def _whole(self, response: aiohttp.ClientResponse, at: float) -> bytes:
        body = Body(response, self, at)
        try:
            return await body.read_all()
        finally:
            body.stop()
            response.close()

    async def _request(self, method: str, path: str, body: bytes | None) -> aiohttp.ClientResponse:
        url = self._base_url + path
        session = self._opened_session()
        try:
            return await session.request(
                method, url, data=body, headers=_JSON, allow_redirects=False
            )
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            # A kept connection that the other side closed meanwhile: a fresh one decides.
            return await session.request(
                method, url, data=body, headers=_JSON, allow_redirects=False
            )

    def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # limit=0: a stream holds its connection for minutes, and 100 is the default cap.
                connector=aiohttp.TCPConnector(limit=0),
                headers={"Authorization": f"Bearer {self._key}"} if self._key else None,
                timeout=aiohttp.ClientTimeout(total=None, connect=self.timeouts.connect_s),
            )
        return self._session


class _Said(msgspec.Struct):
    error: msgspec.Raw = msgspec.Raw()
    message: str = ""
    detail: str = ""


class _Detail(msgspec.Struct):
    message: str = ""
    type: str | None = None
    code: str | int | None = None


def spoken_error(body: bytes) -> str:
    """Return the sentence in an error's body: OpenAI's object, a bare string, or plain text."""
    try:
        said = msgspec.json.decode(body, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = body[:2000].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else text
    return error_sentence(said.error) or said.message or said.detail


def error_sentence(raw: msgspec.Raw) -> str:
    """Return what the value of an ``error`` member says, with its code."""
    if not bytes(raw):
        return ""
    try:
        value = msgspec.json.decode(raw, type=_Detail | str | None)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "an error without words"
    if value is None or isinstance(value, str):
        return value or ""
    code = value.code if isinstance(value.code, str) else value.type
    return f"{value.message} ({code})" if code and code not in value.message else value.message


def _complaint(status: int, model: str) -> str:
    if status in (401, 403):
        return "refused the API key. Check it in the settings."
    if status == 404:
        return f"does not know the model{model}. Choose another one."
    if status == 429:
        return "takes no more questions now. Wait a moment and ask again."
    if status >= 500:
        return "failed. Ask again, or choose another model."
    return "refused the question."


def _retry_after_ms(header: str | None) -> int | None:
    return int(header) * 1000 if header and header.isdecimal() and len(header) < 6 else None


def _place(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    return f"{host}:{parts.port}" if parts.port else host
