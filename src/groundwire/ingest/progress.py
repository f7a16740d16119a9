"""How those who look on learn of what becomes of a document, and how work on it is ordered."""

from collections.abc import Awaitable, Callable

from groundwire.ingest.versions import read_of
from groundwire.model.document_types import type_of
from groundwire.model.documents import Document
from groundwire.model.feeds import Feed, FeedChange
from groundwire.model.ids import WorkspaceId
from groundwire.model.workspace_events import (
    DocumentChunking,
    DocumentEmbedding,
    DocumentParsing,
    DocumentReady,
    DocumentReceived,
    FeedChanged,
    WorkspaceEvent,
)
from groundwire.ports.job_queue import JobQueue

Publish = Callable[[WorkspaceId, WorkspaceEvent], Awaitable[None]]
"""Append an event to a workspace's log.

It is told after its state is stored, so a process that dies in between leaves it untold. What
becomes of a document is told as it is stored instead, in one step (`Documents`).
"""

PARSE = "parse"
EMBED = "embed"
SYNC = "sync"
CRAWL = "crawl"
CHANGE = "change"
"""The kinds of jobs; the key of the first two is a document's id, of the next two a feed's, of
the last one the name of the embedder that is to take over."""


def job_of(feed: Feed) -> str:
    """Return the kind of the feed's job.

    A folder is not to wait for a site, which is read slowly, out of politeness.
    """
    return SYNC if feed.kind == "folder" else CRAWL


async def enqueue(jobs: JobQueue, kind: str, document: Document) -> None:
    """Have a job of ``kind`` done with the document, in the turn of who brought it."""
    await jobs.enqueue(kind, document.id, lane=document.added_by, batch=document.batch or "")


def received(document: Document) -> DocumentReceived:
    what = read_of(document)
    return DocumentReceived(
        document_id=document.id,
        title=what.title,
        size_bytes=what.size_bytes,
        document_type=type_of(what.title),
        batch_id=document.batch,
    )


def parsing(document: Document) -> DocumentParsing:
    return DocumentParsing(document_id=document.id, title=read_of(document).title)


def chunking(document: Document) -> DocumentChunking:
    title = read_of(document).title
    return DocumentChunking(document_id=document.id, title=title, pages=document.pages)


def embedding(document: Document) -> DocumentEmbedding:
    """Return what tells how many chunks have their embedding."""
    return DocumentEmbedding(
        document_id=document.id,
        title=document.title,
        done=document.embedded,
        total=document.chunks,
        revises=document.next is not None,
    )


def ready(document: Document) -> DocumentReady:
    """Return what tells that all of the document can be found."""
    return DocumentReady(
        document_id=document.id,
        title=document.title,
        chunks=document.chunks,
        pages=document.pages,
        unread=document.unread,
    )


def changed(feed: Feed, change: FeedChange) -> FeedChanged:
    """Return what tells those who look on what happened to the feed."""
    return FeedChanged(
        feed_id=feed.id,
        kind=feed.kind,
        change=change,
        status=feed.status,
        paused=feed.paused,
        interval_s=feed.interval_s,
        synced_at=feed.synced_at,
        next_at=feed.next_at,
        batch_id=feed.batch,
        counts=feed.counts,
        refusals=feed.refusals,
        reason_code=feed.reason_code,
        reason=feed.reason,
    )
