"""What every chunk store and vector index promises."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.vectors.choose import open_store
from groundwire.model.documents import Chunk
from groundwire.model.errors import OtherSpace
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId, chunk_id
from groundwire.model.places import Place, Spot
from tests.contract.conftest import Open

HOME = WorkspaceId("ws_home")
OTHER = WorkspaceId("ws_other")
GUIDE = DocumentId("doc_guide")
DIMENSIONS = 8


@pytest.mark.parametrize("kind", ["chroma", "chroma server", "postgres"])
async def test_a_store_says_which_product_answers(
    kind: str, servers: Callable[[str], str], tmp_path: Path
) -> None:
    store = open_store(kind if kind == "chroma" else servers(kind), tmp_path)

    told = await store.check()

    assert told.casefold().startswith(kind.split()[0])
    assert any(character.isdigit() for character in told)
    await store.aclose()


@pytest.fixture
def index(open_index: Open) -> SqliteIndex:
    return open_index("test")


def chunks(
    *texts: str, document: DocumentId = GUIDE, headings: tuple[str, ...] = ()
) -> list[Chunk]:
    return [
        Chunk(
            id=ChunkId(f"{document}:{n}"),
            document=document,
            position=n,
            text=text,
            headings=headings,
        )
        for n, text in enumerate(texts)
    ]


def axis(n: int) -> NDArray[np.float32]:
    return np.eye(DIMENSIONS, dtype=np.float32)[n]


async def found(index: SqliteIndex, query: str, workspace: WorkspaceId = HOME) -> list[str]:
    return [hit.chunk for hit in (await index.search_words(workspace, query, limit=5)).hits]


async def test_a_chunk_is_found_by_its_words_in_another_form(index: SqliteIndex) -> None:
    await index.replace(HOME, GUIDE, chunks("Packages are built by builders.", "Cats sleep."))

    assert await found(index, "How do I build a package?") == ["doc_guide:0"]


async def test_a_chinese_word_of_two_characters_finds_its_chunk(index: SqliteIndex) -> None:
    await index.replace(HOME, GUIDE, chunks("软件包的依赖关系由控制文件声明。", "猫在睡觉。"))

    assert await found(index, "依赖") == ["doc_guide:0"]


@pytest.mark.parametrize(
    "query", ["debian/control", "control", "foo_bar", "bar", "2.4.6", "Ｆｏｏ_bar"]
)
async def test_an_identifier_is_found_whole_and_in_parts(index: SqliteIndex, query: str) -> None:
    text = "Version 2.4.6 reads foo_bar from debian/control."
    await index.replace(HOME, GUIDE, chunks(text, "Nothing of that."))

    assert await found(index, query) == ["doc_guide:0"]


async def test_headings_and_the_title_find_the_chunk_below_them(index: SqliteIndex) -> None:
    below = chunks("Run it twice.", headings=("Installation",))
    await index.replace(HOME, GUIDE, below, title="Kiwi manual")
    other = DocumentId("doc_other")
    await index.replace(HOME, other, chunks("Run it.", "Thrice.", document=other))

    assert await found(index, "installation") == ["doc_guide:0"]
    assert await found(index, "kiwi") == ["doc_guide:0"]


async def test_coverage_is_the_share_of_the_question_that_the_best_hit_has(
    index: SqliteIndex,
) -> None:
    await index.replace(HOME, GUIDE, chunks("alpha beta gamma", "delta", "epsilon"))

    whole = await index.search_words(HOME, "alpha beta", limit=3)
    part = await index.search_words(HOME, "alpha unheard", limit=3)
    none = await index.search_words(HOME, "完全不同", limit=3)

    assert whole.coverage == pytest.approx(1.0)
    assert 0.2 < part.coverage < 0.6
    assert none == ((), 0.0)


async def test_a_workspace_sees_only_its_own_chunks(index: SqliteIndex) -> None:
    mine = chunks("shared words")
    theirs = chunks("shared words", document=DocumentId("doc_theirs"))
    await index.replace(HOME, GUIDE, mine)
    await index.replace(OTHER, DocumentId("doc_theirs"), theirs)
    await index.serving.add(HOME, GUIDE, [mine[0].id], axis(0)[None])
    await index.serving.add(OTHER, DocumentId("doc_theirs"), [theirs[0].id], axis(0)[None])

    assert await found(index, "shared") == ["doc_guide:0"]
    assert await found(index, "shared", OTHER) == ["doc_theirs:0"]
    assert [hit.chunk for hit in await index.serving.search_meaning(HOME, axis(0), limit=5)] == [
        mine[0].id
    ]


async def test_what_is_near_in_another_workspace_takes_no_room(index: SqliteIndex) -> None:
    mine, theirs = chunks("a"), chunks(*"abcdefgh" * 4, document=DocumentId("doc_theirs"))
    await index.replace(HOME, GUIDE, mine)
    await index.replace(OTHER, DocumentId("doc_theirs"), theirs)
    await index.serving.add(HOME, GUIDE, [mine[0].id], axis(1)[None])
    near = np.stack([axis(0)] * len(theirs))
    await index.serving.add(OTHER, DocumentId("doc_theirs"), [c.id for c in theirs], near)

    hits = await index.serving.search_meaning(HOME, axis(0), limit=1)

    assert [hit.chunk for hit in hits] == [mine[0].id]


async def test_replacing_with_the_same_chunks_keeps_their_embeddings(index: SqliteIndex) -> None:
    before = chunks("first", "second")
    await index.replace(HOME, GUIDE, before)
    await index.serving.add(HOME, GUIDE, [c.id for c in before], np.stack([axis(0), axis(1)]))

    await index.replace(HOME, GUIDE, chunks("first", "changed"))

    assert [c.text for c in await index.serving.without_embedding(GUIDE, limit=9)] == ["changed"]
    assert [h.chunk for h in await index.serving.search_meaning(HOME, axis(0), limit=9)] == [
        "doc_guide:0"
    ]
    assert await found(index, "second") == []
    assert await found(index, "changed") == ["doc_guide:1"]


async def test_chunks_that_are_no_longer_there_are_forgotten(index: SqliteIndex) -> None:
    await index.replace(HOME, GUIDE, chunks("first", "second"))
    await index.replace(HOME, GUIDE, chunks("first"))

    assert await found(index, "second") == []
    assert await index.get([ChunkId("doc_guide:1")]) == []


async def test_a_removed_document_leaves_nothing_behind(index: SqliteIndex) -> None:
    mine = chunks("first")
    await index.replace(HOME, GUIDE, mine)
    await index.serving.add(HOME, GUIDE, [mine[0].id], axis(0)[None])

    await index.remove(GUIDE)
    await index.remove(GUIDE)

    assert await found(index, "first") == []
    assert list(await index.serving.search_meaning(HOME, axis(0), limit=5)) == []


async def test_documents_that_have_chunks_are_listed_once(index: SqliteIndex) -> None:
    assert not await index.list_documents()
    await index.replace(HOME, GUIDE, chunks("apples are red", "pears are green"))
    theirs = DocumentId("doc_theirs")
    await index.stage(OTHER, theirs, chunks("plums", "figs", document=theirs))

    assert sorted(await index.list_documents()) == [GUIDE, theirs]


async def test_chunks_come_back_as_they_were_in_the_order_asked_for(index: SqliteIndex) -> None:
    stored = [
        Chunk(
            id=ChunkId(f"doc_guide:{n}"),
            document=GUIDE,
            position=n,
            text=f"text {n} \x00 é 中",
            page=n + 1,
            last_page=n + 2,
            headings=("Outer", "内部"),
            place=Place(unit="row", first=n, last=9) if n else None,
            part="a/b.xlsx",
            spots=(Spot(at=0, page=1), Spot(at=2, headings=("内部",))) if n else (),
        )
        for n in range(3)
    ]
    await index.replace(HOME, GUIDE, stored)

    asked = [stored[2].id, ChunkId("unknown"), stored[0].id]

    assert await index.get(asked) == [stored[2], stored[0]]


async def test_the_nearest_chunk_comes_first_with_its_cosine(index: SqliteIndex) -> None:
    mine = chunks("a", "b", "c")
    await index.replace(HOME, GUIDE, mine)
    vectors = np.stack([axis(0), axis(1), (axis(0) + axis(1)) / np.float32(np.sqrt(2))])
    await index.serving.add(HOME, GUIDE, [c.id for c in mine], vectors)

    hits = await index.serving.search_meaning(HOME, axis(1), limit=2)

    assert [hit.chunk for hit in hits] == ["doc_guide:1", "doc_guide:2"]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.7071], abs=1e-3)


async def test_a_second_vector_takes_the_place_of_the_first(index: SqliteIndex) -> None:
    mine = chunks("a")
    await index.replace(HOME, GUIDE, mine)
    await index.serving.add(HOME, GUIDE, [mine[0].id], axis(0)[None])
    await index.serving.add(HOME, GUIDE, [mine[0].id], axis(1)[None])

    hits = await index.serving.search_meaning(HOME, axis(1), limit=5)

    assert [(hit.chunk, round(hit.score, 3)) for hit in hits] == [("doc_guide:0", 1.0)]


async def test_a_vector_for_a_chunk_that_is_gone_is_not_kept(index: SqliteIndex) -> None:
    await index.serving.add(HOME, GUIDE, [ChunkId("doc_guide:0")], axis(0)[None])

    assert list(await index.serving.search_meaning(HOME, axis(0), limit=5)) == []


@pytest.mark.parametrize("unknown", [1, 2_000], ids=["few", "many"])
async def test_a_search_among_documents_finds_no_other(index: SqliteIndex, unknown: int) -> None:
    for n, document in enumerate(map(DocumentId, ("doc_one", "doc_two", "doc_three"))):
        mine = chunks("a", "a b", document=document)
        await index.replace(HOME, document, mine)
        await index.serving.add(
            HOME, document, [c.id for c in mine], np.stack([axis(n), axis(n + 3)])
        )
    two = list(map(DocumentId, ("doc_two", "doc_three", *(f"doc_{n}" for n in range(unknown)))))

    meant = await index.serving.search_meaning(HOME, axis(0), limit=9, documents=two)
    said = await index.search_words(HOME, "a b", limit=9, documents=two)
    all = (await index.search_words(HOME, "a b", limit=9)).hits

    found = {"doc_two:0", "doc_two:1", "doc_three:0", "doc_three:1"}
    assert {hit.chunk for hit in meant} == found
    # What a word weighs is told by the whole workspace.
    assert list(said.hits) == [hit for hit in all if hit.chunk in found]
    assert (len(all), said.coverage) == (6, 1.0)
    assert not await index.serving.search_meaning(OTHER, axis(0), limit=9, documents=two)
    assert not (await index.search_words(OTHER, "a b", limit=9, documents=two)).hits
    assert not await index.serving.search_meaning(HOME, axis(0), limit=9, documents=[])
    assert await index.search_words(HOME, "a b", limit=9, documents=[]) == ((), 0.0)


def next_version(*texts: str) -> list[Chunk]:
    return [
        msgspec.structs.replace(chunk, id=chunk_id(GUIDE, chunk.position, 2))
        for chunk in chunks(*texts)
    ]


async def meant(index: SqliteIndex, vector: NDArray[np.float32]) -> list[str]:
    among = await index.serving.search_meaning(HOME, vector, limit=5, documents=[GUIDE])
    hits = await index.serving.search_meaning(HOME, vector, limit=5)
    assert [hit.chunk for hit in among] == [hit.chunk for hit in hits]
    return [hit.chunk for hit in hits]


async def test_a_staged_version_is_found_by_nothing_until_it_is_whole(index: SqliteIndex) -> None:
    old = chunks("apples are red")
    await index.replace(HOME, GUIDE, old)
    await index.serving.add(HOME, GUIDE, [old[0].id], axis(0)[None])

    new = next_version("pears are green", "plums are blue")
    await index.stage(HOME, GUIDE, new)
    missing = await index.serving.without_embedding(GUIDE, limit=9)
    await index.serving.add(
        HOME, GUIDE, [chunk.id for chunk in missing], np.stack([axis(1), axis(2)])
    )

    assert missing == new
    assert await found(index, "pears") == []
    assert await found(index, "apples") == ["doc_guide:0"]
    assert await meant(index, axis(1)) == ["doc_guide:0"]
    await index.publish(GUIDE)
    await index.publish(GUIDE)
    assert await found(index, "pears") == ["doc_guide:0.2"]
    assert await found(index, "apples") == []
    assert await meant(index, axis(2)) == ["doc_guide:1.2", "doc_guide:0.2"]
    assert await index.get([old[0].id, new[0].id]) == [new[0]]
    assert not await index.serving.without_embedding(GUIDE, limit=9)


async def test_what_is_staged_may_be_given_up_or_staged_anew(index: SqliteIndex) -> None:
    old = chunks("apples are red")
    await index.replace(HOME, GUIDE, old)
    await index.serving.add(HOME, GUIDE, [old[0].id], axis(0)[None])
    await index.stage(HOME, GUIDE, next_version("pears", "plums"))
    await index.serving.add(HOME, GUIDE, [ChunkId("doc_guide:0.2")], axis(1)[None])
    await index.stage(HOME, GUIDE, next_version("cherries"))
    assert [c.text for c in await index.serving.without_embedding(GUIDE, limit=9)] == ["cherries"]

    await index.discard(GUIDE)
    await index.discard(GUIDE)

    await index.publish(GUIDE)
    assert await found(index, "apples") == ["doc_guide:0"]
    assert await found(index, "cherries pears") == []
    assert await meant(index, axis(0)) == ["doc_guide:0"]


async def test_a_removed_document_takes_what_is_staged_along(index: SqliteIndex) -> None:
    await index.replace(HOME, GUIDE, chunks("apples are red"))
    await index.stage(HOME, GUIDE, next_version("pears"))
    await index.serving.add(HOME, GUIDE, [ChunkId("doc_guide:0.2")], axis(1)[None])

    await index.remove(GUIDE)

    assert not await index.serving.without_embedding(GUIDE, limit=9)
    await index.publish(GUIDE)
    assert await found(index, "apples pears") == []


async def test_vectors_of_another_length_are_refused(index: SqliteIndex) -> None:
    mine = chunks("a", "b")
    await index.replace(HOME, GUIDE, mine)
    await index.serving.add(HOME, GUIDE, [mine[0].id], axis(0)[None])

    with pytest.raises(OtherSpace):
        await index.serving.add(HOME, GUIDE, [mine[1].id], np.eye(4, dtype=np.float32)[:1])
    with pytest.raises(OtherSpace):
        await index.serving.search_meaning(HOME, np.eye(4, dtype=np.float32)[0], limit=5)

    assert await index.serving.without_embedding(GUIDE, limit=9) == mine[1:]


async def test_what_was_stored_is_there_when_it_is_opened_again(open_index: Open) -> None:
    first = open_index("one")
    mine = chunks("a")
    await first.replace(HOME, GUIDE, mine)
    await first.serving.add(HOME, GUIDE, [mine[0].id], axis(0)[None])
    first.close()

    second = open_index("one")

    assert await second.serving.without_embedding(GUIDE, limit=5) == []
    assert [h.chunk for h in await second.serving.search_meaning(HOME, axis(0), limit=5)] == [
        mine[0].id
    ]


@pytest.mark.parametrize("query", ["", "   ", '"', "AND OR NOT", "a* ^b (c", "👩‍👩‍👧", "\x00", "'"])
async def test_no_query_is_an_error(index: SqliteIndex, query: str) -> None:
    await index.replace(HOME, GUIDE, chunks("some text and or not", "more"))

    await index.search_words(HOME, query, limit=5)


async def test_an_empty_workspace_finds_nothing(index: SqliteIndex) -> None:
    assert await index.search_words(HOME, "anything", limit=5) == ((), 0.0)
    assert list(await index.serving.search_meaning(HOME, axis(0), limit=5)) == []
