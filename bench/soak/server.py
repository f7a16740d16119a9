"""The server under test, which is restarted again and again."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from bench.server import Server, serve
from bench.soak.plan import Restart
from bench.soak.reciter import MODEL

SETTINGS = {
    "GROUNDWIRE_MODEL": MODEL,
    "GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9",
    "GROUNDWIRE_LIMITS": "off",
    # Clients notice a half-open connection by this, ...
    "GROUNDWIRE_HEARTBEAT": "2",
    # ... a model waits for faults, and what was said is merged while it is still read.
    "GROUNDWIRE_TOKEN_TIMEOUT": "120",
    "GROUNDWIRE_COMPACT_AFTER": "10",
}


def serve_soaked(folder: Path, upstream: str) -> AbstractAsyncContextManager[Server]:
    return serve(folder, {**SETTINGS, "GROUNDWIRE_OPENAI_BASE_URL": upstream})


async def suffer(server: Server, restarts: Iterator[Restart]) -> None:
    """Restart it again and again, for ever."""
    for each in restarts:
        await asyncio.sleep(each.after_s)
        await server.restart(is_kill=each.is_kill)
