"""A model server that says what it was told to say, in OpenAI's and in Ollama's protocol.

For tests, benchmarks and demonstrations: ``python -m groundwire.adapters.models.scripted_server``
serves on loopback and echoes text at a pace. It notes for each request whether its client cut it.
"""

import argparse
import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal, Self

import msgspec
from aiohttp import web

from groundwire.ports.chat_model import Call

Protocol = Literal["openai", "ollama"]

LOREM = ("The", "quick", "fox", "jumps", "over", "the", "lazy", "dog.", "敏捷的狐狸。", "😀")


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What one request gets.

    ``status`` other than 200 answers with ``body`` at once. Otherwise ``deltas`` are sent,
    ``pace_s`` apart, after ``delay_s``, and then ``calls``, in pieces where the protocol has
    them so; then the stream ends as ``end`` says. ``raw`` replaces
    all of it by these very bytes, one write each; with ``json`` they are one body, not a stream.
    """

    deltas: tuple[str, ...] = ("Hello", " world", "!")
    thoughts: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    status: int = 200
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    raw: tuple[bytes, ...] = ()
    json: bool = False
    delay_s: float = 0.0
    pace_s: float = 0.0
    end: Literal["finish", "length", "no_finish", "hang", "reset"] = "finish"


class Asked(msgspec.Struct, kw_only=True):
    """A request as it was seen. ``cut_at`` is ``time.monotonic()`` when its client left."""

    protocol: Protocol
    body: dict[str, object]
    authorization: str | None
    deltas_sent: int = 0
    cut_at: float | None = None
    ended: bool = False


class ScriptedServer:
    """``async with ScriptedServer() as server:`` listens on a free port of loopback."""

    def __init__(
        self,
        *,
        port: int = 0,
        models: tuple[str, ...] = ("llama3:latest",),
        default: Reply | None = None,
    ) -> None:
        self.models = models
        self.asked: list[Asked] = []
        self.url = ""
        self._port = port
        self._replies: deque[Reply] = deque()
        self._default = default or Reply()
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    def enqueue(self, reply: Reply) -> None:
        self._replies.append(reply)

    @property
    def openai_url(self) -> str:
        return self.url + "/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._openai)
        app.router.add_get("/v1/models", self._openai_models)
        app.router.add_post("/api/chat", self._ollama)
        app.router.add_get("/api/tags", self._ollama_tags)
        app.router.add_post("/api/show", self._ollama_show)
        # handler_cancellation: a request is seen to be cut when its connection is lost.
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Return once ``holds``; looked at whenever a request moves."""
        while not holds():
            await self._changed.wait()
            self._changed.clear()

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "openai")

    async def _ollama(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "ollama")

    async def _answer(self, request: web.Request, protocol: Protocol) -> web.StreamResponse:
        asked = Asked(
            protocol=protocol,
            body=msgspec.json.decode(await request.read(), type=dict[str, object]),
            authorization=request.headers.get("Authorization"),
        )
        self.asked.append(asked)
        self._changed.set()
        reply = self._replies.popleft() if self._replies else self._default
        try:
            await asyncio.sleep(reply.delay_s)
            if reply.status != 200:
                return web.Response(
                    status=reply.status,
                    text=reply.body,
                    content_type=reply.content_type,
                    headers=reply.headers,
                )
            return await self._stream(request, reply, asked)
        except (asyncio.CancelledError, ConnectionError):
            asked.cut_at = time.monotonic()
            raise
        finally:
            asked.ended = True
            self._changed.set()

    async def _stream(self, request: web.Request, reply: Reply, asked: Asked) -> web.StreamResponse:
        openai = asked.protocol == "openai"
        response = web.StreamResponse()
        response.content_type = "text/event-stream" if openai else "application/x-ndjson"
        if reply.json:
            response.content_type = "application/json"
        await response.prepare(request)
        for piece in reply.raw or _pieces(reply, asked.protocol):
            await response.write(piece)
            asked.deltas_sent += 1
            self._changed.set()
            await asyncio.sleep(reply.pace_s)
        if reply.end == "hang":
            await asyncio.Event().wait()
        if reply.end == "reset" and request.transport is not None:
            request.transport.abort()
        if not reply.raw and reply.end in ("finish", "length"):
            await response.write(_ending(reply, asked.protocol))
        return response

    async def _openai_models(self, _: web.Request) -> web.Response:
        listed = [{"id": name, "object": "model"} for name in self.models]
        return web.json_response({"object": "list", "data": listed})

    async def _ollama_tags(self, _: web.Request) -> web.Response:
        tags = [{"name": name, "digest": f"digest-of-{name}"} for name in self.models]
        return web.json_response({"models": tags})

    async def _ollama_show(self, request: web.Request) -> web.Response:
        name = str((await request.json())["model"])
        does = ["embedding"] if "embed" in name else ["completion", "tools"]
        if "toolless" in name:
            does.remove("tools")
        return web.json_response(
            {"model_info": {"llama.context_length": 131072}, "capabilities": does}
        )


