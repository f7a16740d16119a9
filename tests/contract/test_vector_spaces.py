"""What every index promises while one embedder takes the place of another."""

import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedded.index import SqliteIndex, SqliteSpace
from groundwire.model.documents import Chunk
from groundwire.model.errors import OtherSpace
from groundwire.model.ids import ChunkId, DocumentId, WorkspaceId, chunk_id
from groundwire.ports.passage_index import Count
from tests.contract.conftest import Open

HOME = WorkspaceId("ws_home")
OTHER = WorkspaceId("ws_other")
GUIDE = DocumentId("doc_guide")
NEWS = DocumentId("doc_news")
DIMENSIONS = 8


def chunks(*texts: str, document: DocumentId = GUIDE, version: int = 1) -> list[Chunk]:
    return [
        Chunk(id=chunk_id(document, n, version), document=document, position=n, text=text)
        for n, text in enumerate(texts)
    ]


def axis(n: int, dimensions: int = DIMENSIONS) -> NDArray[np.float32]:
    return np.eye(dimensions, dtype=np.float32)[n]


async def found(space: SqliteSpace, vector: NDArray[np.float32]) -> list[tuple[str, float]]:
    hits = await space.search_meaning(HOME, vector, limit=5)
    return [(hit.chunk, round(hit.score, 3)) for hit in hits]


def coming(index: SqliteIndex) -> SqliteSpace:
    assert index.coming is not None
    return index.coming


async def fill(open_index: Open) -> list[Chunk]:
    """Let embedder one give both chunks of a document a vector."""
    index, mine = open_index("one"), chunks("apples", "pears")
    await index.replace(HOME, GUIDE, mine)
    await index.serving.add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(0), axis(1)]))
    index.close()
    return mine


async def test_the_vectors_of_before_serve_until_all_are_there_anew(open_index: Open) -> None:
    mine = await fill(open_index)
    index = open_index("two")
    new = coming(index)
    before = index.serving.embedder

    assert await new.count() == {HOME: Count(0, 2)}
    assert [each.chunk for each in await new.newest_unembedded(limit=5)] == mine[::-1]
    await new.add(HOME, GUIDE, [mine[0].id], axis(3, 4)[None])
    assert await new.find_unembedded([each.id for each in mine]) == {mine[1].id}
    assert not await index.switch()
    assert await new.count() == {HOME: Count(1, 2)}
    assert index.serving.embedder == before != new.embedder
    assert await found(index.serving, axis(0)) == [(mine[0].id, 1.0), (mine[1].id, 0.0)]

    await new.add(HOME, GUIDE, [mine[1].id], axis(2, 4)[None])
    assert await index.switch()

    assert index.coming is None
    assert index.serving.embedder == new.embedder
    assert await found(index.serving, axis(2, 4)) == [(mine[1].id, 1.0), (mine[0].id, 0.0)]
    assert not await index.switch()


async def test_a_question_is_never_compared_with_vectors_of_another_embedder(
    open_index: Open,
) -> None:
    """Even where they are of one length, so that nothing but their space keeps them apart."""
    mine = await fill(open_index)
    index = open_index("two")
    old, new = index.serving, coming(index)

    assert await found(new, axis(0)) == []
    await new.add(HOME, GUIDE, [mine[0].id], axis(1)[None])
    assert await found(new, axis(0)) == [(mine[0].id, 0.0)]
    assert await found(old, axis(0)) == [(mine[0].id, 1.0), (mine[1].id, 0.0)]
    await new.add(HOME, GUIDE, [mine[1].id], axis(0)[None])
    await index.switch()

    with pytest.raises(OtherSpace):
        await found(old, axis(0))
    await old.add(HOME, GUIDE, [mine[0].id], axis(7)[None])
    assert not await old.list_unembedded()
    assert not await old.without_embedding(GUIDE, limit=5)
    assert not await old.newest_unembedded(limit=5)
    assert not await old.find_unembedded([each.id for each in mine])
    assert await old.count() == {}
    assert await found(index.serving, axis(0)) == [(mine[1].id, 1.0), (mine[0].id, 0.0)]


async def test_what_was_embedded_anew_is_there_when_it_is_opened_again(open_index: Open) -> None:
    mine = await fill(open_index)
    first = open_index("two")
    await coming(first).add(HOME, GUIDE, [mine[0].id], axis(5)[None])
    first.close()

    second = open_index("two")

    assert [each.chunk for each in await coming(second).newest_unembedded(limit=5)] == mine[1:]
    assert await found(second.serving, axis(1)) == [(mine[1].id, 1.0), (mine[0].id, 0.0)]


async def test_who_goes_back_finds_what_he_had_and_nothing_is_left_of_the_other(
    open_index: Open,
) -> None:
    mine = await fill(open_index)
    other = open_index("two")
    await coming(other).add(HOME, GUIDE, [mine[0].id], axis(5)[None])
    other.close()

    back = open_index("one")

    assert back.coming is None
    assert await found(back.serving, axis(0)) == [(mine[0].id, 1.0), (mine[1].id, 0.0)]
    back.close()
    again = open_index("two")
    assert await coming(again).count() == {HOME: Count(0, 2)}
    assert await found(coming(again), axis(5)) == []


