"""A document takes its next version while it is being searched."""

import asyncio
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.model.documents import Chunk, Version
from groundwire.model.ids import ChunkId, DocumentId, chunk_id
from groundwire.retrieve.pinned import Pinned
from tests.support.library import HOME, Library

BEFORE = ("The rules file builds the package.", "The old heron nests in April.")
AFTER = ("The new rules file builds the package.", "The new heron nests in May.")


class SwappingEmbedder(ScriptedEmbedder):
    """Publishes the next version of a document before it embeds ``question``, once.

    ``searched`` is set when whatever the question waits for has been done.
    """

    def __init__(self, index: SqliteIndex, document: DocumentId, question: str) -> None:
        super().__init__()
        self._index, self._document, self._question = index, document, question
        self.searched = asyncio.Event()

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        if kind == "query" and self._question in texts:
            await self.searched.wait()
            await self._index.publish(self._document)
        return await super().embed(texts, kind=kind)


async def stage(library: Library, document: DocumentId, *texts: str) -> None:
    chunks = [
        Chunk(
            id=chunk_id(document, n, version=2),
            document=document,
            position=n,
            text=text,
            page=n + 1,
        )
        for n, text in enumerate(texts)
    ]
    await library.index.stage(HOME, document, chunks, title="Guide")
    vectors = await library.embedder.embed(texts, kind="passage")
    await library.index.serving.add(HOME, document, [each.id for each in chunks], vectors)


async def test_what_was_replaced_before_it_could_be_read_is_searched_for_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = await library.put("Guide", *BEFORE)
    await stage(library, guide, *AFTER)
    get = library.index.get

    async def get_late(chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        await library.index.publish(guide)
        return await get(chunks)

    monkeypatch.setattr(library.index, "get", get_late)
    found = await library.search().search(HOME, "What builds the package?", limit=2)

    assert [passage.text for passage in found.passages] == list(AFTER)


async def test_what_an_index_kept_of_chunks_that_are_gone_is_left_out(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    await library.put("Guide", *BEFORE)
    get = library.index.get

    async def get_some(chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        return [chunk for chunk in await get(chunks) if chunk.position]

    monkeypatch.setattr(library.index, "get", get_some)
    found = await library.search().search(HOME, "What builds the package?", limit=2)

    assert [passage.text for passage in found.passages] == [BEFORE[1]]


async def test_what_is_pinned_is_read_while_it_takes_its_next_version(library: Library) -> None:
    guide = await library.put("Guide", *BEFORE)
    await library.documents.label(guide, pinned=True)
    await stage(library, guide, *AFTER)
    pinned = Pinned(library.documents, library.index)
    new = Version(title="Guide", media_type="text/plain", size_bytes=1, digest="new", is_whole=True)

    before = await pinned.read(HOME)
    await library.documents.change(guide, lambda now: msgspec.structs.replace(now, next=new))
    whole = await pinned.read(HOME)
    await library.index.publish(guide)
    after = await pinned.read(HOME)

    assert [passage.text for passage in before] == list(BEFORE)
    assert [passage.text for passage in whole] == list(BEFORE)
    assert [passage.text for passage in after] == list(AFTER)


async def test_what_is_pinned_and_replaced_before_it_could_be_read_is_read_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = await library.put("Guide", *BEFORE)
    await library.documents.label(guide, pinned=True)
    await library.documents.change(
        guide, lambda now: msgspec.structs.replace(now, status="ready", searchable="meaning")
    )
    await stage(library, guide, *AFTER)
    get = library.index.get

    async def get_late(chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        await library.index.publish(guide)
        found = await get(chunks)
        await library.documents.change(guide, lambda now: msgspec.structs.replace(now, version=2))
        return found

    monkeypatch.setattr(library.index, "get", get_late)
    found = await Pinned(library.documents, library.index).read(HOME)

    assert [passage.text for passage in found] == list(AFTER)


async def test_the_parts_of_a_question_are_answered_by_one_version(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds, nests = "What builds the package?", "When does the heron nest?"
    guide = await library.put("Guide", *BEFORE)
    await stage(library, guide, *AFTER)
    embedder = SwappingEmbedder(library.index, guide, nests)
    get = library.index.get

    async def get_first(chunks: Sequence[ChunkId]) -> Sequence[Chunk]:
        found = await get(chunks)
        embedder.searched.set()
        return found

    monkeypatch.setattr(library.index, "get", get_first)
    search = library.search(embedder)
    found = await search.search(HOME, f"{builds} {nests}", limit=4, parts=(builds, nests))

    assert sorted(passage.text for passage in found.passages) == sorted(AFTER)