def _pieces(reply: Reply, protocol: Protocol) -> list[bytes]:
    if protocol == "openai":
        thoughts = [_sse({"reasoning_content": text}) for text in reply.thoughts]
        calls = [piece for n, call in enumerate(reply.calls) for piece in _openai_call(n, call)]
        return [*thoughts, *(_sse({"content": text}) for text in reply.deltas), *calls]
    thoughts = [_line({"content": "", "thinking": text}) for text in reply.thoughts]
    calls = [_ollama_call(n, call) for n, call in enumerate(reply.calls)]
    return [*thoughts, *(_line({"content": text}) for text in reply.deltas), *calls]


def _openai_call(n: int, call: Call) -> list[bytes]:
    """Spell the call as OpenAI does: its name first, then its input cut anywhere."""
    arguments = json.dumps(call.input, ensure_ascii=False)
    half = len(arguments) // 2
    begin = {"name": call.name, "arguments": ""}
    pieces: list[dict[str, object]] = [
        {"index": n, "id": call.id, "type": "function", "function": begin},
        {"index": n, "function": {"arguments": arguments[:half]}},
        {"index": n, "function": {"arguments": arguments[half:]}},
    ]
    return [_sse({"tool_calls": [piece]}) for piece in pieces]


def _ollama_call(n: int, call: Call) -> bytes:
    function = {"index": n, "name": call.name, "arguments": call.input}
    return _line({"content": "", "tool_calls": [{"id": call.id, "function": function}]})


def _ending(reply: Reply, protocol: Protocol) -> bytes:
    reason = "length" if reply.end == "length" else "stop"
    count = len(reply.deltas)
    if protocol == "ollama":
        counts = {"prompt_eval_count": 7, "eval_count": count}
        return _line({"content": ""}, done=True, done_reason=reason, **counts)
    if reply.calls and reason == "stop":
        reason = "tool_calls"
    usage = {"prompt_tokens": 7, "completion_tokens": count}
    last = json.dumps({"choices": [], "usage": usage})
    return _sse({}, reason) + f"data: {last}\n\ndata: [DONE]\n\n".encode()


def _sse(delta: Mapping[str, object], reason: str | None = None) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def _line(message: Mapping[str, object], *, done: bool = False, **rest: object) -> bytes:
    piece = {"message": {"role": "assistant", **message}, "done": done, **rest}
    return json.dumps(piece, ensure_ascii=False).encode() + b"\n"


async def _serve(port: int, tokens: int, pace_s: float) -> None:
    deltas = tuple(LOREM[i % len(LOREM)] + " " for i in range(tokens))
    server = ScriptedServer(port=port, default=Reply(deltas=deltas, pace_s=pace_s))
    async with server:
        print(f"OpenAI: {server.openai_url}  Ollama: {server.url}", flush=True)  # noqa: T201
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tokens", type=int, default=200, help="deltas in each answer")
    parser.add_argument("--pace-ms", type=float, default=20.0, help="between two deltas")
    options = parser.parse_args()
    asyncio.run(_serve(options.port, options.tokens, options.pace_ms / 1000))


if __name__ == "__main__":
    main()
