"""What the events of a workspace's log do to its list of documents. Pure."""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from groundwire_client.events import Recorded
from groundwire_client.workspace_events import (
    CollectionChanged,
    DocumentChunking,
    DocumentEmbedding,
    DocumentEvent,
    DocumentFailed,
    DocumentLabelled,
    DocumentParsing,
    DocumentPaused,
    DocumentReady,
    DocumentReceived,
    DocumentRemoved,
    DocumentResumed,
    Unread,
)


class DocumentInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A document of a workspace; ``embedded`` of its ``chunks`` chunks have their embedding.

    ``status`` is ``queued``, ``parsing``, ``chunking``, ``embedding``, ``ready`` or ``failed``;
    ``searchable`` is ``none``, ``words`` or ``meaning``. Nothing is done with one that is
    ``paused``. ``batch_id`` is what it has in common with those that came with it. A file that
    was refused has no ``id``.

    ``type`` says what kind of file it is, as in ``pdf``; ``dated_at`` is the date that filters
    go by. What a ``pinned`` one says is always part of what answers rest on. ``collections``
    are the ids of those that it is in.
    """

    id: str | None
    title: str
    status: str = "queued"
    media_type: str = ""
    size_bytes: int = 0
    searchable: str = "none"
    pages: int | None = None
    chunks: int = 0
    embedded: int = 0
    reason: str | None = None
    reason_code: str | None = None
    unread: tuple[Unread, ...] = ()
    created_at: str | None = None
    batch_id: str | None = None
    paused: bool = False
    type: str = ""
    dated_at: str | None = None
    tags: tuple[str, ...] = ()
    pinned: bool = False
    collections: tuple[str, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be done with it."""
        return self.status in ("ready", "failed")


Documents = tuple[DocumentInfo, ...]


def fold_documents(documents: Documents, recorded: Recorded) -> Documents:
    """Return the list after an event. Total: an unknown type leaves it as it is."""
    event = recorded.event
    if isinstance(event, CollectionChanged) and event.change == "removed":
        return tuple(_let_go(each, event.collection_id) for each in documents)
    if not isinstance(event, DocumentEvent):
        return documents
    if isinstance(event, DocumentRemoved):
        return tuple(each for each in documents if each.id != event.document_id)
    known = next((each for each in documents if each.id == event.document_id), None)
    if known is not None:
        return tuple(
            _changed(each, event, recorded.ts) if each is known else each for each in documents
        )
    new = DocumentInfo(id=event.document_id, title=event.title)
    return (_changed(new, event, recorded.ts), *documents)


def merge(documents: Documents, listed: Iterable[DocumentInfo]) -> Documents:
    """Return ``documents`` with those of ``listed`` that it lacks in front of them."""
    known = {each.id for each in documents}
    return (*(each for each in listed if each.id and each.id not in known), *documents)


def _changed(document: DocumentInfo, event: DocumentEvent, ts: str) -> DocumentInfo:
    match event:
        case DocumentPaused() | DocumentResumed():
            return replace(document, paused=isinstance(event, DocumentPaused))
        case DocumentReady() | DocumentFailed():
            return _ended(document, event)
        case DocumentLabelled():
            return replace(
                document, tags=event.tags, pinned=event.pinned, collections=event.collections
            )
        case DocumentReceived():
            return replace(
                document,
                title=event.title,
                size_bytes=event.size_bytes,
                type=event.document_type or document.type,
                batch_id=event.batch_id,
                status="queued",
                paused=False,
                reason=None,
                created_at=ts or document.created_at,
            )
        case DocumentParsing():
            return replace(document, status="parsing")
        case DocumentChunking():
            return replace(document, status="chunking", pages=event.pages)
        case DocumentEmbedding():
            return replace(
                document,
                status="embedding",
                searchable=document.searchable if event.revises else "words",
                embedded=event.done,
                chunks=event.total,
            )
        case _:
            return document


def _let_go(document: DocumentInfo, collection: str) -> DocumentInfo:
    left = tuple(each for each in document.collections if each != collection)
    return replace(document, collections=left)


def _ended(document: DocumentInfo, event: DocumentReady | DocumentFailed) -> DocumentInfo:
    if isinstance(event, DocumentFailed):
        return replace(
            document, status="failed", paused=False, reason=event.reason, reason_code=event.code
        )
    return replace(
        document,
        status="ready",
        searchable="meaning",
        pages=event.pages,
        chunks=event.chunks,
        embedded=event.chunks,
        unread=event.unread,
    )
