"""A query finds passages through both indexes, or says that it could use only one."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import apsw
import numpy as np
import pytest
from numpy.typing import NDArray

from groundwire.adapters.embedded.documents import SqliteDocuments, SqliteWorkspaces
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.reranker.scripted import ScriptedReranker
from groundwire.model.documents import Chunk, Document
from groundwire.model.errors import ModelUnavailable, RetrievalFailed
from groundwire.model.ids import ChunkId, DocumentId, PrincipalId, WorkspaceId
from groundwire.ports.documents import Workspace
from groundwire.ports.embedder import Embedder
from groundwire.ports.reranker import Reranker
from groundwire.retrieve.meaning import Meanings
from groundwire.retrieve.rerank import RERANKED, Reranking
from groundwire.retrieve.search import Search

HOME = WorkspaceId("ws_home")
THEN = datetime(2026, 1, 1, tzinfo=UTC)
SCHEMA = Path(__file__).parents[2] / "src/groundwire/adapters/embedded/migrations"


class MissingEmbedder(ScriptedEmbedder):
    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        raise ModelUnavailable("The weights are missing.")


class SlowEmbedder(ScriptedEmbedder):
    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> NDArray[np.float32]:
        await asyncio.Event().wait()
        raise AssertionError


class SlowReranker(ScriptedReranker):
    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        await asyncio.Event().wait()
        raise AssertionError


class BrokenReranker(ScriptedReranker):
    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        raise ZeroDivisionError


class LongestFirst(ScriptedReranker):
    """Gives logits, as most models do."""

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        await super().rerank(query, texts)
        return [len(text) - 30.0 for text in texts]


class Library:
    """A workspace with documents in real files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._store = Store(folder / "log.db", SCHEMA)
        self.documents = SqliteDocuments(self._store)
        self.index = SqliteIndex(folder / "index.db", embedder="scripted")
        self.embedder = ScriptedEmbedder()

    async def open(self) -> None:
        home = Workspace(id=HOME, name="Home", created_at=THEN)
        await SqliteWorkspaces(self._store).create(home, owner=PrincipalId("p_owner"))

    def close(self) -> None:
        self.index.close()
        self._store.close()

    async def put(
        self, title: str, *texts: str, embedded: bool = True, paged: bool = True
    ) -> DocumentId:
        id = DocumentId(f"doc_{title}")
        document = Document(
            id=id,
            workspace=HOME,
            title=title,
            media_type="text/plain",
            size_bytes=1,
            digest=title,
            created_at=THEN,
        )
        await self.documents.add(document)
        chunks = [
            Chunk(
                id=ChunkId(f"{id}:{n}"),
                document=id,
                position=n,
                text=text,
                page=n + 1 if paged else None,
            )
            for n, text in enumerate(texts)
        ]
        await self.index.replace(HOME, id, chunks, title=title)
        if embedded:
            vectors = await self.embedder.embed(texts, kind="passage")
            await self.index.serving.add(HOME, id, [chunk.id for chunk in chunks], vectors)
        return id

    def drop(self, table: str) -> None:
        """Break the index's file, as a fault of the disk might."""
        with closing(apsw.Connection(str(self._folder / "index.db"))) as db:
            db.execute(f"DROP TABLE {table}")

    def search(
        self,
        embedder: Embedder | None = None,
        patience_s: float = 5.0,
        reranking: Reranking | None = None,
    ) -> Search:
        return Search(
            chunks=self.index,
            meanings=Meanings(self.index, [embedder or self.embedder]),
            documents=self.documents,
            patience_s=patience_s,
            reranking=reranking,
        )


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = Library(tmp_path)
    asyncio.run(library.open())
    yield library
    library.close()


async def test_a_passage_comes_with_its_document_s_title_and_its_page(library: Library) -> None:
    await library.put("Guide", "Nothing much.", "The rules file builds the package.")

    found = await library.search().search(HOME, "What builds the package?", limit=1)

    assert found.searched == "both"
    assert [(p.title, p.page, p.id) for p in found.passages] == [("Guide", 2, "doc_Guide:1")]


async def test_a_document_without_vectors_is_found_by_its_words(library: Library) -> None:
    await library.put("指南", "规则文件用来构建软件包。", embedded=False)

    found = await library.search().search(HOME, "如何构建软件包？", limit=3)

    assert found.searched == "words"
    assert [passage.id for passage in found.passages] == ["doc_指南:0"]


