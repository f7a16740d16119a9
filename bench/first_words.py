"""Times real documents from their upload on, against the parser and the embedder alone.

    python -m bench.first_words --documents FILE... [--window 20] [--json] [--save]

Each document goes to a server of its own, in a folder that is forgotten afterwards: once while
the server is idle, then again (one byte longer, so that it is another document) while the first
is being embedded. What is given beside the times are ratios within the run.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgspec

from bench import saved
from bench.plain_questions import own_server
from groundwire.adapters.embedder.local import LocalEmbedder
from groundwire.adapters.parsers.pool import ParserPool
from groundwire.cut.chunk import chunk_blocks, embedding_text
from groundwire.model.ids import DocumentId

RESULTS = Path(__file__).parent / "results" / "first_words.json"
PATIENCE_S = 120.0
LOOK_AGAIN_S = 0.01
SAMPLE = 24


class _State(msgspec.Struct):
    id: str
    status: str = ""
    searchable: str = "none"
    embedded: int = 0
    reason: str | None = None


class _Uploaded(msgspec.Struct):
    documents: list[_State]


class Server:
    """One workspace of a running server."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._api = f"{url}/api/v1"

    async def words_s(self, name: str, content: bytes) -> tuple[str, float]:
        """Upload; return the document and the seconds until its words find it."""
        async with self._session.post(f"{self._api}/workspaces", json={"name": name}) as response:
            workspace = msgspec.json.decode(await response.read(), type=_State).id
        form = aiohttp.FormData()
        form.add_field("file", content, filename=name)
        began = time.monotonic()
        url = f"{self._api}/workspaces/{workspace}/documents"
        async with self._session.post(url, data=form) as response:
            response.raise_for_status()
            id = msgspec.json.decode(await response.read(), type=_Uploaded).documents[0].id
        async with asyncio.timeout(PATIENCE_S):
            await self._until(id, lambda state: state.searchable != "none")
        return id, time.monotonic() - began

    async def embedded_per_s(self, id: str, window_s: float) -> float:
        """Watch the embedding from its first batch on, for ``window_s`` or to its end."""
        async with asyncio.timeout(PATIENCE_S):
            first = await self._until(id, lambda state: state.embedded > 0)
        last, began, seen = first, time.monotonic(), time.monotonic()
        while last.status == "embedding" and time.monotonic() - began < window_s:
            await asyncio.sleep(LOOK_AGAIN_S)
            state = await self._state(id)
            if state.embedded > last.embedded:
                last, seen = state, time.monotonic()
        return (last.embedded - first.embedded) / max(seen - began, LOOK_AGAIN_S)

    async def _until(self, id: str, wanted: Callable[[_State], bool]) -> _State:
        while True:
            state = await self._state(id)
            if wanted(state):
                return state
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _state(self, id: str) -> _State:
        async with self._session.get(f"{self._api}/documents/{id}") as response:
            state = msgspec.json.decode(await response.read(), type=_State)
        if state.status == "failed":
            raise RuntimeError(state.reason or "the document failed")
        return state


async def measure(path: Path, window_s: float) -> dict[str, object]:
    pages, texts, parser_s = await _parser_alone(path)
    content = await asyncio.to_thread(path.read_bytes)
    async with own_server() as (url, key):
        headers = {"Authorization": f"Bearer {key}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            server = Server(session, url)
            id, idle_s = await server.words_s(path.name, content)
            embedded = await server.embedded_per_s(id, window_s)
            _, busy_s = await server.words_s(path.name, content + b"\n")
    alone = await _embedder_alone(texts)
    return {
        "document": path.name,
        "pages": pages,
        "passages": len(texts),
        "parser_alone_s": round(parser_s, 2),
        "words_idle_s": round(idle_s, 2),
        "words_while_embedding_s": round(busy_s, 2),
        "pages_per_s": round((pages or 0) / idle_s),
        "embedder_alone_per_s": round(alone, 1),
        "embedded_per_s": round(embedded, 1),
        "words_to_parser": round(idle_s / parser_s, 2),
        "embedded_to_embedder": round(embedded / alone, 2),
    }


async def _parser_alone(path: Path) -> tuple[int | None, list[str], float]:
    """Return the pages, the texts to embed and the seconds of a warm parser."""
    parser = ParserPool(size=1)
    await parser.warm()
    try:
        await parser.parse(path, name=path.name)
        began = time.monotonic()
        parsed = await parser.parse(path, name=path.name)
        taken = time.monotonic() - began
    finally:
        await parser.close()
    chunks = chunk_blocks(DocumentId("d"), parsed.blocks)
    return parsed.pages, [embedding_text(chunk, path.name) for chunk in chunks], taken


async def _embedder_alone(texts: list[str]) -> float:
    """Return passages per second."""
    embedder = LocalEmbedder()
    try:
        await embedder.warm()
        began = time.monotonic()
        await embedder.embed(texts[:SAMPLE], kind="passage")
        return min(SAMPLE, len(texts)) / (time.monotonic() - began)
    finally:
        await embedder.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--documents", type=Path, nargs="+", required=True)
    parser.add_argument("--window", type=float, default=20.0, help="seconds of embedding to watch")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", action="store_true", help=f"keep it in {RESULTS.name}")
    asked = parser.parse_args()
    results = [asyncio.run(measure(path, asked.window)) for path in asked.documents]
    text = json.dumps(results, indent=2)
    if asked.json:
        print(text)
    else:
        for result in results:
            print("\n".join(f"{name:>26}  {value}" for name, value in result.items()), "\n")
    if asked.save:
        saved.write(RESULTS, saved.merge_rows(saved.read(RESULTS), results, "document"))


if __name__ == "__main__":
    main()
