"""What is done with documents that are in: pause, resume, cancel, try again, remove."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import msgspec

from groundwire.ingest.accept import Accept, clean_name, drop_unused, media_type
from groundwire.ingest.progress import ready, received
from groundwire.ingest.versions import digests, read_of, renamed, restarted, revised, withdrawn
from groundwire.model.documents import Document, Version
from groundwire.model.errors import Conflict
from groundwire.model.ids import BatchId, DocumentId, FeedId
from groundwire.model.workspace_events import (
    DocumentFailed,
    DocumentPaused,
    DocumentResumed,
    WorkspaceEvent,
)
from groundwire.ports.documents import Tell, tell_nothing
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
        before, after = await self._change(
            id, _paused, lambda _, now: [DocumentPaused(document_id=id, title=now.title)]
        )
        if after != before:
            self.stop(id)
            await self.accept.batches.tell(after)
        return after

    async def resume(self, id: DocumentId) -> Document:
        """Go on with a paused document where it stopped."""
        before, after = await self._change(
            id,
            lambda now: _change(now, paused=False),
            lambda _, now: [DocumentResumed(document_id=id, title=now.title)],
        )
        if after != before:
            await self.accept.batches.tell(after)
        await self.accept.enqueue(after)
        return after

    async def revise(
        self, id: DocumentId, name: str, content: AsyncIterator[bytes], *, batch: BatchId
    ) -> Document:
        """Read other bytes of the document, and find them in place of those before once all
        of them can be found; until then a search finds the ones before.

        Nothing happens if it has these bytes. Raises ``NotFound``, ``Conflict`` if another
        document of the workspace has them, and what `Accept` raises.
        """
        accept = self.accept
        document = await accept.documents.get(id)
        title = clean_name(name)
        blob = await accept.blobs.put(content, limit_bytes=accept.limit_bytes)
        version = Version(
            title=title,
            media_type=media_type(title),
            size_bytes=blob.size_bytes,
            digest=blob.digest,
            dated_at=accept.now(),
        )
        other = await accept.documents.find(document.workspace, blob.digest)
        if other is not None and other.id != id:
            raise Conflict(f"“{other.title}” in this workspace is the same file.")
        before, after = await self._change(
            id, lambda now: _in_batch(revised(now, version), now, batch), _reads_on
        )
        if after != before:
            self.stop(id)
            await self._drop_bytes(before, after)
            await self._go_on(after)
        return after

    async def cancel(self, id: DocumentId) -> Document:
        """Give the document up before it is done: it has failed then, and may be retried.

        Of one that was found before only the next version is given up.
        """
        before, after = await self._change(id, _cancelled, _gives_up)
        if after == before:
            return after
        self.stop(id)
        if before.next is not None:
            await self._drop_bytes(before, after)
            await self._go_on(after)
            return after
        await self.chunks.remove(id)
        await self.accept.batches.tell(after)
        return after

    async def remove(self, id: DocumentId) -> None:
        """Forget the document and all that was made of it. Raises ``NotFound``."""
        document = await self.accept.documents.get(id)
        await self.accept.documents.remove(id)
        self.stop(id)
        await self.chunks.remove(id)
        for digest in digests(document):
            await drop_unused(self.accept.documents, self.accept.blobs, digest)
        await self.accept.batches.tell(document)

    async def retry(self, id: DocumentId) -> Document:
        """Try a document again that has failed, from its beginning."""
        before, after = await self._change(
            id,
            lambda now: restarted(now) if now.status == "failed" else now,
            lambda _, now: [received(now)],
        )
        if after != before:
            await self.accept.batches.tell(after)
        await self.accept.enqueue(after)
        return after

    async def clear(self) -> None:
        """Remove what is left of documents that are gone, or never came to be.

        A server was killed while it removed or took them in. To be called as the server starts,
        before anything is taken in.
        """
        used = await self.accept.documents.list_used()
        for id in await self.chunks.list_documents():
            if id not in used.documents:
                await self.chunks.remove(id)
        for digest in await self.accept.blobs.list():
            if digest not in used.digests:
                await self.accept.blobs.remove(digest)

    async def _go_on(self, document: Document) -> None:
        """Have a document read whose bytes are others, unless it is what it was."""
        if document.is_finished:
            await self.chunks.discard(document.id)
        await self.accept.batches.tell(document)
        await self.accept.enqueue(document)

    async def _drop_bytes(self, before: Document, after: Document) -> None:
        """Remove the bytes that the document does not need any more, if nobody does."""
        for digest in digests(before) - digests(after):
            await drop_unused(self.accept.documents, self.accept.blobs, digest)

    async def hand_over(self, id: DocumentId, feed: FeedId | None) -> None:
        """Let another ``feed`` keep the document from now on, or nobody but people."""
        _, after = await self._change(id, lambda now: _change(now, feed=feed))
        await self.accept.enqueue(after)

    async def move(self, id: DocumentId, name: str, uri: str) -> None:
        """Let the document be from another place, under its name there. Raises ``NotFound``."""
        title = clean_name(name)
        before, after = await self._change(
            id, lambda now: renamed(_change(now, uri=uri), title, media_type(title)), _named_anew
        )
        if _named_anew(before, after):
            self.stop(id)
            await self._go_on(after)

    async def _change(
        self, id: DocumentId, change: Callable[[Document], Document], tell: Tell = tell_nothing
    ) -> tuple[Document, Document]:
        """Return the document before and after. Raises ``NotFound``."""
        seen: list[Document] = []

        def work(document: Document) -> Document:
            seen[:] = [document]
            return change(document)

        after = await self.accept.documents.change(id, work, tell)
        return seen[0], after


def _paused(document: Document) -> Document:
    return document if document.is_finished else _change(document, paused=True)


def _reads_on(_: Document, after: Document) -> list[WorkspaceEvent]:
    return [ready(after) if after.is_finished else received(after)]


def _named_anew(before: Document, after: Document) -> list[WorkspaceEvent]:
    is_same = read_of(after).title == read_of(before).title
    return [] if is_same else _reads_on(before, after)


def _gives_up(before: Document, after: Document) -> list[WorkspaceEvent]:
    if before.next is not None:
        return _reads_on(before, after)
    return [
        DocumentFailed(
            document_id=after.id, title=after.title, code=CANCELLED, reason=after.reason or ""
        )
    ]


def _in_batch(document: Document, before: Document, batch: BatchId) -> Document:
    return document if document == before else _change(document, batch=batch)


def _cancelled(document: Document) -> Document:
    if document.next is not None:
        return withdrawn(document)
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