async def test_without_an_embedder_words_are_searched_and_the_reason_is_told(
    library: Library,
) -> None:
    await library.put("Guide", "The rules file builds the package.")

    found = await library.search(MissingEmbedder()).search(HOME, "package", limit=3)

    assert (found.searched, found.why) == ("words", "The weights are missing.")
    assert len(found.passages) == 1


async def test_an_embedder_that_takes_too_long_is_not_waited_for(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")

    search = library.search(SlowEmbedder(), patience_s=0.01)

    assert (await search.search(HOME, "package", limit=3)).searched == "words"


async def test_words_are_searched_when_the_index_of_meaning_fails(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")
    library.drop("codes_2")

    found = await library.search().search(HOME, "package", limit=3)

    assert found.searched == "words"
    assert found.why is not None
    assert [passage.title for passage in found.passages] == ["Guide"]


@pytest.mark.parametrize("table", ["words_1", "chunks"])
async def test_an_index_that_cannot_be_searched_is_a_failure_that_may_pass(
    library: Library, table: str
) -> None:
    await library.put("Guide", "The rules file builds the package.")
    library.drop(table)

    with pytest.raises(RetrievalFailed) as failed:
        await library.search().search(HOME, "package", limit=3)
    assert failed.value.retryable


async def test_an_index_that_is_closed_is_a_failure_too(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")
    library.index.close()

    with pytest.raises(RetrievalFailed):
        await library.search().search(HOME, "package", limit=3)


async def test_the_same_text_in_two_documents_is_one_passage(library: Library) -> None:
    text = "The rules file builds the package, whatever the weather."
    await library.put("One", text, "Cats sleep a lot.")
    await library.put("Two", text)

    found = await library.search().search(HOME, "rules file package", limit=5)

    assert [passage.text for passage in found.passages].count(text) == 1


async def test_passages_of_a_document_that_was_removed_meanwhile_are_left_out(
    library: Library,
) -> None:
    document = await library.put("Guide", "The rules file builds the package.")
    await library.documents.remove(document)

    assert (await library.search().search(HOME, "package", limit=5)).passages == ()


@pytest.mark.parametrize("query", ["", "  \n", "???"])
async def test_a_query_that_says_nothing_finds_nothing_by_words(
    library: Library, query: str
) -> None:
    await library.put("Guide", "The rules file builds the package.", embedded=False)

    assert (await library.search().search(HOME, query, limit=5)).passages == ()


async def test_a_question_about_something_else_has_nothing_relevant(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.", embedded=False)
    search = library.search()

    about = await search.search(HOME, "What builds the package?", limit=5)
    other = await search.search(HOME, "Which file holds the melody of whales?", limit=5)

    assert about.relevant == about.passages != ()
    assert other.passages != ()
    assert other.relevant == ()


async def test_of_named_documents_all_is_relevant_and_their_beginnings_come_last(
    library: Library,
) -> None:
    guide = await library.put("Guide", "The rules file builds the package.", "And that is all.")
    new = await library.put("New", "在世界的尽头。", "还有。", embedded=False)
    await library.put("Other", "The rules file builds the package, says another.")

    found = await library.search().search(
        HOME, "What builds the package?", limit=3, documents=[guide, new]
    )
    nothing = await library.search().search(HOME, "xyzzy", limit=9, documents=[new])

    assert [passage.id for passage in found.relevant] == ["doc_Guide:0", "doc_Guide:1", "doc_New:0"]
    assert [passage.id for passage in nothing.relevant] == ["doc_New:0", "doc_New:1"]


SHORT, LONG = "The rules file builds the package.", "Cats and packages sleep a lot in the sun."


async def test_a_reranker_gives_the_order_and_the_evidence_stays(library: Library) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)
    reranker = LongestFirst()

    fused = await library.search().search(HOME, "What builds the package?", limit=2)
    ordered = await library.search(reranking=Reranking(reranker)).search(
        HOME, "What builds the package?", limit=2
    )

    assert [passage.title for passage in fused.passages] == ["Guide", "Cats"]
    assert [passage.title for passage in ordered.passages] == ["Cats", "Guide"]
    assert (fused.reranked, ordered.reranked, ordered.why) == (None, True, None)
    assert {p.title: p.relevance for p in ordered.passages} == {
        p.title: p.relevance for p in fused.passages
    }
    assert 1 > ordered.passages[0].score > ordered.passages[1].score > 0
    assert reranker.asked == [
        ("What builds the package?", (f"Guide\n{SHORT}", LONG)),
    ]


async def test_what_a_reranker_prefers_opens_the_floor_to_nothing(library: Library) -> None:
    await library.put("Guide", SHORT, embedded=False)
    await library.put("Cats", LONG, embedded=False)
    search = library.search(reranking=Reranking(LongestFirst()))

    about = await search.search(HOME, "What builds the package?", limit=1)
    other = await search.search(HOME, "Which file holds the melody of whales?", limit=1)

    # The best by evidence is not among those that are shown, and counts all the same.
    assert [passage.title for passage in about.relevant] == ["Cats"]
    assert (len(other.passages), other.relevant) == (1, ())


@pytest.mark.parametrize(
    ("reranker", "why"),
    [
        (ScriptedReranker(fail=ModelUnavailable("The reranker is away.")), "The reranker is away."),
        (SlowReranker(), "The reranker was not done within 0.01 s."),
        (BrokenReranker(), "The reranker failed; the server's log says why."),
    ],
)
async def test_without_its_reranker_a_search_keeps_its_order_and_says_so(
    library: Library, reranker: Reranker, why: str
) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)

    fused = await library.search().search(HOME, "What builds the package?", limit=2)
    found = await library.search(reranking=Reranking(reranker, patience_s=0.01)).search(
        HOME, "What builds the package?", limit=2
    )

    assert found.passages == fused.passages
    assert (found.reranked, found.why) == (False, why)


async def test_what_fails_beside_the_reranker_is_told_as_well(library: Library) -> None:
    await library.put("Guide", SHORT)
    await library.put("Cats", LONG)
    reranker = ScriptedReranker(fail=ModelUnavailable("The reranker is away."))

    found = await library.search(MissingEmbedder(), reranking=Reranking(reranker)).search(
        HOME, "package", limit=2
    )

    assert found.why == "The weights are missing. The reranker is away."


async def test_the_beginnings_of_named_documents_stay_behind_what_was_found(
    library: Library,
) -> None:
    guide = await library.put("Guide", "What is all that builds anything at all?", SHORT)
    search = library.search(reranking=Reranking(LongestFirst()))

    found = await search.search(HOME, "rules", limit=3, documents=[guide])

    assert {passage.id for passage in found.passages} == {"doc_Guide:0", "doc_Guide:1"}


async def test_chunks_that_follow_each_other_are_one_passage_unless_a_page_ends_between(
    library: Library,
) -> None:
    texts = "The rules file builds the package.", "The package has a rules file."
    await library.put("Guide", *texts, paged=False)
    await library.put("Paged", "A rules file is in the package.", "Which package has rules?")

    found = await library.search().search(HOME, "rules file package", limit=5)

    assert {passage.id: passage.text for passage in found.passages} == {
        "doc_Guide:0-1": "\n\n".join(texts),
        "doc_Paged:0": "A rules file is in the package.",
        "doc_Paged:1": "Which package has rules?",
    }


ASKED = ("What builds the package?", "How long do cats sleep?")


async def test_the_parts_of_a_question_have_their_passages_by_turns(library: Library) -> None:
    for n in range(4):
        await library.put(f"Guide {n}", f"The rules file {n * 'really '}builds the package.")
        await library.put(f"Cats {n}", f"For {n} hours, how long cats sleep is {n * 'well '}known.")

    found = await library.search().search(HOME, " ".join(ASKED), limit=4, parts=ASKED)

    assert [passage.title.split()[0] for passage in found.passages] == ["Guide", "Cats"] * 2
    assert len({passage.id for passage in found.passages}) == 4


async def test_a_part_without_an_answer_takes_no_room(library: Library) -> None:
    await library.put("Guide", "The rules file builds the package.")
    for n in range(4):
        await library.put(f"Cats {n}", f"They sleep for {n} hours.")
    search = library.search(MissingEmbedder())
    asked = ("Which rules file builds the package?", "Where do whales sing melodies?")
    alone = await search.search(HOME, asked[0], limit=3)

    found = await search.search(HOME, " ".join(asked), limit=3, parts=asked)
    nothing = await search.search(HOME, asked[1], limit=3, parts=[asked[1], "Whose melodies?"])

    assert found.passages == found.relevant == alone.passages
    assert found.why == "The weights are missing."
    assert nothing.relevant == ()


async def test_a_reranker_reads_no_more_for_several_questions_than_for_one(
    library: Library,
) -> None:
    for n in range(RERANKED):
        await library.put(f"Guide {n}", f"The rules file {n * 'really '}builds the package.")
    reranker = ScriptedReranker()
    search = library.search(reranking=Reranking(reranker))

    found = await search.search(HOME, " ".join(ASKED), limit=2, parts=ASKED)

    assert found.reranked is True
    assert {query: len(texts) for query, texts in reranker.asked} == dict.fromkeys(
        ASKED, RERANKED // 2
    )
