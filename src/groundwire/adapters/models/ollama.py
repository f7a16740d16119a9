"""Ollama's own API, found by itself where it usually runs."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

import msgspec

from groundwire.adapters.models.calls import (
    CallReader,
    Offered,
    Piece,
    calls_before,
    offer,
    refuses_tools,
)
from groundwire.adapters.models.ndjson import NdjsonReader
from groundwire.adapters.models.text import TextGate
from groundwire.adapters.models.tokens import estimate_tokens
from groundwire.adapters.models.upstream import (
    Body,
    Rejected,
    Timeouts,
    Upstream,
    error_sentence,
)
from groundwire.model.errors import GroundwireError
from groundwire.ports.chat_model import ChatRequest, Delta, Finish, Message, ModelInfo

logger = logging.getLogger(__name__)

DEFAULT_URL = "http://127.0.0.1:11434"

# Ollama reloads a model whose num_ctx changes, so every question of a model asks for the same.
MAX_WINDOW_TOKENS = 8192
UNKNOWN_WINDOW_TOKENS = 4096


class _Said(msgspec.Struct):
    content: str = ""
    thinking: str | None = None
    tool_calls: list[Piece] | None = None


class _Piece(msgspec.Struct):
    message: _Said | None = None
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: msgspec.Raw = msgspec.Raw()


class _Options(msgspec.Struct):
    num_ctx: int
    num_predict: int
    temperature: float


class _Function(msgspec.Struct):
    name: str
    arguments: dict[str, object]


class _Call(msgspec.Struct):
    id: str
    function: _Function


class _Message(msgspec.Struct, omit_defaults=True):
    role: str
    content: str
    tool_calls: list[_Call] = []
    tool_name: str = ""
    tool_call_id: str = ""


class _Ask(msgspec.Struct, omit_defaults=True):
    model: str
    messages: Sequence[_Message]
    options: _Options
    stream: Literal[True]
    tools: list[Offered] = []


class _Tag(msgspec.Struct):
    name: str
    digest: str = ""


class _Tags(msgspec.Struct):
    models: list[_Tag] = []


class _Shown(msgspec.Struct):
    model_info: dict[str, msgspec.Raw] = {}
    capabilities: list[str] | None = None

    def window_tokens(self) -> int | None:
        for key, raw in self.model_info.items():
            if key.endswith(".context_length"):
                length = int(raw) if bytes(raw).isdigit() else None
                return length and min(length, MAX_WINDOW_TOKENS)
        return None

    def takes_tools(self) -> bool:
        """An older Ollama does not say: its model is asked, and may refuse."""
        return self.capabilities is None or "tools" in self.capabilities


_decode = msgspec.json.Decoder(_Piece).decode


class OllamaModel:
    """One of Ollama's models; its name is added to ``toolless`` once it refuses tools."""

    def __init__(
        self, upstream: Upstream, info: ModelInfo, *, toolless: set[str] | None = None
    ) -> None:
        self._upstream = upstream
        self._info = info
        self._toolless = set[str]() if toolless is None else toolless

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finish]:
        async with self._opened(request) as body:
            answer = _Answer(self._upstream, body, request)
            while answer.finish is None:
                for delta in await answer.read():
                    yield delta
            yield answer.finish

    @asynccontextmanager
    async def _opened(self, request: ChatRequest) -> AsyncGenerator[Body]:
        async with AsyncExitStack() as stack:
            while True:
                tools = bool(request.tools) and self._info.name not in self._toolless
                ask = self._ask(request, tools=tools)
                try:
                    body = await stack.enter_async_context(self._upstream.stream("/api/chat", ask))
                    break
                except Rejected as rejected:
                    if not (tools and refuses_tools(rejected.said)):
                        raise self._upstream.failed(rejected, self._info.name) from rejected
                    self._toolless.add(self._info.name)
                    logger.warning("%s: `%s` takes no tools", self._upstream.label, self._info.name)
            yield body

    def _ask(self, request: ChatRequest, *, tools: bool) -> bytes:
        names = {call.id: call.name for call in calls_before(request)}
        return msgspec.json.encode(
            _Ask(
                model=self._info.name,
                messages=[_message(message, names) for message in request.messages],
                options=_Options(
                    num_ctx=self._info.window_tokens,
                    num_predict=request.max_tokens,
                    temperature=request.temperature,
                ),
                stream=True,
                tools=offer(request.tools) if tools else [],
            )
        )