async def test_a_third_embedder_takes_the_turn_of_the_second(open_index: Open) -> None:
    mine = await fill(open_index)
    second = open_index("two")
    await coming(second).add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(5), axis(6)]))
    second.close()

    third = open_index("three")

    assert await coming(third).count() == {HOME: Count(0, 2)}
    await coming(third).add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(2), axis(3)]))
    assert await found(third.serving, axis(0)) == [(mine[0].id, 1.0), (mine[1].id, 0.0)]
    assert await third.switch()
    assert await found(third.serving, axis(2)) == [(mine[0].id, 1.0), (mine[1].id, 0.0)]


async def test_the_first_embedder_may_take_over_again(open_index: Open) -> None:
    mine = await fill(open_index)
    second = open_index("two")
    await coming(second).add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(5), axis(6)]))
    await second.switch()
    second.close()

    first = open_index("one")

    assert await found(coming(first), axis(0)) == []
    await coming(first).add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(2), axis(3)]))
    assert await first.switch()
    await first.sweep()
    assert await found(first.serving, axis(3)) == [(mine[1].id, 1.0), (mine[0].id, 0.0)]


async def test_an_embedder_that_made_nothing_is_not_waited_for(open_index: Open) -> None:
    first, mine = open_index("one"), chunks("apples")
    await first.replace(HOME, GUIDE, mine)
    first.close()

    second = open_index("two")

    assert second.coming is None
    assert await second.serving.without_embedding(GUIDE, limit=5) == mine


async def test_documents_that_come_change_or_leave_meanwhile_do_so_in_both(
    open_index: Open,
) -> None:
    mine = await fill(open_index)
    index = open_index("two")
    new = coming(index)
    await new.add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(2), axis(3)]))

    news = chunks("news", document=NEWS)
    await index.replace(HOME, NEWS, news)
    await index.serving.add(HOME, NEWS, [news[0].id], axis(4)[None])
    await index.replace(HOME, GUIDE, chunks("apples", "plums"))

    assert not await index.switch()
    left = await new.newest_unembedded(limit=9)
    assert {(each.chunk.text, each.workspace) for each in left} == {("news", HOME), ("plums", HOME)}
    assert [hit for hit, _ in await found(index.serving, axis(4))] == [news[0].id, mine[0].id]
    await index.remove(NEWS)
    await new.add(HOME, GUIDE, [mine[1].id], axis(6)[None])
    assert await index.switch()
    assert [hit for hit, _ in await found(index.serving, axis(6))] == [mine[1].id, mine[0].id]


async def test_a_staged_version_gets_its_vectors_in_both_and_is_found_by_neither(
    open_index: Open,
) -> None:
    mine = await fill(open_index)
    index = open_index("two")
    new, staged = coming(index), chunks("apples", "cherries", version=2)
    await index.stage(HOME, GUIDE, staged)
    for space in (index.serving, new):
        missing = [each.chunk for each in await new.newest_unembedded(limit=9)]
        await space.add(HOME, GUIDE, [c.id for c in staged], np.stack([axis(4), axis(5)]))
    assert {c.id for c in missing} == {c.id for c in (*mine, *staged)}
    assert await found(new, axis(4)) == []
    await new.add(HOME, GUIDE, [c.id for c in mine], np.stack([axis(2), axis(3)]))

    assert await index.switch()
    assert [hit for hit, _ in await found(index.serving, axis(2))] == [mine[0].id, mine[1].id]
    await index.publish(GUIDE)

    assert await found(index.serving, axis(4)) == [(staged[0].id, 1.0), (staged[1].id, 0.0)]
    assert not await index.serving.list_unembedded()


async def test_each_workspace_counts_its_own(open_index: Open) -> None:
    await fill(open_index)
    index = open_index("two")
    theirs = chunks("theirs", document=NEWS)
    await index.replace(OTHER, NEWS, theirs)
    await coming(index).add(OTHER, NEWS, [theirs[0].id], axis(0)[None])

    assert await coming(index).count() == {HOME: Count(0, 2), OTHER: Count(1, 1)}
    assert await index.serving.count() == {HOME: Count(2, 2), OTHER: Count(0, 1)}


async def test_a_vector_of_another_length_is_refused_by_each_space(open_index: Open) -> None:
    mine = await fill(open_index)
    new = coming(open_index("two"))
    await new.add(HOME, GUIDE, [mine[0].id], axis(0, 4)[None])

    with pytest.raises(OtherSpace):
        await new.add(HOME, GUIDE, [mine[1].id], axis(0)[None])
    with pytest.raises(OtherSpace):
        await found(new, axis(0))

    assert await new.newest_unembedded(limit=1) == [(HOME, "", mine[1])]


async def test_the_address_of_the_embedder_is_kept_with_its_vectors(open_index: Open) -> None:
    first = open_index("one at http://127.0.0.1:11434")
    await first.replace(HOME, GUIDE, chunks("a"))
    await first.serving.add(HOME, GUIDE, [ChunkId("doc_guide:0")], axis(0)[None])
    first.close()

    index = open_index("two")

    assert index.serving.address == "http://127.0.0.1:11434"
    assert coming(index).address == ""
