"""A document goes in: the real parser, store and index; only the embedder is scripted."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from groundwire.adapters.embedded import store as store_module
from groundwire.adapters.embedded.blobs import FileBlobs
from groundwire.adapters.embedded.documents import SqliteDocuments
from groundwire.adapters.embedded.index import SqliteIndex
from groundwire.adapters.embedded.job_queue import SqliteJobQueue
from groundwire.adapters.embedded.store import Store
from groundwire.adapters.embedder.scripted import ScriptedEmbedder
from groundwire.adapters.parsers.pool import ParserPool
from groundwire.ingest.accept import Accept
from groundwire.ingest.index import Index
from groundwire.ingest.worker import Worker
from groundwire.model.documents import Document
from groundwire.model.errors import InvalidField, ModelUnavailable, TooLarge
from groundwire.model.events import DocumentEvent, DocumentFailed, DocumentReady
from groundwire.model.ids import DocumentId, WorkspaceId

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PROJECT = Path(__file__).parents[2]
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


@dataclass
class Ingest:
    accept: Accept
    worker: Worker
    documents: SqliteDocuments
    index: SqliteIndex
    jobs: SqliteJobQueue
    embedder: MoodyEmbedder
    events: list[DocumentEvent] = field(default_factory=list[DocumentEvent])
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, id: DocumentId, wanted: Callable[[Document], bool]) -> Document:
        """Return the document once it is as ``wanted``; every change is told by an event."""
        async with asyncio.timeout(20), self.changed:
            while not wanted(document := await self.documents.get(id)):
                await self.changed.wait()
        return document

    async def finished(self, id: DocumentId) -> Document:
        document = await self.until(id, lambda each: each.status in ("ready", "failed"))
        async with asyncio.timeout(20), self.changed:
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
            if event.document_id == id
        ]


def open_ingest(folder: Path, stack: AsyncExitStack) -> Ingest:
    store = Store(folder / "main.db", Path(store_module.__file__).parent / "migrations")
    stack.callback(store.close)
    index = SqliteIndex(folder / "index.db", embedder="scripted")
    stack.callback(index.close)
    parser = ParserPool(size=1)
    stack.push_async_callback(parser.close)
    numbers = count(1)

    def now() -> datetime:
        return datetime.now(UTC)

    def new_id(prefix: str) -> str:
        return f"{prefix}_{next(numbers)}"

    async def publish(workspace: WorkspaceId, event: DocumentEvent) -> None:
        assert workspace == WS
        async with ingest.changed:
            ingest.events.append(event)
            ingest.changed.notify_all()

    accept = Accept(
        documents=SqliteDocuments(store),
        blobs=FileBlobs(folder / "blobs"),
        jobs=SqliteJobQueue(store, now=now, new_id=new_id),
        publish=publish,
        now=now,
        new_id=new_id,
        limit_bytes=1 << 20,
    )
    ingest = work_on(accept, parser, index)
    return ingest


def work_on(accept: Accept, parser: ParserPool, index: SqliteIndex) -> Ingest:
    documents, jobs = accept.documents, accept.jobs
    assert isinstance(documents, SqliteDocuments)
    assert isinstance(jobs, SqliteJobQueue)
    embedder = MoodyEmbedder()
    work = Index(
        documents=documents,
        blobs=accept.blobs,
        parser=parser,
        chunks=index,
        vectors=index,
        embedder=embedder,
        jobs=jobs,
        publish=accept.publish,
    )
    worker = Worker(index=work, jobs=jobs, name="w1", look_again_s=0.05)
    return Ingest(accept, worker, documents, index, jobs, embedder)


@pytest.fixture
async def ingest(tmp_path: Path) -> AsyncIterator[Ingest]:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(tmp_path, stack)
        task = asyncio.create_task(ingest.worker.run())
        yield ingest
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_document_becomes_searchable_and_tells_how_far_it_is(ingest: Ingest) -> None:
    received = await ingest.accept(WS, "notes.md", once(TEXT.encode()))
    assert (received.status, received.searchable) == ("queued", "none")

    ready = await ingest.finished(received.id)

    assert (ready.status, ready.searchable, ready.reason) == ("ready", "meaning", None)
    assert ready.chunks == ready.embedded > 1
    hits = (await ingest.index.search_words(WS, "第42题的答案", limit=3)).hits
    assert "294" in (await ingest.index.get([hits[0].chunk]))[0].text
    told = ingest.told(received.id)
    assert [name for n, name in enumerate(told) if name not in told[:n]] == [
        "received", "parsing", "chunking", "embedding", "ready",
    ]  # fmt: skip
    assert told.count("ready") == 1


async def test_words_are_found_while_the_meaning_waits(ingest: Ingest) -> None:
    ingest.embedder.gate.clear()
    received = await ingest.accept(WS, "notes.md", once(TEXT.encode()))

    waiting = await ingest.until(received.id, lambda each: each.searchable == "words")

    assert (waiting.status, waiting.embedded) == ("embedding", 0)
    assert (await ingest.index.search_words(WS, "question 3", limit=1)).hits
    ingest.embedder.gate.set()
    assert (await ingest.finished(received.id)).searchable == "meaning"


async def test_a_new_document_does_not_wait_for_embeddings(ingest: Ingest) -> None:
    ingest.embedder.gate.clear()
    for number in range(6):
        content = f"{number}\n\n{TEXT}".encode()
        long = await ingest.accept(WS, f"long{number}.md", once(content))
        await ingest.until(long.id, lambda each: each.searchable == "words")

    short = await ingest.accept(WS, "short.txt", once(b"A short note about zebras."))

    found = await ingest.until(short.id, lambda each: each.searchable == "words")
    assert found.status == "embedding"
    ingest.embedder.gate.set()


async def test_the_same_file_twice_is_one_document(ingest: Ingest) -> None:
    first = await ingest.accept(WS, "a.txt", once(b"The same words."))
    second = await ingest.accept(WS, "b.txt", once(b"The same words."))

    assert second.id == first.id
    await ingest.finished(first.id)
    assert (await ingest.accept(WS, "c.txt", once(b"The same words."))).status == "ready"
    assert len(await ingest.documents.list_of(WS)) == 1
    assert ingest.told(first.id).count("received") == 1


async def test_a_file_that_fails_says_why_and_the_others_go_on(ingest: Ingest) -> None:
    bad = await ingest.accept(WS, "bad.pdf", once(b"%PDF-1.7 and then nothing"))
    good = await ingest.accept(WS, "good.txt", once(b"Nothing is wrong with this one."))

    failed, ready = await ingest.finished(bad.id), await ingest.finished(good.id)

    assert (failed.status, failed.searchable, failed.reason_code) == ("failed", "none", "broken")
    assert failed.reason
    assert ingest.told(bad.id) == ["received", "parsing", "failed"]
    assert ready.status == "ready"


async def test_a_failed_file_is_tried_again_when_it_comes_again(ingest: Ingest) -> None:
    first = await ingest.accept(WS, "bad.pdf", once(b"%PDF-1.7 and then nothing"))
    await ingest.finished(first.id)

    again = await ingest.accept(WS, "bad.pdf", once(b"%PDF-1.7 and then nothing"))

    assert (again.id, again.status, again.reason) == (first.id, "queued", None)
    await ingest.until(first.id, lambda each: each.status == "failed")


async def test_while_the_model_is_down_the_document_says_so_and_later_goes_on(
    ingest: Ingest,
) -> None:
    ingest.embedder.down = True
    received = await ingest.accept(WS, "notes.md", once(TEXT.encode()))

    waiting = await ingest.until(received.id, lambda each: each.reason is not None)

    assert (waiting.searchable, waiting.reason_code) == ("words", "model_unavailable")
    assert "found by its words" in str(waiting.reason)
    ingest.embedder.down = False
    ready = await ingest.finished(received.id)
    assert (ready.status, ready.reason) == ("ready", None)


async def test_a_document_removed_during_its_ingest_ends_quietly(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(tmp_path, stack)
        received = await ingest.accept(WS, "notes.md", once(TEXT.encode()))
        await ingest.worker.index.parse(received.id)
        ingest.embedder.gate.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(ingest.worker.index.embed(received.id))
            await ingest.documents.remove(received.id)
            ingest.embedder.gate.set()

        assert not (await ingest.index.search_words(WS, "question", limit=1)).hits
        assert ingest.told(received.id)[-1] == "embedding"
        await ingest.worker.index.parse(received.id)


async def test_too_large_a_file_is_refused_and_leaves_nothing(ingest: Ingest) -> None:
    with pytest.raises(TooLarge):
        await ingest.accept(WS, "big.txt", once(b"x" * ((1 << 20) + 1)))

    assert not await ingest.documents.list_of(WS)


@pytest.mark.parametrize("name", ["", "..", "/", " \n"])
async def test_a_file_needs_a_name(ingest: Ingest, name: str) -> None:
    with pytest.raises(InvalidField):
        await ingest.accept(WS, name, once(b"text"))


async def test_a_name_is_the_last_part_of_its_path(ingest: Ingest) -> None:
    received = await ingest.accept(WS, "C:\\Users\\me\\报告.txt", once(b"text"))

    assert received.title == "报告.txt"


async def test_after_a_stop_only_what_is_missing_is_embedded(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = open_ingest(tmp_path, stack)
        task = asyncio.create_task(first.worker.run())
        received = await first.accept(WS, "notes.md", once(TEXT.encode()))
        await first.until(received.id, lambda each: each.embedded >= 8)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        done = len(first.embedder.embedded)
    async with AsyncExitStack() as stack:
        second = open_ingest(tmp_path, stack)
        await second.accept.resume()
        task = asyncio.create_task(second.worker.run())

        ready = await second.finished(received.id)

        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert ready.status == "ready"
        assert done + len(second.embedder.embedded) <= ready.chunks + 8


KILLED = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from tests.integration.test_ingest import TEXT, WS, once, open_ingest

async def main() -> None:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(Path(sys.argv[1]), stack)
        await ingest.jobs.release_all()
        await ingest.accept.resume()
        task = asyncio.create_task(ingest.worker.run())
        received = await ingest.accept(WS, "notes.md", once(TEXT.encode()))
        print("accepted", received.id, flush=True)
        await ingest.finished(received.id)
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_kill_9_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    for delay in (0.0, 0.1, 0.25, 0.4):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, str(tmp_path), stdout=PIPE, cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        assert process.stdout
        assert (await process.stdout.readline()).startswith(b"accepted")
        await asyncio.sleep(delay)
        process.kill()
        await process.communicate()
    async with AsyncExitStack() as stack:
        last = open_ingest(tmp_path, stack)
        await last.jobs.release_all()
        await last.accept.resume()
        task = asyncio.create_task(last.worker.run())
        (document,) = await last.documents.list_of(WS)
        ready = await last.until(document.id, lambda each: each.status == "ready")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

        assert ready.chunks == ready.embedded
        assert not await last.index.without_embedding(document.id, limit=1)
        hits = (await last.index.search_words(WS, "第42题的答案 294", limit=50)).hits
        texts = [chunk.text for chunk in await last.index.get([hit.chunk for hit in hits])]
        assert sum("is 294." in text for text in texts) == 1
