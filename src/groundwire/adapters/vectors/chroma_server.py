"""Vectors on a Chroma server, by its HTTP interface of version 2.

Chroma's own library would need 90 packages for these four requests, and leaves connections open.
"""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
import numpy as np
from numpy.typing import NDArray

from groundwire.adapters.vectors.chroma import COSINE, hits, origin, scope
from groundwire.adapters.vectors.failures import unavailable
from groundwire.model.errors import InvalidField
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit

T = TypeVar("T")

DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"
TIMEOUT_S = 20.0
MOST_SAID = 200


class _Collection(msgspec.Struct):
    id: str


class _Found(msgspec.Struct):
    """For each vector asked for, of which there is one, what is near it."""

    ids: list[list[str]]
    distances: list[list[float]]


class ChromaServerVectors:
    """A `VectorStore`. Chroma's search is approximate: it may miss a chunk that is near.

    ``address`` is ``chroma+http://HOST:PORT``; a token for the server goes before an ``@``, as
    the password of nobody.
    """

    def __init__(self, address: str) -> None:
        try:
            url = urlsplit(address.removeprefix("chroma+"))
            port = url.port or (443 if url.scheme == "https" else 8000)
        except ValueError as error:
            raise InvalidField("vectors", f"GROUNDWIRE_VECTORS: {error}.") from error
        if url.scheme not in ("http", "https") or not url.hostname:
            raise InvalidField(
                "vectors", f"GROUNDWIRE_VECTORS is no `chroma+http://HOST:PORT`: {url.hostname}."
            )
        host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
        self._base = f"{url.scheme}://{host}:{port}"
        self._headers = {"X-Chroma-Token": url.password} if url.password else {}
        self._session: aiohttp.ClientSession | None = None
        self._ids: dict[str, str] = {}

    @property
    def place(self) -> str:
        return f"chroma+{self._base}"

    async def put(
        self,
        collection: str,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        about = [origin(workspace, document)] * len(chunks)
        body = {"ids": chunks, "embeddings": vectors.tolist(), "metadatas": about}
        await self._ask(collection, "upsert", body, object)

    async def remove(self, collection: str, chunks: Sequence[ChunkId]) -> None:
        await self._ask(collection, "delete", {"ids": chunks}, object)

    async def nearest(
        self,
        collection: str,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
    ) -> Sequence[Hit]:
        body = {
            "query_embeddings": [vector.tolist()],
            "n_results": limit,
            "where": scope(workspace, documents),
            "include": ["distances"],
        }
        found = await self._ask(collection, "query", body, _Found)
        return hits(found.ids[0], found.distances[0])

    async def check(self) -> str:
        async with self._failing_in_words():
            return f"Chroma {await self._request('GET', '/api/v2/version', None, str)}"

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, collection: str, verb: str, body: object, form: type[T]) -> T:
        """Ask for something to be done with the collection, which is made if it is not there."""
        async with self._failing_in_words():
            if collection not in self._ids:
                wanted = {"name": collection, "get_or_create": True, "configuration": COSINE}
                made = await self._request("POST", f"{DATABASE}/collections", wanted, _Collection)
                self._ids[collection] = made.id
            path = f"{DATABASE}/collections/{self._ids[collection]}/{verb}"
            return await self._request("POST", path, body, form)

    @asynccontextmanager
    async def _failing_in_words(self) -> AsyncGenerator[None]:
        try:
            yield
        except (aiohttp.ClientError, OSError, msgspec.MsgspecError) as error:
            # Somebody may have removed the collection: it is made again the next time.
            self._ids.clear()
            raise unavailable(f"Chroma ({self.place})", error) from error

    async def _request(self, method: str, path: str, body: object, form: type[T]) -> T:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers, timeout=aiohttp.ClientTimeout(TIMEOUT_S)
            )
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        url = self._base + path
        async with self._session.request(method, url, data=data, headers=headers) as response:
            answer = await response.read()
        if not response.ok:
            said = answer[:MOST_SAID].decode(errors="replace")
            raise aiohttp.ClientError(f"{response.status} {said}")
        return msgspec.json.decode(answer, type=form)
