"""From the embedded model to one behind an endpoint, with kill -9 in the middle of it."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from groundwire.ingest.index import BATCH
from tests.support.embedders import embedders
from tests.support.process import Process, create_key, start

pytestmark = [pytest.mark.slow, pytest.mark.model]

HERONS = "The heron nests in April. It eats fish and frogs."
TEXTS = [
    HERONS,
    *(f"The price of bread rose {n} times in the year {1800 + n}." for n in range(BATCH + 3)),
]
# It shares no word with any text: who finds the right one has found it by its meaning.
QUESTION = "heronries nestlings"


class Client:
    def __init__(self, process: Process, http: httpx.AsyncClient, workspace: str) -> None:
        self.process = process
        self._http = http
        self._at = f"{process.http}/api/v1/workspaces/{workspace}"

    async def upload(self, texts: list[str]) -> None:
        files = [("file", (f"{n}.txt", text.encode())) for n, text in enumerate(texts)]
        answer = await self._http.post(f"{self._at}/documents", files=files)
        assert answer.status_code == 202

    async def until_ready(self) -> None:
        async with asyncio.timeout(60):
            while True:
                documents = (await self._http.get(f"{self._at}/documents")).json()["documents"]
                if all(each["status"] == "ready" for each in documents):
                    return
                await asyncio.sleep(0.05)

    async def embedder(self) -> dict[str, Any]:
        return (await self._http.get(f"{self._at}/embedder")).json()

    async def until_done(self, count: int) -> dict[str, Any]:
        """Ask all the while; return how it is once so many passages are embedded anew, or all."""
        async with asyncio.timeout(60):
            while True:
                await self.check_answer()
                now = await self.embedder()
                if now["coming"] is None or now["coming"]["done"] >= count:
                    return now

    async def check_answer(self) -> None:
        asked = {"query": QUESTION, "limit": 3}
        answer = await self._http.post(f"{self._at}/search", json=asked)
        assert answer.json()["passages"][0]["text"] == HERONS


async def test_kill_9_in_the_middle_of_a_change_costs_nothing_that_was_embedded(
    tmp_path: Path,
) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    key = await create_key(data)
    async with embedders(two=512) as models, httpx.AsyncClient(trust_env=False) as http:
        http.headers["Authorization"] = f"Bearer {key}"
        two = models.models["two"]
        settings = {"embedder": "ollama:e5-two", "embedder_url": models.url}
        async with start(data, key, log) as process:
            found = (await http.get(f"{process.http}/api/v1/workspaces")).json()["workspaces"]
            workspace = found[0]["id"]
            client = Client(process, http, workspace)
            await client.upload(TEXTS)
            await client.until_ready()
            await client.check_answer()
            first = (await client.embedder())["embedder"]

        await two.set(left=1)
        async with start(data, key, log, **settings) as process:
            client = Client(process, http, workspace)
            now = await client.until_done(BATCH)
            assert (now["embedder"], now["coming"]["embedder"]) == (first, "ollama:e5-two")
            kept = list(two.asked)
            await process.kill()

        async with start(data, key, log, **settings) as process:
            client = Client(process, http, workspace)
            now = await client.until_done(BATCH)
            assert (now["coming"]["done"], now["coming"]["total"]) == (BATCH, len(TEXTS))
            await two.set()
            now = await client.until_done(len(TEXTS) + 1)
            assert now == {"embedder": "ollama:e5-two", "reason": None, "coming": None}
            await client.check_answer()

    counted = Counter(two.asked)
    assert len(kept) == BATCH
    assert all(counted[text] == 1 for text in kept)
    assert len(counted) == len(TEXTS)
