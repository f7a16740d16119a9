"""`Search`: a query to the passages of a workspace that answer it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Literal, NamedTuple

import msgspec

from groundwire.model.documents import Chunk, Document
from groundwire.model.errors import (
    Fenced,
    ModelUnavailable,
    NotFound,
    RetrievalFailed,
    VectorsUnavailable,
)
from groundwire.model.ids import (
    ChunkId,
    DocumentId,
    PassageId,
    WorkspaceId,
    chunk_id,
    document_of,
    version_of,
)
from groundwire.model.passages import Passage
from groundwire.ports.documents import Documents
from groundwire.ports.passage_index import ChunkStore, VectorSpace, WordHits
from groundwire.retrieve.duplicates import drop_duplicates
from groundwire.retrieve.fuse import DEPTH, Fused, Near, fuse
from groundwire.retrieve.language import chinese_share, is_chinese
from groundwire.retrieve.meaning import Meaning, Meanings
from groundwire.retrieve.neighbours import merge_neighbours
from groundwire.retrieve.rerank import RERANKED, Ordered, Reranking

logger = logging.getLogger(__name__)

Searched = Literal["words", "both"]

# So many times as many chunks as are asked for are looked at.
SPARE = 3
# If no passage is this relevant, the workspace has no answer: see ADR 7 for who is below it.
FLOOR = 0.28
# A pasted page is no query: what it is about is at its beginning.
MOST_CHARACTERS = 2_000
# What changed while it was searched is searched again: a document takes its next version once.
TRIES = 3


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """``passages`` are best first. ``searched`` tells whether meaning could be searched.

    ``reranked`` tells whether the reranker gave the order, ``None`` where there is none. ``why``
    is a sentence for people when one of the two could not be. ``asked_for``: the passages are
    of documents that were named. ``relevance`` is that of the best of all that was looked at.
    """

    passages: tuple[Passage, ...]
    searched: Searched
    reranked: bool | None = None
    why: str | None = None
    asked_for: bool = False
    relevance: float = 0.0

    @property
    def relevant(self) -> tuple[Passage, ...]:
        """All of them if one has enough to do with the question to answer from, else none.

        Not each by itself: the third best often holds what the first does not. Who names the
        documents need not name what is in them: "Summarise this" has no words in common.
        """
        if self.asked_for:
            return self.passages
        return self.passages if self.relevance >= FLOOR else ()


def together(found: Sequence[Found], limit: int) -> Found:
    """Return what was found for the parts of a question, by turns, neighbours as one.

    The floor holds nothing back of a part beside one that is answered: across languages it is
    wrong too often for that.
    """
    turns = chain.from_iterable(zip_longest(*(each.passages for each in found)))
    passages = drop_duplicates(passage for passage in turns if passage is not None)
    return Found(
        passages=tuple(merge_neighbours(passages, limit)),
        searched="both" if all(each.searched == "both" for each in found) else "words",
        reranked=all(each.reranked for each in found) if found[0].reranked is not None else None,
        why=" ".join(dict.fromkeys(each.why for each in found if each.why)) or None,
        asked_for=found[0].asked_for,
        relevance=max(each.relevance for each in found),
    )


class _ByMeaning(NamedTuple):
    """What was found in ``space``; ``why`` is a sentence for people if it could not be searched."""

    near: Near
    space: VectorSpace
    why: str | None


@dataclass(frozen=True, slots=True)
class _Sought:
    """What each of ``share`` queries is looked for by; see `Search.search`."""

    limit: int
    documents: Collection[DocumentId]
    within: Collection[DocumentId] | None
    share: int


class Search:
    """Both indexes at once, within one workspace.

    Words alone are searched while the embedder cannot be reached or takes longer than
    ``patience_s``, which also bounds its start; and when the index of meaning fails. While
    another embedder takes over, what that one has embedded already is found by its meaning.
    With ``reranking`` the best are put in order once more.
    """

    def __init__(
        self,
        *,
        chunks: ChunkStore,
        meanings: Meanings,
        documents: Documents,
        reranking: Reranking | None = None,
        patience_s: float = 5.0,
    ) -> None:
        self._chunks = chunks
        self._meanings = meanings
        self._documents = documents
        self._reranking = reranking
        self._patience_s = patience_s

    async def search(
        self,
        workspace: WorkspaceId,
        query: str,
        *,
        limit: int,
        documents: Collection[DocumentId] = (),
        within: Collection[DocumentId] | None = None,
        parts: Sequence[str] = (),
        on_rerank: Callable[[], Awaitable[None]] | None = None,
    ) -> Found:
        """Return at most ``limit`` passages for ``query``, best first, no two alike.

        Of ``documents`` alone, if there are any: then what is at their beginnings comes last.
        Else of those ``within``, if that is given.
        With ``parts`` these are searched for in its place, and their passages come by turns.
        All that is of one document is of one version of it.
        ``on_rerank`` is called before a reranker is waited for, once.
        Raises ``RetrievalFailed`` if they cannot be searched for by words or not be read.
        """
        queries = [each[:MOST_CHARACTERS].strip() for each in parts or (query,)]
        queries = [each for each in queries if each]
        if not queries:
            return Found(passages=(), searched="words")
        sought = _Sought(limit, documents, within, share=len(queries))
        try:
            return together(await self._search_all(workspace, queries, sought, on_rerank), limit)
        except Fenced:  # nobody is to be told any more
            raise
        except Exception as error:
            logger.exception("a search failed")
            raise RetrievalFailed from error

    async def _search_all(
        self,
        workspace: WorkspaceId,
        queries: Sequence[str],
        sought: "_Sought",
        on_rerank: Callable[[], Awaitable[None]] | None,
    ) -> list[Found]:
        """Return what is found for each query, with no document in two versions."""
        found: list[Found] = []
        for again in range(TRIES):
            searches = [
                self._search(workspace, each, sought, None if n or again else on_rerank)
                for n, each in enumerate(queries)
            ]
            searched = await asyncio.gather(*searches)
            found = [each for each, _ in searched]
            if all(is_whole for _, is_whole in searched) and _is_of_one_version(found):
                return found
        # A store may keep the vector of what is long gone: that is nothing to fail for.
        return _of_newest_versions(found)

    async def _search(
        self,
        workspace: WorkspaceId,
        query: str,
        sought: "_Sought",
        on_rerank: Callable[[], Awaitable[None]] | None,
    ) -> tuple[Found, bool]:
        """Return more chunks than are asked for: some are duplicates or neighbours of others.

        And whether all that was found could be read: some may have been replaced by those of
        another version meanwhile.
        """
        limit, documents = sought.limit, sought.documents
        among = documents or sought.within
        async with asyncio.TaskGroup() as group:
            meaning = group.create_task(self._search_meaning(workspace, query, among))
            words = group.create_task(
                self._chunks.search_words(workspace, query, limit=DEPTH, documents=among)
            )
        by_words, (near, space, why) = words.result(), meaning.result()
        deep = max(limit, RERANKED // sought.share) if self._reranking else SPARE * limit
        best = fuse(by_words, near, await _unseen(near, space, by_words))[:deep]
        passages = [passage async for passage in self._passages(best, query)]
        is_whole = not await self._was_replaced(best, passages)
        relevance = max((passage.relevance for passage in passages), default=0.0)
        order = Ordered(passages)
        if self._reranking is not None:
            if on_rerank is not None:
                await on_rerank()
            order = await self._reranking.order(query, passages)
        beginnings = await self._beginnings(documents, best, limit)
        found = Found(
            passages=(*order.passages, *[each async for each in self._passages(beginnings, query)]),
            searched="both" if near.hits else "words",
            reranked=None if self._reranking is None else order.why is None,
            why=" ".join(filter(None, (why, order.why))) or None,
            asked_for=bool(documents),
            relevance=relevance,
        )
        return found, is_whole

    async def _search_meaning(
        self, workspace: WorkspaceId, query: str, among: Collection[DocumentId] | None
    ) -> _ByMeaning:
        coming = self._meanings.coming
        served = await self._ask(self._meanings.serving, workspace, query, among)
        self._meanings.why = served.why
        if served.why is None or coming is None:
            return served
        found = await self._ask(coming, workspace, query, among)
        if self._meanings.coming is not coming:  # it came to serve just now: nothing was amiss
            self._meanings.why = None
        return found._replace(why=self._meanings.why)

    async def _ask(
        self,
        meaning: Meaning,
        workspace: WorkspaceId,
        query: str,
        among: Collection[DocumentId] | None,
    ) -> _ByMeaning:
        try:
            near = await meaning.search(
                workspace, query, limit=DEPTH, documents=among, patience_s=self._patience_s
            )
        except (ModelUnavailable, VectorsUnavailable) as error:
            return _ByMeaning(Near(), meaning.space, error.message)
        except TimeoutError:
            return _ByMeaning(Near(), meaning.space, "The embedding model is being loaded.")
        except Exception:
            logger.exception("a search by meaning failed")
            why = "Meaning cannot be searched; the server's log says why."
            return _ByMeaning(Near(), meaning.space, why)
        return _ByMeaning(near, meaning.space, None)

    async def _beginnings(
        self, documents: Collection[DocumentId], found: Sequence[Fused], limit: int
    ) -> list[Fused]:
        """Return the first chunks of each document, by turns, as far as they were not found.

        A document may be so new that it has no vectors, and share no word with the question.
        """
        there = [each for id in documents if (each := await self._find_document(id))]
        known = {item.chunk for item in found}
        first = (chunk_id(each.id, n, each.version) for n in range(limit) for each in there)
        return [Fused(chunk, 0.0) for chunk in first if chunk not in known]

    async def _passages(self, fused: Sequence[Fused], query: str) -> AsyncIterator[Passage]:
        chinese = is_chinese(query)
        chunks = {chunk.id: chunk for chunk in await self._chunks.get([f.chunk for f in fused])}
        documents: dict[DocumentId, Document | None] = {}
        for item in fused:
            chunk = chunks.get(item.chunk)
            if chunk is None:
                continue
            if chunk.document not in documents:
                documents[chunk.document] = await self._find_document(chunk.document)
            document = documents[chunk.document]
            # It may have been removed while we searched.
            if document is not None:
                share = chinese_share(chunk.text)
                relevance = item.relevance_of(share if chinese else 1.0 - share)
                yield _passage(item.score, relevance, chunk, document)

    async def _was_replaced(self, found: Sequence[Fused], read: Sequence[Passage]) -> bool:
        """Tell whether chunks are gone of a document that is still there."""
        gone = {item.chunk for item in found} - {ChunkId(each.id) for each in read}
        for document in {document_of(chunk) for chunk in gone}:
            if await self._find_document(document) is not None:
                return True
        return False

    async def _find_document(self, document: DocumentId) -> Document | None:
        try:
            return await self._documents.get(document)
        except NotFound:
            return None


def _is_of_one_version(found: Sequence[Found]) -> bool:
    return _of_newest_versions(found) == found


def _of_newest_versions(found: Sequence[Found]) -> list[Found]:
    """Leave out the passages of a document of which there are some of a newer version."""
    newest: dict[DocumentId, int] = {}
    for passage in chain.from_iterable(each.passages for each in found):
        version = version_of(passage.id)
        newest[passage.document] = max(version, newest.get(passage.document, version))
    return [
        msgspec.structs.replace(
            each,
            passages=tuple(
                passage
                for passage in each.passages
                if version_of(passage.id) == newest[passage.document]
            ),
        )
        for each in found
    ]


async def _unseen(near: Near, space: VectorSpace, words: WordHits) -> Collection[ChunkId]:
    """Return the chunks that only words could find, since their embedding is still to come."""
    found = {hit.chunk for hit in near.hits}
    others = [hit.chunk for hit in words.hits if hit.chunk not in found]
    # A shorter list has all vectors that there were; what has one by now had none then.
    if len(found) < DEPTH or not others:
        return others
    return await space.find_unembedded(others)


def _passage(score: float, relevance: float, chunk: Chunk, document: Document) -> Passage:
    return Passage(
        id=PassageId(chunk.id),
        document=chunk.document,
        title=document.title,
        text=chunk.text,
        score=score,
        relevance=relevance,
        page=chunk.page,
        headings=chunk.headings,
        place=chunk.place,
        part=chunk.part,
        spots=chunk.spots,
        uri=document.uri,
    )
