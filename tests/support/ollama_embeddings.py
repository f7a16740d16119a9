"""Ollama's ``/api/embed``, with vectors that a script makes; they are not of unit length."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from groundwire.adapters.embedder.scripted import ScriptedEmbedder

LENGTH = 3.0


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    model: str
    input: str | list[str]
    truncate: bool = True


@asynccontextmanager
async def ollama_embeddings() -> AsyncGenerator[str]:
    """Yield the base URL of a server of our own."""
    embedder = ScriptedEmbedder()

    async def embed(request: web.Request) -> web.Response:
        ask = msgspec.json.decode(await request.read(), type=Ask)
        texts = [ask.input] if isinstance(ask.input, str) else ask.input
        rows = await embedder.embed(texts, kind="passage") * LENGTH
        return web.json_response({"model": ask.model, "embeddings": rows.tolist()})

    app = web.Application()
    app.router.add_post("/api/embed", embed)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
