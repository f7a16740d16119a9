"""The model: an OpenAI-compatible endpoint that takes its time until the faults have struck."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from bench.soak.plan import Question, recite

MODEL = "reciter"
PACE_S = 0.004
PATIENCE_S = 60.0
"""A model that waits for faults longer than that says the rest all the same."""


@dataclass(slots=True)
class Progress:
    """How many of the faults of a round have struck."""

    of: int
    struck: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def advance(self) -> None:
        async with self._changed:
            self.struck += 1
            self._changed.notify_all()

    async def reach(self, share: float) -> None:
        """Return once that share of them, rounded down, has struck."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.struck >= int(share * self.of))


@dataclass(slots=True)
class Reciter:
    """``attempts`` counts how often each question reached the model."""

    seed: int
    attempts: Counter[str] = field(default_factory=Counter[str])
    _due: dict[str, tuple[Question, Progress]] = field(
        default_factory=dict[str, tuple[Question, Progress]]
    )

    def expect(self, question: Question, progress: Progress) -> None:
        self._due[question.key] = (question, progress)

    @asynccontextmanager
    async def serve(self) -> AsyncGenerator[str]:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        finally:
            await runner.cleanup()

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": MODEL, "object": "model"}]})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        content: str = (await request.json())["messages"][-1]["content"]
        question, progress = self._due[content.split(" ")[0]]
        attempt = self.attempts[question.key]
        self.attempts[question.key] += 1
        deltas = recite(self.seed, question.key, question.words, attempt)
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        # A server that was killed hears no more of it.
        with suppress(ConnectionError):
            await response.prepare(request)
            for n, delta in enumerate(deltas, start=1):
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        await progress.reach(n / len(deltas))
                await response.write(_chunk({"content": delta}, None))
                await asyncio.sleep(PACE_S)
            await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
        return response


def _chunk(delta: dict[str, str], reason: str | None) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
