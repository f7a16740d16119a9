"""What can happen in a workspace: to its documents, to what came together, to its feeds."""

from datetime import datetime

import msgspec

from groundwire.model.document_types import DocumentType
from groundwire.model.documents import Document, Unread
from groundwire.model.events import Event, tag_of
from groundwire.model.feeds import (
    Counts,
    FeedChange,
    FeedKind,
    FeedReason,
    FeedStatus,
    Refusal,
)
from groundwire.model.filters import CollectionChange
from groundwire.model.ids import BatchId, CollectionId, DocumentId, FeedId


class DocumentEvent(Event, frozen=True, kw_only=True):
    document_id: DocumentId
    title: str


class DocumentReceived(DocumentEvent, frozen=True, kw_only=True, tag="document.received"):
    size_bytes: int
    document_type: DocumentType | None = None
    batch_id: BatchId | None = None


class DocumentParsing(DocumentEvent, frozen=True, kw_only=True, tag="document.parsing"):
    pass


class DocumentChunking(DocumentEvent, frozen=True, kw_only=True, tag="document.chunking"):
    pages: int | None = None


class DocumentEmbedding(DocumentEvent, frozen=True, kw_only=True, tag="document.embedding"):
    """``done`` of ``total`` chunks have their embedding; the words are searchable already.

    If it ``revises`` the document, the version before is found until all of this one can be.
    """

    done: int
    total: int
    revises: bool = False


class DocumentReady(DocumentEvent, frozen=True, kw_only=True, tag="document.ready"):
    chunks: int
    pages: int | None = None
    unread: tuple[Unread, ...] = ()


class DocumentFailed(DocumentEvent, frozen=True, kw_only=True, tag="document.failed"):
    code: str
    reason: str


class DocumentRemoved(DocumentEvent, frozen=True, kw_only=True, tag="document.removed"):
    pass


class DocumentPaused(DocumentEvent, frozen=True, kw_only=True, tag="document.paused"):
    """Nothing is done with it until it is resumed."""


class DocumentResumed(DocumentEvent, frozen=True, kw_only=True, tag="document.resumed"):
    """It goes on where it stopped."""


class DocumentLabelled(DocumentEvent, frozen=True, kw_only=True, tag="document.labelled"):
    """It is sorted by these now: tags, the pin, and the ids of its collections."""

    tags: tuple[str, ...]
    pinned: bool
    collections: tuple[CollectionId, ...]

    @classmethod
    def of(cls, document: Document) -> "DocumentLabelled":
        return cls(
            document_id=document.id,
            title=document.title,
            tags=document.tags,
            pinned=document.pinned,
            collections=document.collections,
        )


class CollectionChanged(Event, frozen=True, kw_only=True, tag="collection.changed"):
    """What happened to a collection; one that is removed has let its documents go.

    Which documents it has, each of them tells, see `DocumentLabelled`.
    """

    collection_id: CollectionId
    name: str
    change: CollectionChange


class BatchProgress(Event, frozen=True, kw_only=True, tag="batch.progress"):
    """How many of the ``total`` documents that came together are ready, failed or paused."""

    batch_id: BatchId
    total: int
    ready: int
    failed: int
    paused: int


class FeedChanged(Event, frozen=True, kw_only=True, tag="feed.changed"):
    """What happened to a feed, and all of how it is since.

    Its address and options are not told: whoever may read the documents need not know which
    folders there are.
    """

    feed_id: FeedId
    kind: FeedKind
    change: FeedChange
    status: FeedStatus = "idle"
    paused: bool = False
    interval_s: float | None = None
    synced_at: datetime | None = None
    next_at: datetime | None = None
    batch_id: BatchId | None = None
    counts: Counts = Counts()
    refusals: tuple[Refusal, ...] = ()
    reason_code: FeedReason | None = None
    reason: str | None = None


class EmbedderChanging(Event, frozen=True, kw_only=True, tag="embedder.changing"):
    """The workspace's passages are embedded anew: ``embedder`` has done ``done`` of ``total``.

    Until it has done all there are, what was embedded before is searched. It waits if there is
    a ``reason``.
    """

    embedder: str
    done: int
    total: int
    reason: str | None = None


class EmbedderChanged(Event, frozen=True, kw_only=True, tag="embedder.changed"):
    """From now on ``embedder`` finds the workspace's passages by their meaning."""

    embedder: str


WorkspaceEvent = (
    DocumentReceived
    | DocumentParsing
    | DocumentChunking
    | DocumentEmbedding
    | DocumentReady
    | DocumentFailed
    | DocumentRemoved
    | DocumentPaused
    | DocumentResumed
    | DocumentLabelled
    | CollectionChanged
    | BatchProgress
    | FeedChanged
    | EmbedderChanging
    | EmbedderChanged
)

_decoder = msgspec.json.Decoder(WorkspaceEvent)
_TAGS = frozenset(event.__struct_config__.tag for event in WorkspaceEvent.__args__)


def decode_workspace_event(data: bytes) -> WorkspaceEvent | None:
    """Return the event, or ``None`` for a type that this version does not know."""
    return _decoder.decode(data) if tag_of(data) in _TAGS else None
