"""What can happen in a workspace: to its documents, its feeds and its embedder."""

import msgspec

from groundwire_client._event import Event


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a document that could not be read: a file in it, or pages; and why."""

    where: str
    code: str
    reason: str


class DocumentEvent(Event, frozen=True, kw_only=True):
    document_id: str
    title: str


class DocumentReceived(DocumentEvent, frozen=True, kw_only=True, tag="document.received"):
    size_bytes: int
    document_type: str | None = None
    batch_id: str | None = None


class DocumentParsing(DocumentEvent, frozen=True, kw_only=True, tag="document.parsing"):
    pass


class DocumentChunking(DocumentEvent, frozen=True, kw_only=True, tag="document.chunking"):
    pages: int | None = None


class DocumentEmbedding(DocumentEvent, frozen=True, kw_only=True, tag="document.embedding"):
    """``done`` of ``total`` chunks are found by their meaning; all are found by their words.

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
    """It cannot become a document; ``reason`` is a sentence for people."""

    code: str
    reason: str


class DocumentRemoved(DocumentEvent, frozen=True, kw_only=True, tag="document.removed"):
    pass


class DocumentPaused(DocumentEvent, frozen=True, kw_only=True, tag="document.paused"):
    """Nothing is done with it until it is resumed."""


class DocumentResumed(DocumentEvent, frozen=True, kw_only=True, tag="document.resumed"):
    """It goes on where it stopped."""


class DocumentLabelled(DocumentEvent, frozen=True, kw_only=True, tag="document.labelled"):
    """It is sorted by these now; ``collections`` are ids."""

    tags: tuple[str, ...]
    pinned: bool
    collections: tuple[str, ...]


class CollectionChanged(Event, frozen=True, kw_only=True, tag="collection.changed"):
    """A collection was ``created``, ``renamed`` or ``removed``, which lets its documents go."""

    collection_id: str
    name: str
    change: str


class BatchProgress(Event, frozen=True, kw_only=True, tag="batch.progress"):
    """How many of the ``total`` documents that came together are ready, failed or paused."""

    batch_id: str
    total: int
    ready: int
    failed: int
    paused: int


class FeedChanged(Event, frozen=True, kw_only=True, tag="feed.changed"):
    """What happened to a feed (``change``), and all of how it is since but its address.

    ``change`` is ``added``, ``changed``, ``syncing`` (again and again), ``synced``, ``failed``,
    ``paused``, ``resumed`` or ``removed``.
    """

    feed_id: str
    kind: str
    change: str
    status: str = "idle"
    paused: bool = False
    interval_s: float | None = None
    synced_at: str | None = None
    next_at: str | None = None
    batch_id: str | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    refusals: tuple[dict[str, str], ...] = ()
    reason_code: str | None = None
    reason: str | None = None


class EmbedderChanging(Event, frozen=True, kw_only=True, tag="embedder.changing"):
    """The passages are embedded anew: ``embedder`` has done ``done`` of ``total``.

    What was embedded before is searched until then. It waits if there is a ``reason``.
    """

    embedder: str
    done: int
    total: int
    reason: str | None = None


class EmbedderChanged(Event, frozen=True, kw_only=True, tag="embedder.changed"):
    """From now on ``embedder`` finds passages by their meaning."""

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
