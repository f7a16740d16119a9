"""Any endpoint that speaks OpenAI's chat completions."""

import json
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from groundwire.adapters.models.calls import CallReader, Piece
from groundwire.adapters.models.openai_ask import encode_ask, refused_fields
from groundwire.adapters.models.sse import SseReader
from groundwire.adapters.models.text import TextGate
from groundwire.adapters.models.tokens import estimate_tokens
from groundwire.adapters.models.upstream import (
    Body,
    Rejected,
    Timeouts,
    Upstream,
    error_sentence,
)
from groundwire.model.errors import UpstreamTimeout
from groundwire.ports.chat_model import ChatRequest, Delta, Finish, ModelInfo

logger = logging.getLogger(__name__)

# Between its finish reason and its usage an endpoint may hang; the answer is whole by then.
USAGE_WAIT_S = 1.0


class _Text(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[Piece] | None = None


class _Choice(msgspec.Struct):
    delta: _Text | None = None
    message: _Text | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: msgspec.Raw = msgspec.Raw()


class _Meta(msgspec.Struct):
    n_ctx: int | None = None
    n_ctx_train: int | None = None


class _Listed(msgspec.Struct):
    id: str
    context_length: int | None = None
    context_window: int | None = None
    max_model_len: int | None = None
    max_context_length: int | None = None
    meta: _Meta | None = None


class _Listing(msgspec.Struct):
    data: list[_Listed] = []


_decode = msgspec.json.Decoder(_Chunk).decode


class OpenAIModel:
    """A model behind an endpoint; the endpoint's owner closes it.

    ``refused`` are the fields that the endpoint is known not to take for this model; what it
    refuses is added, and not sent again.
    """

    def __init__(
        self,
        upstream: Upstream,
        info: ModelInfo,
        *,
        called: str | None = None,
        refused: set[str] | None = None,
    ) -> None:
        self._upstream = upstream
        self._info = info
        self._called = called or info.name
        self._refused = set[str]() if refused is None else refused

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        async with self._opened(request) as body:
            answer = _Answer(self._upstream, body, request)
            while not answer.ended:
                for delta in await answer.read():
                    yield delta
            yield answer.finish()

    @asynccontextmanager
    async def _opened(self, request: ChatRequest) -> AsyncGenerator[Body]:
        async with AsyncExitStack() as stack:
            while True:
                without = frozenset(self._refused)
                ask = encode_ask(request, self._called, without=without)
                try:
                    body = await stack.enter_async_context(
                        self._upstream.stream("/chat/completions", ask)
                    )
                    break
                except Rejected as rejected:
                    if not self._give_in(rejected, request, without):
                        raise self._upstream.failed(rejected, self._called) from rejected
            yield body

    def _give_in(self, rejected: Rejected, request: ChatRequest, without: frozenset[str]) -> bool:
        """Remember a field that this endpoint refuses; ``True`` if asking again may help."""
        refused = refused_fields(request, rejected.status, rejected.said) - without
        self._refused |= refused
        if "tools" in refused:
            logger.warning("%s takes no tools for `%s`", self._upstream.label, self._called)
        return bool(refused)


class _Answer:
    """One stream of chunks as it is read."""

    def __init__(self, upstream: Upstream, body: Body, request: ChatRequest) -> None:
        self.ended = False
        self._upstream = upstream
        self._body = body
        self._events = SseReader()
        self._text = TextGate()
        self._reasoning = TextGate()
        # What nobody offered is not ours to do: some endpoints tell of tools of their own.
        self._calls = CallReader(request) if request.tools else None
        self._reason: Literal["stop", "length"] | None = None
        self._usage = _Usage()
        self._heard = False

    async def read(self) -> list[Delta]:
        """Return the deltas of the next bytes; sets ``ended`` once no more will come."""
        deltas: list[Delta] = []
        self._heard = False
        for event in await self._next_events():
            self._take(event, deltas)
            if self.ended:
                break
        if self.ended and (rest := self._text.flush()):
            deltas.append(Delta(content=rest))
        if deltas or self._heard:
            self._body.extend(self._upstream.timeouts.idle_s)
        return deltas

    def finish(self) -> Finish:
        """Raises ``ModelUnavailable`` for a stream that ended without saying so."""
        if self._reason is None:
            raise self._upstream.broken_off()
        # A call that the token limit cut is not what the model meant.
        reader = None if self._reason == "length" else self._calls
        calls = reader.calls() if reader else ()
        return Finish(
            reason="tool" if calls else self._reason,
            calls=calls,
            prompt_tokens=self._usage.prompt_tokens,
            completion_tokens=self._usage.completion_tokens,
        )

    async def _next_events(self) -> list[bytes]:
        if self._body.content_type == "application/json":
            # An endpoint that does not stream answers at once, in the same shape.
            return [await self._body.read_all(), b"[DONE]"]
        try:
            data = await self._body.read()
        except UpstreamTimeout:
            if self._reason is None:
                raise
            data = b""
        if data:
            return self._events.feed(data)
        self.ended = True
        return self._events.flush()

    def _take(self, event: bytes, deltas: list[Delta]) -> None:
        if event == b"[DONE]":
            self.ended = True
            self._reason = self._reason or "stop"
            return
        chunk = self._decoded(event)
        if bytes(chunk.error):
            raise self._upstream.failed(
                Rejected(0, self._upstream.clean(error_sentence(chunk.error)), None)
            )
        if chunk.usage is not None:
            self._usage = chunk.usage
        for choice in chunk.choices[:1]:
            self._take_choice(choice, deltas)

    def _take_choice(self, choice: _Choice, deltas: list[Delta]) -> None:
        text = choice.delta or choice.message
        if text is not None:
            thought = text.reasoning_content or text.reasoning
            if thought and (safe := self._reasoning.feed(thought)):
                deltas.append(Delta(content=safe, reasoning=True))
            if text.content and (safe := self._text.feed(text.content)):
                deltas.append(Delta(content=safe))
            if text.tool_calls and self._calls is not None:
                self._calls.take(text.tool_calls)
                self._heard = True
        if choice.finish_reason is not None:
            self._reason = "length" if choice.finish_reason == "length" else "stop"
            self._body.extend(USAGE_WAIT_S)

    def _decoded(self, event: bytes) -> _Chunk:
        try:
            return _decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._decoded_leniently(event)

    def _decoded_leniently(self, event: bytes) -> _Chunk:
        # Half of a surrogate pair or a byte that is not UTF-8 spoils a character, not the answer.
        try:
            return msgspec.convert(json.loads(event.decode("utf-8", "replace")), _Chunk)
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            raise self._upstream.unintelligible() from error


class OpenAIEndpoint:
    """The models of one OpenAI-compatible endpoint.

    ``base_url`` includes the version (``…/v1``); an address without a path gets ``/v1``.
    """

    name = "openai"

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None = None,
        timeouts: Timeouts | None = None,
        window_tokens: int = 8192,
    ) -> None:
        self._upstream = Upstream(
            with_version(base_url),
            label="The model endpoint",
            timeouts=timeouts or Timeouts(),
            key=key,
        )
        self._window_tokens = window_tokens
        self._refused: defaultdict[str, set[str]] = defaultdict(set)

    async def list_models(self) -> Sequence[ModelInfo]:
        """Raises ``ModelUnavailable`` or ``UpstreamTimeout`` within the listing's limit."""
        listing = await self._upstream.get("/models", _Listing)
        return [self._info(listed.id, self._window(listed)) for listed in listing.data]

    def model(self, info: ModelInfo) -> OpenAIModel:
        return OpenAIModel(self._upstream, info, refused=self._refused[info.name])

    def unlisted(self, name: str) -> ModelInfo:
        """Describe a model that the endpoint may have though its list is not to be had."""
        return self._info(name, self._window_tokens)

    async def aclose(self) -> None:
        await self._upstream.aclose()

    def _info(self, name: str, window_tokens: int) -> ModelInfo:
        """Describe a model: that it takes tools is believed until it refuses them."""
        return ModelInfo(
            name=name,
            provider=self.name,
            window_tokens=window_tokens,
            tools="tools" not in self._refused.get(name, ()),
        )

    def _window(self, listed: _Listed) -> int:
        meta = listed.meta or _Meta()
        return (
            listed.max_model_len
            or listed.context_window
            or listed.context_length
            or listed.max_context_length
            or meta.n_ctx
            or self._window_tokens
        )


def with_version(base_url: str) -> str:
    """Return ``base_url`` with ``/v1`` if it has no path at all."""
    bare = base_url.rstrip("/")
    return bare if urlsplit(bare).path else bare + "/v1"
