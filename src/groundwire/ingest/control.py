"""What is done with documents that are in: pause, resume, cancel, try again, remove."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from groundwire.ingest.accept import Accept, restarted
from groundwire.ingest.progress import PARSE
from groundwire.model.documents import Document
from groundwire.model.events import (
    DocumentFailed,
    DocumentPaused,
    DocumentRemoved,
    DocumentResumed,
    WorkspaceEvent,
)
from groundwire.model.ids import DocumentId, FeedId
from groundwire.ports.passage_index import ChunkStore

CANCELLED = "cancelled"
_WHY = "It was cancelled before it was done. Try it again, or delete it."

_change = msgspec.structs.replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Each command may come twice, and to a document that it means nothing to.

    ``stop`` ends what a worker of this process does with a document; any other worker finds
    out by the document's fence.
    """

    accept: Accept
    chunks: ChunkStore
    stop: Callable[[DocumentId], None]

    async def pause(self, id: DocumentId) -> Document:
        """Hold the work on the document; what is done of it stays."""
        before, after = await self._change(id, _paused)
        if after.paused and not before.paused:
            self.stop(id)
            await self._tell(after, DocumentPaused(document_id=id, title=after.title))
        return after

    async def resume(self, id: DocumentId) -> Document:
        """Go on with a paused document where it stopped."""
        before, after = await self._change(id, lambda now: _change(now, paused=False))
        if before.paused:
            await self._tell(after, DocumentResumed(document_id=id, title=after.title))
        await self._enqueue(after)
        return after

    async def cancel(self, id: DocumentId) -> Document:
        """Give the document up before it is done: it has failed then, and may be retried."""
        before, after = await self._change(id, _cancelled)
        if before.is_finished:
            return after
        self.stop(id)
        await self.chunks.remove(id)
        event = DocumentFailed(
            document_id=id, title=after.title, code=CANCELLED, reason=after.reason or ""
        )
        await self._tell(after, event)
        return after

    async def retry(self, id: DocumentId) -> Document:
        """Try a document again that has failed, from its beginning."""
        before, after = await self._change(
            id, lambda now: restarted(now) if now.status == "failed" else now
        )
        if before.status == "failed":
            await self.accept.tell_received(after)
            await self.accept.batches.tell(after)
        await self._enqueue(after)
        return after

    async def remove(self, id: DocumentId) -> None:
        """Forget the document with its passages and, unless others have them too, its bytes."""
        accept = self.accept
        document = await accept.documents.get(id)
        is_last = await accept.documents.remove(id)
        self.stop(id)
        await self.chunks.remove(id)
        if is_last:
            await accept.blobs.remove(document.digest)
        await self._tell(document, DocumentRemoved(document_id=id, title=document.title))

    async def hand_over(self, id: DocumentId, feed: FeedId) -> None:
        """Let another ``feed`` keep the document from now on."""
        _, after = await self._change(id, lambda now: _change(now, feed=feed))
        await self._enqueue(after)

    async def _change(
        self, id: DocumentId, change: Callable[[Document], Document]
    ) -> tuple[Document, Document]:
        """Return the document before and after. Raises ``NotFound``."""
        seen: list[Document] = []

        def work(document: Document) -> Document:
            seen[:] = [document]
            return change(document)

        after = await self.accept.documents.change(id, work)
        return seen[0], after

    async def _enqueue(self, document: Document) -> None:
        if not document.is_finished and not document.paused:
            await self.accept.jobs.enqueue(PARSE, document.id, lane=document.added_by)

    async def _tell(self, document: Document, event: WorkspaceEvent) -> None:
        await self.accept.publish(document.workspace, event)
        await self.accept.batches.tell(document)


def _paused(document: Document) -> Document:
    return document if document.is_finished else _change(document, paused=True)


def _cancelled(document: Document) -> Document:
    if document.is_finished:
        return document
    return _change(
        document,
        status="failed",
        searchable="none",
        chunks=0,
        embedded=0,
        paused=False,
        reason_code=CANCELLED,
        reason=_WHY,
    )
