"""Take a file in: keep its bytes, record the document, leave the work to a job."""

import mimetypes
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePath

import msgspec

from groundwire.ingest.batches import Batches
from groundwire.ingest.progress import EMBED, PARSE, enqueue, received
from groundwire.ingest.versions import restarted
from groundwire.model.documents import Document
from groundwire.model.errors import Conflict, InvalidField, NotFound
from groundwire.model.ids import (
    BatchId,
    DocumentId,
    FeedId,
    NewId,
    Now,
    PrincipalId,
    WorkspaceId,
)
from groundwire.ports.blobs import Blobs
from groundwire.ports.documents import Documents
from groundwire.ports.job_queue import JobQueue

MAX_NAME = 255
_MEDIA_TYPES = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".csv": "text/csv",
    ".epub": "application/epub+zip",
    ".rtf": "application/rtf",
    ".eml": "message/rfc822",
    ".msg": "application/vnd.ms-outlook",
    ".mbox": "application/mbox",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".srt": "application/x-subrip",
    ".vtt": "text/vtt",
    ".webp": "image/webp",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Takes files in. ``limit_bytes`` is the most that one may have."""

    documents: Documents
    blobs: Blobs
    jobs: JobQueue
    batches: Batches
    now: Now
    new_id: NewId
    limit_bytes: int

    async def __call__(
        self,
        workspace: WorkspaceId,
        name: str,
        content: AsyncIterator[bytes],
        *,
        by: PrincipalId,
        batch: BatchId,
        feed: FeedId | None = None,
        uri: str | None = None,
    ) -> Document:
        """Store ``content`` as it comes and return the document that it is now.

        ``feed`` brings it, or a person does: what a person brought stays when feeds let it go.

        The same bytes in the same workspace are the document that there is already; one that
        had failed is tried again. On return the document and its job are durable. Raises
        ``InvalidField`` for a name that is none and ``TooLarge``; what the file is worth, the
        job finds out.
        """
        title = clean_name(name)
        blob = await self.blobs.put(content, limit_bytes=self.limit_bytes)
        fresh = Document(
            id=DocumentId(self.new_id("d")),
            workspace=workspace,
            title=title,
            media_type=media_type(title),
            size_bytes=blob.size_bytes,
            digest=blob.digest,
            created_at=self.now(),
            added_by=by,
            batch=batch,
            feed=feed,
            uri=uri,
        )
        return await self._record(fresh)

    async def enqueue(self, document: Document) -> None:
        """Have the document read on, unless nothing is to be done with it."""
        if not document.is_finished and not document.paused:
            await enqueue(self.jobs, PARSE, document)

    async def resume(self) -> None:
        """Give every unfinished document a job: the process may have died before it did.

        To be called once, as the server starts.
        """
        for document in await self.documents.list_unfinished():
            kind = EMBED if document.status == "embedding" else PARSE
            await enqueue(self.jobs, kind, document)

    async def _record(self, fresh: Document) -> Document:
        document = await self.documents.add(fresh, received(fresh))
        if document.id == fresh.id:
            await self._require_bytes(document)
        else:
            document = await self._again(document, fresh)
        await self.batches.tell(document)
        await self.enqueue(document)
        return document

    async def _again(self, document: Document, fresh: Document) -> Document:
        """Count the document that there is already to the batch of ``fresh``, which is the same.

        One that had failed is tried again.
        """
        return await self.documents.change(
            document.id,
            lambda now: msgspec.structs.replace(
                restarted(now) if now.status == "failed" else now,
                batch=fresh.batch,
                feed=now.feed and fresh.feed,
                uri=now.uri or fresh.uri,
            ),
            lambda before, after: [received(after)] if before.status == "failed" else [],
        )

    async def _require_bytes(self, document: Document) -> None:
        """Refuse if the last other document with these bytes was removed just now."""
        try:
            self.blobs.path(document.digest)
        except NotFound as error:
            await self.documents.remove(document.id)
            raise Conflict("This file was being removed just now. Upload it again.") from error


async def drop_unused(documents: Documents, blobs: Blobs, digest: str) -> None:
    """Remove bytes that no document has or will have."""
    if not await documents.is_used(digest):
        await blobs.remove(digest)


def clean_name(name: str) -> str:
    """Return the last part of ``name``, which may be a path of any system. Pure."""
    title = PurePath(name.replace("\\", "/")).name.strip()
    title = "".join(character for character in title if character.isprintable())
    if not title or title in (".", ".."):
        raise InvalidField("file", "The file has no name. Give it one and upload it again.")
    if len(title) > MAX_NAME:
        suffix = PurePath(title).suffix[:16]
        title = title[: MAX_NAME - len(suffix)] + suffix
    return title


def media_type(name: str) -> str:
    """Return what the name promises; what the bytes are, the parser finds out. Pure."""
    suffix = PurePath(name).suffix.lower()
    known = _MEDIA_TYPES.get(suffix) or mimetypes.types_map.get(suffix)
    return known or "application/octet-stream"
