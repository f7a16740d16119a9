"""What was uploaded, what parsing made of it, and what is indexed."""

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from groundwire.model.document_types import DocumentType, type_of
from groundwire.model.ids import (
    BatchId,
    ChunkId,
    CollectionId,
    DocumentId,
    FeedId,
    PrincipalId,
    WorkspaceId,
)
from groundwire.model.places import Place, Spot

DocumentStatus = Literal["queued", "parsing", "chunking", "embedding", "ready", "failed"]
Searchable = Literal["none", "words", "meaning"]
"""``words`` once the text is indexed; ``meaning`` once every chunk has its embedding."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a document that could not be read, and why, while the rest could.

    ``where`` is the path of a file within its archive or mail, or names pages; ``code`` is an
    `UnreadableReason`.
    """

    where: str
    code: str
    reason: str


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Other bytes of a document, under the name that they came with.

    ``is_whole`` once all of it can be found: then nothing leads back to the version before, of
    which ``pages`` and ``chunks`` are told, and what was ``unread``.
    """

    title: str
    media_type: str
    size_bytes: int
    digest: str
    is_whole: bool = False
    pages: int | None = None
    chunks: int = 0
    unread: tuple[Unread, ...] = ()
    dated_at: datetime | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A file in a workspace and how far it has come.

    ``digest`` is the SHA-256 of its bytes, in hex: the same bytes in the same workspace are
    the same document. ``embedded`` of ``chunks`` chunks have their embedding.

    ``added_by`` is who brought it, with the others of its ``batch``. Nothing is done with it
    while it is ``paused``. ``fence`` grows with every command on it: see `Documents.update`.

    ``version`` counts from 1. While there is a ``next`` one, status, chunks and what was
    embedded of them are those of the next; what is searched is the present one, whole.

    ``feed`` is what brought it and keeps it; ``None`` if a person did. ``uri`` is where in the
    world it is from: an address of the web, or a path within its feed.

    ``dated_at`` is when its present bytes came if they are not its first. ``tags``, ``pinned``
    and ``collections`` are what people sorted it by: `Documents.label` alone changes them, so
    that no work on it undoes them.
    """

    id: DocumentId
    workspace: WorkspaceId
    title: str
    media_type: str
    size_bytes: int
    digest: str
    created_at: datetime
    status: DocumentStatus = "queued"
    searchable: Searchable = "none"
    pages: int | None = None
    chunks: int = 0
    embedded: int = 0
    reason_code: str | None = None
    reason: str | None = None
    unread: tuple[Unread, ...] = ()
    added_by: PrincipalId = PrincipalId("")
    batch: BatchId | None = None
    paused: bool = False
    fence: int = 0
    version: int = 1
    next: Version | None = None
    feed: FeedId | None = None
    uri: str | None = None
    dated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    pinned: bool = False
    collections: tuple[CollectionId, ...] = ()

    @property
    def is_finished(self) -> bool:
        return self.status in ("ready", "failed")

    @property
    def type(self) -> DocumentType:
        return type_of(self.title)

    @property
    def dated(self) -> datetime:
        """Return the date that filters go by."""
        return self.dated_at or self.created_at


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Documents that came together: how many of ``total`` are ready, failed or paused.

    A document that was sent again belongs to the later batch alone.
    """

    id: BatchId
    workspace: WorkspaceId
    created_at: datetime
    total: int
    ready: int
    failed: int
    paused: int

    @property
    def is_finished(self) -> bool:
        return self.ready + self.failed == self.total


BlockKind = Literal["text", "heading", "list", "table", "code"]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed piece of a document, in reading order.

    ``page`` counts from 1 (a PDF's page, a slide; ``None`` where the format has none, or the
    name of a sheet in ``headings``). ``headings`` is the path above the block, outermost
    first; for a ``heading`` block it excludes the block itself, ``level`` is 1 to 6. In a table
    or code with a ``place``, its ``first`` is that of the first line of ``text`` and every line
    counts, empty ones as well. ``part`` is the path of the file within an archive or a mail that
    the block is from; the names of that path are also the first of ``headings``.
    """

    text: str
    kind: BlockKind = "text"
    page: int | None = None
    headings: tuple[str, ...] = ()
    level: int | None = None
    place: Place | None = None
    part: str = ""


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """What a parser makes of a file. ``pages`` is ``None`` where the format has none."""

    blocks: tuple[Block, ...]
    pages: int | None = None
    title: str | None = None
    unread: tuple[Unread, ...] = ()


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """The unit that is embedded and indexed.

    ``position`` counts from 0 through the document without gaps. ``page`` is the page the
    chunk begins on, ``last_page`` the one it ends on; ``spots`` say where each of its parts
    stands, if not all do alike. A chunk's id is made from its
    document and position, so that a repeated ingest writes the same rows.
    """

    id: ChunkId
    document: DocumentId
    position: int
    text: str
    page: int | None = None
    last_page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None
    part: str = ""
    spots: tuple[Spot, ...] = ()


class Terms(NamedTuple):
    """What a chunk is found by its words by: those of ``above``, its title and headings, and of
    its ``text``, each as terms with spaces between them.
    """

    above: str
    text: str


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is cut into: chunks, the ``terms`` of each, and the rest as of `Parsed`."""

    chunks: list[Chunk]
    terms: list[Terms]
    pages: int | None = None
    unread: tuple[Unread, ...] = ()
