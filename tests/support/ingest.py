"""A document's way in: the real parser, store and index; only the embedder is scripted."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Literal

from groundwire.adapters.embedded import store as store_module
from groundwire.adapters.embedded.blobs import FileBlobs
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.event_log import Appended, SqliteEventLog
from groundwire.adapters.embedded.feeds import SqliteFeeds
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.job_queue import SqliteJobQueue
from groundwire.adapters.embedded.lease import Counter
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.parsers.pool import ParserPool
from groundwire.ingest.accept import Accept
from groundwire.ingest.control import Control
from groundwire.ingest.intake import Intake, Means, open_intake
from groundwire.ingest.worker import Worker
from groundwire.model.documents import Document
from groundwire.model.errors import ModelUnavailable
from groundwire.model.ids import (
    BatchId,
    DocumentId,
    Now,
    PrincipalId,
    WorkspaceId,
    workspace_log,
)
from groundwire.model.workspace_events import (
    DocumentEvent,
    DocumentFailed,
    DocumentReady,
    WorkspaceEvent,
    decode_workspace_event,
)
from groundwire.retrieve.meaning import Meanings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WS = WorkspaceId("ws")
TEXT = "\n\n".join(
    f"# Section {number}\n\nThe answer to question {number} is {number * 7}. 第{number}题的答案。"
    for number in range(60)
)


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


class MoodyEmbedder(ScriptedEmbedder):
    """Unavailable as long as its test says so; may hold each call until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "passage"]
    ) -> "NDArray[np.float32]":
        await self.gate.wait()
        if self.down:
            raise ModelUnavailable("The embedding model does not answer.")
        return await super().embed(texts, kind=kind)


class Bell:
    """Wakes those who wait for it to be rung next."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        await self._rung.wait()


class WatchedLog(SqliteEventLog):
    """Keeps in memory what it was told of documents, feeds and batches."""

    def __init__(self, store: Store, now: Now, seen: Counter) -> None:
        super().__init__(store, now, seen)
        self.told = list[WorkspaceEvent]()
        self.changed = Bell()

    def show(self, appended: Appended) -> None:
        super().show(appended)
        for recorded in appended.recorded:
            event = decode_workspace_event(recorded.data)
            assert event is not None
            self.told.append(event)
        self.changed.ring()


@dataclass
class Ingest:
    intake: Intake
    documents: SqliteDocuments
    feeds: SqliteFeeds
    index: SqliteIndex
    jobs: SqliteJobQueue
    embedder: MoodyEmbedder
    log: WatchedLog

    @property
    def events(self) -> list[WorkspaceEvent]:
        return self.log.told

    @property
    def changed(self) -> Bell:
        return self.log.changed

    @property
    def accept(self) -> Accept:
        return self.intake.accept

    @property
    def control(self) -> Control:
        return self.intake.control

    @property
    def worker(self) -> Worker:
        return self.intake.worker

    async def take(
        self, name: str, content: AsyncIterator[bytes], *, by: str = "ada", batch: str = "b1"
    ) -> Document:
        return await self.accept(WS, name, content, by=PrincipalId(by), batch=BatchId(batch))

    async def until(self, id: DocumentId, wanted: Callable[[Document], bool]) -> Document:
        """Return the document once it is as ``wanted``; every change is told by an event."""
        async with asyncio.timeout(20):
            while not wanted(document := await self.documents.get(id)):
                await self.changed.wait()
        return document

    async def finished(self, id: DocumentId) -> Document:
        document = await self.until(id, lambda each: each.status in ("ready", "failed"))
        async with asyncio.timeout(20):
            while not self.told_end(id):
                await self.changed.wait()
        return document

    def told_end(self, id: DocumentId) -> bool:
        return any(
            isinstance(event, DocumentReady | DocumentFailed) and event.document_id == id
            for event in self.events
        )

    def told(self, id: DocumentId) -> list[str]:
        return [
            str(event.__struct_config__.tag).removeprefix("document.")
            for event in self.events
            if isinstance(event, DocumentEvent) and event.document_id == id
        ]


async def open_ingest(folder: Path, stack: AsyncExitStack, **options: Any) -> Ingest:
    store = Store(folder / "main.db", Path(store_module.__file__).parent / "migrations")
    stack.callback(store.close)
    index = SqliteIndex(folder / "index.db", embedder="scripted")
    stack.callback(index.close)
    parser = ParserPool(size=1)
    stack.push_async_callback(parser.close)
    embedder = MoodyEmbedder()

    def now() -> datetime:
        return datetime.now(UTC)

    def new_id(prefix: str) -> str:
        return f"{prefix}_{token_hex(8)}"

    log = WatchedLog(store, now, Counter(folder / "seen"))
    await log.create(workspace_log(WS), name=WS)

    async def publish(workspace: WorkspaceId, event: WorkspaceEvent) -> None:
        await log.append(workspace_log(workspace), [event])

    documents, jobs = SqliteDocuments(store, log), SqliteJobQueue(store, now=now, new_id=new_id)
    means = Means(
        documents=documents,
        feeds=(feeds := SqliteFeeds(store)),
        blobs=FileBlobs(folder / "blobs"),
        jobs=jobs,
        parser=parser,
        chunks=index,
        meanings=Meanings(index, [embedder]),
        publish=publish,
        now=now,
        new_id=new_id,
        limit_bytes=1 << 20,
        **options,
    )
    return Ingest(open_intake(means), documents, feeds, index, jobs, embedder, log)


@asynccontextmanager
async def working(ingest: Ingest) -> AsyncGenerator[Ingest]:
    """Let the worker work meanwhile."""
    task = asyncio.create_task(ingest.worker.run())
    try:
        yield ingest
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