class _Answer:
    """One stream of lines as it is read."""

    def __init__(self, upstream: Upstream, body: Body, request: ChatRequest) -> None:
        self.finish: Finish | None = None
        self._upstream = upstream
        self._body = body
        self._lines = NdjsonReader()
        self._text = TextGate()
        self._thinking = TextGate()
        self._calls = CallReader(request) if request.tools else None

    async def read(self) -> list[Delta]:
        """Return the deltas of the next bytes; sets ``finish`` at the end.

        Raises ``ModelUnavailable`` for a stream that ends without ``done``.
        """
        data = await self._body.read()
        deltas: list[Delta] = []
        for line in self._lines.feed(data) if data else self._lines.flush():
            self._take(line, deltas)
        if not data and self.finish is None:
            raise self._upstream.broken_off()
        if deltas:
            self._body.extend(self._upstream.timeouts.idle_s)
        return deltas

    def _take(self, line: bytes, deltas: list[Delta]) -> None:
        try:
            piece = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._upstream.unintelligible() from error
        if bytes(piece.error):
            raise self._upstream.failed(
                Rejected(0, self._upstream.clean(error_sentence(piece.error)), None)
            )
        if piece.message is not None:
            self._take_message(piece.message, deltas)
        if piece.done:
            if rest := self._text.flush():
                deltas.append(Delta(content=rest))
            reason = _reason(piece.done_reason)
            calls = self._calls.calls() if self._calls is not None and reason == "stop" else ()
            self.finish = Finish(
                reason="tool" if calls else reason,
                calls=calls,
                prompt_tokens=piece.prompt_eval_count,
                completion_tokens=piece.eval_count,
            )

    def _take_message(self, said: _Said, deltas: list[Delta]) -> None:
        if said.thinking and (thought := self._thinking.feed(said.thinking)):
            deltas.append(Delta(content=thought, reasoning=True))
        if said.content and (text := self._text.feed(said.content)):
            deltas.append(Delta(content=text))
        if said.tool_calls and self._calls is not None:
            self._calls.take(said.tool_calls)
            self._body.extend(self._upstream.timeouts.idle_s)


class Ollama:
    """The models of one Ollama server."""

    name = "ollama"

    def __init__(self, url: str = DEFAULT_URL, *, timeouts: Timeouts | None = None) -> None:
        self._upstream = Upstream(url, label="Ollama", timeouts=timeouts or Timeouts())
        self._shown: dict[str, _Shown] = {}
        self._toolless: set[str] = set()

    async def list_models(self) -> Sequence[ModelInfo]:
        """Return the models that can chat.

        Raises ``ModelUnavailable`` or ``UpstreamTimeout`` within the listing's limit.
        """
        tags = (await self._upstream.get("/api/tags", _Tags)).models
        unknown = [tag for tag in tags if _key(tag) not in self._shown]
        if unknown:
            await asyncio.gather(*(self._show(tag) for tag in unknown[:32]))
        return [
            ModelInfo(
                name=tag.name,
                provider=self.name,
                window_tokens=shown.window_tokens() or UNKNOWN_WINDOW_TOKENS,
                tools=shown.takes_tools() and tag.name not in self._toolless,
            )
            for tag in tags
            if (shown := self._shown.get(_key(tag), _Shown())).capabilities is None
            or "completion" in shown.capabilities
        ]

    def model(self, info: ModelInfo) -> OllamaModel:
        return OllamaModel(self._upstream, info, toolless=self._toolless)

    async def aclose(self) -> None:
        await self._upstream.aclose()

    async def _show(self, tag: _Tag) -> None:
        body = msgspec.json.encode({"model": tag.name})
        try:
            self._shown[_key(tag)] = await self._upstream.post("/api/show", body, _Shown)
        except GroundwireError:
            # An older Ollama, or a busy one: the model is listed with a small window.
            return


def _message(message: Message, names: dict[str, str]) -> _Message:
    """``names`` says of each call which tool it was of."""
    return _Message(
        role=message.role,
        content=message.content,
        tool_calls=[_Call(call.id, _Function(call.name, call.input)) for call in message.calls],
        tool_name=names.get(message.call or "", ""),
        tool_call_id=message.call or "",
    )


def _key(tag: _Tag) -> str:
    return tag.digest or tag.name


def _reason(done_reason: str | None) -> Literal["stop", "length"]:
    return "length" if done_reason == "length" else "stop"
