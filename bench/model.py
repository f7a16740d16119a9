"""A model of OpenAI's protocol whose answers are made while they are sent."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager, suppress

import msgspec
from aiohttp import web

from tests.support.loopback import serve_app

Say = Callable[[str], AsyncGenerator[str]]
"""Yields the deltas of the answer to a question."""


class Message(msgspec.Struct):
    content: str


class Ask(msgspec.Struct):
    messages: list[Message]


@asynccontextmanager
async def serve_model(name: str, say: Say) -> AsyncGenerator[str]:
    """Yield the base URL."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name, "object": "model"}]})

    async def answer(request: web.Request) -> web.StreamResponse:
        ask = msgspec.json.decode(await request.read(), type=Ask)
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        # A server that was killed hears no more of it.
        with suppress(ConnectionError):
            await response.prepare(request)
            async with aclosing(say(ask.messages[-1].content)) as deltas:
                async for delta in deltas:
                    await response.write(_chunk({"content": delta}, None))
            await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", answer)
    async with serve_app(app, sees_leaving=True) as url:
        yield f"{url}/v1"


def _chunk(delta: dict[str, str], reason: str | None) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
