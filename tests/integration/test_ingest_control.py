"""Pause, resume, cancel, retry and remove, while documents are read; and how far batches are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from groundwire.model.documents import Document
from groundwire.model.events import BatchProgress, DocumentReady
from groundwire.model.ids import BatchId
from tests.support.ingest import TEXT, WS, Ingest, once, open_ingest, working


@pytest.fixture
async def ingest(tmp_path: Path) -> AsyncIterator[Ingest]:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(tmp_path, stack)
        async with working(ingest):
            yield ingest


async def half_done(ingest: Ingest, text: str = TEXT, *, by: str = "ada") -> Document:
    """Return a document whose embedding waits for the test."""
    ingest.embedder.gate.clear()
    received = await ingest.take("notes.md", once(text.encode()), by=by)
    return await ingest.until(received.id, lambda each: each.searchable == "words")


async def test_a_paused_document_waits_and_goes_on_where_it_stopped(ingest: Ingest) -> None:
    document = await half_done(ingest)

    paused = await ingest.control.pause(document.id)
    ingest.embedder.gate.set()
    other = await ingest.take("other.txt", once(b"Another one, to see that work goes on."))
    await ingest.finished(other.id)

    assert paused.paused
    held = await ingest.documents.get(document.id)
    assert (held.status, held.embedded, held.searchable) == ("embedding", 0, "words")
    parsed = ingest.told(document.id).count("parsing")
    await ingest.control.resume(document.id)
    ready = await ingest.finished(document.id)
    assert (ready.status, ready.paused) == ("ready", False)
    told = ingest.told(document.id)
    assert told.count("parsing") == parsed == 1
    assert (told.count("paused"), told.count("resumed")) == (1, 1)


async def test_a_document_that_is_paused_before_its_turn_is_not_read(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(tmp_path, stack)
        first = await ingest.take("first.txt", once(b"The first one."))
        await ingest.control.pause(first.id)
        second = await ingest.take("second.txt", once(b"The second one."))
        async with working(ingest):
            await ingest.finished(second.id)
            assert ingest.told(first.id) == ["received", "paused"]

            await ingest.control.resume(first.id)

            assert (await ingest.finished(first.id)).status == "ready"


async def test_a_cancelled_document_is_not_found_and_may_be_retried(ingest: Ingest) -> None:
    document = await half_done(ingest)

    cancelled = await ingest.control.cancel(document.id)
    ingest.embedder.gate.set()

    assert (cancelled.status, cancelled.reason_code) == ("failed", "cancelled")
    assert not (await ingest.index.search_words(WS, "question 3", limit=1)).hits
    assert ingest.told(document.id)[-1] == "failed"
    await ingest.control.retry(document.id)
    ready = await ingest.until(document.id, lambda each: each.status == "ready")
    assert (ready.reason, ready.embedded) == (None, ready.chunks)
    assert (await ingest.index.search_words(WS, "question 3", limit=1)).hits


async def test_orders_mean_nothing_to_a_document_that_is_ready(ingest: Ingest) -> None:
    received = await ingest.take("notes.txt", once(b"Nothing is wrong with this one."))
    ready = await ingest.finished(received.id)
    told = ingest.told(received.id)

    control = ingest.control
    for order in (control.pause, control.resume, control.cancel, control.retry):
        assert await order(received.id) == ready

    assert ingest.told(received.id) == told


async def test_orders_that_follow_each_other_at_once_leave_one_whole_document(
    ingest: Ingest,
) -> None:
    document = await half_done(ingest)
    control = ingest.control
    for _ in range(5):
        await control.pause(document.id)
        await control.resume(document.id)
        await control.cancel(document.id)
        await control.retry(document.id)
    ingest.embedder.gate.set()

    ready = await ingest.until(document.id, lambda each: each.status == "ready")

    assert ready.chunks == ready.embedded > 1
    hits = (await ingest.index.search_words(WS, "第42题的答案 294", limit=50)).hits
    texts = [chunk.text for chunk in await ingest.index.get([hit.chunk for hit in hits])]
    assert sum("is 294." in text for text in texts) == 1


async def test_a_batch_tells_how_far_it_is_and_that_it_is_done(ingest: Ingest) -> None:
    for number in range(5):
        await ingest.take(f"{number}.txt", once(f"Note {number}.".encode()), batch="folder")
    await ingest.take("bad.pdf", once(b"%PDF-1.7 and then nothing"), batch="folder")

    async with asyncio.timeout(20), ingest.changed:
        while not (told := batch_told(ingest, "folder")) or told[-1][:3] != (6, 5, 1):
            await ingest.changed.wait()

    (batch,) = await ingest.documents.list_batches(WS, batch=BatchId("folder"))
    assert (batch.total, batch.ready, batch.failed, batch.is_finished) == (6, 5, 1, True)
    assert not await ingest.documents.list_batches(WS, batch=BatchId("unknown"))


def batch_told(ingest: Ingest, id: str) -> list[tuple[int, int, int, int]]:
    return [
        (event.total, event.ready, event.failed, event.paused)
        for event in ingest.events
        if isinstance(event, BatchProgress) and event.batch_id == id
    ]


async def test_a_file_that_comes_again_belongs_to_the_later_batch(ingest: Ingest) -> None:
    first = await ingest.take("a.txt", once(b"The same words."), batch="one")
    await ingest.finished(first.id)

    again = await ingest.take("a.txt", once(b"The same words."), batch="two")

    assert (again.id, again.batch) == (first.id, "two")
    assert [batch.id for batch in await ingest.documents.list_batches(WS)] == ["two"]
    assert batch_told(ingest, "two") == [(1, 1, 0, 0)]


async def test_a_large_import_does_not_keep_the_upload_of_another_waiting(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(tmp_path, stack)
        for number in range(40):
            await ingest.take(f"{number}.txt", once(f"Note {number}.".encode()), by="ada")
        upload = await ingest.take("upload.txt", once(b"A note about zebras."), by="bob")
        async with working(ingest):
            await ingest.finished(upload.id)

    ended = [event.document_id for event in ingest.events if isinstance(event, DocumentReady)]
    # Two of each kind run at once, so that a few of the others are done by then.
    assert upload.id in ended[:10]


async def test_a_long_embedding_lets_others_have_a_turn(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        ingest = open_ingest(tmp_path, stack, slice_s=0.0)
        ingest.worker.duties = [duty._replace(room=1) for duty in ingest.worker.duties]
        async with working(ingest):
            long = await half_done(ingest, by="ada")
            short = await half_done(ingest, "A note about zebras.", by="bob")
            ingest.embedder.gate.set()
            await ingest.finished(short.id)
            await ingest.finished(long.id)

    ended = [event.document_id for event in ingest.events if isinstance(event, DocumentReady)]
    assert ended == [short.id, long.id]
