"""What we add to a model's own speed: before its first token, and to each token after it.

A model server that stamps each token with the time is asked bare, over HTTP, and through a
real server of ours, over its WebSocket, in turns; the difference is ours. Retrieval is apart:
the conversations have no documents. ``python -m bench.first_token``
"""

import argparse
import asyncio
import json
import os
import platform
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

import msgspec
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect

from bench import saved
from bench.model import serve_model
from bench.server import serve

RESULT = Path(__file__).parent / "results" / "first_token.json"
MODEL = "stamps"
Open = Callable[[], connect]
"""Opens a socket: ``async with open() as socket``."""


class Stamps:
    """A model whose tokens say when they were made."""

    def __init__(self) -> None:
        self.tokens, self.pace_s = 1, 0.0

    def serve(self) -> AbstractAsyncContextManager[str]:
        """Yield the base URL."""
        return serve_model(MODEL, self._say)

    async def _say(self, _question: str) -> AsyncGenerator[str]:
        for _ in range(self.tokens):
            yield f"{time.perf_counter_ns()} "
            await asyncio.sleep(self.pace_s)


class Run(msgspec.Struct):
    """Milliseconds from the question to the first token, and of each token from its making."""

    first: float
    tokens: list[float]


async def ask_bare(session: ClientSession, url: str) -> Run:
    start, arrivals = time.perf_counter_ns(), list[tuple[int, int]]()
    body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    async with session.post(f"{url}/chat/completions", json=body) as response:
        async for line in response.content:
            if b'"content"' in line:
                content = msgspec.json.decode(line[6:])["choices"][0]["delta"]["content"]
                arrivals.append((time.perf_counter_ns(), int(content)))
    return _run(start, arrivals)


async def ask_through(socket: ClientConnection, session: str) -> Run:
    start, arrivals = time.perf_counter_ns(), list[tuple[int, int]]()
    frame = {"type": "chat_message", "content": "hi", "sessionId": session, "model": MODEL}
    await socket.send(json.dumps(frame))
    while True:
        received: dict[str, Any] = msgspec.json.decode(await socket.recv())
        if received["type"] == "token":
            arrivals.append((time.perf_counter_ns(), int(received["content"])))
        elif received["type"] in ("done", "error"):
            return _run(start, arrivals)


def _run(start: int, arrivals: Sequence[tuple[int, int]]) -> Run:
    assert arrivals, "there was no answer"
    return Run(
        first=(arrivals[0][0] - start) / 1e6,
        tokens=[(arrived - made) / 1e6 for arrived, made in arrivals],
    )


@asynccontextmanager
async def serve_ours(upstream: str) -> AsyncGenerator[Open]:
    """Yield what opens sockets to a server in a process of its own."""
    settings = {
        "GROUNDWIRE_OPENAI_BASE_URL": upstream,
        "GROUNDWIRE_OLLAMA_URL": "http://127.0.0.1:9",
        "GROUNDWIRE_LIMITS": "off",
    }
    with tempfile.TemporaryDirectory() as folder:
        async with serve(Path(folder), settings) as server:
            yield partial(connect, server.stream, additional_headers=server.headers, proxy=None)


async def measure(questions: int, answers: int, tokens: int, pace_s: float) -> dict[str, Any]:
    model = Stamps()
    async with (
        model.serve() as url,
        ClientSession() as session,
        serve_ours(url) as open,
        open() as socket,
    ):
        for n in range(10):
            await ask_bare(session, url)
            await ask_through(socket, f"warm-{n}")
        firsts: list[tuple[float, float]] = []
        for n in range(questions):
            bare, through = await ask_bare(session, url), await ask_through(socket, f"first-{n}")
            firsts.append((bare.first, through.first))
        model.tokens, model.pace_s = tokens, pace_s
        each: tuple[list[float], list[float]] = ([], [])
        for n in range(answers):
            each[0].extend((await ask_bare(session, url)).tokens)
            each[1].extend((await ask_through(socket, f"paced-{n}")).tokens)
    return {
        "firstTokenMs": _compare([bare for bare, _ in firsts], [ours for _, ours in firsts]),
        "perTokenMs": _compare(*each),
        "questions": questions,
        "pacedTokens": answers * tokens,
        "paceMs": pace_s * 1000,
    }


def _compare(bare: Sequence[float], ours: Sequence[float]) -> dict[str, dict[str, float]]:
    """Percentiles of both, and by how much ours are later."""
    marks = {"p50": 49, "p95": 94, "p99": 98}
    cuts = quantiles(bare, n=100), quantiles(ours, n=100)
    return {
        "bare": {name: round(cuts[0][mark], 3) for name, mark in marks.items()},
        "ours": {name: round(cuts[1][mark], 3) for name, mark in marks.items()},
        "added": {name: round(cuts[1][mark] - cuts[0][mark], 3) for name, mark in marks.items()},
    }


def where() -> dict[str, object]:
    """Say what a result was measured on."""
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    return {"machine": machine, "loadBefore": round(os.getloadavg()[0], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--answers", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=100, help="in each of the paced answers")
    parser.add_argument("--pace-ms", type=float, default=20.0)
    parser.add_argument("--save", action="store_true", help=f"keep it in {RESULT.name}")
    options = parser.parse_args()
    before = where()
    measured = asyncio.run(
        measure(options.questions, options.answers, options.tokens, options.pace_ms / 1000)
    )
    result = {**measured, **before}
    print(json.dumps(result, indent=2))
    if options.save:
        saved.write(RESULT, result)


if __name__ == "__main__":
    main()
