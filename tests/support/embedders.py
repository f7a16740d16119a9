"""Ollama's ``/api/embed`` with several embedders that may be held, be away, and are counted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.embedder.unrelated import CHINESE_STATEMENTS, ENGLISH_STATEMENTS
from tests.support.loopback import serve_app

# What stands before a passage for models of this family, by which it is told from a question.
FAMILY, PREFIX = "e5-", "passage: "
MEASURED = frozenset(PREFIX + text for text in (*ENGLISH_STATEMENTS, *CHINESE_STATEMENTS))

# Its vectors need not be of unit length.
LENGTH = 3.0


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    model: str
    input: str | list[str]
    truncate: bool = True


@dataclass
class Model:
    """``asked`` are the passages that it embedded; after ``left`` more of them it waits."""

    embedder: ScriptedEmbedder
    asked: list[str] = field(default_factory=list[str])
    left: int | None = None
    down: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def embed(self, texts: list[str]) -> web.Response:
        passages = [text for text in texts if text.startswith(PREFIX) and text not in MEASURED]
        async with self.changed:
            if passages:
                await self.changed.wait_for(lambda: self.left is None or self.left > 0 or self.down)
            if self.down:
                return web.json_response({"error": "model is away"}, status=503)
            if self.left is not None:
                self.left -= len(passages)
            self.asked += passages
            self.changed.notify_all()
        bare = [text.split(": ", 1)[1] for text in texts]
        rows = await self.embedder.embed(bare, kind="passage") * LENGTH
        return web.json_response({"embeddings": rows.tolist()})

    async def set(self, *, left: int | None = None, down: bool = False) -> None:
        async with self.changed:
            self.left, self.down = left, down
            self.changed.notify_all()

    async def until_asked(self, count: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.asked) >= count)


@dataclass
class Embedders:
    url: str
    models: dict[str, Model]


@asynccontextmanager
async def embedders(**dimensions: int) -> AsyncGenerator[Embedders]:
    """Serve a model ``e5-NAME`` of so many dimensions for each."""
    models = {name: Model(ScriptedEmbedder(dimensions=n)) for name, n in dimensions.items()}

    async def embed(request: web.Request) -> web.Response:
        ask = msgspec.json.decode(await request.read(), type=Ask)
        texts = [ask.input] if isinstance(ask.input, str) else ask.input
        return await models[ask.model.removeprefix(FAMILY)].embed(texts)

    app = web.Application()
    app.router.add_post("/api/embed", embed)
    async with serve_app(app) as url:
        yield Embedders(url, models)
