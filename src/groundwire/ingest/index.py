"""The jobs of a document: parse it and make its words searchable, then embed it."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from groundwire.cut.chunk import embedding_text
from groundwire.ingest.accept import drop_unused
from groundwire.ingest.batches import Batches
from groundwire.ingest.progress import EMBED, chunking, embedding, enqueue, parsing, ready
from groundwire.ingest.versions import promoted, read_of
from groundwire.model.documents import Chunk, Cut, Document
from groundwire.model.errors import (
    ModelUnavailable,
    NotFound,
    Unavailable,
    UnreadableDocument,
    VectorsUnavailable,
)
from groundwire.model.ids import DocumentId
from groundwire.model.workspace_events import DocumentFailed, WorkspaceEvent
from groundwire.ports.blobs import Blobs
from groundwire.ports.documents import Documents
from groundwire.ports.job_queue import JobQueue
from groundwire.ports.parser import Parser
from groundwire.ports.passage_index import ChunkStore
from groundwire.retrieve.meaning import Meaning, Meanings

# It fills a request to an endpoint, and is a second or two of the embedded model: short enough for
# several documents to take turns.
BATCH = 16
# While no more documents than so many are embedded, each has so many batches at once: the vectors
# of one are made as those of another are stored. Of more, each has one: the next waits for all.
ABREAST = 2
# So many documents that were read are made searchable while others are read already.
STORING = 2
# After so long the embedding of a document lets others have a turn.
SLICE_S = 5.0
# How far the embedding of a document is, is stored and told so often at most: people look at it,
# and what goes on after a crash counts the vectors that are there.
REPORT_S = 0.25

_change = msgspec.structs.replace


class CalledOff(Exception):
    """The document was removed while it was being read, or somebody gave another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What becomes of an accepted document, in two jobs that may both be done again.

    Each ends quietly when the document is gone. State is stored and told in one step and the
    job is finished last, so that a process that dies in between leaves work, and nothing that
    would be told twice.

    ``make_room`` is called once a document is read: another may be read while it is stored.
    """

    documents: Documents
    blobs: Blobs
    parser: Parser
    chunks: ChunkStore
    meanings: Meanings
    jobs: JobQueue
    batches: Batches
    slice_s: float
    make_room: Callable[[DocumentId], None]
    _storing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STORING))
    _embedding: set[DocumentId] = field(default_factory=set[DocumentId])

    async def parse(self, id: DocumentId) -> bool:
        """Parse, cut and index by words, then leave the embedding to its job.

        A file that cannot be read fails with its reason, and that is the job done.
        """
        try:
            document = await self.documents.get(id)
            if document.is_finished or document.paused:
                return True
            if document.status != "embedding":
                document = await self._index_words(document)
            await enqueue(self.jobs, EMBED, document)
        except UnreadableDocument as error:
            await self.fail(id, error.reason, error.message)
        except (NotFound, CalledOff):
            await self._let_go(id)
        return True

    async def embed(self, id: DocumentId) -> bool:
        """Embed the chunks that have no embedding yet, then call the document ready.

        ``False`` if there is more to do, after ``slice_s``. Raises ``ModelUnavailable`` and
        ``VectorsUnavailable``; what was embedded stays.
        """
        try:
            return await self._embed(await self.documents.get(id))
        except (ModelUnavailable, VectorsUnavailable) as error:
            await self._wait(id, error)
            raise
        except (NotFound, CalledOff):
            await self._let_go(id)
            return True

    async def embed_again(self) -> None:
        """Send to their embedding the documents that have chunks without a vector.

        That is so when the place of vectors is another one. Until they are embedded again they
        are found by their words. To be called as the server starts, and when another embedder
        has taken over.
        """
        for id in await self.meanings.serving.space.list_unembedded():
            try:
                document = await self.documents.get(id)
            except NotFound:
                await self.chunks.remove(id)
                continue
            if document.status == "ready":
                again = _change(document, status="embedding", searchable="words", embedded=0)
                await self.documents.update(again)
                await enqueue(self.jobs, EMBED, document)

    async def fail(self, id: DocumentId, code: str, reason: str) -> None:
        """Store and tell why the document cannot become searchable."""
        try:
            document = await self.documents.get(id)
        except NotFound:
            return
        if document.next is not None:
            reason = f"The new version cannot be read, the one before is kept. {reason}"
        failed = _change(document, status="failed", reason_code=code, reason=reason)
        event = DocumentFailed(document_id=id, title=document.title, code=code, reason=reason)
        if await self.documents.update(failed, event):
            await self.batches.tell(failed)

    async def _embed(self, document: Document) -> bool:
        if document.paused:
            return True
        if document.status == "embedding":
            self._embedding.add(document.id)
            try:
                document = await self._embed_missing(document)
            finally:
                self._embedding.discard(document.id)
        if document.status == "ready":
            await self.batches.tell(document)
        return document.is_finished

    async def _let_go(self, id: DocumentId) -> None:
        """Leave nothing behind in the index of what nobody waits for any more."""
        try:
            document = await self.documents.get(id)
        except NotFound:
            await self.chunks.remove(id)
            return
        if document.searchable == "none":
            await self.chunks.remove(id)

    async def _index_words(self, document: Document) -> Document:
        document = await self._store(document, parsing, status="parsing")
        what = read_of(document)
        cut = await self.parser.cut(
            self.blobs.path(what.digest),
            name=what.title,
            document=document.id,
            version=document.version + (document.next is not None),
        )
        async with self._storing:
            self.make_room(document.id)
            return await self._store_words(document, cut)

    async def _store_words(self, document: Document, cut: Cut) -> Document:
        document = await self._store(
            document, chunking, status="chunking", pages=cut.pages, unread=cut.unread
        )
        where, title = (document.workspace, document.id), read_of(document).title
        if document.next is None:
            await self.chunks.replace(*where, cut.chunks, title=title, terms=cut.terms)
        else:
            await self.chunks.stage(*where, cut.chunks, title=title)
        return await self._store(
            document,
            embedding,
            status="embedding",
            searchable="words" if document.next is None else document.searchable,
            chunks=len(cut.chunks),
            embedded=0,
        )

    async def _embed_missing(self, document: Document) -> Document:
        meaning = self.meanings.serving
        missing = await meaning.space.without_embedding(document.id, limit=document.chunks)
        done = document.chunks - len(missing)
        time = asyncio.get_running_loop().time
        told, until = time(), time() + self.slice_s
        batches = deque(missing[n : n + BATCH] for n in range(0, len(missing), BATCH))
        while batches:
            at_once = ABREAST if len(self._embedding) <= ABREAST else 1
            some = [batches.popleft() for _ in range(min(at_once, len(batches)))]
            await _embed_all(meaning, document, some)
            done += sum(map(len, some))
            if batches and (document.reason is not None or time() - told >= REPORT_S):
                told = time()
                document = await self._store(
                    document, embedding, embedded=done, reason=None, reason_code=None
                )
            if batches and time() >= until:
                return document
        return await self._complete(document)

    async def _complete(self, document: Document) -> Document:
        """Call the document ready; a next version takes the place of the present one first.

        That it is whole is stored before it is found, so that no order can come in between
        and lead back to what is not there any more.
        """
        before = document.digest
        if document.next is not None:
            whole = _change(document.next, is_whole=True)
            document = await self._store(document, None, next=whole)
            await self.chunks.publish(document.id)
            document = promoted(document)
        document = await self._store(
            document,
            ready,
            status="ready",
            searchable="meaning",
            embedded=document.chunks,
            reason=None,
            reason_code=None,
        )
        if before != document.digest:
            await drop_unused(self.documents, self.blobs, before)
        return document

    async def _wait(self, id: DocumentId, error: Unavailable) -> None:
        reason = (
            f"It can be found by its words, not yet by its meaning: {error.message} "
            "This is tried again by itself."
        )
        try:
            document = await self.documents.get(id)
        except NotFound:
            return
        if document.reason == reason:
            return  # told already
        waiting = _change(document, reason_code=error.code, reason=reason)
        await self.documents.update(waiting, embedding(waiting))

    async def _store(
        self,
        document: Document,
        event_of: Callable[[Document], WorkspaceEvent] | None,
        **changes: object,
    ) -> Document:
        """Store the document with ``changes`` and tell its event. Raises ``CalledOff``."""
        document = _change(document, **changes)
        events = () if event_of is None else (event_of(document),)
        if not await self.documents.update(document, *events):
            raise CalledOff
        return document


async def _embed_all(
    meaning: Meaning, document: Document, batches: Sequence[Sequence[Chunk]]
) -> None:
    """Embed ``batches`` side by side. If one fails, the others are stored before it is raised."""
    done = await asyncio.gather(
        *(_embed_batch(meaning, document, batch) for batch in batches), return_exceptions=True
    )
    for error in filter(None, done):
        raise error


async def _embed_batch(meaning: Meaning, document: Document, batch: Sequence[Chunk]) -> None:
    title = read_of(document).title
    texts = [embedding_text(chunk, title) for chunk in batch]
    await meaning.add(document.workspace, batch, texts)
