"""Chunks here, vectors elsewhere: what happens when elsewhere fails, at each step."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedded import vector_spaces
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.model.documents import Chunk
from groundwire.model.errors import VectorsUnavailable
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit

HOME = WorkspaceId("w")
GUIDE = DocumentId("d")
VECTORS = np.eye(4, dtype=np.float32)


class FailingStore:
    """Keeps vectors, and fails before or after it does what it is asked while ``down`` says so."""

    place = "memory"

    def __init__(self) -> None:
        self.kept: dict[tuple[str, ChunkId], NDArray[np.float32]] = {}
        self.down: str | None = None

    async def put(
        self,
        collection: str,
        workspace: WorkspaceId,
        document: DocumentId,
        chunks: Sequence[ChunkId],
        vectors: NDArray[np.float32],
    ) -> None:
        self._fail("before")
        self.kept |= {(collection, id): row for id, row in zip(chunks, vectors, strict=True)}
        self._fail("after")

    async def remove(self, collection: str, chunks: Sequence[ChunkId]) -> None:
        self._fail("before")
        for id in chunks:
            self.kept.pop((collection, id), None)
        self._fail("after")

    async def nearest(
        self,
        collection: str,
        workspace: WorkspaceId,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Collection[DocumentId] | None,
    ) -> Sequence[Hit]:
        self._fail("before")
        if self.down == "silent":
            await asyncio.Event().wait()
        hits = [Hit(id, float(row @ vector)) for (name, id), row in self.kept.items()
                if name == collection]  # fmt: skip
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    async def check(self) -> str:
        return "memory"

    async def aclose(self) -> None:
        pass

    def _fail(self, when: str) -> None:
        if self.down == when:
            raise VectorsUnavailable("It is down.")


@pytest.fixture
def store() -> FailingStore:
    return FailingStore()


@pytest.fixture
def index(store: FailingStore, tmp_path: Path) -> Iterator[SqliteIndex]:
    index = SqliteIndex(tmp_path / "index.db", embedder="test", vectors=store)
    yield index
    index.close()


def chunks(*texts: str) -> list[Chunk]:
    return [
        Chunk(id=ChunkId(f"d:{n}"), document=GUIDE, position=n, text=text)
        for n, text in enumerate(texts)
    ]


async def put(index: SqliteIndex, *texts: str) -> None:
    await index.replace(HOME, GUIDE, chunks(*texts))
    missing = await index.serving.without_embedding(GUIDE, limit=9)
    await index.serving.add(HOME, GUIDE, [c.id for c in missing], VECTORS[: len(missing)])


async def found(index: SqliteIndex) -> list[str]:
    return [hit.chunk for hit in await index.serving.search_meaning(HOME, VECTORS[0], limit=9)]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_vectors_that_failed_to_be_stored_are_asked_for_again(
    index: SqliteIndex, store: FailingStore, when: str
) -> None:
    store.down = when
    with pytest.raises(VectorsUnavailable):
        await put(index, "one", "two")
    store.down = None

    assert await found(index) == []
    assert len(await index.serving.without_embedding(GUIDE, limit=9)) == 2

    await put(index, "one", "two")
    assert await found(index) == ["d:0", "d:1"]
    assert await index.serving.list_unembedded() == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_document_is_gone_at_once_and_its_vectors_when_the_store_is_back(
    index: SqliteIndex, store: FailingStore, when: str
) -> None:
    await put(index, "one", "two")

    store.down = when
    await index.remove(GUIDE)
    store.down = None

    assert await found(index) == []
    await index.sweep()
    assert store.kept == {}


async def test_the_vector_of_a_text_that_changed_does_not_find_the_new_one(
    index: SqliteIndex, store: FailingStore
) -> None:
    await put(index, "one", "two")

    store.down = "before"
    await index.replace(HOME, GUIDE, chunks("changed", "two"))
    store.down = None

    assert await found(index) == ["d:1"]
    await put(index, "changed", "two")
    assert await found(index) == ["d:0", "d:1"]
    await index.sweep()
    assert len(store.kept) == 2


async def test_a_vector_whose_chunk_left_while_it_was_put_is_swept(
    index: SqliteIndex, store: FailingStore
) -> None:
    store.down = "after"
    with pytest.raises(VectorsUnavailable):
        await put(index, "one")
    store.down = None

    await index.remove(GUIDE)

    assert store.kept == {}


async def test_a_store_that_is_silent_is_not_waited_for(
    index: SqliteIndex, store: FailingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_spaces, "PATIENCE_S", 0.01)
    await put(index, "one")
    store.down = "silent"

    with pytest.raises(VectorsUnavailable, match="did not answer"):
        await found(index)


async def test_vectors_of_an_earlier_embedder_are_swept_once_another_one_serves(
    index: SqliteIndex, store: FailingStore, tmp_path: Path
) -> None:
    await put(index, "one")
    index.close()

    second = SqliteIndex(tmp_path / "index.db", embedder="another", vectors=store)
    await second.sweep()
    (before,) = store.kept
    assert second.coming is not None
    await second.coming.add(HOME, GUIDE, [ChunkId("d:0")], VECTORS[:1])

    store.down = "before"
    assert await second.switch()
    store.down = None
    await second.sweep()

    (after,) = store.kept
    assert after != before
    assert await found(second) == ["d:0"]
    second.close()


async def test_vectors_in_a_place_that_is_not_set_any_more_serve_no_longer(
    index: SqliteIndex, tmp_path: Path
) -> None:
    await put(index, "one")
    index.close()

    second = SqliteIndex(tmp_path / "index.db", embedder="another")

    assert second.coming is None
    assert second.serving.embedder == "another"
    assert await second.serving.list_unembedded() == [GUIDE]
    second.close()
