"""The bodies of requests and answers over HTTP."""

from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from groundwire.conversation.state import Message
from groundwire.ingest.changeover import Change
from groundwire.model.document_types import DocumentType
from groundwire.model.documents import Batch, Document, DocumentStatus, Searchable, Unread
from groundwire.model.errors import BadJson, InvalidField, TooLarge
from groundwire.model.ids import BatchId, CollectionId, DocumentId, FeedId, WorkspaceId
from groundwire.model.passages import Passage
from groundwire.model.places import Place, Spot
from groundwire.model.refused import field_and_reason
from groundwire.ports.chat_model import ModelInfo
from groundwire.ports.conversations import Conversation
from groundwire.ports.documents import Workspace
from groundwire.retrieve.search import Found, Searched
from groundwire.transport.frames import AskedFilter

T = TypeVar("T")
MAX_BODY = 1_048_576


class Body(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    pass


class SetUp(Body):
    token: str
    name: str
    password: str


class Login(Body):
    name: str
    password: str


class NewKey(Body):
    name: str
    role: Literal["reader", "editor", "owner"] = "owner"


class NewWorkspace(Body):
    name: str


class ChangeWorkspace(Body):
    name: str | None = None
    model: str | None = None


class NewText(Body):
    title: str
    text: str
    batch: str | None = None


class NewConversation(Body):
    workspace_id: WorkspaceId | None = None


class Rename(Body):
    title: str


class SearchFor(Body):
    query: str
    limit: int = 10
    filter: AskedFilter | None = None


class DocumentBody(Body, omit_defaults=False):
    id: DocumentId
    workspace_id: WorkspaceId
    title: str
    media_type: str
    size_bytes: int
    status: DocumentStatus
    searchable: Searchable
    pages: int | None
    chunks: int
    embedded: int
    reason: str | None
    reason_code: str | None
    unread: tuple[Unread, ...]
    created_at: datetime
    batch_id: BatchId | None
    paused: bool
    version: int
    revising: bool
    feed_id: FeedId | None
    uri: str | None
    type: DocumentType
    dated_at: datetime
    tags: tuple[str, ...]
    pinned: bool
    collections: tuple[CollectionId, ...]

    @classmethod
    def of(cls, document: Document) -> "DocumentBody":
        return cls(
            id=document.id,
            workspace_id=document.workspace,
            title=document.title,
            media_type=document.media_type,
            size_bytes=document.size_bytes,
            status=document.status,
            searchable=document.searchable,
            pages=document.pages,
            chunks=document.chunks,
            embedded=document.embedded,
            reason=document.reason,
            reason_code=document.reason_code,
            unread=document.unread,
            created_at=document.created_at,
            batch_id=document.batch,
            paused=document.paused,
            version=document.version,
            revising=document.next is not None,
            feed_id=document.feed,
            uri=document.uri,
            type=document.type,
            dated_at=document.dated,
            tags=document.tags,
            pinned=document.pinned,
            collections=document.collections,
        )


class BatchBody(Body, omit_defaults=False):
    """Documents that came together: how many of ``total`` are ready, failed or paused."""

    id: BatchId
    workspace_id: WorkspaceId
    created_at: datetime
    total: int
    ready: int
    failed: int
    paused: int

    @classmethod
    def of(cls, batch: Batch) -> "BatchBody":
        return cls(
            id=batch.id,
            workspace_id=batch.workspace,
            created_at=batch.created_at,
            total=batch.total,
            ready=batch.ready,
            failed=batch.failed,
            paused=batch.paused,
        )


class ComingEmbedder(Body, omit_defaults=False):
    """What embeds the workspace's passages anew: ``done`` of ``total``; why, if it waits."""

    embedder: str
    done: int
    total: int
    reason: str | None


class EmbedderBody(Body, omit_defaults=False):
    """What finds the workspace's passages by their meaning, and what is to do so in its place.

    ``reason`` is why the last question that was asked of it got no answer.
    """

    embedder: str
    reason: str | None
    coming: ComingEmbedder | None

    @classmethod
    def of(cls, change: Change) -> "EmbedderBody":
        coming = None if change.coming is None else ComingEmbedder(**change.coming._asdict())
        return cls(embedder=change.serving, reason=change.reason, coming=coming)


class BatchesBody(Body):
    batches: list[BatchBody]


class PassageBody(Body, omit_defaults=False):
    id: str
    text: str
    document_id: DocumentId
    title: str
    page: int | None
    headings: tuple[str, ...]
    place: Place | None
    spots: tuple[Spot, ...]
    part: str
    uri: str | None
    score: float
    relevance: float

    @classmethod
    def of(cls, passage: Passage) -> "PassageBody":
        return cls(
            id=passage.id,
            text=passage.text,
            document_id=passage.document,
            title=passage.title,
            page=passage.page,
            headings=passage.headings,
            place=passage.place,
            spots=passage.spots,
            part=passage.part,
            uri=passage.uri,
            score=passage.score,
            relevance=passage.relevance,
        )


class PassagesBody(Body, omit_defaults=False):
    """See `Found`; ``reranked`` is null where no reranker is set.

    ``documents`` is how many were searched: those that the filter lets through.
    """

    passages: list[PassageBody]
    documents: int
    searched: Searched
    reranked: bool | None
    why: str | None

    @classmethod
    def of(cls, found: Found, documents: int) -> "PassagesBody":
        return cls(
            passages=[PassageBody.of(passage) for passage in found.passages],
            documents=documents,
            searched=found.searched,
            reranked=found.reranked,
            why=found.why,
        )


class ConversationBody(Body, omit_defaults=False):
    id: str
    workspace_id: WorkspaceId
    title: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> "ConversationBody":
        return cls(
            id=conversation.name,
            workspace_id=conversation.workspace,
            title=conversation.title,
            created_at=conversation.created_at,
            updated_at=conversation.updated_at,
        )


class MessagesBody(Body, omit_defaults=False):
    messages: list[Message]
    has_more: bool


class AutoBody(Body):
    name: str
    why: str


class ModelsBody(Body):
    models: list[ModelInfo]
    auto: AutoBody


class WorkspacesBody(Body):
    workspaces: list[Workspace]


async def read_bytes(request: Request, limit_bytes: int) -> bytes:
    """Return the request's body. Raises ``TooLarge``."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > limit_bytes:
            raise TooLarge("The body", limit_bytes)
    return bytes(content)


async def read_body(request: Request, type: type[T]) -> T:
    """Return the request's JSON body. Raises ``BadJson``, ``InvalidField``, ``TooLarge``."""
    content = await read_bytes(request, MAX_BODY)
    try:
        return msgspec.json.decode(content, type=type)
    except msgspec.ValidationError as error:
        field, reason = field_and_reason(error)
        raise InvalidField(field or "body", f"`{field or 'body'}`: {reason}.") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadJson("The body is not valid JSON.") from error


def answer(body: Any, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(body),
        status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )
