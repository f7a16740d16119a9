"""The resources under ``/api/v1``. Every call raises ``GroundwireError``."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from groundwire_client._calls import Body, given, part
from groundwire_client._documents import DocumentInfo
from groundwire_client._filter import Filter
from groundwire_client._sorting import Sorting, as_query
from groundwire_client._state import Snapshot
from groundwire_client._wire import MessagePage
from groundwire_client.events import Place, Spot

File = Path | tuple[str, bytes]
"""A file on this machine, or a name and its content."""

UPLOAD = httpx.Timeout(30.0, read=600.0)


class Principal(Body, frozen=True, kw_only=True):
    id: str
    name: str
    role: str = ""


class ApiKey(Body, frozen=True, kw_only=True):
    """A key as it is listed; the key itself was shown when it was made, and never again."""

    id: str
    name: str
    role: str
    created_at: str


class NewApiKey(Body, frozen=True, kw_only=True):
    key: str
    name: str
    role: str


class WorkspaceInfo(Body, frozen=True, kw_only=True):
    """``model`` answers here by default; none or ``auto`` stands for the best there is."""

    id: str
    name: str
    model: str | None = None
    created_at: str | None = None


class ConversationInfo(Body, frozen=True, kw_only=True):
    id: str
    workspace_id: str | None = None
    title: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ModelInfo(Body, frozen=True, kw_only=True):
    """``grounded``: whether it was measured to answer from documents reliably."""

    name: str
    provider: str
    window_tokens: int | None = None
    grounded: bool | None = None
    languages: tuple[str, ...] = ()


class Choice(Body, frozen=True, kw_only=True):
    """The model that ``auto`` stands for, and why."""

    name: str
    why: str | None = None


class Models(Body, frozen=True, kw_only=True):
    """The models that there are, and which of them answers where none is named."""

    models: tuple[ModelInfo, ...]
    auto: Choice | None = None


FeedKind = Literal["page", "site", "repository", "folder"]


class FeedInfo(Body, frozen=True, kw_only=True):
    """A place that documents come from; ``counts`` is what became of what its last sync found.

    ``refusals`` are the first of what it did not take: each with ``uri``, ``code`` and ``reason``.
    """

    id: str
    kind: str
    address: str
    status: str
    paused: bool = False
    options: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    interval_s: float | None = None
    created_at: str | None = None
    synced_at: str | None = None
    next_at: str | None = None
    batch_id: str | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    refusals: tuple[dict[str, str], ...] = ()
    reason: str | None = None
    reason_code: str | None = None


Order = Literal["pause", "resume", "cancel", "retry"]
"""What may be done with the work on a document or a batch, besides deleting."""


class BatchInfo(Body, frozen=True, kw_only=True):
    """Documents that came together: how many of ``total`` are ready, failed or paused."""

    id: str
    total: int
    ready: int
    failed: int
    paused: int
    created_at: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will be done with them."""
        return self.ready + self.failed == self.total


class Passage(Body, frozen=True, kw_only=True):
    """A passage that was found; ``relevance`` says how likely it answers the query, 0 to 1."""

    text: str
    document_id: str
    title: str
    score: float
    id: str = ""
    page: int | None = None
    headings: tuple[str, ...] = ()
    place: Place | None = None
    spots: tuple[Spot, ...] = ()
    part: str = ""
    relevance: float | None = None


class _Me(Body, frozen=True, kw_only=True):
    principal: Principal


class _Ticket(Body, frozen=True, kw_only=True):
    ticket: str


class _Keys(Body, frozen=True, kw_only=True):
    keys: list[ApiKey]


class _Workspaces(Body, frozen=True, kw_only=True):
    workspaces: list[WorkspaceInfo]


class _Documents(Body, frozen=True, kw_only=True):
    documents: list[DocumentInfo]


class _Feeds(Body, frozen=True, kw_only=True):
    feeds: list[FeedInfo]


class _Batches(Body, frozen=True, kw_only=True):
    batches: list[BatchInfo]


class _Passages(Body, frozen=True, kw_only=True):
    passages: list[Passage]


class _Conversations(Body, frozen=True, kw_only=True):
    conversations: list[ConversationInfo]


class Rest(Sorting):
    """``groundwire.rest``: what there is besides the conversations that are followed."""

    async def me(self) -> Principal:
        return (await self._call("GET", "/me", _Me)).principal

    async def ticket(self) -> str:
        """Return a ticket, which opens one connection within seconds."""
        return (await self._call("POST", "/tickets", _Ticket)).ticket

    async def keys(self) -> list[ApiKey]:
        return (await self._call("GET", "/keys", _Keys)).keys

    async def create_key(self, name: str, role: str) -> NewApiKey:
        """Make a key that may do no more than ``role``. Nobody can read it again later."""
        return await self._call("POST", "/keys", NewApiKey, json={"name": name, "role": role})

    async def revoke_key(self, id: str) -> None:
        """Connections that were made with the key close within seconds."""
        await self._send("DELETE", f"/keys/{part(id)}")

    async def workspaces(self) -> list[WorkspaceInfo]:
        return (await self._call("GET", "/workspaces", _Workspaces)).workspaces

    async def workspace(self, id: str) -> WorkspaceInfo:
        return await self._call("GET", f"/workspaces/{part(id)}", WorkspaceInfo)

    async def create_workspace(self, name: str) -> WorkspaceInfo:
        return await self._call("POST", "/workspaces", WorkspaceInfo, json={"name": name})

    async def change_workspace(
        self, id: str, *, name: str | None = None, model: str | None = None
    ) -> WorkspaceInfo:
        """Change what is given; an empty ``model`` is ``auto``."""
        change = given(name=name, model=model)
        return await self._call("PATCH", f"/workspaces/{part(id)}", WorkspaceInfo, json=change)

    async def documents(
        self, workspace_id: str, *, filter: Filter | None = None, status: str | None = None
    ) -> list[DocumentInfo]:
        """Return a workspace's documents, the newest first; those that meet what is given."""
        path = f"/workspaces/{part(workspace_id)}/documents"
        params = as_query(filter or Filter()) | given(status=status)
        return (await self._call("GET", path, _Documents, params=params)).documents

    async def document(self, id: str) -> DocumentInfo:
        return await self._call("GET", f"/documents/{part(id)}", DocumentInfo)

    async def content(self, document_id: str) -> bytes:
        """Return the bytes that were uploaded."""
        return await self._send("GET", f"/documents/{part(document_id)}/content")

    async def upload(
        self, workspace_id: str, *files: File, batch: str | None = None
    ) -> list[DocumentInfo]:
        """Send files. One that is refused has the status ``failed`` and its reason; if it was
        the only one, its error is raised. What is sent with the same ``batch`` belongs
        together, without one what is sent at once.
        """
        path = f"/workspaces/{part(workspace_id)}/documents"
        if batch is not None:
            path += f"?batch={part(batch)}"
        with ExitStack() as opened:
            parts: list[tuple[str, tuple[str, Any]]] = []
            for file in files:
                if isinstance(file, Path):
                    stream = await asyncio.to_thread(file.open, "rb")
                    parts.append(("file", (file.name, opened.enter_context(stream))))
                else:
                    parts.append(("file", file))
            return (
                await self._call("POST", path, _Documents, files=parts, timeout=UPLOAD)
            ).documents

    async def order(self, document_id: str, order: Order) -> DocumentInfo:
        """Pause, resume, cancel or retry the work on a document; twice is once."""
        return await self._call("POST", f"/documents/{part(document_id)}/{order}", DocumentInfo)

    async def batches(self, workspace_id: str) -> list[BatchInfo]:
        """Return what came together, the newest first."""
        path = f"/workspaces/{part(workspace_id)}/batches"
        return (await self._call("GET", path, _Batches)).batches

    async def order_batch(self, workspace_id: str, batch: str, order: Order) -> BatchInfo:
        """Do the same with every document of a batch."""
        path = f"/workspaces/{part(workspace_id)}/batches/{part(batch)}/{order}"
        return await self._call("POST", path, BatchInfo)

    async def add_text(
        self, workspace_id: str, title: str, text: str, *, batch: str | None = None
    ) -> DocumentInfo:
        """Take in a text that is in no file; the end of ``title``, as in ``.md``, says its form."""
        body = given(title=title, text=text, batch=batch)
        path = f"/workspaces/{part(workspace_id)}/texts"
        return await self._call("POST", path, DocumentInfo, json=body)

    async def feeds(self, workspace_id: str) -> list[FeedInfo]:
        """Return the places that documents come from, the oldest first."""
        path = f"/workspaces/{part(workspace_id)}/feeds"
        return (await self._call("GET", path, _Feeds)).feeds

    async def feed(self, id: str) -> FeedInfo:
        return await self._call("GET", f"/feeds/{part(id)}", FeedInfo)

    async def add_feed(
        self,
        workspace_id: str,
        kind: FeedKind,
        address: str,
        *,
        options: Mapping[str, Any] | None = None,
        interval_s: float | None = None,
    ) -> FeedInfo:
        """Add a place and begin to take its documents in; ``interval_s`` of 0 is by hand."""
        body = given(kind=kind, address=address, options=dict(options or {}), intervalS=interval_s)
        path = f"/workspaces/{part(workspace_id)}/feeds"
        return await self._call("POST", path, FeedInfo, json=body)

    async def change_feed(
        self,
        id: str,
        *,
        options: Mapping[str, Any] | None = None,
        interval_s: float | None = None,
        paused: bool | None = None,
    ) -> FeedInfo:
        """Change what is given: ``options`` as a whole, from its next sync on. A feed that is
        ``paused`` is not looked at; resumed, it goes on where that broke it off.
        """
        taken = None if options is None else dict(options)
        change = given(options=taken, intervalS=interval_s, paused=paused)
        return await self._call("PATCH", f"/feeds/{part(id)}", FeedInfo, json=change)

    async def sync_feed(self, id: str) -> FeedInfo:
        """Look at the place now. Raises ``Conflict`` for one that is paused."""
        return await self._call("POST", f"/feeds/{part(id)}/sync", FeedInfo)

    async def delete_feed(self, id: str, *, keep_documents: bool = False) -> None:
        """Forget a feed with the documents that nobody else brought, unless they are to be kept."""
        documents = "keep" if keep_documents else "remove"
        await self._send("DELETE", f"/feeds/{part(id)}?documents={documents}")

    async def delete_document(self, id: str) -> None:
        await self._send("DELETE", f"/documents/{part(id)}")

    async def search(
        self, workspace_id: str, query: str, *, limit: int = 8, filter: Filter | None = None
    ) -> list[Passage]:
        """Return the passages that fit ``query``, the best first; ``limit`` is 1 to 50.

        Of the documents alone that ``filter`` lets through.
        """
        path = f"/workspaces/{part(workspace_id)}/search"
        body = {"query": query, "limit": limit, "filter": msgspec.to_builtins(filter)}
        return (await self._call("POST", path, _Passages, json=body)).passages

    async def conversations(self, workspace_id: str) -> list[ConversationInfo]:
        path = f"/workspaces/{part(workspace_id)}/conversations"
        return (await self._call("GET", path, _Conversations)).conversations

    async def create_conversation(self, workspace_id: str | None = None) -> ConversationInfo:
        """Begin a conversation; without a workspace in the default one."""
        body = given(workspaceId=workspace_id)
        return await self._call("POST", "/conversations", ConversationInfo, json=body)

    async def conversation(self, id: str) -> Snapshot:
        return await self._call("GET", f"/conversations/{part(id)}", Snapshot)

    async def messages(
        self, conversation_id: str, *, before: str | None = None, limit: int = 50
    ) -> MessagePage:
        """Return the messages that stand before the message ``before``; ``limit`` is 1 to 200."""
        params = given(limit=limit, before=before)
        path = f"/conversations/{part(conversation_id)}/messages"
        return await self._call("GET", path, MessagePage, params=params)

    async def rename_conversation(self, id: str, title: str) -> None:
        await self._send("PATCH", f"/conversations/{part(id)}", json={"title": title})

    async def delete_conversation(self, id: str) -> None:
        """End its running turn, tell everybody who follows it, and forget it."""
        await self._send("DELETE", f"/conversations/{part(id)}")

    async def models(self) -> Models:
        return await self._call("GET", "/models", Models)
