"""An OpenAI-compatible endpoint of embeddings that a script makes: for volume, without a model."""

import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from tests.support.loopback import serve_app

MODEL = "scripted"
DIMENSIONS = 384
LENGTH_OF_GRAMS = 5
MOST_BYTES = 64 << 20
# Odd, so that no gram is lost on the way to its bucket.
SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Ask(msgspec.Struct):
    model: str
    input: list[str]


class Row(msgspec.Struct):
    index: int
    embedding: list[float]


class Answer(msgspec.Struct):
    data: list[Row]


@dataclass(slots=True)
class Embeddings:
    """``texts`` and ``requests`` are how many came."""

    texts: int = 0
    requests: int = 0

    @asynccontextmanager
    async def serve(self) -> AsyncGenerator[str]:
        """Yield the base URL."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post("/v1/embeddings", self._answer)
        async with serve_app(app) as url:
            yield f"{url}/v1"

    async def _answer(self, request: web.Request) -> web.Response:
        ask = msgspec.json.decode(await request.read(), type=Ask)
        self.texts += len(ask.input)
        self.requests += 1
        rows = [Row(n, row.tolist()) for n, row in enumerate(vectors(ask.input))]
        body = msgspec.json.encode(Answer(rows))
        return web.Response(body=body, content_type="application/json")


def settings(url: str) -> dict[str, str]:
    """Return what tells a server to embed there."""
    return {"GROUNDWIRE_EMBEDDER": f"openai:{MODEL}", "GROUNDWIRE_EMBEDDER_URL": url}


def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return a unit vector for each text; texts that share runs of bytes are near each other."""
    return np.stack([_vector(text.casefold().encode(errors="replace")) for text in texts])


def _vector(text: bytes) -> NDArray[np.float32]:
    padded = np.frombuffer(b" " * LENGTH_OF_GRAMS + text, np.uint8).astype(np.uint64)
    grams = sum(
        padded[n : len(padded) - LENGTH_OF_GRAMS + n] << np.uint64(8 * n)
        for n in range(LENGTH_OF_GRAMS)
    )
    buckets = np.asarray(grams * SPREAD >> np.uint64(32), np.int64) % DIMENSIONS
    counts = np.bincount(buckets, minlength=DIMENSIONS).astype(np.float32)
    # Of its own, so that no two texts are the same vector by their grams alone.
    counts[zlib.crc32(text) % DIMENSIONS] += 1
    return (counts / np.linalg.norm(counts)).astype(np.float32)
