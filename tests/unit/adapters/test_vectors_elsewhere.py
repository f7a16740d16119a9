"""Chunks here, vectors elsewhere: what happens when elsewhere fails, at each step."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundwire.adapters.embedded import vector_spaces
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.vectors.memory import MemoryVectors
from groundwire.model.documents import Chunk
from groundwire.model.errors import VectorsUnavailable
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId
from groundwire.ports.passage_index import Hit

HOME = WorkspaceId("w")
GUIDE = DocumentId("d")
VECTORS = np.eye(4, dtype=np.float32)


class FailingVectors(MemoryVectors):
    """Fails before or after it does what it is asked, or is silent, while ``down`` says so."""

    down: str | None = None

    async def put(self, *args: Any, **kwargs: Any) -> None:
        self._fail("before")
        await super().put(*args, **kwargs)
        self._fail("after")

    async def remove(self, *args: Any, **kwargs: Any) -> None:
        self._fail("before")
        await super().remove(*args, **kwargs)
        self._fail("after")

    async def nearest(self, *args: Any, **kwargs: Any) -> Sequence[Hit]:
        self._fail("before")
        if self.down == "silent":
            await asyncio.Event().wait()
        return await super().nearest(*args, **kwargs)

    def _fail(self, when: str) -> None:
        if self.down == when:
            raise VectorsUnavailable("It is down.")


@pytest.fixture
def store() -> FailingVectors:
    return FailingVectors()


@pytest.fixture
def index(store: FailingVectors, tmp_path: Path) -> Iterator[SqliteIndex]:
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
    index: SqliteIndex, store: FailingVectors, when: str
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
    index: SqliteIndex, store: FailingVectors, when: str
) -> None:
    await put(index, "one", "two")

    store.down = when
    await index.remove(GUIDE)
    store.down = None

    assert await found(index) == []
    await index.sweep()
    assert store.kept == {}


async def test_the_vector_of_a_text_that_changed_does_not_find_the_new_one(
    index: SqliteIndex, store: FailingVectors
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
    index: SqliteIndex, store: FailingVectors
) -> None:
    store.down = "after"
    with pytest.raises(VectorsUnavailable):
        await put(index, "one")
    store.down = None

    await index.remove(GUIDE)

    assert store.kept == {}


async def test_a_store_that_is_silent_is_not_waited_for(
    index: SqliteIndex, store: FailingVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_spaces, "PATIENCE_S", 0.01)
    await put(index, "one")
    store.down = "silent"

    with pytest.raises(VectorsUnavailable, match="did not answer"):
        await found(index)


async def test_vectors_of_an_earlier_embedder_are_swept_once_another_one_serves(
    index: SqliteIndex, store: FailingVectors, tmp_path: Path
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
